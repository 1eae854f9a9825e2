"""Repeated rows and SMOTE's rows: where they lie, and that missing cells and codes survive."""

import sys

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import MissingExtraError
from llmsynth.evaluate import encode_tables
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
