"""Artefacts of writing: do cells have as many decimals, the same last digits and as long texts as the real ones?

Of each column, the largest total variation among the histograms of decimals and of the last digit (numbers), of the
precision (dates), of the length (texts, identifiers too). A generator that writes 3.1415926 where the table has 3.14 is
told apart by a glance, whatever its distributions. Each histogram's distance is in details.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.artefacts import Kind, kind_of, written
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.figures import Figures, Side, by_parts, frame_of, table_of
from llmsynth.evaluate.fidelity.tv_counts import shares_of, tv_of_counts
from llmsynth.evaluate.metric import Measured, Metric

Written = dict[str, dict[str, tuple[npt.NDArray[Any], int]]]
"""Codes of how cells are written and how many codes there are, by column and by what they are of."""


def written_cells(frame: pd.DataFrame, table: EncodedTable, kinds: Mapping[str, Kind]) -> Written:
    """Encode how each column is written; see `artefacts.written`.

    Parameters
    ----------
    frame, table : DataFrame, EncodedTable
        The same rows.
    kinds : mapping of str to str
        By column, what to look at.
    """
    places = {name: place for place, name in enumerate(table.layout.names)}
    return {
        name: {
            what: (codes.astype(np.uint8), size)
            for what, (codes, size) in written(
                frame[name], table.values[:, places[name]] if name in places else None, kind
            ).items()
        }
        for name, kind in kinds.items()
    }


def counted(cells: Written) -> dict[str, dict[str, FloatArray]]:
    """Count the codes of each column, float64 arrays of shape (codes,), missing left out."""
    return {
        name: {
            what: np.bincount(codes, minlength=size + 1)[:size].astype(np.float64)
            for what, (codes, size) in own.items()
        }
        for name, own in cells.items()
    }


def counter(cells: Written) -> Callable[[IntArray], dict[str, dict[str, FloatArray]]]:
    """Return what counts drawn rows as `counted` does, in one pass."""
    histograms = [histogram for own in cells.values() for histogram in own.values()]
    if not histograms:
        return lambda rows: {name: {} for name in cells}
    starts = np.concatenate([[0], np.cumsum([size + 1 for _, size in histograms])]).astype(np.int64)
    joined = np.stack([codes.astype(np.int32) + start for (codes, _), start in zip(histograms, starts, strict=False)])
    joined = np.ascontiguousarray(joined.T, np.int32)  # a row's codes lie side by side

    def drawn(rows: IntArray) -> dict[str, dict[str, FloatArray]]:
        found = np.bincount(joined.take(rows, axis=0).ravel(), minlength=int(starts[-1])).astype(np.float64)
        parts = (found[start : end - 1] for start, end in itertools.pairwise(starts))
        return {name: {what: next(parts) for what in own} for name, own in cells.items()}

    return drawn


def written_distances(
    real: dict[str, dict[str, FloatArray]], synthetic: dict[str, dict[str, FloatArray]]
) -> dict[str, dict[str, float]]:
    """Return total variation of each histogram, by column; NaN where a side has no value."""
    return {
        name: {what: tv_of_counts(counts, synthetic[name][what]) for what, counts in own.items()}
        for name, own in real.items()
    }


def _largest(distances: Mapping[str, dict[str, float]]) -> FloatArray:
    known = [[one for one in own.values() if math.isfinite(one)] for own in distances.values()]
    return np.array([max(own, default=math.nan) for own in known], np.float64)


def measure(evidence: Evidence) -> Measured:
    """Measure the largest distance of each column and their mean."""
    frame, train, schema = evidence.frames.real, evidence.train, evidence.schema
    numeric = {name for name, one in zip(train.layout.names, train.layout.numeric, strict=True) if one}
    dates = {column.name for column in schema or () if column.kind == "datetime"}
    kinds = {name: kind_of(frame[name], name in numeric, name in dates) for name in map(str, frame.columns)}
    ours = written_cells(frame, train, kinds)
    real, drawn_ours = counted(ours), counter(ours)

    def figures(side: Side) -> Figures:
        theirs = written_cells(frame_of(evidence, side), table_of(evidence, side), kinds)
        found, drawn_theirs = written_distances(real, counted(theirs)), counter(theirs)
        n, m = len(train), len(table_of(evidence, side))
        floors = [[expected_tv(shares_of(counts), n, m) for counts in own.values()] for own in real.values()]
        return Figures(
            tuple(found),
            _largest(found),
            lambda i, j: _largest(written_distances(drawn_ours(i), drawn_theirs(j))),
            floors=np.array([max(own, default=math.nan) for own in floors], np.float64),
            details={
                "by_histogram": {
                    name: {what: round(one, 6) for what, one in own.items() if math.isfinite(one)}
                    for name, own in found.items()
                    if own
                }
            },
        )

    return by_parts(evidence, figures, "precision_artefacts", nothing="no column of numbers, dates or texts")


METRIC = Metric(
    key="precision_artefacts",
    pillar="fidelity",
    title="Artefacts of writing",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over columns of the largest distance of decimals, last digits, date precision or text length; "
    "0 written alike, 1 always otherwise",
    source="total variation distance, 1/2 sum |p - q|",
    measure=measure,
)
