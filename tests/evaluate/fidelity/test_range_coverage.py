"""Range coverage."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.range_coverage import METRIC, range_coverage


def test_a_shift_by_half_the_range_covers_half() -> None:
    real = pd.DataFrame({"x": np.linspace(0, 1, 1001)})
    assert METRIC.measure(gather(real, real + 0.49)).score.value == pytest.approx(0.5, abs=0.005)
    assert METRIC.measure(gather(real, real)).score.value == 1
    assert METRIC.measure(gather(real, real + 9)).score.value == 0


def test_keeping_to_the_middle_misses_the_ends() -> None:
    real = pd.DataFrame({"x": np.linspace(0, 1, 1001)})
    assert METRIC.measure(gather(real, 0.25 + real / 2)).score.value == pytest.approx(0.5, abs=0.01)


def test_ranges_without_length_are_reached_or_not() -> None:
    real = np.array([[1.0, 1], [1, 1], [np.nan, np.nan], [0, 1]])
    other = np.array([[0.0, 2], [2, 3], [0, 1], [np.nan, np.nan]])
    np.testing.assert_equal(range_coverage(real, other), [1, 0, np.nan, 0])
