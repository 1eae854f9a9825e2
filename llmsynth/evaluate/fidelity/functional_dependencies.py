"""Functional dependencies: where one real column determines another, does it in the synthetic rows?

A dependency A -> B is found in the training rows: taking out at most 1 % of the rows leaves one B for each A, B is not
nearly constant, and A has five rows a value or more, so that it is no accident. The same share of rows to take out
(Kivinen and Mannila's g3) is then computed within the synthetic rows. Those may keep to a mapping of their own; details
hold the share of rows whose B is not the one that goes with their A in the real rows.

Missing is a value of B; rows without an A are left aside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.figures import NO_ROWS, Figures, Side, by_parts, table_of
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable

Codes = npt.NDArray[np.signedinteger[Any]]
MOST_ERROR = 0.01
"""Largest g3 of a dependency in the real rows."""
LEAST_GAIN = 0.9
"""Least share of the error of always guessing the most frequent B that knowing A takes away."""
ROWS_PER_VALUE = 5
SCREENED_ROWS = 2_000
NO_DEPENDENCY = "no column of the real rows determines another"


def majorities(given: Codes, determined: Codes) -> tuple[IntArray, IntArray, IntArray]:
    """Return each value of A that occurs, its most frequent B, and the rows that have both.

    Parameters
    ----------
    given, determined : integer arrays of shape (n,)
        Codes of A and B, at least 0.
    """
    if not given.size:
        return (np.empty(0, np.int64),) * 3
    width = int(determined.max()) + 1
    pairs, counts = np.unique(given.astype(np.int64) * width + determined, return_counts=True)
    values = pairs // width
    order = np.lexsort((-counts, values))
    first = order[np.append(True, np.diff(values[order]) > 0)]
    return values[first], pairs[first] % width, counts[first]


def g3(given: Codes, determined: Codes) -> float:
    """Return the smallest share of rows to take out so that A determines B.

    Parameters
    ----------
    given, determined : integer arrays of shape (n,)
        Codes of A and B; rows with a negative A are left aside.

    Returns
    -------
    float
        0 (A determines B) to below 1; NaN without rows.

    Examples
    --------
    >>> g3(np.array([0, 0, 0, 1]), np.array([2, 2, 3, 3]))
    0.25
    """
    known = given >= 0
    if not known.any():
        return math.nan
    return 1.0 - float(majorities(given[known], determined[known])[2].sum()) / int(known.sum())


def determines(given: Codes, determined: Codes) -> bool:
    """Whether A determines B in these rows by more than accident; codes as in `g3`, missing B included."""
    if not _repeats(given):
        return False
    known = given >= 0
    a, b = given[known], determined[known]
    baseline = 1.0 - float(np.bincount(b).max()) / b.size
    if baseline == 0:
        return False
    error = g3(a, b)
    return error <= MOST_ERROR and baseline - error >= LEAST_GAIN * baseline


def _repeats(given: Codes) -> bool:
    """Whether a column has two values or more, and rows enough for each, to determine another."""
    counts = np.bincount(given[given >= 0])
    distinct = int(np.count_nonzero(counts))
    return distinct > 1 and int(counts.sum()) >= ROWS_PER_VALUE * distinct


def find_dependencies(codes: Sequence[Codes], seed: int = 0) -> list[tuple[int, int]]:
    """Find pairs of columns of which the first determines the second.

    Parameters
    ----------
    codes : sequence of integer arrays of shape (rows,)
        Codes of each column from 0; missing has -1.
    seed : int
        Of the rows that pairs are screened on.
    """
    n = codes[0].size if codes else 0
    rows = np.random.default_rng(seed).choice(n, min(n, SCREENED_ROWS), replace=False)
    few = [one[rows] for one in codes]
    found = []
    givers, takers = [_repeats(one) for one in codes], [bool(one.size) and np.ptp(one) > 0 for one in codes]
    for a, b in permutations(range(len(codes)), 2):
        if not (givers[a] and takers[b]):
            continue
        if g3(few[a], few[b] + 1) > 3 * MOST_ERROR:  # fewer rows never seem to break it more
            continue
        if determines(codes[a], codes[b] + 1):
            found.append((a, b))
    return found


def _codes(column: FloatArray, *others: FloatArray) -> list[Codes]:
    """Number the values of a column over all tables, int32; missing is -1."""
    codes = pd.factorize(np.concatenate([column, *others]))[0].astype(np.int32)
    return np.split(codes, np.cumsum([len(one) for one in (column, *others)])[:-1])


def _disagreeing(real: tuple[Codes, Codes], made: tuple[Codes, Codes]) -> float:
    """Share of rows, of those whose A is a real one, with another B than most real rows of that A."""
    known = real[0] >= 0
    values, expected, _ = majorities(real[0][known], real[1][known])
    place = np.minimum(np.searchsorted(values, made[0]), values.size - 1)
    met = values[place] == made[0]
    return float((expected[place] != made[1])[met].mean()) if met.any() else math.nan


def measure(evidence: Evidence) -> Measured:
    """Measure g3 of each dependency and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    names = evidence.train.layout.names
    own = evidence.train.values
    pairs = find_dependencies(
        [_codes(own[:, place])[0] for place in range(len(names))], evidence.seed_for("functional_dependencies")
    )

    def figures(side: Side) -> Figures:
        other = table_of(evidence, side).values
        both = {place: _codes(own[:, place], other[:, place]) for place in {place for pair in pairs for place in pair}}
        ours, theirs = ({place: codes[table] for place, codes in both.items()} for table in (0, 1))
        errors = np.array([g3(theirs[a], theirs[b] + 1) for a, b in pairs], np.float64)
        known = [int((theirs[a] >= 0).sum()) for a, _ in pairs]
        shown = [f"{names[a]} → {names[b]}" for a, b in pairs]
        unlike: Mapping[str, float | None] = {
            name: None if math.isnan(share) else round(share, 6)
            for name, (a, b) in zip(shown, pairs, strict=True)
            for share in [_disagreeing((ours[a], ours[b] + 1), (theirs[a], theirs[b] + 1))]
        }
        return Figures(
            tuple(shown),
            errors,
            intervals=[
                wilson(0 if math.isnan(error) else error * n, n) for error, n in zip(errors, known, strict=True)
            ],
            floors=np.array([g3(ours[a], ours[b] + 1) for a, b in pairs], np.float64),
            details={"share_unlike_the_real_mapping": unlike, "n_dependencies": len(pairs)},
        )

    return by_parts(evidence, figures, "functional_dependencies", nothing=NO_DEPENDENCY)


METRIC = Metric(
    key="functional_dependencies",
    pillar="fidelity",
    title="Broken functional dependencies",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over dependencies of the real rows of the share of rows that break them; 0 none",
    source="g3 of Kivinen and Mannila 1995, definition 2.3",
    measure=measure,
    level="standard",
    unit="%",
)
