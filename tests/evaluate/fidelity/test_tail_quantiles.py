"""Tail quantiles: known answers."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.tail_quantiles import METRIC


def _measured(real: object, made: object) -> object:
    return METRIC.measure(gather(pd.DataFrame({"x": real}), pd.DataFrame({"x": made}))).score


def test_a_shift_by_the_interquartile_range_is_one() -> None:
    real = np.arange(1000.0)
    assert _measured(real, real + 500).value == pytest.approx(1)  # type: ignore[attr-defined]
    assert _measured(real, real).value == 0  # type: ignore[attr-defined]


def test_a_cut_tail_is_seen() -> None:
    real = np.random.default_rng(0).exponential(size=5000)
    score = _measured(real, np.minimum(real, 3))
    assert score.value > 1 and score.lower < score.value < score.upper  # type: ignore[attr-defined]


def test_constants_and_columns_without_quartiles() -> None:
    assert _measured([1.0] * 9, [1.0] * 9).value == 0  # type: ignore[attr-defined]
    assert _measured([1.0] * 9, [2.0] * 9).reason  # type: ignore[attr-defined]
    real = np.array([0.0] * 1900 + [10.0] * 100)
    assert _measured(real, real * 2).value == pytest.approx(10 / real.std())  # type: ignore[attr-defined]
    assert _measured([1.0, 2], [np.nan, np.nan]).reason  # type: ignore[attr-defined]


def test_quantiles_with_fewer_than_ten_rows_beyond_are_shown_and_do_not_count() -> None:
    real = np.arange(1200.0)
    found = METRIC.measure(gather(pd.DataFrame({"x": real}), pd.DataFrame({"x": np.append(real[:-3], [1e6] * 3)})))
    assert found.score.value == 0 and found.details["levels_judged"] == [0.01, 0.05, 0.95, 0.99]
    assert found.details["shift_in_units"][0][-1] > 1000
    many = np.arange(12000.0)
    cut = METRIC.measure(gather(pd.DataFrame({"x": many}), pd.DataFrame({"x": np.minimum(many, 11800)})))
    assert cut.details["levels_judged"] == cut.details["levels"] and cut.score.value == pytest.approx(
        187 / 6000, rel=0.05
    )


def test_the_interval_covers_the_shift_of_the_quantiles_that_count() -> None:
    from scipy.stats import norm

    truth = 0.5 / (norm.ppf(0.75) - norm.ppf(0.25))
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        score = _measured(rng.normal(size=400), rng.normal(0.5, 1, size=400))
        covered.append(score.lower <= truth <= score.upper)  # type: ignore[attr-defined]
    assert np.mean(covered) >= 0.9
