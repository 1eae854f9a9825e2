"""The competitors see the same codes, learn from the training rows and fill every hole."""

import numpy as np
import pandas as pd
import pytest

from eval.imputers import Codes, Forests, linear_one_hot, linear_ordinal


def related(seed, n):
    rng = np.random.default_rng(seed)
    kind = rng.choice(["a", "b", "c"], n)
    level = pd.Series(kind).map({"a": 0.0, "b": 10.0, "c": 20.0}).to_numpy() + rng.normal(0, 1, n)
    return pd.DataFrame({"kind": kind, "level": level, "twice": 2 * level + rng.normal(0, 1, n)})


@pytest.mark.parametrize(
    ("method", "accuracy"),
    [(linear_ordinal, 0.8), (linear_one_hot, 0.3), (Forests(n_trees=10, max_samples=100), 0.8)],
    ids=["ordinal", "one hot", "forests"],
)
def test_what_other_columns_tell_is_found_and_cells_that_are_there_stay(method, accuracy):
    train, test = related(0, 300), related(1, 90)
    train.loc[:20, "level"] = np.nan
    codes = Codes.of(train)
    truth = codes.encode(test)
    holes = np.random.default_rng(2).random(truth.shape) < 0.2
    filled = method(codes, codes.encode(train), np.where(holes, np.nan, truth))
    assert not np.isnan(filled).any() and np.array_equal(filled[~holes], truth[~holes])
    sure = ~holes[:, 1:].any(axis=1)
    assert (filled[sure & holes[:, 0], 0] == truth[sure & holes[:, 0], 0]).mean() > accuracy
    rows = holes[:, 1] & ~holes[:, 2]
    assert np.abs(filled[rows, 1] - truth[rows, 1]).mean() < 2  # the column's own mean is off by 7


def test_codes_go_to_one_hot_and_back_and_unknown_categories_are_missing():
    train = pd.DataFrame({"x": [1.5, 2.0, 3.0], "c": pd.Categorical([1.0, 0.0, 1.0]), "t": ["u", "v", None]})
    codes = Codes.of(train)
    assert codes.numeric.tolist() == [True, False, False]
    encoded = codes.encode(train)
    assert encoded[:2].tolist() == [[1.5, 1, 0], [2.0, 0, 1]] and np.isnan(encoded[2, 2])
    hot = codes.one_hot(encoded)
    assert hot.shape == (3, 5) and np.isnan(hot[2, 3:]).all()
    assert np.array_equal(codes.from_one_hot(hot[:2]), encoded[:2])
    assert np.isnan(codes.encode(pd.DataFrame({"x": [1.0], "c": [1.0], "t": ["w"]}))[0, 2])
