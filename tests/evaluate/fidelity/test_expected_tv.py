"""The expected total variation of two samples."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.expected_tv import METRIC, expected_tv


def test_ten_equal_cells_are_known() -> None:
    assert expected_tv(np.full(10, 0.1), 10_000, 10_000) == pytest.approx(0.01693, abs=5e-6)


def test_one_cell_has_no_noise_and_few_rows_are_cut_off_at_one() -> None:
    assert expected_tv(np.array([1.0]), 5, 5) == 0
    assert expected_tv(np.full(1000, 0.001), 1, 1) == 1


def test_real_rows_score_one_and_others_more() -> None:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"c": rng.integers(0, 10, 5000).astype(str)}) for _ in range(3)]
    tables[1].loc[:800, "c"] = "3"
    found = METRIC.measure(gather(*tables))
    assert found.score.value > 4 and 0.5 < found.reference.value < 1.6
    assert found.details["mean_expected_tv"] == pytest.approx(expected_tv(np.full(10, 0.1), 5000, 5000), rel=0.01)
    assert METRIC.measure(gather(*tables[:2])).reference.value == 1
