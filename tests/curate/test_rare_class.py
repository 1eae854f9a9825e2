"""Which rows are of a class, and how many more a share takes."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.curate.rare_class import RareClass
from llmsynth.errors import InputError


def frame(n=100, rare=10, *, yes="yes", no="no"):
    return pd.DataFrame({"x": np.arange(n) % 7, "y": np.where(np.arange(n) < rare, yes, no)})


@given(st.integers(1, 3000), st.integers(0, 3000), st.integers(1, 99))
def test_the_fewest_rows_that_meet_the_share_are_added(n_rare, n_others, percent):
    is_rare = np.arange(n_rare + n_others) < n_rare
    rare = RareClass("y", "y", "yes", percent / 100)
    share = Fraction(percent, 100)
    if Fraction(n_rare, is_rare.size) >= share:
        with pytest.raises(InputError, match="nothing to add"):
            rare.rows_to_add(is_rare)
        return
    added = rare.rows_to_add(is_rare)
    assert Fraction(n_rare + added, is_rare.size + added) >= share
    assert Fraction(n_rare + added - 1, is_rare.size + added - 1) < share


def test_a_share_that_is_met_is_an_error_with_the_numbers():
    table = frame(100, 60)
    rare = RareClass.of(table, "y", "yes", 0.5)
    with pytest.raises(InputError, match=r"got 0.5: 60 of 100 rows \(60.0%\) are of the class"):
        rare.rows_to_add(rare.mask(table))


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        (pd.Series([1, -1] * 20), "1", 1),
        (pd.Series([1.0, None] * 20), "1", 1.0),
        (pd.Series([True, False] * 20), "true", True),
        (pd.Series(["1", "2"] * 20), "1", "1"),
        (pd.Series(["<30", "NO"] * 20, dtype="category"), "<30", "<30"),
        (pd.Series([1, 0] * 20, dtype="Int64"), "1", 1),
        (pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01"] * 20)), "2020-01-01", pd.Timestamp("2020-01-01")),
    ],
)
def test_the_class_is_found_in_the_columns_own_type_by_its_text(column, text, value):
    table = pd.DataFrame({"x": np.arange(40) % 3, "y": column})
    rare = RareClass.of(table, "y", text, 0.7)
    assert rare.value == value and type(rare.value) is type(value)
    assert rare.mask(table).sum() == 20 and rare.mask(table).dtype == bool


@pytest.mark.parametrize("value", ["true", "True"])
def test_a_value_of_the_column_comes_before_one_that_is_written_like_it(value):
    table = pd.DataFrame({"x": np.arange(40) % 3, "y": ["true", "True"] * 20})
    assert RareClass.of(table, "y", value, 0.7).value == value


def test_a_column_label_that_is_no_text_is_found_by_its_name():
    table = frame().set_axis([0, 1], axis=1)
    rare = RareClass.of(table, "1", "yes", 0.5)
    assert (rare.label, rare.name) == (1, "1") and rare.mask(table).sum() == 10


@pytest.mark.parametrize(
    ("target", "minority", "to", "message"),
    [
        ("why", "yes", 0.5, "unknown column 'why'"),
        ("y", "maybe", 0.5, "'maybe' is none of the 2 values of 'y'"),
        ("y", "yes", 0.0, "between 0 and 1"),
        ("y", "yes", 1.0, "between 0 and 1"),
        ("said", "a b c d e f", 0.5, "'said' is of kind text"),
    ],
)
def test_what_cannot_be_is_one_clear_error(target, minority, to, message):
    words = np.random.default_rng(0).choice(list("abcdefghij"), (99, 12))
    table = frame().assign(said=["a b c d e f", *map(" ".join, words)])
    with pytest.raises(InputError, match=message) as problem:
        RareClass.of(table, target, minority, to)
    assert "no'" not in str(problem.value)  # the other class is a cell, and is not shown


def test_a_split_keeps_the_shares_and_every_row_once_and_leaves_rows_without_a_target_out():
    table = frame(200, 40)
    table["row"] = np.arange(200)
    table.loc[190:, "y"] = None
    rare = RareClass.of(table, "y", "yes", 0.5)
    train, test = rare.split(table, 3)
    assert (rare.mask(train).sum(), rare.mask(test).sum()) == (30, 10)
    assert (len(train), len(test)) == (142, 48)
    assert sorted([*train["row"], *test["row"]]) == list(range(190))
    assert not rare.split(table, 4)[1]["row"].equals(test["row"])
    assert rare.split(table, 3)[1].equals(test)


def test_too_few_rows_to_hold_any_out_is_an_error():
    table = frame(100, 7)
    with pytest.raises(InputError, match="got 7 and 93"):
        RareClass.of(table, "y", "yes", 0.5).check_splittable(table)
    table = frame(100, 8)
    RareClass.of(table, "y", "yes", 0.5).check_splittable(table)


def test_rows_without_a_target_are_no_others_to_hold_out():
    table = frame(100, 90)
    table.loc[97:, "y"] = None
    with pytest.raises(InputError, match="got 90 and 7"):
        RareClass.of(table, "y", "yes", 0.95).check_splittable(table)
