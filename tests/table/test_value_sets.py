"""Laws of `llmsynth.table.value_sets`: sets are exact on the grid of their column, and closed under their algebra."""

import datetime as dt
import operator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llmsynth.errors import InputError
from llmsynth.table.codec import CategoryCodec, build_codec
from llmsynth.table.dtypes import Physical, to_physical
from llmsynth.table.infer import infer_column
from llmsynth.table.schema import Column
from llmsynth.table.value_sets import ValueSet, check_operator, describe_column

MANY = settings(max_examples=40, deadline=None)
OPERATORS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def fitted(values, **changes):
    """Codec and physical values of a column read from cells."""
    series = pd.Series(values)
    column = infer_column(series, "x", changes)
    physical = to_physical(series, column)
    return build_codec(column, physical), physical


def compared(codec, sign, literal):
    return ValueSet.from_comparison(codec, codec.column, sign, literal)


def grid_points(codec):
    return range(codec.cells.minimum, codec.cells.maximum + 1)


def members(values):
    """Everything in a set: grid points or codes, and None for missing."""
    inside = {point for low, high in values.intervals or () for point in range(low, high + 1)}
    return inside | set(values.codes or ()) | ({None} if values.missing else set())


def message_of(codec, sign, literal, column=None):
    with pytest.raises(InputError) as caught:
        ValueSet.from_comparison(codec, column or codec.column, sign, literal)
    return str(caught.value)


AGE, _ = fitted([17, 30, 90] * 10 + [None])
BMI, _ = fitted([15.2, 25.0, 48.9] * 10 + [None])
CITY, _ = fitted(["Lund", "Malmö", "Ystad", None] * 10)
GRADE, _ = fitted(pd.Categorical(["low", "mid", "high", None] * 10, ["low", "mid", "high"], ordered=True))
SMOKER, _ = fitted([True, False, None] * 10)
VISIT, _ = fitted(pd.to_datetime(["2020-01-01", "2020-02-29", None] * 10))
NOTE = Column("note", "text", max_length=10, nullable=True)
EACH = [AGE, BMI, CITY, GRADE, SMOKER, VISIT, replace(AGE, column=replace(AGE.column, nullable=False))]


@st.composite
def sets(draw, codec):
    whole = ValueSet.full(codec, codec.column)
    missing = codec.column.nullable and draw(st.booleans())
    if whole.codes is not None:
        return replace(whole, codes=frozenset(draw(st.sets(st.sampled_from(sorted(whole.codes))))), missing=missing)
    ends = st.integers(codec.cells.minimum, codec.cells.maximum)
    pieces = draw(st.lists(st.tuples(ends, ends).map(sorted).map(tuple), max_size=5))
    nothing = replace(whole, intervals=(), missing=missing)
    return nothing.union(*(replace(nothing, intervals=(piece,)) for piece in pieces))


@pytest.mark.parametrize("codec", EACH)
@MANY
@given(data=st.data())
def test_sets_are_a_boolean_algebra(codec, data):
    one, other = data.draw(sets(codec)), data.draw(sets(codec))
    every = members(ValueSet.full(codec, codec.column))
    assert members(one.union(other)) == members(one) | members(other)
    assert members(one.intersection(other)) == members(one) & members(other)
    assert one.meets(other) == bool(members(one) & members(other))
    assert members(one.complement()) == every - members(one)
    assert one.complement().complement() == one
    assert one.union(one.complement()).is_full and one.intersection(one.complement()).is_empty
    assert one.is_full == (members(one) == every) and one.is_empty == (not members(one))
    assert (one == other) == (members(one) == members(other))
    assert one != other or hash(one) == hash(other)


@pytest.mark.parametrize("codec", EACH)
@MANY
@given(data=st.data())
def test_intervals_are_increasing_and_never_touch(codec, data):
    one, other = data.draw(sets(codec)), data.draw(sets(codec))
    for values in (one.union(other), one.intersection(other), one.complement()):
        flat = [end for piece in values.intervals or () for end in piece]
        assert all(low <= high for low, high in values.intervals or ())
        assert all(after > before + 1 for before, after in zip(flat[1::2], flat[2::2], strict=False))


@pytest.mark.parametrize("codec", EACH)
@MANY
@given(data=st.data())
def test_a_value_is_contained_exactly_if_it_is_a_member(codec, data):
    values = data.draw(sets(codec))
    own = members(values)
    points = sorted(members(ValueSet.full(codec, codec.column)) - {None})
    kind = np.float64 if codec.column.kind == "decimal" else np.int64
    cells = np.array([0, *points], dtype=np.int64) / 10 ** getattr(codec, "decimals", 0)
    physical = Physical(cells.astype(kind), np.arange(cells.size) == 0)
    inside = values.contains(physical)
    assert inside.tolist() == [values.missing, *(point in own for point in points)]
    assert not values.contains(Physical(physical.values, physical.missing, ~physical.missing))[1:].any()


