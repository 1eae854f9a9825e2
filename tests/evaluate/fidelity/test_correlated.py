"""Differences of correlation matrices."""

import numpy as np

from llmsynth.evaluate.fidelity.correlated import differences


def test_a_pair_without_a_real_coefficient_is_left_out_and_one_without_a_synthetic_one_counts_as_none() -> None:
    real = np.array([[1, 0.8, np.nan], [0.8, 1, 0.2], [np.nan, 0.2, 1]])
    made = np.array([[1, np.nan, 0.5], [np.nan, 1, -0.2], [0.5, -0.2, 1]])
    np.testing.assert_allclose(differences(real, made), [0.8, np.nan, 0.4])
