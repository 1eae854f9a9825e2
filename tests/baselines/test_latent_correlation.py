"""Latent correlations: known ones are recovered from columns with ties, and the matrix is made possible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from llmsynth.baselines.latent_correlation import (
    MOST,
    latent_correlation,
    observed_correlation,
    repaired,
    shrinkage,
    step_scores,
)

N = 40_000


def normals(rho, n=N, seed=0):
    rng = np.random.default_rng(seed)
    return rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n)


def scores_of(values, cuts, observed=None):
    """Scores of a normal that is seen only through cuts; None: through its 2,000 quantiles."""
    edges = np.linspace(0, 1, 2001) if cuts is None else np.concatenate([[0.0], ndtr(np.asarray(cuts, float)), [1.0]])
    index = np.clip(np.searchsorted(edges, ndtr(values), side="right") - 1, 0, edges.size - 2)
    return step_scores(index, edges, np.ones(values.size, dtype=bool) if observed is None else observed)


def estimate(first, second):
    return latent_correlation(observed_correlation([first, second]), [first, second])[0, 1]


@pytest.mark.parametrize("rho", [-0.9, -0.5, 0.0, 0.3, 0.8])
@pytest.mark.parametrize("cuts", [(None, None), (None, [0.5]), ([-1.2], [0.3]), ([-1.0, 0.0, 1.0], [0.8, 1.5])])
def test_a_known_correlation_is_recovered_through_ties(rho, cuts):
    z = normals(rho)
    assert estimate(scores_of(z[:, 0], cuts[0]), scores_of(z[:, 1], cuts[1])) == pytest.approx(rho, abs=0.035)


def test_scores_alone_would_be_too_small():
    z = normals(0.6)
    pair = [scores_of(z[:, 0], [0.5]), scores_of(z[:, 1], [-0.2])]
    assert observed_correlation(pair)[0, 1] < 0.45 < estimate(*pair)


def test_two_medians_obey_the_arcsine_law():
    pair = [scores_of(np.zeros(2), [0.0])] * 2
    observed = np.array([[1.0, 2 / np.pi * np.arcsin(0.5)], [2 / np.pi * np.arcsin(0.5), 1.0]])
    assert latent_correlation(observed, pair)[0, 1] == pytest.approx(0.5, abs=1e-6)


def test_copies_and_constants_are_defined():
    z = normals(0.0)[:, 0]
    same, constant = scores_of(z, [0.0]), step_scores(np.zeros(N, np.int64), np.array([0.0, 1.0]), np.ones(N, bool))
    assert estimate(same, same) == pytest.approx(MOST, abs=0.01)
    assert estimate(same, constant) == 0.0


def test_cells_that_are_missing_are_left_aside_pair_by_pair():
    z = normals(0.7)
    seen = np.random.default_rng(5).random(N) < 0.4
    observed = [scores_of(z[:, 0], None, seen), scores_of(z[:, 1], None)]
    assert estimate(*observed) == pytest.approx(0.7, abs=0.02)


def test_shrinkage_is_small_for_many_rows_and_large_for_few():
    z = normals(0.5)
    many = [scores_of(z[:, 0], None), scores_of(z[:, 1], None)]
    few = [scores_of(z[:8, 0] * 0 + np.arange(8) / 4, None), scores_of(z[:8, 1], None)]
    assert 0 <= shrinkage(many) < 0.01 < shrinkage(few) <= 1
    assert shrinkage(many[:1]) == 0.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 12))
def test_any_symmetric_matrix_becomes_a_correlation_matrix(seed, d):
    matrix = np.random.default_rng(seed).uniform(-1, 1, (d, d))
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1.0)
    fixed = repaired(matrix)
    assert np.diag(fixed) == pytest.approx(np.ones(d))
    assert np.linalg.eigvalsh(fixed)[0] >= 5e-5
    assert np.array_equal(fixed, fixed.T)


def test_higham_s_own_example_is_repaired_to_his_answer():
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    expected = np.array([[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]])
    assert repaired(matrix, smallest=1e-9, tolerance=1e-10) == pytest.approx(expected, abs=1e-3)


def test_a_matrix_that_is_one_already_is_left_alone():
    matrix = np.array([[1.0, 0.4], [0.4, 1.0]])
    assert repaired(matrix) is matrix
