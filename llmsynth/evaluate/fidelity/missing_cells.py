"""Which cells are missing, column by column, in every column both tables have.

A cell of a compared column is missing where it was encoded as missing, so what could not be read as the real column's
numbers or dates counts; of identifiers and free text, which are not encoded, the frame says it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from llmsynth.evaluate.encoding import BoolArray, EncodedTable


def missing_cells(frame: pd.DataFrame, table: EncodedTable) -> BoolArray:
    """Return whether each cell is missing, bool of shape (columns of the frame, rows).

    Parameters
    ----------
    frame, table : DataFrame, EncodedTable
        The same rows.
    """
    encoded = {name: place for place, name in enumerate(table.layout.names)}
    result = np.empty((frame.shape[1], len(frame)), np.bool_)
    for row, name in enumerate(frame.columns):
        place = encoded.get(str(name))
        result[row] = np.isnan(table.values[:, place]) if place is not None else frame.iloc[:, row].isna().to_numpy()
    return result
