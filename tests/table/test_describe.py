"""What `llmsynth.table.describe` reads from cells: bounds, precision, folding, clipping."""

import dateutil.tz
import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import SchemaError
from llmsynth.table.codec import build_codec
from llmsynth.table.dtypes import from_physical, to_physical
from llmsynth.table.infer import infer_column, infer_schema
from llmsynth.table.overrides import Overrides

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("digits", [8, 9])
def test_eight_or_nine_digits_that_say_every_value_are_kept(digits):
    rounded = [float(f"{value:.{digits}g}") for value in RNG.lognormal(0, 2, 300)]
    column = infer_column(pd.Series([rounded[0]] * 50 + rounded), "x")
    assert (column.decimals, column.significant) == (None, digits)
    assert (column.minimum, column.maximum) == (min(rounded), max(rounded))
    assert infer_column(pd.Series([*rounded, 1 / 3]), "x").significant == 7


def test_decimals_are_fixed_where_seven_digits_say_every_value():
    assert infer_column(pd.Series([0.5, 12.25]), "x").decimals == 2
    assert infer_column(pd.Series([1234.567, 1.5]), "x").decimals == 3
    assert infer_column(pd.Series([1234567.89, 1.5]), "x").decimals == 2, "money keeps its cents"
    column = infer_column(pd.Series([21984.47061, 1725.5523]), "x")
    assert column.decimals is None and column.significant == 7
    assert infer_column(pd.Series([0.1, 0.7], dtype="float32"), "x").decimals == 1
    assert infer_column(pd.Series(RNG.random(5)), "x").significant == 7


def test_bounds_and_missing_share_are_read_from_the_data():
    column = infer_column(pd.Series([3, 9, None, 5], dtype="Int16"), "x")
    assert (column.minimum, column.maximum, column.nullable, column.missing_share) == (3, 9, True, 0.25)
    assert column.dtype == "Int16"


def test_the_extremes_of_floats_and_integers_are_handled():
    column = infer_column(pd.Series([-0.0, 1e308, 5e-324, 1.5]), "x")
    assert column.significant == 7 and column.maximum == 1e308
    big = infer_column(pd.Series([2**63 - 1, -(2**63), 0]), "x")
    assert (big.minimum, big.maximum) == (-(2**63), 2**63 - 1)
    assert infer_column(pd.Series([2**64 - 1, 0, 0], dtype="uint64"), "x").kind == "categorical"


FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3, 4],
        "x": [0.5, 1.25, 2.0, 3.75],
        "s": ["a", "b", "a", "c"],
        "d": ["2020-01-01", "2020-01-05", "2020-03-01", "2020-01-01"],
        "m": [1, None, None, 4],
        "k": ["u-1", "u-1", "u-2", "u-3"],
    }
)


def test_rare_categories_are_folded_only_if_asked_and_counted():
    cells = ["a"] * 5 + ["b"] * 4 + ["c", "d", "d", None]
    frame = pd.DataFrame({"s": cells, "n": range(0, 26, 2)})
    assert infer_schema(frame)["s"].folded == 0
    schema = infer_schema(frame, fold_below=3)
    column = schema["s"]
    assert column.categories == ("a", "b", "(other)")
    assert (column.other, column.folded, column.folded_rows) == ("(other)", 2, 3)
    assert "2 categories seen fewer than 3 times (3 rows)" in " ".join(schema.notices())
    back = from_physical(to_physical(frame["s"], column), column)
    assert back.tolist()[9:12] == ["(other)"] * 3 and back.isna().tolist()[-1]
    own = infer_schema(frame, fold_below=3, overrides={"s": {"fold_below": 1}})
    assert own["s"].folded == 0
    assert infer_schema(frame, overrides=Overrides(fold_below=3))["s"].folded == 2


