"""Every learner learns a simple rule, from rows with anything in them."""

import numpy as np
import pytest

from llmsynth.evaluate.encoding import Layout
from llmsynth.evaluate.utility.models import ALL, train

LAYOUT = Layout(("x", "c"), np.array([True, False]), np.array([0, 3]))
RNG = np.random.default_rng(0)
FEATURES = np.column_stack([RNG.normal(size=300), RNG.integers(0, 3, 300)])


@pytest.mark.parametrize("name", ALL)
def test_a_rule_is_learned(name: str) -> None:
    labels = (FEATURES[:, 0] > 0).astype(float)
    model = train(name, LAYOUT, FEATURES, labels, 2, 0)
    assert np.mean(model.predict(FEATURES).argmax(axis=1) == labels) > 0.9
    number = train(name, LAYOUT, FEATURES, 3 * FEATURES[:, 0], 0, 0).predict(FEATURES)
    assert np.corrcoef(number, FEATURES[:, 0])[0, 1] > 0.9


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("hole", [0, 1])
def test_missing_and_unseen_values_are_no_trouble(name: str, hole: int) -> None:
    features, labels = FEATURES[:40].copy(), (FEATURES[:40, 0] > 0).astype(float)
    features[:, hole] = np.nan
    other = FEATURES.copy()
    other[::2, 1] = 2
    for n_classes in (2, 0):
        assert np.isfinite(train(name, LAYOUT, features, labels, n_classes, 0).predict(other)).all()
        gaps = np.where(np.arange(600).reshape(300, 2) % 7 == 0, np.nan, FEATURES)
        whole = train(name, LAYOUT, FEATURES[:40], labels, n_classes, 0)
        assert np.isfinite(whole.predict(gaps)).all()


def test_a_class_that_was_not_seen_has_no_probability_and_one_class_alone_has_all() -> None:
    some = train("linear", LAYOUT, FEATURES, np.where(FEATURES[:, 0] > 0, 2.0, 0.0), 4, 0).predict(FEATURES)
    assert some.shape == (300, 4) and not some[:, [1, 3]].any() and np.allclose(some.sum(axis=1), 1)
    alone = train("boosting", LAYOUT, FEATURES, np.full(300, 1.0), 3, 0).predict(FEATURES)
    assert (alone == [0, 1, 0]).all()
    assert train("linear", LAYOUT, FEATURES, np.full(300, 1.0), 3, 0).predict(FEATURES[:0]).shape == (0, 3)


@pytest.mark.parametrize("name", ALL)
def test_few_rows_and_huge_numbers_can_be_learned_from(name: str) -> None:
    features = np.array([[1e30, 0], [-1e30, 1], [np.nan, np.nan]])
    assert train(name, LAYOUT, features, np.array([0.0, 1, 1]), 2, 0).predict(features).shape == (3, 2)


def test_forests_and_boosting_have_the_trees_asked_for_and_many_classes_fewer_rounds():
    target = (FEATURES[:, 0] > 0).astype(float)
    for name, count in (
        ("forest", lambda model: len(model.learner.estimators_)),
        ("boosting", lambda m: m.learner.model.n_iter_),
    ):
        for n_classes, goal in ((2, target), (0, FEATURES[:, 0])):
            assert count(train(name, LAYOUT, FEATURES, goal, n_classes, 0, 7)) == 7
    many = np.arange(len(FEATURES)) % 10
    assert train("boosting", LAYOUT, FEATURES, many.astype(float), 10, 0).learner.model.n_iter_ == 30
    assert train("boosting", LAYOUT, FEATURES, many.astype(float), 10, 0, 7).learner.model.n_iter_ == 7
