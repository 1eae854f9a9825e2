"""Exact copies: the share of rows that equal a training row in every compared column.

Range 0 to 1, and 0 is not the ideal: in a table with few distinct rows honest draws coincide too. So the figure is read
beside the hold-out's own share, which is what coincidence alone gives. Only an excess over it speaks of memorising.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable
from llmsynth.evaluate.row_codes import row_codes
from llmsynth.evaluate.score import Score, unknown


def exact_copies(real: EncodedTable, synthetic: EncodedTable) -> Score:
    """Return the share of `synthetic` rows that occur in `real`.

    Parameters
    ----------
    real, synthetic : EncodedTable
        From one `encode_tables` call.

    Returns
    -------
    Score
        0 (none) to 1 (all); compare with the hold-out's own share.
    """
    if len(synthetic) == 0:
        return unknown("no rows to look at")
    if not real.layout.names:
        return unknown("no column can be compared", len(synthetic))
    known, codes = row_codes(real, synthetic)
    return Score(int(np.isin(codes, known).sum()) / len(synthetic), len(synthetic))
