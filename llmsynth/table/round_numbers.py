"""The step of the round numbers that a column prefers: ages in whole years, fares in whole pounds, times in minutes.

A decimal column may still hold whole numbers for the most part, and a pressure mostly tens. With many rows the values
that repeat say so themselves; with few rows hardly any value repeats, and values drawn evenly between the observed ones
are told from real ones by their digits alone.

Knows integers only. Statisticians call this heaping (Heitjan and Rubin 1991, "Ignorability and coarse data", Annals of
Statistics 19); they want the true values behind it, a generator wants the heaps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

MOST_ROUND = 4096
"""Most round numbers of a column; a finer step than that is none."""
LEAST_GAIN = 8.0
"""Nats by which preferring the step must make the values likelier: evenly spread values rarely reach that by chance."""
LEAST_SHARE, LEAST_DISTINCT = 0.2, 5
"""Share of the rows, and number of distinct values, on multiples: one heap at 0 is no preference for round numbers."""
_STEPS = tuple(
    sorted(
        {first * 10**power for first in (1, 2, 5) for power in range(18)}
        | {25 * 10**power for power in range(17)}
        | {
            minutes * 60 * 10**power for minutes in (1, 5, 10, 15, 30, 60, 1440) for power in (0, 3, 6, 9)
        }  # s, ms, us, ns
    )
)[1:]


def round_step(points: IntArray, counts: IntArray, minimum: int, maximum: int) -> int | None:
    """The step whose multiples the values prefer most, or None.

    Each step is judged by the gain in log-likelihood of "a share q on multiples, evenly" over "evenly on all points":
    k log(q m) + (n - k) log((1 - q) m / (m - 1)) with q = k / n, for k of n values on multiples of m.

    Parameters
    ----------
    points : ndarray of int64, shape (k,)
        Distinct values, at least one.
    counts : ndarray of int64, shape (k,)
        Rows of each.
    minimum, maximum : int
        Legal bounds, inclusive; there must be at most `MOST_ROUND` multiples between them.
    """
    n, best, chosen = float(counts.sum()), LEAST_GAIN, None
    for step in _STEPS:
        if maximum // step - minimum // step > MOST_ROUND:
            continue
        if step > maximum - minimum:
            break
        is_round = points % step == 0
        on = float(counts[is_round].sum())
        if on * step <= n or on < LEAST_SHARE * n or is_round.sum() < LEAST_DISTINCT:
            continue
        gain = on * np.log(on / n * step)
        if on < n:
            gain += (n - on) * np.log((1.0 - on / n) * step / (step - 1))
        if gain > best:
            best, chosen = gain, step
    return chosen


def multiples(step: int, minimum: int, maximum: int) -> IntArray:
    """All multiples of the step from minimum to maximum."""
    first = -(-minimum // step)
    return np.arange(first, maximum // step + 1, dtype=np.int64) * step
