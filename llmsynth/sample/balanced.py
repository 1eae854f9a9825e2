"""Rows with chosen shares of the classes of a column: exact counts, each class drawn from P(row | class).

It joins the streams of several conditional samplers in a random order, and keeps no more rows in memory than a block
and what each stream yields at once. It refuses to know what makes a class.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import InputError
from llmsynth.sample.classes import classes_of
from llmsynth.sample.sampler import Sampler
from llmsynth.seeding import generator
from llmsynth.table.codec import ColumnCodec, NumberCodec
from llmsynth.table.convert import category_texts
from llmsynth.table.schema import Column
from llmsynth.table.whole_rows import unlearned

IntArray = npt.NDArray[np.int64]
BLOCK = 4096
"""Rows yielded at once."""


def class_counts(n: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers that sum to `n` in proportion to shares, by largest remainder; the earlier class wins a tie.

    Examples
    --------
    >>> class_counts(10, [0.5, 0.25, 0.25])
    [5, 3, 2]
    """
    # Shares written with few digits sum to nearly one, which would be rows too few where n is large.
    exact = n * (np.asarray(shares, dtype=np.float64) / math.fsum(shares))
    counts = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: n - int(counts.sum())]] += 1
    return [int(count) for count in counts]


def class_shares(
    column: Column, codec: ColumnCodec | None, proportions: Mapping[object, float] | None
) -> dict[object, float]:
    """Share of each class to draw.

    Parameters
    ----------
    column : Column
        With classes (see `classes_of`).
    codec : ColumnCodec or None
        Its codec.
    proportions : mapping of class to float, or None
        Shares that sum to one, None as a class for missing cells; None gives each class the same share.

    Returns
    -------
    dict of class to float

    Raises
    ------
    InputError
        If the column has no classes, a class is unknown, or shares are negative or do not sum to one.
    """
    classes = classes_of(column, codec)
    if classes is None:
        raise InputError(
            f"balance: expected a column with classes, {column.name!r} is of kind {column.kind}; give it "
            "kind: categorical in the schema and fit again, or ask for ranges by conditions"
        )
    if proportions is None:
        if isinstance(codec, NumberCodec) and codec.cells.n_cells:
            common = classes[: codec.cells.n_atoms]
            such = f", such as {common[0]} and {common[1]} by 0.5 each" if len(common) > 1 else ""
            raise InputError(
                f"balance: {column.name!r} may be {len(classes)} values, some of which hardly a row has; say by "
                f"proportions which to draw{such}"
            )
        return {category: 1.0 / len(classes) for category in classes}
    if not isinstance(proportions, Mapping):
        raise InputError(f"proportions: expected shares by class, got {type(proportions).__name__}")
    shares: dict[object, float] = {}
    for named, share in proportions.items():
        if not (isinstance(share, Real) and math.isfinite(share) and share >= 0):
            raise InputError(f"proportions: expected shares in [0, 1], got {share!r} for {named!r}")
        category = None if named is None else _named(column, classes, named)
        shares[category] = shares.get(category, 0.0) + float(share)
    if abs(sum(shares.values()) - 1.0) > 1e-6:
        raise InputError(f"proportions: expected shares that sum to 1, got a sum of {sum(shares.values()):g}")
    return shares


def _named(column: Column, categories: Sequence[object], named: object) -> object:
    """The class that is the given value, or is written like it."""
    matches = [one for one in categories if _same(one, named)]
    written = category_texts([str(named)], column)
    matches += [one for one in categories if category_texts([str(one)], column) == written]
    matches += [one for one in categories if isinstance(named, Real) and isinstance(one, Real) and one == named]
    if matches:
        return matches[0]
    shown = ", ".join(repr(category) for category in categories[:10])
    raise InputError(f"proportions: {named!r} is no class of {column.name!r}; expected some of {shown}")


def _same(one: object, named: object) -> bool:
    if isinstance(one, bool) != isinstance(named, bool | np.bool_):
        return False
    try:
        return bool(one == named)
    except (TypeError, ValueError):  # what cannot be compared is another value
        return False


def interleave(
    sampler: Sampler, streams: Sequence[Iterator[pd.DataFrame]], counts: Sequence[int], seed: int
) -> Iterator[pd.DataFrame]:
    """Yield `counts[k]` rows of stream k, all streams in one random order.

    Parameters
    ----------
    sampler : Sampler
        Makes the columns that no model learns, so that identifiers of different streams do not meet.
    streams : sequence of iterators of DataFrame
        Each yields at least so many rows.
    counts : sequence of int
        At least one row in all.
    seed : int
        Of the order.
    """
    which = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    order = generator(seed, "balance").permutation(which)
    kept: list[list[pd.DataFrame]] = [[] for _ in streams]
    for start in range(0, order.size, BLOCK):
        part = order[start : start + BLOCK]
        pieces = [_take(kept[k], streams[k], int((part == k).sum())) for k in np.unique(part)]
        places = np.concatenate([np.flatnonzero(part == k) for k in np.unique(part)])
        frame = pieces[0] if len(pieces) == 1 else pd.concat(pieces, ignore_index=True)
        frame = frame.iloc[np.argsort(places)].reset_index(drop=True)
        for place, column in enumerate(sampler.schema.columns):
            if column.kind == "identifier":
                frame.isetitem(place, unlearned(column, len(frame), seed, start).array)
        yield frame


def _take(kept: list[pd.DataFrame], stream: Iterator[pd.DataFrame], n: int) -> pd.DataFrame:
    """The next `n` rows of a stream; what it yields beyond them stays in `kept`."""
    while sum(len(frame) for frame in kept) < n:
        kept.append(next(stream))
    joined = kept[0] if len(kept) == 1 else pd.concat(kept, ignore_index=True)
    kept[:] = [joined.iloc[n:]]
    return joined.iloc[:n]