exact_literals = st.decimals(-20, 120, allow_nan=False, allow_infinity=False, places=3)


@pytest.mark.parametrize("codec", [AGE, BMI])
@pytest.mark.parametrize("sign", OPERATORS)
@MANY
@given(literal=exact_literals | st.integers(10, 100))
def test_comparisons_with_numbers_are_exact_on_the_grid(codec, sign, literal):
    expected = {p for p in grid_points(codec) if OPERATORS[sign](Fraction(p, 10**codec.decimals), Fraction(literal))}
    assert members(compared(codec, sign, literal)) == expected
    assert compared(codec, sign, str(literal)) == compared(codec, sign, literal)


def test_floats_mean_the_decimal_they_are_written_as():
    # 0.7 as a binary float is a little below 7/10; the grid point 7 must still satisfy <= 0.7.
    codec, _ = fitted([0.1, 0.5, 0.9] * 20)
    assert members(compared(codec, "<=", 0.7)) == set(range(1, 8))
    assert members(compared(codec, "==", np.float32(0.7))) == {7}
    assert members(compared(codec, ">=", np.float64(0.7))) == {7, 8, 9}


def test_bounds_between_grid_points_and_beyond_the_range():
    assert compared(BMI, ">=", Decimal("25.05")).intervals == ((251, 489),)
    assert compared(BMI, "<", Decimal("25.05")).intervals == ((152, 250),)
    assert compared(BMI, "==", Decimal("25.05")).is_empty
    assert compared(BMI, "!=", 25).intervals == ((152, 249), (251, 489))
    for literal in (10**30, Decimal("1e400")):
        assert compared(AGE, ">", literal).is_empty and compared(AGE, "<", literal).intervals == ((17, 90),)
    assert compared(AGE, "!=", -1).intervals == ((17, 90),)


def test_the_extremes_of_64_bits():
    low, high = -(2**63), 2**63 - 1
    codec, _ = fitted([low, 0, high] * 10, kind="integer")
    assert compared(codec, ">", high).is_empty and compared(codec, ">=", low).is_full
    chosen = compared(codec, "!=", 0)
    assert chosen.intervals == ((low, -1), (1, high))
    assert chosen.complement().intervals == ((0, 0),)
    cells = np.array([low, -1, 0, 1, high])
    assert chosen.contains(Physical(cells, np.zeros(5, bool))).tolist() == [True, True, False, True, True]


def wide(seed, n=200):
    """Columns without a fixed number of decimals, by name."""
    rng = np.random.default_rng(seed)
    return {
        "many digits": rng.normal(size=n),
        "offset": 1e8 + rng.normal(size=n),
        "tiny": rng.normal(size=n) * 1e-9,
        "wide": rng.lognormal(20, 5, n),
        "heaped": np.where(rng.random(n) < 0.6, 0.0, rng.lognormal(0, 1, n)),
        "astronomical": rng.lognormal(60, 2, n),
    }


@pytest.mark.parametrize("name", wide(0, 5))
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_without_fixed_decimals_comparisons_agree_with_the_values_that_are_drawn(name, seed, data):
    codec, _ = fitted(wide(seed)[name])
    draws = np.random.default_rng(seed).random(1000)
    codes = np.random.default_rng(seed + 1).integers(0, codec.n_codes, 1000)
    drawn = codec.decode(codes, draws)
    literal = float(drawn.values[data.draw(st.integers(0, 999))])
    # A drawn value lies on the grid, so the comparison of the floats themselves is the truth.
    for sign, compare in OPERATORS.items():
        assert (compared(codec, sign, literal).contains(drawn) == compare(drawn.values, literal)).all()


@pytest.mark.parametrize("name", wide(0, 5))
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), shift=st.floats(-1e-6, 1e-6))
def test_what_is_drawn_inside_a_set_is_still_inside_once_it_is_written(name, seed, shift):
    cells = wide(seed)[name]
    codec, _ = fitted(cells)
    rng = np.random.default_rng(seed)
    for sign in OPERATORS:
        values = compared(codec, sign, cells[0] * (1 + shift))
        if values.is_empty:
            continue
        points = np.concatenate([rng.integers(low, high, 20, endpoint=True) for low, high in values.intervals])
        near = [end + step for piece in values.intervals for end in piece for step in range(-3, 4)]
        points = np.unique(np.clip([*points, *near], codec.cells.minimum, codec.cells.maximum))
        inside = np.any([(points >= low) & (points <= high) for low, high in values.intervals], axis=0)
        assert inside.any()
        # Cells of a data frame are read with as many digits as the column has: what a grid point is written as.
        written = pd.Series(np.round(points / 10.0**codec.decimals, codec.decimals))
        assert (values.contains(to_physical(written, replace(codec.column, clip=True))) == inside).all()


