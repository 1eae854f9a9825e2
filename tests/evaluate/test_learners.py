"""The default learners read codes and missing values as they come."""

import numpy as np
import pytest

from llmsynth.evaluate.encoding import Layout
from llmsynth.evaluate.learners import boosted_classifier, boosted_regressor

LAYOUT = Layout(("x", "c"), np.array([True, False]), np.array([0, 3]))


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(size=200), rng.integers(0, 3, 200)])
    values[::7, 0] = np.nan
    values[::5, 1] = np.nan
    return values


def test_the_classifier_is_the_same_for_the_same_seed(rows):
    labels = (np.nan_to_num(rows[:, 0]) > 0).astype(int)
    first, second = (boosted_classifier(LAYOUT, 1) for _ in range(2))
    first.fit(rows, labels)
    second.fit(rows, labels)
    assert np.array_equal(first.predict_proba(rows), second.predict_proba(rows))
    assert first.predict_proba(rows).shape == (200, 2)


def test_the_regressor_learns_a_category_effect(rows):
    values = np.where(rows[:, 1] == 1, 5.0, 0.0)
    model = boosted_regressor(LAYOUT, 0)
    model.fit(rows, values)
    assert np.corrcoef(model.predict(rows), values)[0, 1] > 0.99


@pytest.mark.parametrize("empty", [0, 1])
@pytest.mark.parametrize("make", [boosted_classifier, boosted_regressor])
def test_a_column_without_a_value_changes_nothing(rows, make, empty):
    labels = (np.arange(len(rows)) % 3 == 0).astype(int)
    blank = rows.copy()
    blank[:, empty] = np.nan
    alone = Layout(("x",), LAYOUT.numeric[[1 - empty]], LAYOUT.n_categories[[1 - empty]])
    with_it, without = make(LAYOUT, 0).fit(blank, labels), make(alone, 0).fit(rows[:, [1 - empty]], labels)
    assert np.array_equal(with_it.predict(rows), without.predict(rows[:, [1 - empty]]))  # it has values here


@pytest.mark.parametrize("n", [10, 16, 32, 39, 40, 200])
@pytest.mark.parametrize("make", [boosted_classifier, boosted_regressor])
def test_few_rows_are_learned_from_too(make, n):
    x = np.column_stack([np.arange(n, dtype=float), np.zeros(n)])
    model = make(LAYOUT, 0).fit(x, (np.arange(n) >= n // 2).astype(int))
    found = model.predict(np.array([[1.0, 0.0], [n - 2.0, 0.0]]))
    assert found[1] - found[0] > 0.8
    assert model.model.min_samples_leaf == (20 if n >= 40 else max(2, n // 8))
