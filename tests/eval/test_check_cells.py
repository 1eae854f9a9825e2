"""The validity check finds every kind of invalid cell, and none among the training cells themselves."""

import numpy as np
import pandas as pd
import pytest

from eval import check_cells, hostile

KINDS = {
    "names": ["integer", "categorical", "decimal"] * 5,
    "categories": ["categorical", "categorical", "categorical", "boolean", "boolean"],
    "numbers": [
        "integer",
        "decimal",
        "decimal",
        "integer",
        "decimal",
        "integer",
        "integer",
        "decimal",
        "constant",
        "integer",
    ],
    "dates": ["datetime", "datetime", "datetime", "datetime", "datetime", "integer"],
    "texts": ["text", "integer", "categorical"],
}
FORMS = {"iso": "%Y-%m-%d %H:%M:%S", "american": "%m/%d/%Y"}


@pytest.mark.parametrize("name", hostile.TABLES)
def test_training_cells_are_valid(name):
    train = hostile.table(name)
    for place, kind in enumerate(KINDS[name][: train.shape[1]]):
        cells = train.iloc[:, place]
        may = check_cells.allowed(cells, kind, FORMS.get(str(train.columns[place])))
        bad = check_cells.invalid(cells, may)
        if may.rule == "number" and may.decimals is None:
            continue  # more digits than the grammar keeps: only rounded cells are valid
        assert not bad.any(), train.columns[place]


def check(train, kind, cells, form=None):
    train = pd.Series(train)
    may = check_cells.allowed(train, kind, form)
    return check_cells.invalid(pd.Series(cells).astype(train.dtype), may).tolist()


def test_numbers_outside_the_range_or_with_too_many_decimals_are_invalid():
    assert check([1.25, 3.5], "decimal", [1.25, 1.2, 3.51, 1.255, 2.0]) == [False, True, True, True, False]
    assert check([1, 5], "integer", [0, 1, 5, 6]) == [True, False, False, True]


def test_eight_digits_are_allowed_where_the_training_cells_have_them():
    train = pd.Series([16.186909, 0.23001961, -0.59163147, 100.25])
    may = check_cells.allowed(train, "decimal")
    assert may.decimals is None and may.digits == 8
    assert check_cells.invalid(pd.Series([0.23001961, 0.230019615, -0.5916315]), may).tolist() == [False, True, True]


def test_numbers_beyond_seven_significant_digits_are_invalid():
    train = [1.23456789123, 9.87654321987]
    assert check(train, "decimal", [1.234568, 2.34567891, 9.87654321987]) == [False, True, False]


def test_unseen_categories_and_forbidden_missing_cells_are_invalid():
    assert check(["a", "b"], "categorical", ["a", "c"]) == [False, True]
    assert check([1.0, 2.0], "integer", [np.nan, 1.0]) == [True, False]
    assert check(["a", None], "categorical", ["a", None]) == [False, False]


def test_dates_that_cannot_be_or_lie_outside_are_invalid():
    cells = ["02/29/2024", "02/30/2024", "01/01/1999", "2/29/2024"]
    assert check(["01/01/2020", "12/31/2025"], "datetime", cells, "%m/%d/%Y") == [False, True, True, True]
    assert check(["1/1/2020", "12/31/2025"], "datetime", ["2/29/2024"], "%-m/%-d/%Y") == [False]
    days = pd.to_datetime(["2020-01-01", "2021-01-01"])
    assert check(days, "datetime", pd.to_datetime(["2020-05-05", "2022-01-01"])) == [False, True]


def test_a_changed_dtype_makes_every_cell_invalid():
    may = check_cells.allowed(pd.Series([1, 2]), "integer")
    assert check_cells.invalid(pd.Series([1.0, 2.0]), may).all()


def test_texts_longer_than_any_training_text_are_invalid():
    assert check(["abc", "a"], "text", ["abcd", "xyz"]) == [True, False]


def test_decimals_are_the_fewest_that_write_all_values():
    assert check_cells.decimals_of(np.array([1.0, 2.0])) == 0
    assert check_cells.decimals_of(np.array([1.5, 2.25])) == 2
    assert check_cells.decimals_of(np.array([1e-9])) is None