def test_a_literal_is_rounded_like_the_cells():
    codec, physical = fitted(np.r_[21984.470614, 1.5, np.random.default_rng(0).normal(size=60) * 1e4])
    assert codec.column.significant == 7
    assert compared(codec, "==", 21984.470614).contains(physical).tolist() == [True] + [False] * 61
    assert compared(codec, ">=", 21984.470614).contains(physical)[0]
    assert not compared(codec, ">", 21984.470614).contains(physical)[0]


def test_bounds_far_beyond_a_column_without_fixed_decimals():
    codec, _ = fitted(np.random.default_rng(0).normal(size=60))
    for literal in (Decimal("1e400"), 10**30, 100, "1e308"):
        assert compared(codec, ">=", literal).is_empty and compared(codec, "<", literal).is_full
        assert compared(codec, "==", literal).is_empty and compared(codec, "!=", literal).is_full


def test_a_grid_coarser_than_the_decimals_rounds_the_literal():
    # 14 digits before the point leave room for one of the two decimals.
    codec, _ = fitted(np.r_[1e14, np.arange(1, 60) + 0.25], kind="decimal", decimals=2)
    assert codec.decimals == 1 and codec.column.decimals == 2
    chosen = compared(codec, "==", 17.25)
    assert chosen.intervals == ((172, 172),)
    assert compared(codec, ">=", 10**15).is_empty


days = st.dates(dt.date(2019, 12, 1), dt.date(2020, 4, 1))
moments = st.datetimes(dt.datetime(2019, 12, 30), dt.datetime(2020, 1, 6))


@pytest.mark.parametrize("sign", OPERATORS)
@MANY
@given(literal=days | moments)
def test_comparisons_of_days_agree_with_pandas(sign, literal):
    cells = pd.Series(pd.date_range("2020-01-01", "2020-02-29"))
    codec, physical = fitted(cells)
    expected = OPERATORS[sign](cells, pd.Timestamp(literal))
    for said in (literal, np.datetime64(literal), literal.isoformat(), pd.Timestamp(literal)):
        assert (compared(codec, sign, said).contains(physical) == expected).all()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "+05:30"])
@MANY
@given(literal=st.datetimes(dt.datetime(2020, 3, 1), dt.datetime(2020, 12, 1)), aware=st.booleans(), fine=st.integers())
def test_comparisons_with_a_time_zone_agree_with_pandas(zone, literal, aware, fine):
    moment = pd.Timestamp(literal).tz_localize(zone, nonexistent="shift_forward", ambiguous=True)
    assume(moment.tz_localize(None) == pd.Timestamp(literal))
    cells = pd.Series(moment + pd.to_timedelta([-1, 0, 1, fine % 10**6], unit="us"))
    codec, physical = fitted(cells, kind="datetime")
    said = moment.tz_convert("Asia/Tokyo") if aware else literal.isoformat()
    if not aware:
        assume(moment == pd.Timestamp(literal).tz_localize(zone, ambiguous=False, nonexistent="shift_forward"))
    for sign, compare in OPERATORS.items():
        assert (compared(codec, sign, said).contains(physical) == compare(cells, moment)).all()


@pytest.mark.parametrize(
    "zone, utc",
    [
        ("Europe/Berlin", ["2020-03-29 00:30", "2020-03-29 01:30", "2020-10-24 23:30", "2020-10-25 01:30"]),
        ("America/New_York", ["2020-03-08 06:30", "2020-03-08 07:30", "2020-11-01 04:30", "2020-11-01 07:30"]),
    ],
)
def test_wall_clock_times_around_a_change_of_the_clock_mean_the_right_moment(zone, utc):
    moments = pd.Series(pd.to_datetime(utc)).dt.tz_localize("UTC").dt.tz_convert(zone)
    codec, physical = fitted(moments)
    for place, moment in enumerate(moments):
        chosen = compared(codec, "==", moment.tz_localize(None)).contains(physical)
        assert chosen.tolist() == [row == place for row in range(4)]


