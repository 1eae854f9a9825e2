"""The weight column leaves the table, or says what is wrong with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import SchemaError, TableError
from llmsynth.table.infer import infer_schema
from llmsynth.table.overrides import Overrides
from llmsynth.table.weight_column import (
    overrides_without_weights,
    refuse_weights_in,
    take_weights,
    without_weights,
)


def table(**columns):
    return pd.DataFrame({"age": range(6), **columns})


@pytest.mark.parametrize("dtype", ["int64", "float32", "Int64", "float64[pyarrow]", "uint8"])
def test_weights_are_taken_off_whatever_their_numeric_type(dtype):
    frame = table(w=pd.Series([1, 2, 3, 4, 5, 6], dtype=dtype), sex="f")
    rest, weights = take_weights(frame, "w")
    assert list(rest.columns) == ["age", "sex"] and list(frame.columns) == ["age", "w", "sex"]
    assert weights.dtype == np.float64 and weights.tolist() == [1, 2, 3, 4, 5, 6]


def test_labels_that_are_no_texts_are_known_by_their_names():
    rest, weights = take_weights(pd.DataFrame({1: [5.0, 6.0], ("a", "b"): [1, 2]}), "a.b")
    assert list(rest.columns) == [1] and weights.tolist() == [1, 2]


def test_without_a_weight_column_nothing_is_taken():
    frame = table()
    rest, weights = take_weights(frame, None)
    assert rest is frame and weights is None
    assert without_weights(frame, None) is frame and without_weights(frame, "w") is frame
    assert list(without_weights(table(w=1), "w").columns) == ["age"]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([1, None, 1, 1, None, 1], r"got 2 missing \(the first in row 1\)"),
        ([1, 1, np.inf, 1, 1, 1], r"got 1 infinite \(the first in row 2\)"),
        ([1, -2, 1, -1, 1, 1], r"got 2 negative \(the first in row 1\)"),
        ([0, 0, 0, 0, 0, 0], r"got 6 zero \(the first in row 0\)"),
        ([1, 0, -np.inf, np.nan, -1, 1], "got 1 missing, 1 infinite, 1 negative, 1 zero"),
    ],
)
def test_weights_that_cannot_be_used_are_counted_by_what_is_wrong(cells, words):
    with pytest.raises(
        TableError, match=f"weight column 'w': expected a finite number above 0 in each of 6 rows, {words}"
    ):
        take_weights(table(w=np.array(cells, dtype=float)), "w")


@pytest.mark.parametrize("cells", [list("abcdef"), [True] * 6, [1 + 2j] * 6, pd.date_range("2024-01-01", periods=6)])
def test_weights_that_are_no_numbers_are_refused(cells):
    with pytest.raises(TableError, match="weight column 'w': expected numbers, got cells of type"):
        take_weights(table(w=cells), "w")


def test_an_unknown_weight_column_is_an_error_with_the_nearest_name():
    with pytest.raises(SchemaError, match="unknown weight column 'wieght'; did you mean 'weight'"):
        take_weights(table(weight=1.0), "wieght")


def test_what_a_schema_file_says_of_the_weight_column_is_left_out():
    said = {"age": {"kind": "integer"}, "w": {"kind": "decimal"}}
    assert overrides_without_weights(said, "w") == {"age": {"kind": "integer"}}
    assert overrides_without_weights(said, None) is said and overrides_without_weights(None, "w") is None
    from_file = overrides_without_weights(Overrides(columns=said, target="age"), "w")
    assert from_file == Overrides(columns={"age": {"kind": "integer"}}, target="age")


def test_a_finished_schema_with_the_weight_column_is_refused():
    schema = infer_schema(table(w=[1.5, 2, 3, 4, 5, 6]))
    refuse_weights_in(schema, None)
    refuse_weights_in(schema, "other")
    with pytest.raises(SchemaError, match="weight column 'w' is a column of the schema"):
        refuse_weights_in(schema, "w")
