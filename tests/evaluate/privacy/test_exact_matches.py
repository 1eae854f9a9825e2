"""Copies of training rows beyond chance: known counts, p-values, people, and tables without anything."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import Evidence, gather
from llmsynth.evaluate.privacy.exact_matches import METRIC


def _rows(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.normal(size=n), "c": rng.choice(["a", "b", None], n)})


def _discrete(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.integers(0, 12, n) for name in "ab"})


def test_fifty_planted_copies_of_a_thousand_rows_are_an_excess_of_fifty() -> None:
    real, held = _rows(1000, 0), _rows(1000, 1)
    made = pd.concat([_rows(950, 2), real[:50]], ignore_index=True)
    found = METRIC.measure(gather(real, made, held))
    assert found.score.value == pytest.approx(0.05) and found.details["excess_rows"] == pytest.approx(50)
    assert found.details["p_value"] < 1e-10
    assert found.parts["synthetic rows that are copies"].value == pytest.approx(0.05)
    assert found.score.lower > 0.03 and found.reference.upper == 0.0


def test_one_per_cent_of_verbatim_copies_is_flagged() -> None:
    real, held = _rows(2000, 0), _rows(2000, 1)
    made = pd.concat([_rows(1980, 2), real[:20]], ignore_index=True)
    found = METRIC.measure(gather(real, made, held))
    assert found.score.lower > 0.0 and found.details["p_value"] < 1e-4


def test_one_row_copied_often_exposes_one_person() -> None:
    real = _rows(100, 0)
    made = pd.concat([real[:1]] * 50, ignore_index=True)
    found = METRIC.measure(gather(real, made, _rows(100, 1)))
    assert found.details["train_hits"] == 1 and found.parts["synthetic rows that are copies"].value == 1.0


def test_p_values_of_honest_discrete_rows_are_uniform() -> None:
    p = [
        METRIC.measure(gather(*(_discrete(150, 3 * seed + part) for part in range(3)))).details["p_value"]
        for seed in range(200)
    ]
    assert np.mean(np.array(p) < 0.05) <= 0.08
    assert 0.4 < np.mean(p) < 0.62  # discrete: a little above a half


def test_hits_are_counted_by_people() -> None:
    real = _rows(6, 0).assign(who=[1, 1, 1, 2, 3, 4])
    held = _rows(4, 1).assign(who=[4, 5, 6, 7])
    found = METRIC.measure(gather(real, real[:3].drop(columns="who"), held, unit="who"))
    assert (found.details["train_hits"], found.details["n_train"], found.details["n_holdout"]) == (1, 4, 3)


@pytest.mark.parametrize("evidence", [
    gather(_rows(20, 0), _rows(20, 1)),
    gather(_rows(20, 0), _rows(0, 1), _rows(20, 2)),
    gather(pd.DataFrame({"x": [None] * 9}), pd.DataFrame({"x": [1.0]}), pd.DataFrame({"x": [2.0]})),
])  # fmt: skip
def test_what_cannot_be_compared_has_a_reason(evidence: Evidence) -> None:
    found = METRIC.measure(evidence)
    assert not found.score.known and found.score.reason