def test_a_column_of_texts_reads_dates_in_its_own_form_first():
    codec, _ = fitted(["2020-10-01", "2020-30-01", "2020-11-02"] * 5, datetime_format="%Y-%d-%m")
    assert compared(codec, "==", "2020-11-02").intervals == compared(codec, "==", dt.date(2020, 2, 11)).intervals
    american, _ = fitted(["07/29/2013", "08/01/2013"] * 5)
    assert compared(american, ">", "07/30/2013") == compared(american, ">", "2013-07-30")
    compact, _ = fitted(["20130729", "20130801"] * 5, datetime_format="%Y%m%d")
    assert compared(compact, ">=", Decimal("20130730")).describe() == "20130730 to 20130801"
    assert message_of(american, ">", "30.07.2013").startswith("expected a date in quotes, such as '07/29/2013', got")


def test_far_dates_do_not_wrap_around():
    codec, _ = fitted(np.array(["2024-02-28T00:00:00.000000001", "2024-02-29"], "datetime64[ns]"))
    assert codec.column.time_unit == "ns"
    assert compared(codec, "<", "9999-12-31").is_full and compared(codec, ">", "0001-01-01").is_full
    texts, _ = fitted(["2024-02-28 00:00:00.000000001", "2024-02-29 00:00:00.000000002"] * 3)
    assert texts.column.datetime_format == "%Y-%m-%d %H:%M:%S.%9f"
    assert compared(texts, "<", "9999-12-31 00:00:00.000000000").is_full


def test_categories_are_found_by_the_text_under_which_cells_are_read():
    codes = CategoryCodec(Column("x", "categorical", categories=(1, 2, 30)))
    assert compared(codes, "==", Decimal("30.0")).codes == {2} == compared(codes, "==", "30").codes
    assert compared(codes, "!=", 1).codes == {1, 2}
    halves = CategoryCodec(Column("x", "categorical", categories=(0.5, 1.0)))
    assert compared(halves, "==", Decimal("0.50")).codes == {0} and compared(halves, "==", 1).codes == {1}
    assert compared(CITY, "==", "Malmö").codes == {1}
    for true in (True, 1, "true", "True", "1", Decimal(1)):
        assert compared(SMOKER, "==", true).codes == {1} == compared(SMOKER, "!=", False).codes


@pytest.mark.parametrize("sign", OPERATORS)
@pytest.mark.parametrize("place, category", [(0, "low"), (1, "mid"), (2, "high")])
def test_ordered_categories_compare_in_their_order(sign, place, category):
    assert compared(GRADE, sign, category).codes == {code for code in range(3) if OPERATORS[sign](code, place)}


@pytest.mark.parametrize("codec", EACH[:6])
def test_a_missing_value_satisfies_no_comparison_and_every_complement(codec):
    literal = {"integer": 30, "decimal": 25, "datetime": "2020-02-01", "boolean": True}
    said = literal.get(codec.column.kind, (codec.column.categories or ("",))[0])
    for sign in OPERATORS if codec not in (CITY, SMOKER) else ("==", "!="):
        assert not compared(codec, sign, said).missing
        assert compared(codec, sign, said).complement().missing


def test_free_text_is_missing_or_not():
    whole, missing = ValueSet.full(None, NOTE), ValueSet.only_missing(None, NOTE)
    assert (missing.missing, missing.codes) == (True, frozenset())
    assert (missing.complement().missing, missing.complement().codes) == (False, {0})
    assert missing.union(missing.complement()) == whole and whole.is_full
    texts = Physical(np.array(["a", "", "b"], dtype=object), np.array([False, True, False]), np.array([0, 0, 1], bool))
    assert missing.contains(texts).tolist() == [False, True, False]
    assert missing.complement().contains(texts).tolist() == [True, False, False]
    assert ValueSet.only_missing(None, replace(NOTE, nullable=False)).is_empty


AGES = "column 'x' holds whole numbers from 17 to 90 or missing"
BMIS = "column 'x' holds numbers with 1 decimal from 15.2 to 48.9 or missing"
VISITS = "column 'x' holds dates from 2020-01-01 to 2020-02-29 or missing"
CITIES = "column 'x' has 3 categories: 'Lund', 'Malmö', 'Ystad' or missing"
POSSIBLE = "use ==, !=, in (...) or is missing"


