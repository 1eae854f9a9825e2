"""Chosen shares of classes: exact counts, the rows of each class from its own conditional distribution."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from llmsynth import TableSynthesizer
from llmsynth.errors import InputError, SchemaError
from llmsynth.sample import balanced
from llmsynth.sample.balanced import class_counts, class_shares
from llmsynth.table.codec import build_codec
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema
from tests.tiny import TINY_COMPACT

RECIPE = {
    "compact": TINY_COMPACT,
    "train": {"calibrate": False, "refit": False},
}


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    n = 120
    colour = rng.choice(["red", "green", "blue"], n, p=[0.7, 0.25, 0.05])
    table = pd.DataFrame(
        {
            "key": [f"{number:08x}-{number % 97:04x}" for number in rng.permutation(10**6)[:n]],
            "size": rng.integers(0, 4, n) + np.where(colour == "red", 3, 0),
            "heavy": rng.random(n) < 0.5,
            "colour": np.where(rng.random(n) < 0.1, None, colour),
        }
    )
    synthesizer = TableSynthesizer("compact", recipe=RECIPE, max_epochs=60, target="colour", random_state=0).fit(table)
    assert synthesizer.schema_["key"].kind == "identifier"
    return synthesizer


def counts(frame, column="colour"):
    return frame[column].value_counts(dropna=False).to_dict()


@pytest.mark.parametrize("n", [0, 1, 7, 100, 999])
@pytest.mark.parametrize("shares", [[1.0], [0.5, 0.5], [0.1, 0.2, 0.7], [1 / 3] * 3, [0.0, 1.0]])
def test_counts_sum_to_n_and_are_within_one_of_their_share(n, shares):
    found = class_counts(n, shares)
    assert sum(found) == n and all(abs(count - n * share) < 1 for count, share in zip(found, shares, strict=True))


@pytest.mark.parametrize("shares", [[0.1428571] * 7, [0.1428572] * 7, [0.3333334, 0.3333333, 0.3333334]])
def test_counts_of_shares_that_sum_to_nearly_one_sum_to_n(shares):
    found = class_counts(30_000_000, shares)
    assert sum(found) == 30_000_000 and max(found) - min(found) <= 10


def test_every_class_gets_the_same_number_of_rows_in_random_order(fitted):
    frame = fitted.sample(601, balance="colour")
    assert sorted(counts(frame).values()) == [200, 200, 201] and not frame["colour"].isna().any()
    assert frame.index.equals(pd.RangeIndex(601)) and frame["key"].is_unique
    changes = (frame["colour"] != frame["colour"].shift()).sum()
    assert 350 < changes < 450  # 401 expected of a random order
    assert frame.equals(fitted.sample(601, balance="colour"))
    assert not frame.equals(fitted.sample(601, balance="colour", random_state=1))
    assert counts(fitted.sample(10, balance="heavy"), "heavy") == {True: 5, False: 5}


def test_no_rows_are_as_empty_as_others_and_the_column_is_checked_all_the_same(fitted):
    none = fitted.sample(0, balance="colour")
    assert none.empty and list(none.columns) == list(fitted.sample(1).columns)
    with pytest.raises(InputError, match="nosuch"):
        fitted.sample(0, balance="nosuch")
    with pytest.raises(InputError, match="-1"):
        fitted.sample(-1, balance="colour")


def test_chosen_shares_are_exact_missing_included_and_conditions_hold(fitted):
    frame = fitted.sample(50, proportions={"blue": 0.9, None: 0.1}, where="size <= 3")
    assert (frame["colour"] == "blue").sum() == 45 and frame["colour"].isna().sum() == 5
    assert (frame["size"] <= 3).all()
    assert counts(fitted.sample(8, balance="heavy", proportions={"True": 0.25, "False": 0.75}), "heavy") == {
        True: 2,
        False: 6,
    }


def test_whole_numbers_with_a_code_each_can_be_balanced(fitted):
    assert set(counts(fitted.sample(14, balance="size"), "size").items()) == {(value, 2) for value in range(7)}
    shares = {"1": 0.75, "3": 0.25}  # as a command line gives them
    assert counts(fitted.sample(8, balance="size", proportions=shares), "size") == {1: 6, 3: 2}


def test_of_numbers_that_no_row_has_it_must_be_said_which_are_meant():
    seen = pd.DataFrame({"class": np.repeat([-1, 1], 40), "size": np.arange(80) / 8})
    schema = infer_schema(seen)
    plain = physical_table(seen, schema)
    column, codec = schema["class"], build_codec(schema["class"], plain["class"])
    with pytest.raises(InputError, match="'size' is of kind decimal; give it kind: categorical in the schema"):
        class_shares(schema["size"], build_codec(schema["size"], plain["size"]), None)
    with pytest.raises(
        InputError, match=r"3 values, some of .* say by proportions which to draw, such as -1 and 1 by 0\.5 each"
    ):
        class_shares(column, codec, None)
    assert class_shares(column, codec, {"-1": 0.5, 1.0: 0.5}) == {-1: 0.5, 1: 0.5}


def test_shares_without_a_column_say_where_to_name_it(fitted):
    without = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1).fit(pd.DataFrame({"a": ["x", "y"] * 20}))
    with pytest.raises(InputError, match="proportions: expected the column they are of; name it as balance, or as"):
        without.sample(4, proportions={"x": 1.0})


def test_rows_of_a_class_follow_the_conditional_distribution(fitted):
    frame = fitted.sample(3000, balance="colour")
    ours = frame.loc[frame["colour"] == "green"]
    theirs = fitted.sample(1000, where='colour == "green"', random_state=5)
    both = pd.concat([ours.assign(by=0), theirs.assign(by=1)])
    table = pd.crosstab(both["by"], both["size"])
    assert chi2_contingency(table.loc[:, table.sum() >= 10]).pvalue > 0.001
    red = pd.concat([frame.loc[frame["colour"] == "red"].assign(by=0), theirs.assign(by=1)])
    assert chi2_contingency(pd.crosstab(red["by"], red["size"])).pvalue < 1e-6  # the test sees a wrong class


def test_blocks_join_without_a_seam(fitted, monkeypatch):
    monkeypatch.setattr(balanced, "BLOCK", 7)
    frame = fitted.sample(40, balance="colour")
    assert sorted(counts(frame).values()) == [13, 13, 14] and frame["key"].is_unique and len(frame) == 40


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        (
            {"proportions": {"9": 1.0}, "balance": "size"},
            InputError,
            "'9' is no class of 'size'; expected some of 0, 1",
        ),
        ({"balance": "key"}, SchemaError, "learned by no model"),
        ({"balance": "color"}, SchemaError, "colour"),
        ({"proportions": {"pink": 1.0}}, InputError, "'pink' is no class of 'colour'; expected some of 'blue'"),
        ({"proportions": {"red": 0.5, "blue": 0.4}}, InputError, "sum to 1, got a sum of 0.9"),
        ({"proportions": {"red": 1.5, "blue": -0.5}}, InputError, "expected shares in"),
        ({"balance": "colour", "where": 'colour == "red"'}, InputError, "colour"),
    ],
)
def test_impossible_shares_are_one_error(fitted, how, error, words):
    with pytest.raises(error, match=words):
        fitted.sample(10, **how)
