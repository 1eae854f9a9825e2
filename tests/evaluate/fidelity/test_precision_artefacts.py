"""Artefacts of writing: known answers."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.precision_artefacts import METRIC


def test_rounded_numbers_are_one() -> None:
    real = pd.DataFrame({"x": np.random.default_rng(0).integers(0, 999, 500) + 0.25})
    found = METRIC.measure(gather(real, real.round(0)))
    assert found.score.value == 1 and found.details["by_histogram"]["x"]["decimals"] == 1
    assert METRIC.measure(gather(real, real)).score.value == 0


def test_full_precision_where_the_table_has_two_decimals_is_one() -> None:
    real = pd.DataFrame({"x": np.random.default_rng(0).normal(size=300).round(2) + 0.0})
    made = pd.DataFrame({"x": np.random.default_rng(1).normal(size=300)})
    assert METRIC.measure(gather(real, made)).score.value == pytest.approx(1)


def test_prices_that_end_in_nine_are_seen_by_the_last_digit() -> None:
    rng = np.random.default_rng(0)
    real, made = pd.DataFrame({"x": rng.integers(0, 99, 900) * 10 + 9}), pd.DataFrame({"x": rng.integers(0, 999, 900)})
    found = METRIC.measure(gather(real, made))
    assert found.score.value == pytest.approx(0.9, abs=0.04) == found.details["by_histogram"]["x"]["last digit"]
    assert found.score.lower < 0.9 < found.score.upper


def test_texts_identifiers_and_dates_are_compared_too() -> None:
    n = 60
    real = pd.DataFrame(
        {"key": [f"ID{k:04}" for k in range(n)], "on": pd.date_range("2024-01-01", periods=n), "ok": [True, False] * 30}
    )
    made = real.assign(key=[f"{k}" for k in range(n)], on=real["on"] + pd.Timedelta("1h"))
    found = METRIC.measure(gather(real, made, real))
    assert found.parts["key"].value == 1 and found.parts["on"].value == 1 and not found.parts["ok"].known
    assert found.reference.value == 0


def test_numbers_that_come_as_texts_are_read_as_the_real_column_is() -> None:
    real = pd.DataFrame({"x": [1.5, 2.5, 3.5]})
    assert METRIC.measure(gather(real, real.astype(str))).score.value == 0
