"""Membership inference: can an attacker who has the synthetic rows tell who was in the training table?

Each attack gives every asked-about row a score, higher for members. Members are training rows, non-members held-out
rows, equally many; attacks may compare with reference rows, which are other held-out rows, as an attacker has
who knows the population. Where rows belong to people, people are asked about: nobody is on two sides, and a person's
score is that of the most telling row.

Two readings of the scores: AUC, the chance that a member has a higher score than a non-member, and, since harm is done
by those who can be named with certainty, the share of members found when 1 % of the non-members are falsely accused
(Carlini et al. 2022, arXiv 2112.03570). 0.5 and 0.01 are what guessing gives.

Knows scores and who was a member. Refuses to know how an attack finds its scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.intervals import CONFIDENCE, Interval, clopper_pearson
from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.row_distances import fresh_holdout_rows
from llmsynth.evaluate.score import Score, unknown

MAX_PEOPLE = 2_000  # asked about, of each kind
MAX_ROWS = 5_000  # of them, of each kind
ROWS_OF_A_PERSON = 10
MAX_REFERENCE = 20_000
FEWEST_PEOPLE = 20
ROC_POINTS = 100
FALSE_ALARMS = {"tpr_at_1fpr": 0.01, "tpr_at_0_1fpr": 0.001}
TOO_FEW = (
    f"needs {FEWEST_PEOPLE} training rows (people, where rows have a unit), twice as many held-out ones, a synthetic "
    "row and a column to compare"
)


@dataclass(frozen=True, eq=False)
class Trial:
    """Who is asked about.

    Attributes
    ----------
    member_rows, non_member_rows : int64 arrays
        Row numbers in the training table and in the hold-out.
    reference_rows : int64 array
        Row numbers in the hold-out, of people who are not asked about.
    people : int64 array of shape (member rows + non-member rows,)
        Whose rows they are, members first: 0 .. n - 1 are members, n .. 2 n - 1 are not.
    n_people : int
        n, members and non-members each.
    """

    member_rows: IntArray
    non_member_rows: IntArray
    reference_rows: IntArray
    people: IntArray
    n_people: int

    def targets(self, evidence: Evidence) -> EncodedTable:
        """Return the rows asked about, members first."""
        rows = [evidence.train.values[self.member_rows], _holdout(evidence).values[self.non_member_rows]]
        return EncodedTable(evidence.train.layout, np.concatenate(rows))

    def reference(self, evidence: Evidence) -> EncodedTable:
        """Return the reference rows."""
        return _holdout(evidence).take(self.reference_rows)

    def by_person(self, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the highest score of each member and each non-member, (n,) each, from those of the target rows."""
        best = np.full(2 * self.n_people, -np.inf)
        np.maximum.at(best, self.people, scores)
        return best[: self.n_people], best[self.n_people :]


Attack = Callable[[Evidence, Trial], Mapping[str, FloatArray]]
"""Returns scores of the target rows, higher for members, by the name of the variant; the first is the headline."""
Outcomes = dict[str, tuple[FloatArray, FloatArray]]


def _holdout(evidence: Evidence) -> EncodedTable:
    if evidence.holdout is None:
        raise ValueError("expected evidence with a hold-out; `trial` returns None without one")
    return evidence.holdout


def trial(evidence: Evidence) -> Trial | None:
    """Draw members, non-members and reference rows once for all attacks; None if there are too few."""
    return evidence.once("membership trial", lambda: _draw(evidence))