@pytest.mark.parametrize(
    "codec, sign, literal, expected",
    [
        (AGE, "<", "sixty", f"expected a number, got 'sixty'; {AGES}"),
        (AGE, "==", True, f"expected a number, got true; {AGES}"),
        (AGE, "==", float("inf"), f"expected a number, got inf; {AGES}"),
        (AGE, "==", dt.date(2020, 1, 1), f"expected a number, got 2020-01-01; {AGES}"),
        (AGE, "==", "x" * 100, f"expected a number, got '{'x' * 60}'; {AGES}"),
        (BMI, "<", "", f"expected a number, got ''; {BMIS}"),
        (VISIT, "<", 5, f"expected a date in quotes, such as '2020-01-01', got 5; {VISITS}"),
        (VISIT, "<", "2020-02-30", f"expected a date in quotes, such as '2020-01-01', got '2020-02-30'; {VISITS}"),
        (VISIT, "<", "2020-01", f"expected a date in quotes, such as '2020-01-01', got '2020-01'; {VISITS}"),
        (VISIT, "<", False, f"expected a date in quotes, such as '2020-01-01', got false; {VISITS}"),
        (VISIT, "<", "2020-01-01T00:00Z", "column 'x' has no time zone; write the date without an offset"),
        (CITY, "==", "malmo", f"no category 'malmo'; did you mean 'Malmö'? {CITIES}"),
        (CITY, "==", "LUND", f"no category 'LUND'; did you mean 'Lund'? {CITIES}"),
        (CITY, "==", "Göteborg", f"no category 'Göteborg'; {CITIES}"),
        (CITY, "==", 5, f"no category 5; {CITIES}"),
        (CITY, "<", "Lund", f"column 'x' has categories without an order; '<' does not apply to it, {POSSIBLE}"),
        (GRADE, ">", "hig", "no category 'hig'; did you mean 'high'? column 'x' has 3 categories: 'low', 'mid', 'high' "
         "or missing"),
        (SMOKER, ">=", True, f"column 'x' is true or false; '>=' does not apply to it, {POSSIBLE}"),
        (SMOKER, "==", "yes", "no category 'yes'; column 'x' is false or true or missing"),
    ],
)  # fmt: skip
def test_every_error_says_what_is_possible(codec, sign, literal, expected):
    assert message_of(codec, sign, literal) == expected


def test_free_text_errors_say_so():
    expected = (
        "column 'note' holds free text; only 'is missing' and 'is not missing' apply to it, not '=='; "
        "rows that keep a given text are completed with sample_like, or --given"
    )
    assert message_of(None, "==", "x", NOTE) == expected
    with pytest.raises(InputError, match="not 'between'"):
        check_operator(None, NOTE, "between")
    check_operator(None, NOTE, "is not missing")


def test_a_folded_category_is_explained():
    codec, _ = fitted(["a", "b"] * 10 + ["rare"], fold_below=2)
    assert "rare categories are folded into '(other)'" in message_of(codec, "==", "rare")
    assert compared(codec, "==", "(other)").codes == {2}


def test_descriptions_are_short_and_in_the_columns_own_words():
    assert describe_column(AGE, AGE.column) == "column 'x' holds whole numbers from 17 to 90 or missing"
    assert describe_column(None, NOTE) == "column 'note' holds free text or nothing"
    assert compared(BMI, "!=", 25).describe() == "15.2 to 24.9, 25.1 to 48.9"
    assert compared(AGE, "<", 0).describe() == "nothing"
    assert ValueSet.only_missing(AGE, AGE.column).describe() == "missing"
    assert compared(SMOKER, "==", True).describe() == "true"
    many = CategoryCodec(Column("x", "categorical", categories=tuple("abcdefghijklmno")))
    shown = "'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 5 more"
    assert describe_column(many, many.column) == f"column 'x' has 15 categories: {shown}"
    zoned, _ = fitted(pd.Series(pd.to_datetime(["2020-07-01", "2020-12-01"])).dt.tz_localize("Europe/Berlin"))
    assert ValueSet.full(zoned, zoned.column).describe() == "2020-07-01 to 2020-12-01"
    zoned, _ = fitted(
        pd.Series(pd.to_datetime(["2020-07-01 09:00", "2020-12-01 09:00"])).dt.tz_localize("Europe/Berlin")
    )
    assert ValueSet.full(zoned, zoned.column).describe() == "2020-07-01T09:00:00+02:00 to 2020-12-01T09:00:00+01:00"
    loud = CategoryCodec(Column("x", "categorical", categories=("YES", "NO")))
    assert "did you mean 'YES'?" in message_of(loud, "==", "yes")
    loose, _ = fitted(np.r_[1 / 3, 22 / 7, np.random.default_rng(0).random(60) + 1])
    assert ValueSet.full(loose, loose.column).describe() == "0.3333333 to 3.142857"
