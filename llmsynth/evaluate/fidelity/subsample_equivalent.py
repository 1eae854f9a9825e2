"""Sub-sampling equivalent: the share of the real rows that would be as far from all of them as the synthetic rows are.

The mean total variation of pairs between the training rows and the synthetic rows is set against that of random parts
of the training rows, drawn without replacement, of known size. 10 % reads: these synthetic rows lose as much as keeping
one real row in ten. As many new rows of the same distribution come out at a third, since they and the real rows both
have noise of sampling; read the figure beside the hold-out's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.fidelity.cells import Cells, Codes
from llmsynth.evaluate.fidelity.figures import NO_ROWS, Side, can_be_drawn, mean_of, redraw, table_of
from llmsynth.evaluate.fidelity.pair_tv import pair_tv
from llmsynth.evaluate.fidelity.pairs import NO_PAIR, PAIR_DRAWS, PAIR_ROWS, Pair, pair_cells, pairs_of
from llmsynth.evaluate.fidelity.resampling import interval_of
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown

MOST_COMPARED = 200
"""Pairs compared; of more, that many are drawn."""
STEPS, REPEATS = 14, 3
"""Sizes of parts, and random parts of each that has fewer than `PAIR_ROWS` rows; of larger ones one is enough."""
FEWEST_ROWS = 10


def equivalent_share(shares: Sequence[float], distances: Sequence[float], distance: float) -> float:
    """Return the share of rows whose distance is as given, between and beyond measured shares.

    Between them log(share / (1 - share)) goes with log(distance), beyond them by the law of sampling without
    replacement: the distance is proportional to sqrt((1 - share) / share).

    Parameters
    ----------
    shares : sequence of float
        Rising, within (0, 1).
    distances : sequence of float
        Of random parts of that share, above 0.
    distance : float
        At least 0.

    Examples
    --------
    >>> round(equivalent_share([0.1, 0.5], [0.3, 0.1], 0.1), 3), equivalent_share([0.1, 0.5], [0.3, 0.1], 0.0)
    (0.5, 1.0)
    """
    if distance <= 0:
        return 1.0
    measured = np.log(np.minimum.accumulate(np.asarray(distances, np.float64)))
    odds = np.log(np.asarray(shares, np.float64) / (1.0 - np.asarray(shares, np.float64)))
    wanted = math.log(distance)
    if wanted <= measured[-1]:
        found = odds[-1] + 2 * (measured[-1] - wanted)
    elif wanted >= measured[0]:
        found = odds[0] - 2 * (wanted - measured[0])
    else:
        found = float(np.interp(-wanted, -measured, odds))
    return float(1.0 / (1.0 + math.exp(-min(max(float(found), -700.0), 700.0))))


def _curve(
    cells: Cells, codes: Codes, pairs: list[Pair], n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Measure parts of rising share; shares, and mean distances of random parts, both of shape (steps,)."""
    least = min(FEWEST_ROWS, n // 2) / n
    odds = np.geomspace(least / (1 - least), 49.0, STEPS)
    sizes = np.unique(np.clip(np.rint(odds / (1 + odds) * n).astype(np.int64), 1, n - 1))
    distances = []
    for size in sizes:
        parts = [rng.choice(n, int(size), replace=False) for _ in range(REPEATS if size < PAIR_ROWS else 1)]
        distances.append(
            np.mean([mean_of(pair_tv(cells, codes, [one[rows] for one in codes], pairs)) for rows in parts])
        )
    return sizes / n, np.maximum(np.array(distances, np.float64), 1e-12)


def measure(evidence: Evidence) -> Measured:
    """Measure the equivalent share of the synthetic rows and of the hold-out."""
    n = len(evidence.train)
    if n < 2 or not len(evidence.synthetic):
        return not_evaluable(NO_ROWS if not n * len(evidence.synthetic) else "needs at least two training rows")
    cells = pair_cells(evidence)
    pairs = pairs_of(evidence, len(cells.names))
    rng = evidence.rng("subsample_equivalent")
    if len(pairs) > MOST_COMPARED:
        pairs = [pairs[place] for place in np.sort(rng.choice(len(pairs), MOST_COMPARED, replace=False))]
    if not pairs:
        return not_evaluable(NO_PAIR, len(evidence.synthetic))
    ours = cells.codes(evidence.train)
    shares, distances = _curve(cells, ours, pairs, n, rng)

    def share_at(distance: float) -> float:
        return math.nan if math.isnan(distance) else equivalent_share(list(shares), list(distances), distance)

    def score(side: Side) -> tuple[Score, float]:
        theirs = cells.codes(table_of(evidence, side))

        def drawn(i: IntArray, j: IntArray) -> FloatArray:
            return np.array([mean_of(pair_tv(cells, [one[i] for one in ours], [one[j] for one in theirs], pairs))])

        distance = mean_of(pair_tv(cells, ours, theirs, pairs))
        if not can_be_drawn(evidence, side):
            return Score(share_at(distance), len(table_of(evidence, side))), distance
        draws, shrink = redraw(evidence, side, drawn, "subsample_equivalent", PAIR_DRAWS, PAIR_ROWS)
        # sampling noise is what is measured here, so the draws give the spread and not a bias to take off
        low, high = interval_of(distance, distance + (draws[:, 0] - draws.mean()) * shrink, (0.0, 1.0))
        found = Score(share_at(distance), len(table_of(evidence, side)))
        return found.within((share_at(high), share_at(low))), distance

    made, distance = score("synthetic")
    held = evidence.holdout
    reference = unknown(NO_HOLDOUT) if held is None else score("holdout")[0] if len(held) else unknown(NO_ROWS)
    curve = {"shares": [round(float(one), 6) for one in shares], "pair_tv": [round(float(one), 6) for one in distances]}
    return Measured(made, reference, details={"pair_tv": distance, "curve": curve, "n_pairs": len(pairs)})


METRIC = Metric(
    key="subsample_equivalent",
    pillar="fidelity",
    title="Sub-sampling equivalent",
    goal="maximize",
    low=0.0,
    high=1.0,
    meaning="share of the real rows that, kept alone, would be as far from all of them; 1 no loss, 0 nothing in common",
    source="sample equivalents of Little, Elliot and Allmendinger 2022, on total variation of pairs",
    measure=measure,
    level="standard",
    unit="%",
)
