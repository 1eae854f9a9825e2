"""Membership inference: can an attacker who has the synthetic rows tell who was in the training table?

Each attack gives every asked-about row a score, higher for members. Members are training rows, non-members held-out
rows, equally many; attacks may compare with reference rows, which are other held-out rows, as an attacker has
who knows the population. Where rows belong to people, people are asked about: nobody is on two sides, and a person's
score is that of the most telling row.

How the scores of an attack are read is in `attack_scores`.

Knows who was a member. Refuses to know how an attack finds its scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.attack_scores import FALSE_ALARMS, read
from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.row_distances import fresh_holdout_rows
from llmsynth.evaluate.score import unknown

MAX_PEOPLE = 2_000  # asked about, of each kind
MAX_ROWS = 5_000  # of them, of each kind
ROWS_OF_A_PERSON = 10
MAX_REFERENCE = 20_000
FEWEST_PEOPLE = 20
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
        return no_attack(NO_HOLDOUT if evidence.holdout is None else TOO_FEW if outcomes is None else "nothing to read")
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
