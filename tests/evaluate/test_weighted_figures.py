"""The figures are scikit-learn's, for every weighting at once."""

import numpy as np
import pytest
from sklearn import metrics as sk

from llmsynth.evaluate import weighted_figures as figures

RNG = np.random.default_rng(0)
N = 200
TRUTH = RNG.random(N) < 0.3
SCORE = np.round(RNG.random(N) * 0.7 + 0.3 * TRUTH, 1)  # with ties
WEIGHTS = np.concatenate([np.ones((1, N)), RNG.multinomial(N, np.full(N, 1 / N), 3)]).astype(np.float32).T


def test_areas_under_curves_are_those_of_scikit_learn() -> None:
    for own, theirs in ((figures.auroc, sk.roc_auc_score), (figures.average_precision, sk.average_precision_score)):
        expected = [theirs(TRUTH, SCORE, sample_weight=one) for one in WEIGHTS.T]
        assert own(TRUTH, SCORE, WEIGHTS) == pytest.approx(expected, abs=1e-6)


def test_figures_of_classes_are_those_of_scikit_learn() -> None:
    truth, probability = RNG.integers(0, 3, N), RNG.dirichlet([1, 1, 1], N)
    predicted = probability.argmax(axis=1)
    f1 = [sk.f1_score(truth, predicted, average="macro", sample_weight=one) for one in WEIGHTS.T]
    assert figures.f1_macro(truth, predicted, 3, WEIGHTS) == pytest.approx(f1)
    assert figures.log_loss(truth, probability, WEIGHTS[:, :1]) == pytest.approx(
        [sk.log_loss(truth, probability)], 1e-3
    )
    recall = sk.recall_score(truth, predicted, average=None, sample_weight=WEIGHTS[:, 1])
    assert figures.recalls(truth, predicted, 3, WEIGHTS)[1] == pytest.approx(recall)
    areas = [sk.roc_auc_score(truth == one, probability[:, one]) for one in range(3)]
    assert figures.class_figure("auroc", truth, probability, WEIGHTS, None)[0] == pytest.approx(np.mean(areas))


def test_figures_of_numbers_are_those_of_scikit_learn() -> None:
    truth, guess = RNG.normal(size=N), RNG.normal(size=N)
    assert figures.r2(truth, guess, WEIGHTS) == pytest.approx(
        [sk.r2_score(truth, guess, sample_weight=one) for one in WEIGHTS.T]
    )
    assert figures.rmse(truth, guess, WEIGHTS) ** 2 == pytest.approx(
        [sk.mean_squared_error(truth, guess, sample_weight=one) for one in WEIGHTS.T]
    )


def test_recall_at_a_precision_is_the_best_threshold_that_keeps_it() -> None:
    truth, score = np.array([1, 1, 0, 1, 0, 0], bool), np.array([6.0, 5, 4, 3, 2, 1])
    ones = np.ones((6, 1), np.float32)
    assert figures.recall_at_precision(truth, score, ones, 1.0)[0] == pytest.approx(2 / 3)
    assert figures.recall_at_precision(truth, score, ones, 0.75)[0] == 1.0
    assert figures.recall_at_precision(~truth, score, ones, 0.9)[0] == 0.0


def test_what_cannot_be_figured_is_not_a_number() -> None:
    one_class, ones = np.ones(5, bool), np.ones((5, 1), np.float32)
    assert np.isnan(figures.auroc(one_class, np.arange(5.0), ones)[0])
    assert np.isnan(figures.average_precision(~one_class, np.arange(5.0), ones)[0])
    assert np.isnan(figures.r2(np.ones(5), np.arange(5.0), ones)[0])
    probability = np.array([[1.0, 0.0]] * 5)
    assert figures.log_loss(np.ones(5, int), probability, ones)[0] == pytest.approx(-np.log(1e-6))
    assert np.isnan(figures.recalls(np.ones(5, int), np.zeros(5, int), 2, ones)[0, 0])
