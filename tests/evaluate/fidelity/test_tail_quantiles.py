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
    real = np.array([0.0] * 95 + [10.0] * 5)
    assert _measured(real, real * 2).value == pytest.approx(10 / real.std())  # type: ignore[attr-defined]
    assert _measured([1.0, 2], [np.nan, np.nan]).reason  # type: ignore[attr-defined]
