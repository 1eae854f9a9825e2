"""The values of a column that can be told one by one, and so be classes.

Categories are. So are whole numbers where each has a code of its own, as 0 and 1 in a target have: many tables write
classes as numbers. It knows columns and codecs; it refuses to know models.
"""

from __future__ import annotations

from llmsynth.table.categories import category_index, listed_as_texts
from llmsynth.table.codec import ColumnCodec, NumberCodec
from llmsynth.table.schema import Column


def classes_of(column: Column, codec: ColumnCodec | None) -> tuple[object, ...] | None:
    """Classes of a column, in the order of its codes; None where it has none.

    Parameters
    ----------
    column : Column
        Any.
    codec : ColumnCodec or None
        Its codec; None for free text.

    Returns
    -------
    tuple or None
        Categories as the table has them, or whole numbers: those that occur in increasing order, then those between.

    Examples
    --------
    >>> classes_of(Column("sex", "categorical", categories=("f", "m")), None)
    ('f', 'm')
    """
    if column.categories is not None:
        kind = column.category_dtype or ""
        if listed_as_texts(kind):
            return tuple(category_index(column.categories, kind))
        return tuple(column.categories)
    if column.kind != "integer" or not isinstance(codec, NumberCodec):
        return None
    lower, upper = codec.cells.bounds()
    return tuple(lower.tolist()) if bool((lower == upper).all()) else None
