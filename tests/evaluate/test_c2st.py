"""C2ST on samples whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate import c2st, encode_tables
from llmsynth.evaluate.c2st import N_FOLDS, tell_apart


class MeanDistance:
    """A classifier that trains in no time: which class mean is nearer."""

    def fit(self, rows, labels):
        self.means = [np.nan_to_num(rows[labels == k]).mean(axis=0) for k in (0, 1)]
        return self

    def predict_proba(self, rows):
        gap = [np.abs(np.nan_to_num(rows) - mean).sum(axis=1) for mean in self.means]
        share = 1 / (1 + np.exp(gap[1] - gap[0]))
        return np.column_stack([1 - share, share])


def quick(layout, seed):
    return MeanDistance()


def sample(seed, n=600, shift=0.0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.normal(size=n) + shift, "c": rng.choice(["a", "b", None], n)})


def test_rows_of_one_source_cannot_be_told_apart():
    result = c2st(*encode_tables(sample(0), sample(1)))
    assert abs(result.auc.value - 0.5) < 0.06
    assert result.score.value == 1 - abs(2 * result.auc.value - 1)


def test_shifted_rows_are_told_apart():
    result = c2st(*encode_tables(sample(0), sample(1, shift=5)))
    assert result.auc.value > 0.99
    assert result.score.value < 0.02


def test_copied_rows_fall_below_one_half():
    real = sample(0)
    assert c2st(*encode_tables(real, real.sample(frac=1, random_state=2))).auc.value < 0.4


def test_the_larger_side_is_subsampled_and_the_seed_decides():
    tables = encode_tables(sample(0, n=900), sample(1, n=100))
    one, two = (c2st(*tables, classifier=quick, seed=3) for _ in range(2))
    assert one == two
    assert one.auc.n_rows == 100
    assert c2st(*tables, classifier=quick, max_rows=50).auc.n_rows == 50


def test_the_rows_drawn_of_equal_tables_are_not_the_same():
    seen = []

    class Watching(MeanDistance):
        def predict_proba(self, rows):
            seen.append(rows)
            return super().predict_proba(rows)

    tables = encode_tables(sample(0, n=1000), sample(0, n=1000))
    c2st(*tables, classifier=lambda layout, seed: Watching(), max_rows=50)
    assert np.unique(np.concatenate(seen)[:, 0]).size > 90


def test_too_few_rows_are_a_reason():
    result = c2st(*encode_tables(sample(0), sample(1, n=9)), classifier=quick)
    assert "fewer than 10 rows" in result.auc.reason
    void = pd.DataFrame({"x": [None] * 30})
    assert "no column" in c2st(*encode_tables(void, void), classifier=quick).score.reason


def test_more_categories_than_bins_do_not_crash_the_default_classifier():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"c": rng.integers(0, 400, 900).astype(str), "d": rng.choice(["a", "b"], 900)})
    assert c2st(*encode_tables(frame, frame.sample(frac=1, random_state=0))).auc.known


def test_rows_of_a_person_are_in_one_fold_and_every_fold_has_people_of_both_tables():
    tables = encode_tables(sample(0, n=60), sample(1, n=60))
    people = np.concatenate([np.arange(60) // 12, np.arange(48, 108) // 12])  # five a side, one of them on both
    told = tell_apart(*tables, 0, quick, people)
    assert sorted(np.concatenate([rows for _, rows in told.folds]).tolist()) == list(range(120))
    for _, rows in told.folds:
        assert set(told.labels[rows]) == {0, 1}
        assert not set(people[rows]) & set(np.delete(people, rows))
    assert len(told.folds) == N_FOLDS and told.people is people


@pytest.mark.parametrize("n", [10, 15, 20, 30])
def test_rows_that_are_all_wrong_are_told_apart_however_few_they_are(n):
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"a": rng.normal(size=n), "b": rng.choice(list("xy"), n)})
    wrong = pd.DataFrame({"a": np.full(n, 50.0), "b": ["x"] * n})
    assert c2st(*encode_tables(real, wrong)).score.value < 0.2
