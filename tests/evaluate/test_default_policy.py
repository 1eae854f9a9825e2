"""The shipped policy lets rows pass that are as good as held-out ones, and stops those with a known defect."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from llmsynth import datasets
from llmsynth.evaluate.evaluation import evaluate
from llmsynth.evaluate.gate import Verdict, judge

N = 200
PATIENTS = datasets.load_ehr(3 * N, random_state=3)
REAL, FRESH, HELD = (PATIENTS[place * N : (place + 1) * N].reset_index(drop=True) for place in range(3))


def _verdict(made: pd.DataFrame) -> Verdict:
    report = evaluate(REAL, made, HELD, target="diabetes", quasi_identifiers=["age", "sex"], sensitive=["smoker"])
    return judge(report)


def test_rows_as_good_as_held_out_ones_are_released_and_every_condition_is_understood() -> None:
    verdict = _verdict(FRESH)
    assert verdict.decision == "RELEASE", verdict.reasons
    assert not [finding for finding in verdict.findings if finding.outcome == "unknown"]


def test_training_rows_given_as_synthetic_ones_are_blocked_for_privacy() -> None:
    verdict = _verdict(REAL.sample(frac=1, random_state=0))
    assert verdict.decision == "BLOCK" == verdict.of_pillar("privacy")


def test_training_rows_with_one_cell_changed_are_blocked_too() -> None:
    verdict = _verdict(REAL.assign(age=REAL["age"] + np.tile([1, -1], N // 2)))
    assert verdict.of_pillar("privacy") == "BLOCK"


def test_columns_that_were_shuffled_are_blocked_for_utility() -> None:
    rng = np.random.default_rng(0)
    verdict = _verdict(pd.DataFrame({name: rng.permutation(FRESH[name].to_numpy()) for name in FRESH}))
    assert verdict.of_pillar("utility") == "BLOCK" and verdict.of_pillar("privacy") == "RELEASE"


@pytest.mark.parametrize(
    ("defect", "asked"), [("shifted", "ks"), ("missing", "missing_rate"), ("one category", "tv_categorical")]
)
def test_one_broken_column_of_eight_is_not_hidden_by_the_others(defect: str, asked: str) -> None:
    made = FRESH.copy()
    if defect == "shifted":
        made["cholesterol"] += 60
    elif defect == "missing":
        made["bmi"] = made["bmi"].where(np.arange(N) % 3 > 0)
    else:
        made["smoker"] = "no"
    verdict = judge(evaluate(REAL, made, HELD, level="quick"))
    (finding,) = [one for one in verdict.findings if one.asked.startswith(f"fidelity.{asked}.*")]
    assert finding.decision == "REVIEW" and "1 of" in finding.found
