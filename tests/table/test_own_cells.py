"""Given cells come out as they went in, whatever the schema folds, clips or has never seen, or are refused unread."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from llmsynth import TableSynthesizer
from llmsynth.errors import SchemaError
from llmsynth.table.dtypes import to_physical
from llmsynth.table.infer import infer_column, infer_schema
from llmsynth.table.own_cells import learned_cells, unlearned_cells
from tests.tiny import TINY_COMPACT

RECIPE = {"compact": TINY_COMPACT, "train": {"calibrate": False, "refit": False}}
CLIPPED = {
    "city": {"fold_below": 5},
    "size": {"minimum": 5, "maximum": 40, "clip": True},
    "price": {"minimum": 1.0, "maximum": 9.0, "clip": True},
    "day": {"minimum": "2024-01-10", "maximum": "2024-03-01", "clip": True},
}


@pytest.fixture(scope="module")
def table():
    rng, n = np.random.default_rng(0), 80
    city = rng.choice(["a", "b", "c"], n).astype(object)
    city[:2] = ["rare", "odd"]
    key = pd.Series([f"{number:08x}-{number % 97:04x}" for number in rng.permutation(10**6)[:n]])
    return pd.DataFrame(
        {
            "key": key.where(rng.random(n) > 0.4, None),
            "city": city,
            "size": rng.integers(0, 50, n),
            "price": (rng.random(n) * 10).round(2),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 100, n), unit="D"),
            "constant": 7,
            "empty": np.nan,
        }
    )


@pytest.fixture(scope="module")
def fitted(table):
    schema = infer_schema(table, overrides=CLIPPED)
    assert [column.kind for column in schema.columns if not column.modelled] == ["identifier", "constant", "missing"]
    return TableSynthesizer("compact", schema=schema, recipe=RECIPE, max_epochs=1, random_state=0).fit(table)


def test_folded_unseen_and_clipped_cells_come_back_as_given(fitted, table):
    given = table.head(4).assign(
        city=["rare", "never seen", None, "a"],
        size=[0, 49, 10, 2**40],
        price=[0.25, 9.99, 5.5, None],
        day=pd.to_datetime(["2023-01-01", None, "2024-02-01", "2030-12-31"]),
    )
    for rows in (fitted.impute(given), fitted.sample_like(given), fitted.impute(given.astype({"city": object}))):
        assert rows["city"].tolist()[:2] == ["rare", "never seen"] and rows["city"][3] == "a"
        assert rows["size"].tolist() == given["size"].tolist()
        assert rows["price"].tolist()[:3] == [0.25, 9.99, 5.5]
        assert rows["day"].drop(1).tolist() == given["day"].drop(1).tolist()
        assert rows.dtypes.drop("size").equals(table.dtypes.drop("size"))


@pytest.mark.parametrize("dtype", ["object", "string", "category", "string[pyarrow]"])
def test_a_folded_category_comes_back_in_the_columns_data_type(dtype):
    seen = pd.Series(["a", "b"] * 10 + ["rare"], dtype=dtype)
    column = infer_column(seen, "x", {"kind": "categorical", "fold_below": 2})
    assert column.other == "(other)"
    own = pd.Series(["rare", None, "unseen", "a"], dtype=object)
    made = to_physical(pd.Series(["(other)", "b", "(other)", "b"]), column)
    cells = learned_cells(made, column, own, np.arange(4))
    assert cells.astype(object).tolist() == ["rare", "b", "unseen", "a"]
    assert str(cells.dtype).split("[")[0] == dtype.split("[")[0]


def test_decimal_objects_keep_their_digits():
    seen = pd.Series([Decimal(f"{number}.{number:02d}1") for number in range(30)])
    column = infer_column(seen, "x", {"kind": "decimal", "significant": 4})
    own = pd.Series([Decimal("1.50"), None, Decimal("0.12345678901234567890123")], dtype=object)
    made = to_physical(pd.Series([2.5, 3.5, 4.5]), column)
    found = [str(cell) for cell in learned_cells(made, column, own, np.arange(3))]
    assert (found[0], found[2]) == ("1.50", "0.12345678901234567890123") and float(found[1]) == 3.5


@pytest.mark.parametrize(
    ("name", "cells", "words"),
    [
        ("constant", ["John", None, None], r"column 'constant' \(constant\): 1 of 3 rows"),
        ("constant", [7, 2.5, 2.5], r"column 'constant' \(constant\): 2 of 3 rows .* in row 1 "),
        ("empty", [None, "John", None], r"column 'empty' \(missing\): 1 of 3 rows"),
        ("key", pd.to_datetime(["2020-01-01", None, None]), r"column 'key' \(identifier\): 1 of 3 rows"),
    ],
)
def test_a_cell_that_the_data_type_cannot_say_is_refused_without_being_told(fitted, table, name, cells, words):
    with pytest.raises(SchemaError, match=words) as caught:
        fitted.impute(table.head(3).assign(**{name: cells}))
    assert "John" not in str(caught.value) and "2.5" not in str(caught.value)


@pytest.mark.parametrize(
    ("seen", "given", "expected"),
    [
        ([7, 7, 7], [8, 7, None], [8, 7, 7]),
        ([7, 7, 7], ["8", None, "7"], [8, 7, 7]),
        ([0.5, 0.5, 0.5], [0.25, 3, None], [0.25, 3.0, 0.5]),
        (["x", "x", "x"], ["y", None, "x"], ["y", "x", "x"]),
        ([True, True, True], [False, None, True], [False, True, True]),
    ],
)
def test_another_value_of_a_constant_is_kept_as_it_is(seen, given, expected):
    column = infer_column(pd.Series(seen), "x")
    assert column.kind == "constant"
    cells, known = unlearned_cells(column, pd.Series(given), np.arange(3), 0, fill=True)
    assert cells.tolist() == expected and cells.dtype == pd.Series(seen).dtype
    assert known.tolist() == pd.Series(given).notna().tolist()


@pytest.mark.parametrize("given", [["8", "John", None], [8, 2.5, None], [True, False, None], ["007", "8", None]])
def test_no_constant_turns_into_another_value(given):
    column = infer_column(pd.Series([7, 7, 7]), "x")
    with pytest.raises(SchemaError, match=r"column 'x' \(constant\): . of 3 rows") as caught:
        unlearned_cells(column, pd.Series(given, dtype=object), np.arange(3), 0, fill=True)
    assert caught.value.__cause__ is None


def test_a_constant_category_leaves_no_gap_for_another_one():
    seen = pd.Series(["x", "x"], dtype="category")
    column = infer_column(seen, "x", {"kind": "constant"})
    for given in (["x", "x"], ["y", "x"]):
        cells, _ = unlearned_cells(column, pd.Series(given), np.arange(2), 0, fill=True)
        assert cells.tolist() == given and isinstance(cells.dtype, pd.CategoricalDtype)


def test_imputed_identifiers_have_no_gaps_and_sampled_ones_as_many_as_the_table(fitted, table):
    given = table.assign(key=table["key"].where(table.index % 2 == 0, None))
    filled = fitted.impute(given, n_draws=2)
    assert not filled["key"].isna().any()
    known = given["key"].notna()
    assert filled.loc[1]["key"][known].tolist() == given["key"][known].tolist()
    assert filled["empty"].isna().all()
    assert 0 < fitted.sample_like(given)["key"].isna().sum() < given["key"].isna().sum()


def test_numbered_identifiers_are_never_rounded():
    column = infer_column(pd.Series(np.arange(100, 140)), "row_id")
    assert column.kind == "identifier"
    cells, known = unlearned_cells(column, pd.Series([5.0, None, 9.0]), np.arange(3), 0, fill=True)
    assert cells.dtype == np.int64 and cells.tolist()[::2] == [5, 9] and known.tolist() == [True, False, True]
    with pytest.raises(SchemaError, match=r"column 'row_id' \(identifier\): 1 of 2 rows hold"):
        unlearned_cells(column, pd.Series([5.5, 6.0]), np.arange(2), 0, fill=True)
