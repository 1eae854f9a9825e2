"""Duplicates within the synthetic rows: the share that equals an earlier one in every compared column.

The share grows with the number of rows, in honest tables too, so both tables are counted at the same number of rows:
as many as the smaller of the synthetic rows and the hold-out (or, without one, the training rows) has. From the larger
table rows are drawn without replacement, and the share is the mean over draws.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.evaluate.encoding import EncodedTable
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.figures import NO_ROWS
from llmsynth.evaluate.intervals import difference_of_shares, wilson
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown

N_DRAWS = 20
IN_TRAIN = "no hold-out was given: this is the share among as many training rows"


def row_hashes(table: EncodedTable) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each row, uint64 of shape (rows,); equal rows have equal ones.

    Of a million different rows, two have the same hash with probability 3e-8.
    """
    values = pd.DataFrame(table.values + 0.0)  # -0.0 becomes 0.0
    return np.asarray(pd.util.hash_pandas_object(values, index=False), np.uint64)


def duplicate_share(hashes: npt.NDArray[np.uint64]) -> float:
    """Return the share of rows that equal an earlier one.

    Parameters
    ----------
    hashes : uint64 array of shape (rows,)

    Returns
    -------
    float
        0 (all differ) to below 1; NaN without rows.

    Examples
    --------
    >>> duplicate_share(np.array([1, 1, 2, 2], np.uint64))
    0.5
    """
    return 1.0 - np.unique(hashes).size / hashes.size if hashes.size else math.nan


def share_at(hashes: npt.NDArray[np.uint64], n_rows: int, rng: np.random.Generator) -> float:
    """Return the duplicate share expected of `n_rows` of the rows."""
    if hashes.size <= n_rows:
        return duplicate_share(hashes)
    return float(
        np.mean([duplicate_share(hashes[rng.choice(hashes.size, n_rows, replace=False)]) for _ in range(N_DRAWS)])
    )


def measure(evidence: Evidence) -> Measured:
    """Measure the share among the synthetic rows and among as many real rows."""
    real = evidence.train if evidence.holdout is None else evidence.holdout
    if not len(evidence.synthetic) or not evidence.train.layout.names:
        return not_evaluable(NO_ROWS if evidence.train.layout.names else "no column can be compared")
    made = row_hashes(evidence.synthetic)
    n = min(made.size, len(real)) or made.size
    share = share_at(made, n, evidence.rng("duplicates", "synthetic"))
    score = Score(share, len(made)).within(wilson(share * n, n))
    details = {"rows_compared": n, "share_among_all_synthetic_rows": duplicate_share(made)}
    if not len(real):
        return Measured(score, unknown(NO_ROWS), details=details)
    known = share_at(row_hashes(real), n, evidence.rng("duplicates", "real"))
    excess = difference_of_shares((share * n, n), (known * n, n))
    details |= {"excess": share - known, "excess_lower": excess[0], "excess_upper": excess[1]}
    reason = IN_TRAIN if evidence.holdout is None else ""
    return Measured(score, Score(known, len(real), reason).within(wilson(known * n, n)), details=details)


METRIC = Metric(
    key="duplicates",
    pillar="fidelity",
    title="Duplicate rows",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="share of rows that equal an earlier one; best is the share among as many real rows",
    source="definition: 1 - distinct rows / rows; interval of Wilson 1927",
    measure=measure,
    unit="%",
)
