"""Splits are the ones the published figures were measured on."""

import os

import numpy as np
import pandas as pd
import pytest

from eval import data


def test_the_first_rows_train_and_the_rest_is_held_out():
    train, holdout = data.split(pd.DataFrame({"x": range(10)}), {"first": 7})
    assert train.x.tolist() == list(range(7))
    assert holdout.x.tolist() == [7, 8, 9] and holdout.index.tolist() == [0, 1, 2]


def test_a_permutation_is_numpys_with_seed_nought():
    train, holdout = data.split(pd.DataFrame({"x": range(10)}), {"permutation": 0.8})
    order = np.random.default_rng(0).permutation(10).tolist()
    assert train.x.tolist() == order[:8] and holdout.x.tolist() == order[8:]


def test_a_missing_data_folder_is_named(monkeypatch):
    monkeypatch.delenv("LLMSYNTH_DATA", raising=False)
    with pytest.raises(SystemExit, match="LLMSYNTH_DATA"):
        data.data_folder()


def test_numbers_that_stand_for_categories_are_typed(tiny):
    assert isinstance(tiny.typed(tiny.train).children.dtype, pd.CategoricalDtype)
    assert tiny.train.children.dtype == np.int64


@pytest.mark.skipif(not os.environ.get("LLMSYNTH_DATA"), reason="LLMSYNTH_DATA is not set")
@pytest.mark.parametrize(
    ("name", "rows"), [("adult", (32561, 16281)), ("magic", (15216, 3804)), ("insurance", (1000, 338))]
)
def test_the_real_tables_have_their_official_sizes(name, rows):
    table = data.load(name)
    assert (len(table.train), len(table.holdout)) == rows
    assert table.target in table.train
