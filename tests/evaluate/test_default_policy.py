"""The shipped policy lets rows pass that are as good as held-out ones, and stops those with a known defect."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from llmsynth import datasets
from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.evaluation import evaluate
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.findings import Finding
from llmsynth.evaluate.gate import judge
from llmsynth.evaluate.policy import read_policy
from tests.evaluate.reports import report

N = 200
PATIENTS = datasets.load_ehr(3 * N, random_state=3)
REAL, FRESH, HELD = (PATIENTS[place * N : (place + 1) * N].reset_index(drop=True) for place in range(3))
POLICY = read_policy()


def _findings(made: pd.DataFrame, pillar: str) -> list[Finding]:
    """What became of the conditions of one pillar; nothing else is computed."""
    evidence = gather(
        REAL, made, HELD, target="diabetes", quasi_identifiers=["age", "sex"], sensitive=["smoker"], level="standard"
    )
    asked = {condition.path for condition in POLICY.conditions}
    results = {one.path: one.measure(evidence) for one in metrics(pillar) if one.path in asked}  # type: ignore[arg-type]
    verdict = judge(report(results, roles={"target": "diabetes", "sensitive": ["smoker"]}), POLICY)
    return [finding for finding in verdict.findings if finding.pillar == pillar]


@pytest.mark.parametrize("pillar", ["fidelity", "utility", "privacy"])
def test_rows_as_good_as_held_out_ones_pass_every_condition(pillar: str) -> None:
    stopped = [finding.found for finding in _findings(FRESH, pillar) if finding.decision != "RELEASE"]
    assert stopped == []


@pytest.mark.parametrize("change", ["none", "one cell"])
def test_training_rows_given_as_synthetic_ones_are_blocked(change: str) -> None:
    years = np.tile([1, -1], N // 2) if change == "one cell" else 0
    assert "BLOCK" in {finding.decision for finding in _findings(REAL.assign(age=REAL["age"] + years), "privacy")}


def test_columns_that_were_shuffled_are_blocked_for_utility() -> None:
    rng = np.random.default_rng(0)
    made = pd.DataFrame({name: rng.permutation(FRESH[name].to_numpy()) for name in FRESH})
    assert "BLOCK" in {finding.decision for finding in _findings(made, "utility")}


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