def _draw(evidence: Evidence) -> Trial | None:
    fresh = fresh_holdout_rows(evidence)
    if evidence.holdout is None or not evidence.train.layout.names or len(evidence.synthetic) == 0:
        return None
    rng, units = evidence.rng("membership"), evidence.units
    train_codes = np.arange(len(evidence.train)) if units is None else units.train
    holdout_codes = fresh if units is None or units.holdout is None else units.holdout[fresh]
    inside, outside = rng.permutation(np.unique(train_codes)), rng.permutation(np.unique(holdout_codes))
    n = min(inside.size, outside.size // 2, MAX_PEOPLE)
    if n < FEWEST_PEOPLE:
        return None
    most = max(1, min(ROWS_OF_A_PERSON, MAX_ROWS // n))
    members, whose = _rows_of(inside[:n], train_codes, most, rng)
    others, whose_others = _rows_of(outside[:n], holdout_codes, most, rng)
    rest = fresh[~np.isin(holdout_codes, outside[:n])]
    reference = np.sort(rng.permutation(rest)[:MAX_REFERENCE])
    return Trial(members, fresh[others], reference, np.concatenate([whose, whose_others + n]), n)


def _rows_of(people: IntArray, codes: IntArray, most: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return row numbers of the people, at most so many of each, and for each row the place of its person."""
    order = rng.permutation(np.flatnonzero(np.isin(codes, people)))
    sorter = np.argsort(people)
    whose = sorter[np.searchsorted(people, codes[order], sorter=sorter)]
    grouped = np.argsort(whose, kind="stable")
    order, whose = order[grouped], whose[grouped]
    first = np.searchsorted(whose, whose)
    kept = np.arange(whose.size) - first < most
    return order[kept].astype(np.int64), whose[kept].astype(np.int64)


def attacked(evidence: Evidence, key: str, attack: Attack) -> Outcomes | None:
    """Return scores of members and non-members by variant, worked out once; None without a trial."""

    def run() -> Outcomes | None:
        drawn = trial(evidence)
        return None if drawn is None else {
            name: drawn.by_person(scores) for name, scores in attack(evidence, drawn).items()
        }  # fmt: skip

    return evidence.once(f"attack {key}", run)


def measure_attack(evidence: Evidence, key: str, attack: Attack) -> Measured:
    """Run an attack and read its scores.

    Returns
    -------
    Measured
        AUC of the first variant. Parts: "auc", "tpr_at_1fpr", "tpr_at_0_1fpr", of other variants with the variant's
        name and a colon before. Details: counts, ROC curve, p-value.
    """
    outcomes = attacked(evidence, key, attack)
    if not outcomes:
        return no_attack(
            NO_HOLDOUT if evidence.holdout is None else TOO_FEW if outcomes is None else "nothing to read"
        )
    (first, scores), *others = outcomes.items()
    measured = read(*scores)
    parts = dict(measured.parts)
    for name, (members, non_members) in others:
        parts |= {f"{name}: {part}": score for part, score in read(members, non_members).parts.items()}
    return Measured(
        measured.score, measured.reference, parts, measured.part_references, {"attack": first, **measured.details}
    )


def no_attack(reason: str) -> Measured:
    """Return a result without numbers whose parts say why, too."""
    nothing = unknown(reason)
    return Measured(nothing, nothing, dict.fromkeys(["auc", *FALSE_ALARMS], nothing))


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
    with probability j / (m + 1). How many members are above it by chance has a negative hypergeometric distribution,
    which knows that the threshold was found on a sample. Clopper and Pearson's interval does not, and would exclude the
    rate too often; so its lower end stays at the rate as long as that test does not exclude it.
    """
    from scipy.stats import nhypergeom

    n, m = members.size, non_members.size
    allowed = math.floor(rate * (m + 1))
    if allowed < 1:
        fewest = math.ceil(1 / rate) - 1
        return unknown(f"needs {fewest:,} non-members to allow {rate:.1%} of them, there are {m:,}", n), None
    threshold = np.partition(non_members, m - allowed)[m - allowed]
    found = int((members > threshold).sum())
    p_value = float(min(1.0, max(0.0, nhypergeom.sf(found - 1, n + m, n, allowed)))) if found else 1.0
    low, high = clopper_pearson(found, n)
    if p_value >= (1.0 - CONFIDENCE) / 2:
        low = min(low, rate)
    return Score(found / n, n).within((low, high)), p_value


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
