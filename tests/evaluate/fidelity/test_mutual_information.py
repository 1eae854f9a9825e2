"""Mutual information: known answers and scikit-learn."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mutual_info_score

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.mutual_information import METRIC, entropy, mutual_information


def test_a_lost_pair_of_equal_coins_is_ln_2() -> None:
    real = pd.DataFrame({"a": ["x", "y"] * 2000, "b": ["x", "y"] * 2000})
    made = real.assign(a=["x", "x", "y", "y"] * 1000)
    assert METRIC.measure(gather(real, made)).score.value == pytest.approx(math.log(2), abs=3e-4)


def test_it_is_scikit_learns_figure_and_the_correction() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 500)
    b = np.where(rng.random(500) < 0.5, a, rng.integers(0, 3, 500))
    table = np.histogram2d(a, b, [np.arange(-0.5, 4), np.arange(-0.5, 4)])[0]
    cells = [(table.sum(axis=1) > 0).sum(), (table.sum(axis=0) > 0).sum(), (table > 0).sum()]
    correction = (cells[0] + cells[1] - cells[2] - 1) / (2 * 500)
    assert mutual_information(table) == pytest.approx(mutual_info_score(a, b) + correction, abs=1e-9)


def test_the_correction_takes_off_what_sampling_adds() -> None:
    rng = np.random.default_rng(1)
    plain, corrected = [], []
    for _ in range(200):
        a, b = rng.integers(0, 6, (2, 200))
        plain.append(mutual_info_score(a, b))
        corrected.append(mutual_information(np.histogram2d(a, b, [6, 6])[0]))
    assert np.mean(corrected) < 0.2 * np.mean(plain)


def test_constants_and_no_rows() -> None:
    assert mutual_information(np.array([[5.0, 0], [0, 0]])) == 0
    assert math.isnan(mutual_information(np.zeros((2, 2))))
    assert entropy(np.array([4.0])) == 0
