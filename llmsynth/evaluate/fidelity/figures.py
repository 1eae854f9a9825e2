"""Figures by column, pair or group: their intervals, their mean, and the same for the hold-out.

A metric of this package says how it gets one figure per name from the training rows and other rows (`Figures`);
`by_parts` does the rest. All figures of one bootstrap draw come from the same rows, so the interval of a mean over
columns that move together is as wide as it must be (`resampling` has the rest).

Where no hold-out was given, the reference is what real rows of that number would score by sampling alone, if the
metric knows it (`Figures.floors`); the reference then says so.

Knows numbers and rows. Refuses to know what a figure means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.fidelity.resampling import distance_interval, draw_rows, interval_of, spread_around
from llmsynth.evaluate.intervals import MAX_ROWS, Interval
from llmsynth.evaluate.metric import Goal, Measured, not_evaluable
from llmsynth.evaluate.score import Score, unknown

Side = Literal["synthetic", "holdout"]
Resampled = Callable[[IntArray, IntArray], FloatArray]
N_DRAWS = 100
MOST_PARTS = 200
FEWEST_DRAWN = 10
"""Rows of each table to draw again; of fewer, drawn rows say little of other rows, and there is no interval."""
NO_ROWS = "a table has no rows"
FLOOR = "no hold-out was given: this is what sampling alone makes of as many real rows"
WITHOUT = "nothing to compare: without values, or the real values do not vary"


@dataclass(frozen=True)
class Figures:
    """What training rows and other rows give, one figure per name.

    Attributes
    ----------
    names : tuple of str
        Of the parts.
    values : float64 array of shape (names,)
        NaN where there is no figure.
    resampled : callable, optional
        Takes row numbers of the training rows and of the others, returns figures as `values`. None: no intervals.
    distance : bool
        Whether they are distances, at least 0 and too large by noise (`distance_interval`).
    signed : bool
        Of distances: whether each is the size of a difference that has a sign, as of two coefficients.
    draws : (float64 array of shape (draws, names), float), optional
        What `redraw` returned, where it is known already; goes before `resampled`.
    base : float64 array of shape (names,), optional
        What `resampled` gives for all rows, where it is coarser than `values`.
    floors : float64 array of shape (names,), optional
        Expected figures of real rows in place of the others.
    intervals : sequence of (float, float), optional
        Of the parts, where they have closed forms; then the ends of the mean's interval are the means of theirs, which
        holds however the columns depend on each other.
    details : mapping
        Aggregates.
    """

    names: tuple[str, ...]
    values: FloatArray
    resampled: Resampled | None = None
    distance: bool = True
    signed: bool = False
    draws: tuple[FloatArray, float] | None = None
    base: FloatArray | None = None
    floors: FloatArray | None = None
    intervals: Sequence[Interval] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def table_of(evidence: Evidence, side: Side) -> EncodedTable:
    """Return the encoded synthetic rows or hold-out.

    Raises
    ------
    LookupError
        If there is no hold-out.
    """
    table = evidence.synthetic if side == "synthetic" else evidence.holdout
    if table is None:
        raise LookupError(NO_HOLDOUT)
    return table


def frame_of(evidence: Evidence, side: Side) -> pd.DataFrame:
    """Return the synthetic rows or the hold-out as a frame; raises as `table_of`."""
    frame = evidence.frames.synthetic if side == "synthetic" else evidence.frames.holdout
    if frame is None:
        raise LookupError(NO_HOLDOUT)
    return frame


def can_be_drawn(evidence: Evidence, side: Side) -> bool:
    """Whether both tables have rows enough to be drawn again."""
    return min(len(evidence.train), len(table_of(evidence, side))) >= FEWEST_DRAWN


def mean_of(figures: FloatArray) -> float:
    """Mean of the figures that there are; NaN where there is none."""
    known = figures[np.isfinite(figures)]
    return float(known.mean()) if known.size else math.nan


def by_parts(
    evidence: Evidence,
    figures_of: Callable[[Side], Figures],
    key: str,
    *,
    low: float = 0.0,
    high: float = 1.0,
    goal: Goal = "minimize",
    nothing: str = "no column can be compared",
    reduce: Callable[[FloatArray], float] = mean_of,
    n_draws: int = N_DRAWS,
    most_rows: int = MAX_ROWS,
) -> Measured:
    """Measure the parts and their mean, for the synthetic rows and for the hold-out.

    Parameters
    ----------
    evidence : Evidence
    figures_of : callable
        Takes "synthetic" or "holdout"; is called for tables with rows only.
    key : str
        Of the metric; seeds the draws.
    low, high : float
        Range of a figure.
    goal : str
        Which figures are good; says which are the worst.
    nothing : str
        Reason where there is no name or no figure.
    reduce : callable
        Makes one figure of all; the mean of those that are finite if omitted.
    n_draws, most_rows : int
        Bootstrap draws, and rows in each.

    Returns
    -------
    Measured
        At most `MOST_PARTS` parts, the worst figures; details say how many more there are.
    """
    if not len(evidence.train) or not len(evidence.synthetic):
        return not_evaluable(NO_ROWS, len(evidence.synthetic))
    made = figures_of("synthetic")
    plan = _Plan(key, (low, high), nothing, reduce, n_draws, most_rows)
    score, parts = _scores(evidence, "synthetic", made, plan)
    shown = _shown(-made.values if goal == "maximize" else made.values)
    details = {
        name: None if isinstance(one, float) and not math.isfinite(one) else one for name, one in made.details.items()
    }
    if len(made.names) > len(shown):
        details["parts_left_out"] = len(made.names) - len(shown)
    references: dict[str, Score] = {}
    held = evidence.holdout
    if held is not None and len(held):
        reference, references = _scores(evidence, "holdout", figures_of("holdout"), plan)
    elif held is not None:
        reference = unknown(NO_ROWS)
    elif made.floors is not None and score.known and np.isfinite(made.floors).any():
        reference = Score(reduce(made.floors), score.n_rows, FLOOR)
        references = {
            name: Score(float(floor), score.n_rows, FLOOR)
            for name, floor in zip(made.names, made.floors, strict=True)
            if np.isfinite(floor)
        }
    else:
        reference = unknown(NO_HOLDOUT)
    wanted = [made.names[place] for place in shown]
    return Measured(
        score,
        reference,
        {name: parts[name] for name in wanted},
        {name: references[name] for name in wanted if name in references},
        details,
    )


def _shown(values: FloatArray) -> list[int]:
    """Places of the parts that are reported, in order: all, or the largest values where there are too many."""
    if values.size <= MOST_PARTS:
        return list(range(values.size))
    return sorted(np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")[:MOST_PARTS].tolist())


@dataclass(frozen=True)
class _Plan:
    """How figures become scores; as the arguments of `by_parts`."""

    key: str
    bounds: Interval
    nothing: str
    reduce: Callable[[FloatArray], float]
    n_draws: int
    most_rows: int


def _scores(evidence: Evidence, side: Side, figures: Figures, plan: _Plan) -> tuple[Score, dict[str, Score]]:
    n_rows = len(table_of(evidence, side))
    value = plan.reduce(figures.values) if figures.values.size else math.nan
    if not math.isfinite(value):
        return unknown(plan.nothing, n_rows), {name: unknown(WITHOUT, n_rows) for name in figures.names}
    whole: Interval = (math.nan, math.nan)
    ends: Sequence[Interval] = [whole] * len(figures.names)
    if figures.intervals is not None:
        ends = figures.intervals
        whole = tuple(mean_of(np.array([end[place] for end in ends])) for place in (0, 1))  # type: ignore[assignment]
    elif (figures.draws or figures.resampled) and can_be_drawn(evidence, side):
        draws, shrink = figures.draws or redraw(
            evidence, side, cast(Resampled, figures.resampled), plan.key, plan.n_draws, plan.most_rows
        )
        if figures.base is not None:
            draws = draws + np.nan_to_num(figures.values - figures.base)
        draws = np.where(np.isfinite(figures.values), draws, np.nan)  # what has no figure has no part in the mean
        whole, ends = _intervals(figures, draws, shrink, value, plan)
    parts = {
        name: Score(float(one), n_rows).within(end) if math.isfinite(one) else unknown(WITHOUT, n_rows)
        for name, one, end in zip(figures.names, figures.values, ends, strict=True)
    }
    return Score(value, n_rows).within(whole), parts


def _intervals(
    figures: Figures, draws: FloatArray, shrink: float, value: float, plan: _Plan
) -> tuple[Interval, list[Interval]]:
    """Intervals of the figure that was made of all, and of each."""
    if figures.distance:
        together = np.array([plan.reduce(draw) for draw in draws])
        ends = [
            distance_interval(float(one), draws[:, place], shrink, plan.bounds[1], signed=figures.signed)
            for place, one in enumerate(figures.values)
        ]
        return distance_interval(value, together, shrink, plan.bounds[1], signed=figures.signed), ends
    likely = spread_around(figures.values, draws, shrink)
    ends = [interval_of(one, likely[:, place], plan.bounds) for place, one in enumerate(figures.values)]
    return interval_of(value, np.array([plan.reduce(draw) for draw in likely]), plan.bounds), ends


def redraw(
    evidence: Evidence, side: Side, resampled: Resampled, key: str, n_draws: int = N_DRAWS, most: int = MAX_ROWS
) -> tuple[FloatArray, float]:
    """Compute figures of rows drawn again from both tables.

    Returns
    -------
    float64 array of shape (n_draws, figures)
    float
        Factor by which the spread is too wide because fewer rows were drawn than there are.
    """
    sizes = len(evidence.train), len(table_of(evidence, side))
    units = evidence.units
    theirs = None if units is None else units.synthetic if side == "synthetic" else units.holdout
    groups = (None if units is None else _numbered(units.train), None if theirs is None else _numbered(theirs))
    rng = evidence.rng(key, side, "bootstrap")
    draws = [
        resampled(*(draw_rows(rng, size, group, most) for size, group in zip(sizes, groups, strict=True)))
        for _ in range(n_draws)
    ]
    return np.array(draws, np.float64), math.sqrt(min(1.0, most / min(sizes)))


def _numbered(units: IntArray) -> IntArray:
    return np.unique(units, return_inverse=True)[1].astype(np.int64)


def plain(matrix: FloatArray, digits: int = 5) -> list[Any]:
    """As JSON: nested lists, rounded, None where there is no number.

    Examples
    --------
    >>> plain(np.array([[0.5, np.nan]]))
    [[0.5, None]]
    """
    if matrix.ndim > 1:
        return [plain(row, digits) for row in matrix]
    return [round(float(one), digits) if math.isfinite(one) else None for one in matrix]
