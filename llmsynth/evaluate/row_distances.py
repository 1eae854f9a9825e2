"""How far synthetic and held-out rows are from the nearest real ones, measured once for all metrics that ask.

Gower distances, scaled over training and held-out rows. Of large tables `SCORED_ROWS` of the level are scored; all
other real rows are looked at, up to `MAX_ROWS`, since the copy of a row that was left out cannot be seen. At
100,000 x 20 rows this takes about a quarter of a minute on two cores.

Held-out rows of a person who has training rows too are left out.

Knows tables. Refuses to know what near means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.distances import Neighbours, Scale, nearest
from llmsynth.evaluate.encoding import BoolArray, FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.intervals import CONFIDENCE
from llmsynth.evaluate.score import Score, unknown

SCORED_ROWS = {"quick": 2_000, "standard": 5_000, "full": 5_000}
MAX_ROWS = 100_000
_NEIGHBOURS = (64, 1_000)  # fewest and most
_PER_DRAWN = 7  # neighbours for each that is drawn, so that all of them are left out once in a thousand
FEWEST_ROWS = 20
TOO_FEW = f"needs {FEWEST_ROWS} rows each of train, synthetic and hold-out, and a column to compare"


@dataclass(frozen=True, eq=False)
class RowDistances:
    """Nearest rows.

    Attributes
    ----------
    synthetic_to_train : Neighbours
        The nearest of each scored synthetic row among the training rows looked at: enough of them that one is left when
        as many training rows are drawn as there are held-out ones.
    synthetic_to_holdout : Neighbours or None
        The same among held-out rows.
    holdout_to_train : Neighbours or None
        The two nearest training rows of each scored held-out row.
    train_rows, holdout_rows : int64 arrays
        Row numbers, in the tables of the evidence, of the real rows looked at.
    """

    synthetic_to_train: Neighbours
    synthetic_to_holdout: Neighbours | None
    holdout_to_train: Neighbours | None
    train_rows: IntArray
    holdout_rows: IntArray


def row_distances(evidence: Evidence) -> RowDistances | None:
    """Measure, or return None if a table has fewer than `FEWEST_ROWS` rows or there is no column to compare."""
    return evidence.once("row distances", lambda: _measure(evidence))


def fresh_holdout_rows(evidence: Evidence) -> IntArray:
    """Return the row numbers of held-out rows whose person has no training row; empty without a hold-out."""
    if evidence.holdout is None:
        return np.empty(0, np.int64)
    units = evidence.units
    if units is None or units.holdout is None:
        return np.arange(len(evidence.holdout))
    return np.flatnonzero(~np.isin(units.holdout, units.train))


def some(rows: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    """Return n of the row numbers, drawn without replacement, in order; all if there are no more."""
    return rows if rows.size <= n else np.sort(rng.choice(rows, n, replace=False))


def _measure(evidence: Evidence) -> RowDistances | None:
    train, synthetic, holdout = evidence.train, evidence.synthetic, evidence.holdout
    fresh = fresh_holdout_rows(evidence)
    if not train.layout.names or min(len(train), len(synthetic)) < FEWEST_ROWS:
        return None
    if holdout is not None and fresh.size < FEWEST_ROWS:
        return None
    rng, most = evidence.rng("row distances"), SCORED_ROWS[evidence.level]
    tables = [train] if holdout is None else [train, holdout]
    scale = Scale.over(*tables)

    train_rows = some(np.arange(len(train)), MAX_ROWS, rng)
    known = scale.points(train.take(train_rows))
    made = scale.points(synthetic.take(some(np.arange(len(synthetic)), most, rng)))
    if holdout is None:
        return RowDistances(nearest(made, known, 2), None, None, train_rows, fresh)
    holdout_rows = some(fresh, MAX_ROWS, rng)
    ratio = max(train_rows.size, holdout_rows.size) / min(train_rows.size, holdout_rows.size)
    k = min(max(_NEIGHBOURS[0], math.ceil(_PER_DRAWN * ratio)), _NEIGHBOURS[1])
    held = scale.points(holdout.take(holdout_rows))
    scored = held.take(some(np.arange(holdout_rows.size), most, rng))
    return RowDistances(
        nearest(made, known, min(k, train_rows.size)),
        nearest(made, held, min(k, holdout_rows.size)),
        nearest(scored, known, 2),
        train_rows,
        holdout_rows,
    )


def at_equal_numbers(found: RowDistances, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return distances of each synthetic row to the nearest of equally many training and held-out rows, one draw."""
    if found.synthetic_to_holdout is None:
        raise ValueError("expected distances to held-out rows; give a hold-out")
    size = min(found.train_rows.size, found.holdout_rows.size)
    to_train, _ = nearest_drawn(found.synthetic_to_train, draw(found.train_rows.size, size, rng))
    to_holdout, _ = nearest_drawn(found.synthetic_to_holdout, draw(found.holdout_rows.size, size, rng))
    return to_train, to_holdout


def draw(n: int, size: int, rng: np.random.Generator) -> BoolArray:
    """Return a bool array of shape (n,) that is true for `size` rows, drawn without replacement."""
    drawn = np.zeros(n, bool)
    drawn[rng.choice(n, size, replace=False)] = True
    return drawn


def nearest_drawn(neighbours: Neighbours, drawn: BoolArray) -> tuple[FloatArray, IntArray]:
    """Return distance and number of the nearest row that was drawn.

    Parameters
    ----------
    neighbours : Neighbours
    drawn : bool array of shape (others,)

    Returns
    -------
    tuple of arrays of shape (rows,)
        Of the farthest neighbour where none of them was drawn.
    """
    among = drawn[neighbours.rows]  # (rows, k)
    place = np.where(among.any(axis=1), among.argmax(axis=1), among.shape[1] - 1)
    row = np.arange(place.size)
    return neighbours.distances[row, place], neighbours.rows[row, place]


def quantile_score(values: FloatArray, q: float) -> Score:
    """Return a quantile with its distribution-free 95 % interval, from order statistics.

    Parameters
    ----------
    values : float64 array of shape (n,)
    q : float
        0 to 1; the lowest and highest value (0 and 1) have no interval but themselves.

    Examples
    --------
    >>> found = quantile_score(np.arange(101.0), 0.5)
    >>> found.value, found.lower, found.upper
    (50.0, 40.0, 60.0)
    """
    from scipy.stats import binom

    n = values.size
    if not n:
        return unknown("no rows to look at")
    ordered, tail = np.sort(values), (1.0 - CONFIDENCE) / 2
    value = float(np.quantile(ordered, q))
    if q in (0.0, 1.0):
        return Score(value, n).within((value, value))
    low, high = int(binom.ppf(tail, n, q)) - 1, int(binom.ppf(1.0 - tail, n, q))
    ends = ordered[max(low, 0)], ordered[min(high, n - 1)]
    return Score(value, n).within((min(value, float(ends[0])), max(value, float(ends[1]))))
