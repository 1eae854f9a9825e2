"""What is likely wrong with a column, in words, by rules that are stated here and nowhere else.

A distance says that a column differs; a reader wants to know in which way. Each rule looks for one way in which
generators are known to fail, and speaks only if the difference is both large enough to matter and larger than sampling
explains (`FEWEST_DEVIATIONS` standard errors), so that held-out rows in the place of synthetic ones are rarely accused.

Knows the cells of one column in two tables. Refuses to know tables and metrics. Sentences hold shares and counts, and
of cells only categories that were given as showable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from llmsynth.evaluate.encoding import FloatArray

FEWEST_DEVIATIONS = 4.0
MISSING_DIFFERENCE = 0.01  # of the share of missing cells
LOST_HEAPING = 0.1  # of the share of cells on round numbers
LOST_DECIMALS = 0.25  # of the share of cells with decimals
TAIL = 0.025  # of training rows, on each side
TAIL_KEPT = 0.25  # a tail with less than this of its share is truncated
EXPECTED_ROWS = 12.0  # of a category, so that its absence is no chance: exp(-12)
INVENTED = 0.002  # of cells
SHIFT = 0.1  # of the median, in ranges between the quartiles
SPREAD = (0.8, 1.25)  # of the range between the quartiles, over the real one
_ROUND = (5.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 5000.0, 10000.0)
_MOST_DECIMALS = 6
_NAMES_SHOWN, _LONGEST_NAME = 3, 40
_BEYOND_ARITHMETIC = 1e150
_LARGEST = 1e9  # above this, decimals are lost to floating point


def missing_causes(real: FloatArray, synthetic: FloatArray) -> list[str]:
    """Say whether too many or too few cells are missing.

    Parameters
    ----------
    real, synthetic : float64 array of shape (rows,)
        NaN is missing.
    """
    if not real.size or not synthetic.size:
        return []
    before, after = float(np.isnan(real).mean()), float(np.isnan(synthetic).mean())
    if abs(after - before) < MISSING_DIFFERENCE or not _beyond_chance(before, real.size, after, synthetic.size):
        return []
    return [f"missing rate off: {after:.1%} of the cells are missing, {before:.1%} in the real rows"]


def category_causes(
    real: FloatArray, synthetic: FloatArray, holdout: FloatArray | None, labels: Mapping[float, str]
) -> list[str]:
    """Say which categories were lost, and how many were invented.

    Parameters
    ----------
    real, synthetic, holdout : float64 array of shape (rows,)
        Codes; NaN is missing.
    labels : mapping of float to str
        Names, by code, of the categories that may be shown.
    """
    before, after = (values[~np.isnan(values)] for values in (real, synthetic))
    if not before.size or not after.size:
        return []
    codes, counts = np.unique(before, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    expected = counts[order] / before.size * after.size
    absent = (expected >= EXPECTED_ROWS) & ~np.isin(codes[order], after)
    causes = []
    if absent.any():
        n, share = int(absent.sum()), float(counts[order][absent].sum() / before.size)
        named = [f"{labels[code][:_LONGEST_NAME]!r}" for code in codes[order][absent] if code in labels][:_NAMES_SHOWN]
        what = "1 category is" if n == 1 else f"{n} categories are"
        these = f" ({', '.join(named)}{', ...' if n > len(named) else ''})" if named else ""
        causes.append(f"missing category: {what} never generated{these}, {share:.1%} of the real cells")
    new = ~np.isin(after, codes)
    expected_new = float((counts == 1).sum() / before.size)  # mass of what was not seen yet (Good 1953, equation 9)
    invented = new if holdout is None else new & ~np.isin(after, holdout[~np.isnan(holdout)])
    share = float(invented.mean())
    too_many = new.mean() > expected_new and _beyond_chance(expected_new, before.size, float(new.mean()), after.size)
    if share >= INVENTED and too_many:
        n = len(np.unique(after[invented]))
        what = "1 category" if n == 1 else f"{n} categories"
        causes.append(f"invented category: {what} that no real row has, {share:.1%} of the synthetic cells")
    return causes


def number_causes(real: FloatArray, synthetic: FloatArray, is_number: bool = True) -> list[str]:
    """Say in which way numbers, dates or durations differ.

    Parameters
    ----------
    real, synthetic : float64 array of shape (rows,)
        NaN is missing.
    is_number : bool
        Whether decimals and round numbers mean something.
    """
    before, after = (values[~np.isnan(values)] for values in (real, synthetic))
    if before.size < 20 or after.size < 20 or max(np.abs(before).max(), np.abs(after).max()) > _BEYOND_ARITHMETIC:
        return []
    written = _decimals_cause(before, after) or _heaping_cause(before, after) if is_number else ""
    shape = [*_tail_causes(before, after), _shift_cause(before, after), _spread_cause(before, after)]
    return [cause for cause in (written, *shape) if cause]


def _beyond_chance(before: float, n_before: int, after: float, n_after: int) -> bool:
    """Whether two shares differ by more than `FEWEST_DEVIATIONS` standard errors of their pooled share."""
    pooled = (before * n_before + after * n_after) / (n_before + n_after)
    error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / n_before + 1.0 / n_after))
    return abs(after - before) > FEWEST_DEVIATIONS * error


def _decimals(values: FloatArray) -> FloatArray:
    """How many decimals each value has, at most `_MOST_DECIMALS`."""
    found = np.full(values.size, float(_MOST_DECIMALS))
    for places in reversed(range(_MOST_DECIMALS)):
        exact = np.abs(values - np.round(values, places)) <= 1e-9 * np.maximum(1.0, np.abs(values))
        found[exact] = places
    return found


def _decimals_cause(before: FloatArray, after: FloatArray) -> str:
    if max(np.abs(before).max(), np.abs(after).max()) > _LARGEST:
        return ""
    own, made = _decimals(before), _decimals(after)
    for places in range(1, _MOST_DECIMALS + 1):  # shares with at least so many decimals
        share, kept = float((own >= places).mean()), float((made >= places).mean())
        if abs(share - kept) >= LOST_DECIMALS and _beyond_chance(share, before.size, kept, after.size):
            what = "decimals lost" if kept < share else "decimals added"
            count = "1 decimal" if places == 1 else f"{places} decimals"
            return f"{what}: {kept:.0%} of the numbers have {count} or more, {share:.0%} in the real rows"
    return ""


def _heaping_cause(before: FloatArray, after: FloatArray) -> str:
    """Round numbers that real rows prefer: the unit whose share beyond chance is lost most."""
    if np.abs(before).max() > _LARGEST or np.ptp(before) == 0:
        return ""
    lost, text = LOST_HEAPING, ""
    for unit in _ROUND:
        if unit > np.ptp(before) / 2:
            break
        share, kept = (float((np.abs(values - np.round(values / unit) * unit) < 1e-9 * unit).mean())
                       for values in (before, after))  # fmt: skip
        heaped = share > 2.0 / unit + 0.05 and _beyond_chance(share, before.size, kept, after.size)
        if heaped and share - kept >= lost:
            lost = share - kept
            text = f"heaping lost: {kept:.0%} of the numbers are multiples of {unit:g}, {share:.0%} in the real rows"
    return text


def _tail_causes(before: FloatArray, after: FloatArray) -> list[str]:
    causes = []
    for side, sign in (("upper", 1.0), ("lower", -1.0)):
        own, made = sign * before, sign * after
        limit = np.quantile(own, 1.0 - TAIL)
        share, kept = float((own > limit).mean()), float((made > limit).mean())
        if share > 0 and kept < TAIL_KEPT * share and _beyond_chance(share, own.size, kept, made.size):
            causes.append(f"truncated {side} tail: {kept:.1%} of the values lie where {share:.1%} of the real ones do")
    return causes


def _quartiles(values: FloatArray) -> tuple[float, float, float]:
    low, middle, high = (float(one) for one in np.quantile(values, [0.25, 0.5, 0.75]))
    return low, middle, high


def _shift_cause(before: FloatArray, after: FloatArray) -> str:
    low, middle, high = _quartiles(before)
    scale = (high - low) or float(before.std()) or 1.0
    moved = (float(np.median(after)) - middle) / scale
    below = float((after < middle).mean()) + 0.5 * float((after == middle).mean())
    own = float((before < middle).mean()) + 0.5 * float((before == middle).mean())
    if abs(moved) < SHIFT or not _beyond_chance(own, before.size, below, after.size):
        return ""
    way = "high" if moved > 0 else "low"
    return f"shifted: the middle lies {abs(moved):.2f} ranges between the quartiles too {way}"


def _spread_cause(before: FloatArray, after: FloatArray) -> str:
    low, _, high = _quartiles(before)
    own_low, _, own_high = _quartiles(after)
    if high == low:
        return ""
    ratio = (own_high - own_low) / (high - low)
    inside, own = (float(((values > low) & (values < high)).mean()) for values in (after, before))
    if SPREAD[0] <= ratio <= SPREAD[1] or not _beyond_chance(own, before.size, inside, after.size):
        return ""
    return f"spread off: the middle half of the values is {ratio:.2f} times as wide as in the real rows"
