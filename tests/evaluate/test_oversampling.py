"""Repeated rows and SMOTE's rows: where they lie, and that missing cells and codes survive."""

import sys
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import MissingExtraError
from llmsynth.evaluate import encode_tables, oversampling
from llmsynth.evaluate.oversampling import check_smote, repeated_rows, smote_name, smote_rows

COLUMNS = {"numbers": ["x", "z"], "both": ["x", "z", "c", "d"], "categories": ["c", "d"]}


def table(n=120):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "z": rng.normal(1e6, 1e3, n),
            "c": rng.choice(list("abc"), n),
            "d": rng.choice(["u", "v"], n),
        }
    )
    return frame, np.arange(n) < 30


@pytest.mark.parametrize(("columns", "name"), [("numbers", "SMOTE"), ("both", "SMOTE-NC"), ("categories", "SMOTE-N")])
def test_each_kind_of_table_gets_its_smote_and_exactly_so_many_rows(columns, name):
    frame, rare = table()
    (encoded,) = encode_tables(frame[COLUMNS[columns]])
    assert smote_name(encoded.layout) == name
    made = smote_rows(encoded, rare, 77, seed=3)
    assert made.shape == (77, len(COLUMNS[columns]))
    assert np.array_equal(made, smote_rows(encoded, rare, 77, seed=3))
    codes = made[:, ~encoded.layout.numeric]
    assert np.array_equal(codes, codes.round()) and (codes < encoded.layout.n_categories[~encoded.layout.numeric]).all()


def test_smotes_numbers_lie_between_rows_of_the_class_on_their_own_scale():
    frame, rare = table()
    frame.loc[rare, "x"] += 100
    (encoded,) = encode_tables(frame[["x", "z"]])
    made = smote_rows(encoded, rare, 500, seed=0)
    own = encoded.values[rare]
    assert (made >= own.min(axis=0) - 1e-6).all() and (made <= own.max(axis=0) + 1e-6).all()


def test_missing_numbers_are_filled_and_a_missing_category_stays_missing():
    frame, rare = table()
    frame.loc[rare, "d"] = None
    frame.loc[::2, "x"] = None
    (encoded,) = encode_tables(frame)
    before = encoded.values.copy()
    made = smote_rows(encoded, rare, 40, seed=0)
    assert np.isnan(made[:, 3]).all() and not np.isnan(made[:, :3]).any()
    assert np.array_equal(encoded.values, before, equal_nan=True)


def test_two_rows_of_the_class_are_enough():
    frame, _ = table()
    (encoded,) = encode_tables(frame)
    assert smote_rows(encoded, np.arange(120) < 2, 5, seed=0).shape == (5, 4)


def test_repeated_rows_are_rows_of_the_class():
    frame, rare = table()
    (encoded,) = encode_tables(frame)
    own = encoded.take(np.flatnonzero(rare))
    made = repeated_rows(own, 50, seed=1)
    assert all((own.values == row).all(axis=1).any() for row in made)


def test_without_imbalanced_learn_the_error_names_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn.over_sampling", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'llmsynth\[augment\]'"):
        check_smote()


@pytest.mark.parametrize("columns", ["numbers", "both", "categories"])
def test_rows_are_those_of_one_call_on_the_whole_table(columns):
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    frame, rare = table()
    frame.loc[~rare, "c"] = "of others only"
    (encoded,) = encode_tables(frame[COLUMNS[columns]])
    numeric = encoded.layout.numeric
    ready = encoded.values.copy()
    ready[:, numeric] = (ready[:, numeric] - ready[:, numeric].mean(axis=0)) / ready[:, numeric].std(axis=0)
    how = {"sampling_strategy": {1: 130}, "k_neighbors": 5, "random_state": 3}
    kinds = {
        "numbers": SMOTE,
        "categories": SMOTEN,
        "both": lambda **how: SMOTENC(np.flatnonzero(~numeric).tolist(), **how),
    }
    expected = kinds[columns](**how).fit_resample(ready, rare.astype(int))[0][len(ready) :]
    made = smote_rows(encoded, rare, 100, seed=3)
    made[:, numeric] = (made[:, numeric] - encoded.values[:, numeric].mean(axis=0)) / encoded.values[:, numeric].std(
        axis=0
    )
    assert np.allclose(made, expected)


@pytest.mark.parametrize("columns", ["both", "categories"])
def test_many_categories_take_bounded_memory(monkeypatch, columns):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=900), "c": [f"k{place % 300}" for place in range(900)]})
    frame["d"] = rng.permutation(frame.c)
    (encoded,) = encode_tables(frame if columns == "both" else frame[["c", "d"]])
    monkeypatch.setattr(oversampling, "MOST_CELLS", 100_000)  # 0.8 MB; the neighbours of 2,000 rows at once are 48 MB
    smote_rows(encoded, np.arange(900) < 600, 1, seed=0)  # what is imported is not counted
    tracemalloc.start()
    made = smote_rows(encoded, np.arange(900) < 600, 2000, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6
    assert made.shape == (2000, encoded.values.shape[1])
    assert columns == "categories" or np.unique(made[:, 0]).size > 1500  # no piece repeats another


def test_no_new_row_is_none():
    frame, rare = table()
    (encoded,) = encode_tables(frame)
    assert smote_rows(encoded, rare, 0, seed=0).shape == (0, 4)
