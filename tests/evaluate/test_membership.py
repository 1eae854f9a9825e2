"""Drawing who is asked about."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.membership import measure_attack, trial
from tests.evaluate.privacy.tables import mixed_rows


def test_nobody_is_on_two_sides_and_a_person_has_one_score() -> None:
    rng = np.random.default_rng(0)
    real = mixed_rows(300, 0).assign(who=rng.integers(0, 60, 300))
    held = mixed_rows(300, 1).assign(who=rng.integers(40, 140, 300))
    evidence = gather(real, mixed_rows(50, 2), held, unit="who")
    drawn = trial(evidence)
    assert drawn is not None and drawn.n_people == len(set(held["who"]) - set(real["who"])) // 2
    non_members, reference = (
        set(held["who"].to_numpy()[rows]) for rows in (drawn.non_member_rows, drawn.reference_rows)
    )
    assert not non_members & reference and not (non_members | reference) & set(real["who"])
    n_members = drawn.member_rows.size
    whose = real["who"].to_numpy()[drawn.member_rows]
    assert len(set(zip(whose, drawn.people[:n_members], strict=True))) == len(set(whose)) == drawn.n_people
    scores = rng.normal(size=drawn.people.size)
    members, others = drawn.by_person(scores)
    assert members.size == others.size == drawn.n_people
    assert members[0] == scores[drawn.people == 0].max()


def test_no_person_is_asked_about_with_more_than_ten_rows() -> None:
    real, held = (
        mixed_rows(400, 0).assign(who=np.arange(400) // 20),
        mixed_rows(800, 1).assign(who=np.arange(800) // 20),
    )
    drawn = trial(gather(real, real, held.assign(who=held["who"] + 50), unit="who"))
    assert drawn is not None and np.bincount(drawn.people).tolist() == [10] * 40


@pytest.mark.parametrize("held", [None, mixed_rows(30, 1)])
def test_too_few_people_are_a_reason_in_every_part(held: pd.DataFrame | None) -> None:
    found = measure_attack(gather(mixed_rows(50, 0), mixed_rows(50, 2), held), "none", lambda *_: {})
    assert found.score.reason and found.parts["auc"].reason and found.parts["tpr_at_1fpr"].reason
