"""The same models lean on the same columns; models of broken rows lean on others."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.utility.importance_agreement import METRIC, _taus
from tests.evaluate.utility.tables import evidence_of, only, people


def test_tau_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 4, (6, 5)).astype(float), rng.normal(size=(6, 5))
    expected = [kendalltau(one, two).statistic for one, two in zip(first.T, second.T, strict=True)]
    assert _taus(first, second) == pytest.approx(expected)
    assert np.isnan(_taus(np.ones((3, 1)), second[:3, :1])[0])


@pytest.mark.parametrize("target", ["sick", "cost"])
def test_equal_rows_agree_perfectly(target: str) -> None:
    measured = METRIC.measure(evidence_of(target=target, n=150))
    assert measured.score.value == 1.0 == measured.score.lower
    assert measured.details["importances"]["synthetic"] == measured.details["importances"]["real"]


def test_a_broken_column_loses_its_importance() -> None:
    made = only(people(300, 2), "sick")
    made["dose"] = np.random.default_rng(0).permutation(made["dose"])
    found = METRIC.measure(evidence_of(made))
    importances = found.details["importances"]
    assert importances["synthetic"]["dose"] < 0.05 < 0.1 < importances["real"]["dose"]
    assert found.score.value < 1


def test_no_order_is_a_reason() -> None:
    real = only(people(100, 0), "sick")[["city", "sick"]]
    assert "fewer than two columns" in METRIC.measure(gather(real, real, real, target="sick")).score.reason
