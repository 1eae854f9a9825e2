"""How well scores tell members from non-members: area under the curve, and members found at few false alarms.

Two readings, as for any attack on membership (Carlini et al. 2022, arXiv 2112.03570): the AUC, the chance that a member
has a higher score than a non-member, and, since harm is done by those who can be named with certainty, the share of
members found when 1 % of the non-members are falsely accused. 0.5 and 0.01 are what guessing gives.

Knows two samples of scores. Refuses to know tables, and how an attack finds its scores.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.intervals import CONFIDENCE, Interval, clopper_pearson
from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.score import Score, unknown

ROC_POINTS = 100
FALSE_ALARMS = {"tpr_at_1fpr": 0.01, "tpr_at_0_1fpr": 0.001}


def read(members: FloatArray, non_members: FloatArray) -> Measured:
    """Read the scores of an attack.

    Parameters
    ----------
    members, non_members : float64 arrays of shape (n,) and (m,)
        Scores, higher for members.

    Returns
    -------
    Measured
        As `measure_attack`, of one variant.
    """
    n, m = members.size, non_members.size
    value = auc(members, non_members)
    score = Score(value, n).within(auc_interval(value, n, m))
    parts, references = {"auc": score}, {"auc": Score(0.5, m, "guessing").within((0.5, 0.5))}
    details: dict[str, Any] = {"n_members": n, "n_non_members": m, "roc": roc(members, non_members)}
    for name, rate in FALSE_ALARMS.items():
        parts[name], details[f"p_value_{name}"] = _found_at(members, non_members, rate)
        references[name] = Score(rate, m, "guessing").within((rate, rate))
    return Measured(score, references["auc"], parts, references, details)


def _found_at(members: FloatArray, non_members: FloatArray, rate: float) -> tuple[Score, float | None]:
    """Return the share of members found at a rate of false alarms, and how likely so many are without any attack.

    The threshold is the j-th highest score of a non-member, j = rate (m + 1) rounded down: a new non-member is above it
    with probability j / (m + 1). The interval is for the share found at the threshold whose rate is as stated. Two
    things are uncertain and their distances from the figure are added in squares (as Newcombe adds those of two
    shares): the share of members above a threshold (Clopper and Pearson), and where the threshold is
    (`_found_around`). How many members are above it without any attack has a negative hypergeometric distribution; the
    lower end stays at the rate as long as that test does not exclude it.
    """
    from scipy.stats import nhypergeom

    n, m = members.size, non_members.size
    allowed = math.floor(rate * (m + 1))
    if allowed < 1:
        fewest = math.ceil(1 / rate) - 1
        return unknown(f"needs {fewest:,} non-members to allow {rate:.1%} of them, there are {m:,}", n), None
    share = _share_above(members, non_members, allowed)
    found = round(share * n)
    p_value = float(min(1.0, max(0.0, nhypergeom.sf(found - 1, n + m, n, allowed)))) if found else 1.0
    (fewer, more), (strict, loose) = clopper_pearson(found, n), _found_around(members, non_members, rate, share)
    low = max(0.0, share - math.hypot(share - fewer, share - strict))
    high = min(1.0, share + math.hypot(more - share, loose - share))
    if p_value >= (1.0 - CONFIDENCE) / 2:
        low = min(low, rate)
    return Score(share, n).within((low, high)), p_value


def _share_above(members: FloatArray, non_members: FloatArray, place: int) -> float:
    """Return the share of members above the score of a non-member, the highest being at place 1."""
    m = non_members.size
    return float((members > np.partition(non_members, m - place)[m - place]).mean())


def _found_around(members: FloatArray, non_members: FloatArray, rate: float, share: float) -> Interval:
    """Return the shares found at the strictest and at the loosest threshold that may have the stated rate.

    How many non-members are above the true threshold is binomial; its 2.5 and 97.5 % quantiles say between which of
    them it is. It may be above all of them where fewer than 3.7 are expected. Then the share is carried on from the
    highest one as a power of the rate, with the mean of 1 and the exponent that the curve has below it: curves get
    steeper towards 0.
    """
    from scipy.stats import binom

    m, tail = non_members.size, (1.0 - CONFIDENCE) / 2
    first, last = int(binom.ppf(tail, m, rate)), min(m, int(binom.ppf(1.0 - tail, m, rate)) + 1)
    loose = _share_above(members, non_members, last)
    if first >= 1:
        return _share_above(members, non_members, first), loose
    strict = _share_above(members, non_members, 1)
    if strict > 0.0:
        exponent = math.log(loose / strict) / math.log(last) if last > 1 else 1.0
        strict *= min(1.0, m * rate / -math.log(tail)) ** ((1.0 + exponent) / 2)
    return min(strict, share), loose


def auc(members: FloatArray, non_members: FloatArray) -> float:
    """Return the chance that a member's score is higher than a non-member's, ties count half.

    Examples
    --------
    >>> auc(np.array([2.0, 1.0]), np.array([1.0, 0.0]))
    0.875
    """
    from scipy.stats import rankdata

    n, m = members.size, non_members.size
    ranks = rankdata(np.concatenate([members, non_members]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def auc_interval(value: float, n: int, m: int, confidence: float = CONFIDENCE) -> Interval:
    """95 % interval of an AUC from n and m scores, that keeps its width when the AUC is 0 or 1.

    Newcombe 2006 (doi 10.1002/sim.2324), method 5: the ends are the values whose own standard error (Hanley and
    McNeil 1982) puts the observed one at the edge.

    Examples
    --------
    >>> [round(end, 3) for end in auc_interval(0.5, 1000, 1000)]
    [0.475, 0.525]
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    z, extra = float(ndtri(0.5 + confidence / 2)), (n + m) / 2 - 1

    def beyond(end: float) -> float:
        spread = 1 + extra * ((1 - end) / (2 - end) + end / (1 + end))
        return (value - end) ** 2 - z * z * end * (1 - end) * spread / (n * m)

    tiny = 1e-12
    low = 0.0 if value <= 0 else float(brentq(beyond, 0.0, min(value, 1 - tiny)))
    high = 1.0 if value >= 1 else float(brentq(beyond, max(value, tiny), 1.0))
    return low, high


def roc(members: FloatArray, non_members: FloatArray) -> dict[str, list[float]]:
    """Return at most 100 points of the ROC curve, spread evenly over the logarithm of the false-alarm rate.

    Returns
    -------
    dict of str to list of float
        "fpr", rising from 1 / non-members to 1, and "tpr", the share of members found at no more false alarms.
    """
    m = non_members.size
    counts = np.unique(np.geomspace(1, m, ROC_POINTS).round().astype(np.int64))
    falling, ordered = np.sort(non_members)[::-1], np.sort(members)
    fpr, tpr = [], []
    for count in counts:
        # the lowest threshold that no more than `count` non-members reach
        threshold = falling[count] if count < m else -np.inf
        found = members.size - np.searchsorted(ordered, threshold, side="right")
        fpr.append(float(count / m))
        tpr.append(float(found / members.size))
    if fpr:
        tpr[-1] = 1.0
    return {"fpr": fpr, "tpr": tpr}
