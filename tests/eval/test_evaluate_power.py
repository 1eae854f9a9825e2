"""Copies are flagged by the shipped policy, honest rows are not, and the counts say so."""

import json

import numpy as np
import pandas as pd
import pytest

from eval import evaluate_power, real_rows
from eval.evaluate_power import Table
from llmsynth.evaluate.policy import parse_policy, read_policy
from tests.eval.conftest import people


@pytest.fixture
def pooled(monkeypatch, tiny):
    def numbers(seed, n):
        rng = np.random.default_rng(seed)
        return people(seed, n).assign(account=rng.integers(10**6, 10**7, n))

    frame = pd.concat([numbers(0, 700), numbers(1, 800)], ignore_index=True)
    monkeypatch.setattr(real_rows, "pooled", lambda name: (tiny, frame))
    monkeypatch.setattr(evaluate_power, "PLANTED", 0.05)  # of 1,500 rows one per cent is too few to be seen


def test_copies_and_near_copies_are_flagged_and_honest_rows_are_not(pooled):
    policy, table = read_policy(), Table("people", 500)
    made = evaluate_power.planted(table, real_rows.with_near_copies, evaluate_power.NEAR_COPY_METRICS, policy, seeds=1)
    assert made["rows_of_a_part"] == 500 and len(made["conditions"]) == 2
    assert made["flagged"] == 1
    assert set(made["mean_values"]) == set(evaluate_power.NEAR_COPY_METRICS)
    copies = evaluate_power.planted(table, real_rows.with_copies, evaluate_power.COPY_METRICS, policy, seeds=3)
    assert copies["flagged"] == 3 and sum(copies["decisions"].values()) == 3
    assert copies["lower_end_above_reference"]["privacy.exact_matches"] == 3
    nothing = evaluate_power.planted(table, _honest, evaluate_power.COPY_METRICS, policy, seeds=3)
    assert nothing["flagged"] == 0 and nothing["decisions"] == {"RELEASE": 3}


def _honest(parts, share, rng):
    return parts.fresh


def test_verdicts_on_honest_rows_are_counted_with_the_conditions_that_fail(pooled):
    policy = parse_policy(
        '[[condition]]\nrequire = "fidelity.ks.lower <= 0.5"\n'
        '[[condition]]\nrequire = "fidelity.ks.lower >= 0.5"\nseverity = "block"\n'
        '[[condition]]\nrequire = "privacy.pii.lower <= 0"\nneeds = "unit"\n'
    )
    found = evaluate_power.honest(Table("people", 120, ("age",), ("smoker",)), policy, seeds=2)
    assert found["verdicts"] == {"BLOCK": 2} and found["blocked"] == 2
    assert found["failed_conditions"] == {"BLOCK: fidelity.ks.lower >= 0.5": 2}
    assert found["not_asked"] == {"privacy.pii.lower <= 0": 2}


def test_the_result_file_holds_a_target_for_each_table(pooled, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate_power, "read_policy", lambda: parse_policy(
        '[[condition]]\nrequire = "privacy.exact_matches.lower <= 0.0005"\nseverity = "review"\n'
        '[[condition]]\nrequire = "privacy.near_spellings.lower <= 0.0005"\nseverity = "review"\n'))  # fmt: skip
    table = Table("people", 500)
    path = evaluate_power.run(
        seeds=1, copies_in=(table,), near_copies_in=(table,), honest_tables=(table,), folder=tmp_path
    )
    result = json.loads(path.read_text())
    assert [target["what"].split(", ")[1] for target in result["targets"]] == [
        "1 % copies flagged", "1 % near copies flagged", "honest rows blocked",
    ]  # fmt: skip
    assert result["reached"]