def test_folding_keeps_a_pandas_category_and_avoids_a_taken_label():
    series = pd.Series(["a", "a", "b", "(other)", "(other)"], dtype="category")
    column = infer_column(series, "s", {"fold_below": 2})
    assert column.other == "((other))"
    back = from_physical(to_physical(series, column), column)
    assert back.dtype == "category" and back.tolist() == ["a", "a", "((other))", "(other)", "(other)"]
    with pytest.raises(SchemaError, match="only string categories"):
        infer_column(pd.Series([1, 1, 2], dtype="category"), "s", {"fold_below": 2})


def test_extreme_values_are_moved_to_the_bounds_only_if_asked_and_counted():
    schema = infer_schema(FRAME, overrides={"n": {"minimum": 2, "maximum": 3, "clip": True}})
    assert schema["n"].clipped_rows == 2
    assert to_physical(FRAME["n"], schema["n"]).values.tolist() == [2, 2, 3, 3]
    assert "2 values were moved" in " ".join(schema.notices())


def test_rare_ones_among_listed_categories_are_folded_and_counted():
    frame = pd.DataFrame({"s": ["a"] * 5 + ["b"] * 4 + ["c", "d", "d"]})
    listed = {"kind": "categorical", "categories": ["a", "b", "c", "d", "never seen"]}
    for schema in (
        infer_schema(frame, overrides={"s": {**listed, "fold_below": 3}}),
        infer_schema(frame, overrides={"s": listed}, fold_below=3),
    ):
        column = schema["s"]
        assert column.categories == ("a", "b", "never seen", "(other)")
        assert (column.other, column.folded, column.folded_rows) == ("(other)", 2, 3)
        back = from_physical(to_physical(frame["s"], column), column)
        assert back.tolist() == ["a"] * 5 + ["b"] * 4 + ["(other)"] * 3
    named = infer_schema(frame, overrides={"s": {"fold_below": 3, "other": "rest"}})["s"]
    assert named.categories == ("a", "b", "rest") and named.folded_rows == 3


def test_a_folded_schema_given_back_folds_the_same():
    frame = pd.DataFrame({"s": ["a"] * 5 + ["b"] * 4 + ["c", "d", "d"]})
    first = infer_schema(frame, fold_below=3)["s"]
    given = {"kind": "categorical", "categories": list(first.categories), "other": first.other, "fold_below": 3}
    assert infer_schema(frame, overrides={"s": given})["s"] == first


def test_a_time_zone_without_a_name_to_find_it_by_is_refused():
    zone = dateutil.tz.tzrange("CET", 3600)  # its name is that of the class and its offsets
    moments = pd.Series(pd.date_range("2020-01-01", periods=30, freq="h", tz=zone))
    for series in (moments, moments.astype(object)):
        with pytest.raises(SchemaError, match=r"time zone .* cannot be found again.*tz_convert"):
            infer_column(series, "x")
    for known in ("UTC", "Europe/Berlin", "+02:00"):
        assert infer_column(moments.dt.tz_convert(known), "x").kind == "datetime"


@pytest.mark.parametrize(
    ("low", "width", "digits"),
    [(0.0, 1.0, 7), (50.0, 5.0, 7), (1.7e9, 3600.0, 12), (2459000.5, 1.0, 13), (1000.0, 1e-4, 13), (-5.4e6, 50.0, 11)],
)
def test_measurements_far_from_zero_keep_the_digits_that_tell_them_apart(low, width, digits):
    values = pd.Series(low + np.random.default_rng(0).uniform(0, width, 300))
    column = infer_column(values, "x")
    assert (column.kind, column.decimals, column.significant) == ("decimal", None, digits)
    codec = build_codec(column, to_physical(values, column))
    again = from_physical(codec.from_grid(codec.grid(to_physical(values, column)), np.zeros(300, bool)), column)
    assert np.abs(again - values).max() < 1e-4 * width and again.nunique() >= 299
    assert abs(column.minimum - values.min()) < 1e-5 * width


def test_long_tails_need_no_more_digits():
    values = pd.Series(np.exp(5 * np.random.default_rng(0).normal(size=300)))
    assert infer_column(values, "x").significant == 7
