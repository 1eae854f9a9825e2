"""Both tables are compared with the training rows at one size, unless the hold-out is very small."""

import numpy as np
import pytest

from llmsynth.evaluate.c2st import ToldApart
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.discrimination import FOLDS_DEPEND, auc_of, auc_score, sizes_of
from tests.evaluate.fidelity.clusters import points, table


def test_sizes() -> None:
    train, made = table(points(0, 1500)), table(points(1, 900))
    for holdout, limit, expected in ((600, 5_000, (600, 600)), (100, 5_000, (900, 100)), (900, 300, (300, 300))):
        assert sizes_of(gather(train, made, table(points(2, holdout))), limit) == expected
    assert sizes_of(gather(train, made), 5_000) == (900, 0)


def _told(step: float, n: int = 150) -> ToldApart:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], n)
    return ToldApart(np.zeros((2 * n, 1)), labels, rng.normal(labels * step), ())


def test_intervals_are_wider_than_those_of_predictions_that_are_independent() -> None:
    told = _told(0.5)
    fixed = np.quantile(auc_of(told, np.random.default_rng(1))[1:], [0.025, 0.975])
    score = auc_score(told, np.random.default_rng(1))
    assert score.upper - score.lower == pytest.approx(FOLDS_DEPEND * (fixed[1] - fixed[0]))
    assert score.lower < score.value < score.upper and score.n_rows == 150


def test_an_auc_near_its_end_has_an_interval_that_ends_there() -> None:
    score = auc_score(_told(5.0), np.random.default_rng(1))
    assert score.value > 0.99 and score.upper <= 1.0
