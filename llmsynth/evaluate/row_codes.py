"""Equal rows get equal numbers, over several tables at once and for millions of rows.

Each row is hashed to 64 bits column by column, the hashes are sorted, and then every row is compared, cell by cell,
with the first row of its hash: two different rows under one hash are found and hashed again with another salt. So the
answer is exact, and memory is one column and a few numbers a row, where a set of row keys takes hundreds of bytes.

Knows encoded tables. Refuses to know what equality means to anybody.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray

_Hashes = npt.NDArray[np.uint64]
_SALTS = 20


def row_codes(*tables: EncodedTable) -> tuple[IntArray, ...]:
    """Number the different rows of all tables together.

    Parameters
    ----------
    *tables : EncodedTable
        From one `encode_tables` call, at least one.

    Returns
    -------
    tuple of int64 arrays of shape (rows,)
        One for each table: 0 .. number of different rows - 1. Missing equals missing, and -0 equals 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from llmsynth.evaluate.encoding import encode_tables
    >>> left, right = row_codes(*encode_tables(pd.DataFrame({"x": [1, 2, 2]}), pd.DataFrame({"x": [2, 3]})))
    >>> bool(left[1] == left[2] == right[0]), len({*left, *right})
    (True, 3)
    """
    sizes = [len(table) for table in tables]
    for salt in range(_SALTS):
        hashes = np.concatenate([_hashes(table, salt) for table in tables])
        _, first, codes = np.unique(hashes, return_index=True, return_inverse=True)
        del hashes
        if _agree(tables, first[codes]):
            return tuple(np.split(codes.astype(np.int64), np.cumsum(sizes)[:-1]))
    raise RuntimeError(f"expected different rows to have different hashes, got a collision for each of {_SALTS} salts")


def _cells(table: EncodedTable, column: int) -> FloatArray:
    cells = table.exact.get(table.layout.names[column], table.values[:, column]) + 0.0  # -0.0 becomes 0.0
    cells[np.isnan(cells)] = np.nan  # one bit pattern
    return cells


def _hashes(table: EncodedTable, salt: int) -> _Hashes:
    """Return uint64 of shape (rows,)."""
    from pandas.util import hash_array

    hashes = np.full(len(table), np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64))
    for column in range(len(table.layout.names)):
        hashes = hash_array(hashes ^ hash_array(_cells(table, column), categorize=False), categorize=False)
    return hashes


def _agree(tables: tuple[EncodedTable, ...], first: IntArray) -> bool:
    """Whether every row equals the row whose number over all tables stands in `first`."""
    for column in range(len(tables[0].layout.names)):
        cells = np.concatenate([_cells(table, column) for table in tables])
        if not np.array_equal(cells, cells[first], equal_nan=True):
            return False
    return True
