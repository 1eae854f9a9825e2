"""Laws of `llmsynth.table.conditions`: boxes hold exactly the rows that masks written by hand choose, each row once."""

import datetime as dt
import itertools
import pickle
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import InputError, SchemaError
from llmsynth.table.boxes import Box, holds
from llmsynth.table.codec import build_codec
from llmsynth.table.conditions import MAX_BOXES, compile_condition
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema
from llmsynth.table.value_sets import ValueSet

MANY = settings(max_examples=80, deadline=None)


@dataclass
class Fitted:
    """A table, its schema, columns, codecs and plain arrays."""

    frame: pd.DataFrame
    overrides: dict | None = None

    def __post_init__(self):
        self.schema = infer_schema(self.frame, overrides=self.overrides)
        self.table = physical_table(self.frame, self.schema)
        self.columns = self.schema.modelled
        self.codecs = [
            None if column.kind == "text" else build_codec(column, self.table[column.name]) for column in self.columns
        ]

    def compile(self, where):
        return compile_condition(where, self.columns, self.codecs, schema=self.schema)

    def rows(self, where):
        return holds(self.compile(where), self.table).tolist()

    def message_of(self, where):
        with pytest.raises(InputError) as caught:
            self.compile(where)
        return str(caught.value)


def patients(n=80, seed=0):
    rng = np.random.default_rng(seed)

    def gone(cells, share=0.2):
        return pd.Series(cells).mask(pd.Series(rng.random(n) < share))

    return pd.DataFrame(
        {
            "age": rng.integers(17, 91, n),
            "visits": gone(rng.integers(-3, 4, n)).astype("Int64"),
            "bmi": gone(rng.normal(26, 4, n).round(1)),
            "blood pressure": rng.normal(120, 15, n).round(2),
            "city": gone(rng.choice(["Lund", "Malmö", "Ystad", 'say "hi"'], n)),
            "grade": pd.Categorical.from_codes(rng.integers(-1, 3, n), ["low", "mid", "high"], ordered=True),
            "smoker": gone(rng.random(n) < 0.5).astype("boolean"),
            "admitted": gone(pd.Timestamp("2020-02-20") + pd.to_timedelta(rng.integers(0, 20, n), unit="D")),
            "seen": pd.Timestamp("2020-02-28 12:00") + pd.to_timedelta(rng.integers(0, 10**5, n), unit="s"),
            "born": (pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 99, n), unit="D")).strftime(
                "%m/%d/%Y"
            ),
        }
    )


KINDS = {"visits": {"kind": "integer"}, "bmi": {"kind": "decimal"}, "city": {"kind": "categorical"}}
KINDS |= {"blood pressure": {"kind": "decimal"}, "age": {"kind": "integer"}, "seen": {"kind": "datetime"}}
TABLES = [Fitted(patients(seed=seed), KINDS) for seed in range(3)]
SIGNS = ["==", "!=", "<", "<=", ">", ">="]


def compare(cells, sign, value):
    """The mask a person writes with pandas; missing cells never compare."""
    mask = {"==": cells.eq, "!=": cells.ne, "<": cells.lt, "<=": cells.le, ">": cells.gt, ">=": cells.ge}[sign](value)
    return mask.fillna(False).astype(bool) & cells.notna()


NUMBERS = {"age": (17, 90, 1), "visits": (-3, 3, 1), "bmi": (14, 38, 2), "blood pressure": (80, 160, 3)}
CITIES = ["Lund", "Malmö", "Ystad", 'say "hi"']


@st.composite
def operands(draw, name):
    """Text of a literal and the value to compare with in pandas."""
    if name in NUMBERS:
        low, high, places = NUMBERS[name]
        value = draw(st.integers((low - 2) * 10**places, (high + 2) * 10**places)) / 10**places
        return draw(st.sampled_from([str(value), f"'{value}'", f"{value:e}"])), value
    if name == "city":
        value = draw(st.sampled_from(CITIES))
        return '"' + value.replace('"', '\\"') + '"', value
    if name == "grade":
        value = draw(st.sampled_from(["low", "mid", "high"]))
        return f"'{value}'", value
    if name == "smoker":
        value = draw(st.booleans())
        return draw(st.sampled_from([str(value), str(value).lower(), str(int(value))])), value
    if name == "born":
        value = pd.Timestamp(draw(st.dates(dt.date(1949, 12, 30), dt.date(1950, 4, 12))))
        return draw(st.sampled_from([f"'{value:%m/%d/%Y}'", f"'{value:%Y-%m-%d}'"])), value
    moment = st.datetimes(dt.datetime(2020, 2, 18), dt.datetime(2020, 3, 12)).map(lambda m: m.replace(microsecond=0))
    value = pd.Timestamp(draw(moment | st.dates(dt.date(2020, 2, 18), dt.date(2020, 3, 12))))
    return f"'{value.isoformat(sep=draw(st.sampled_from('T ')))}'", value


def cells_of(frame, name):
    return pd.to_datetime(frame["born"], format="%m/%d/%Y") if name == "born" else frame[name]


@st.composite
def leaves(draw, names=tuple(TABLES[0].frame.columns)):
    """Text of a comparison, and the function that makes its mask from a data frame."""
    name = draw(st.sampled_from(names))
    said = f"`{name}`" if " " in name or draw(st.booleans()) else name
    forms = ["sign", "in", "not in", "is missing", "is not missing"]
    if name not in ("city", "smoker"):
        forms += ["between", "not between", "mirrored"]
    form = draw(st.sampled_from(forms))
    if form == "is missing":
        return f"{said} is missing", lambda frame: frame[name].isna()
    if form == "is not missing":
        return f"{said} is not missing", lambda frame: frame[name].notna()
    if form in ("in", "not in"):
        chosen = draw(st.lists(operands(name), min_size=1, max_size=3))
        text = f"{said} {form} ({', '.join(text for text, _ in chosen)})"

        def mask(frame):
            cells = cells_of(frame, name)
            inside = np.any([compare(cells, "==", value) for _, value in chosen], axis=0)
            return pd.Series(inside if form == "in" else ~inside) & cells.notna()

        return text, mask
    (low_text, low), (high_text, high) = draw(operands(name)), draw(operands(name))
    if form in ("between", "not between"):

        def mask(frame):
            cells = cells_of(frame, name)
            inside = compare(cells, ">=", low) & compare(cells, "<=", high)
            return inside if form == "between" else ~inside & cells.notna()

        return f"{said} {form} {low_text} and {high_text}", mask
    if form == "mirrored":
        return (
            f"{low_text} <= {said} < {high_text}",
            lambda frame: compare(cells_of(frame, name), ">=", low) & compare(cells_of(frame, name), "<", high),
        )
    sign = draw(st.sampled_from(SIGNS if name not in ("city", "smoker") else SIGNS[:2]))
    return f"{said} {sign} {low_text}", lambda frame: compare(cells_of(frame, name), sign, low)


def combined(inner):
    def together(parts, word, function):
        texts = f" {word} ".join(f"({text})" for text, _ in parts)
        return texts, lambda frame: pd.Series(function([mask(frame) for _, mask in parts], axis=0))

    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(
        inner.map(lambda part: (f"not ({part[0]})", lambda frame: ~part[1](frame))),
        several.map(lambda parts: together(parts, "and", np.all)),
        several.map(lambda parts: together(parts, "or", np.any)),
    )


expressions = st.recursive(leaves(), combined, max_leaves=8)


@MANY
@given(expressions, st.sampled_from(TABLES))
def test_a_condition_holds_for_the_rows_that_a_mask_chooses(expression, fitted):
    text, mask = expression
    expected = mask(fitted.frame)
    try:
        boxes = fitted.compile(text)
    except InputError as error:
        assert "no row can fulfil" in str(error) or "is never missing" in str(error)
        assert not expected.any()
    else:
        assert holds(boxes, fitted.table).tolist() == expected.tolist()


@MANY
@given(expressions)
def test_a_condition_and_its_negation_split_all_rows(expression):
    fitted, rows = TABLES[0], []
    for text in (expression[0], f"not ({expression[0]})"):
        try:
            rows.append(np.array(fitted.rows(text)))
        except InputError:
            rows.append(np.zeros(len(fitted.frame), dtype=bool))
    assert (rows[0] ^ rows[1]).all()


@MANY
@given(expressions)
def test_boxes_are_disjoint_in_normal_form_and_cannot_be_merged(expression):
    try:
        boxes = TABLES[1].compile(expression[0])
    except InputError:
        return
    assert np.sum([box.contains(TABLES[1].table) for box in boxes], axis=0).max() <= 1
    for one, other in itertools.combinations(boxes, 2):
        assert one.intersection(other) is None
        shared = [name for name in one.sets if one.sets[name] == other.sets.get(name)]
        assert set(one.sets) != set(other.sets) or len(shared) < len(one.sets) - 1
    assert not any(values.is_empty or values.is_full for box in boxes for values in box.sets.values())


def every_row():
    """All rows that a small schema allows, as a table."""
    columns = {"n": [0, 1, 2, 3, None], "c": ["a", "b", "c", None], "b": [True, False, None], "d": [0.0, 0.5, 1.5]}
    frame = pd.DataFrame(list(itertools.product(*columns.values())), columns=list(columns))
    frame["b"] = frame["b"].astype("boolean")
    return frame


SMALL = Fitted(every_row())


@st.composite
def small_leaves(draw):
    name = draw(st.sampled_from("ncbd"))
    if draw(st.integers(0, 4)) == 0:
        return f"{name} is missing", lambda frame: frame[name].isna()
    values = {"n": [0, 1, 2, 3, 4, 1.5], "c": list("abc"), "b": [True, False], "d": [0, 0.5, 1, 1.5, 0.75]}[name]
    sign = draw(st.sampled_from(SIGNS if name in "nd" else SIGNS[:2]))
    value = draw(st.sampled_from(values))
    return f"{name} {sign} {value!r}", lambda frame: compare(frame[name], sign, value)


@MANY
@given(st.recursive(small_leaves(), combined, max_leaves=10))
def test_on_all_legal_rows_a_condition_is_impossible_exactly_if_no_row_fulfils_it(expression):
    text, mask = expression
    # The grid of d is 0, 0.1 .. 1.5: a condition may hold for values between those of the table.
    frame = pd.concat([SMALL.frame.assign(d=value / 10) for value in range(16)], ignore_index=True)
    expected = mask(frame)
    try:
        boxes = SMALL.compile(text)
    except InputError as error:
        assert "no row can fulfil" in str(error) or "is never missing" in str(error)
        assert not expected.any()
        return
    inside = np.array([box.contains(physical_table(frame, SMALL.schema)) for box in boxes])
    assert inside.sum(axis=0).tolist() == expected.astype(int).tolist()
    assert inside.any(axis=1).all()


def test_boxes_say_which_values_are_legal():
    (box,) = SMALL.compile("n >= 2 and c in ('a', 'c') and not b == true")
    assert set(box.sets) == {"n", "c", "b"}
    assert box.sets["n"].intervals == ((2, 3),) and not box.sets["n"].missing
    assert box.sets["c"].codes == {0, 2}
    assert box.sets["b"].codes == {0} and box.sets["b"].missing


@pytest.mark.parametrize(
    "text, n_boxes",
    [
        ("n == 1 or n == 2 or n == 3", 1),
        ("n == 1 or c == 'a'", 2),
        ("n == 1 or not n == 1", 1),
        ("(n == 1 and c == 'a') or (n == 1 and c == 'b')", 1),
        ("(n == 1 and c == 'a') or n == 1", 1),
        ("n == 1 or (n == 1 and c == 'a') or b is missing", 2),
        ("not (n == 1 and c == 'a' and b == true)", 3),
        ("(n >= 1 and c == 'b' and b == false and d >= 1) or n == 1", 2),
        ("(n == 1 or c == 'a') and (n == 1 or b == true)", 2),
    ],
)
def test_boxes_are_merged_where_that_is_trivial(text, n_boxes):
    assert len(SMALL.compile(text)) == n_boxes


def test_a_condition_that_always_holds_is_one_box_without_sets():
    for where in ("n >= 0 or n is missing", "d >= 0", [], {}, ["d >= 0", {}]):
        assert SMALL.compile(where) == (Box({}),)
    assert all(SMALL.rows("d is not missing"))


def test_boxes_are_values():
    (one,), (other,) = SMALL.compile("n > 1 and c == 'a'"), SMALL.compile("c == 'a' and n >= 2")
    assert one == other and hash(one) == hash(other)
    assert SMALL.compile("n > 2 and c == 'a'") != (one,)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301


@pytest.mark.parametrize(
    "mapping, text",
    [
        ({"age": 60}, "age == 60"),
        ({"age": np.int64(60), "smoker": np.bool_(True)}, "age == 60 and smoker == true"),
        ({"age": (60, None)}, "age >= 60"),
        ({"age": (float("nan"), 60)}, "age <= 60"),
        ({"bmi": (np.float32(25.1), 30)}, "bmi between 25.1 and 30"),
        ({"city": "Lund", "visits": (0, 2)}, "city == 'Lund' and visits between 0 and 2"),
        ({"city": ["Lund", "Malmö"]}, "city in ('Lund', 'Malmö')"),
        ({"city": {"Malmö", "Lund"}}, "city in ('Lund', 'Malmö')"),
        ({"age": range(60, 63)}, "age in (60, 61, 62)"),
        ({"age": np.array([60, 61])}, "age in (60, 61)"),
        ({"city": pd.Series(["Lund"])}, "city == 'Lund'"),
        ({"bmi": None}, "bmi is missing"),
        ({"bmi": float("nan"), "visits": pd.NA}, "bmi is missing and visits is missing"),
        ({"admitted": pd.NaT}, "admitted is missing"),
        ({"admitted": np.datetime64("NaT")}, "admitted is missing"),
        ({"city": ["Lund", None]}, "city == 'Lund' or city is missing"),
        ({"city": [None], "age": 60}, "city is missing and age == 60"),
        ({"admitted": dt.date(2020, 2, 29)}, "admitted == '2020-02-29'"),
        ({"admitted": (pd.Timestamp("2020-02-25"), np.datetime64("2020-03-01"))},
         "admitted between '2020-02-25' and '2020-03-01'"),
        ({"seen": (np.datetime64("2020-02-29T01", "h"), None)}, "seen >= '2020-02-29 01:00'"),
        ({"born": (dt.datetime(1950, 2, 3), None)}, "born >= '02/03/1950'"),
        ({"blood pressure": (120, None)}, "`blood pressure` >= 120"),
        (["age > 50", {"city": "Lund"}, "bmi is missing"], "age > 50 and city == 'Lund' and bmi is missing"),
        (("age > 50", "age < 60"), "age > 50 and age < 60"),
    ],
)  # fmt: skip
def test_a_mapping_or_several_conditions_say_the_same_as_a_text(mapping, text):
    for fitted in TABLES:
        try:
            expected = fitted.compile(text)
        except InputError:
            with pytest.raises(InputError):
                fitted.compile(mapping)
        else:
            assert fitted.compile(mapping) == expected


def test_a_date_object_is_never_read_in_the_columns_own_form():
    frame = pd.DataFrame({"when": ["2020-10-01", "2020-11-02", "2020-02-11"] * 5})
    fitted = Fitted(frame, {"when": {"datetime_format": "%Y-%d-%m"}})
    assert fitted.rows({"when": dt.date(2020, 2, 11)})[:3] == [False, True, False]
    assert fitted.rows({"when": "2020-02-11"})[:3] == [False, False, True]


def test_labels_that_are_no_strings_are_keys_of_a_mapping():
    frame = pd.DataFrame({3: [1, 2, 3, 4] * 5, ("a", "b"): ["x", "y"] * 10})
    fitted = Fitted(frame)
    assert fitted.compile({3: (2, None), ("a", "b"): "x"}) == fitted.compile("`3` >= 2 and `a.b` == 'x'")
    with pytest.raises(SchemaError, match="unknown column '4'"):
        fitted.compile({4: 1})


def test_a_column_without_a_label_is_a_key_of_a_mapping():
    fitted = Fitted(pd.DataFrame({"": [1, 2, 3, 4] * 5, "b": ["x", "y"] * 10}))
    assert fitted.compile({"": 3, "b": "x"}) == fitted.compile("unnamed == 3 and b == 'x'")
    with pytest.raises(InputError, match="unknown column 'c'"):
        fitted.compile({"c": 1})


def test_free_text_is_only_missing_or_not():
    notes = [f"a sentence about case {i}" if i % 3 else None for i in range(30)]
    fitted = Fitted(pd.DataFrame({"note": notes, "n": [1, 2, 3] * 10}))
    assert fitted.rows("note is missing") == [note is None for note in notes]
    assert fitted.rows("not (note is missing or n == 2)") == [i % 3 == 2 for i in range(30)]
    assert fitted.message_of("note == 'x'") == (
        "column 'note' holds free text; only 'is missing' and 'is not missing' apply to it, not '=='; rows that keep a "
        "given text are completed with sample_like, or --given\n"
        "  note == 'x'\n"
        "  ^^^^^^^^^^^"
    )


def test_rows_outside_the_schema_fulfil_nothing():
    frame = pd.DataFrame(
        {"n": [9, 1, None], "c": ["z", "a", "a"], "b": pd.array([True] * 3, "boolean"), "d": [0.0] * 3}
    )
    table = physical_table(frame, SMALL.schema, strict=False)
    assert holds(SMALL.compile("n != 2"), table).tolist() == [False, True, False]
    assert holds(SMALL.compile("not n == 2"), table).tolist() == [False, True, True]
    assert holds(SMALL.compile("c != 'b'"), table).tolist() == [False, True, True]
    assert holds(SMALL.compile("b == true"), table).tolist() == [True, True, True]
    assert holds((), table).tolist() == [False] * 3
    assert holds(SMALL.compile("n > 1"), {name: cells.take(slice(0, 0)) for name, cells in table.items()}).shape == (0,)
    with pytest.raises(InputError, match="the condition needs column 'n', which the table has not"):
        holds(SMALL.compile("n > 1"), {"c": table["c"]})


BASE = Fitted(
    patients().assign(
        key=np.arange(80) + 1000, country="SE", empty=None, note=[f"what was said on day {day}" for day in range(80)]
    ),
    KINDS,
)
BMI = BASE.schema["bmi"]
BMI_RANGE = f"column 'bmi' holds numbers with 1 decimal from {BMI.minimum} to {BMI.maximum} or missing"
OLDEST = BASE.schema["age"].maximum
AGE_RANGE = f"column 'age' holds whole numbers from {BASE.schema['age'].minimum} to {OLDEST}"
CITY_RANGE = "column 'city' has 4 categories: 'Lund', 'Malmö', 'Ystad', 'say \"hi\"' or missing"
FIRST, LAST = (f"{day:%Y-%m-%d}" for day in (BASE.frame["admitted"].min(), BASE.frame["admitted"].max()))
DATES = f"'{FIRST}', got 5; column 'admitted' holds dates from {FIRST} to {LAST} or missing"
UNLEARNED = "no model learns it, so a condition cannot use it"
POSSIBLE = "use ==, !=, in (...) or is missing"
BACKWARDS = "no row can fulfil this, the lower end of a range stands first"
JOINT = "no row can fulfil this and the rest of the condition: column"


@pytest.mark.parametrize(
    "where, marked, expected",
    [
        ("agee > 5", "agee", "unknown column 'agee'; did you mean 'age'?"),
        ("age > 5 or SMOKER == true", "SMOKER", "unknown column 'SMOKER'; did you mean 'smoker'?"),
        ({"agee": 5}, "agee == 5", "unknown column 'agee'; did you mean 'age'?"),
        ("5 < key", "key", f"column 'key' is an identifier, generated fresh for each row; {UNLEARNED}"),
        ("country == 'SE'", "country", f"column 'country' is the same in every row; {UNLEARNED}"),
        ("empty is missing", "empty", f"column 'empty' is missing in every row; {UNLEARNED}"),
        ("age == 30 and age > 'old'", "'old'", f"expected a number, got 'old'; {AGE_RANGE}"),
        ("city in ('Lund', 'Malmo')", "'Malmo'", f"no category 'Malmo'; did you mean 'Malmö'? {CITY_RANGE}"),
        ("bmi > 5 or city between 'a' and 'b'", "city between 'a' and 'b'",
         f"column 'city' has categories without an order; 'between' does not apply to it, {POSSIBLE}"),
        ("smoker < true", "smoker < true", f"column 'smoker' is true or false; '<' does not apply to it, {POSSIBLE}"),
        ("admitted > 5", "5", f"expected a date in quotes, such as {DATES}"),
        ("age > 200", "age > 200", f"no row can fulfil this: {AGE_RANGE}"),
        ("bmi == 25.05", "bmi == 25.05", f"no row can fulfil this: {BMI_RANGE}"),
        ("bmi > 20 and age in (1, 2)", "age in (1, 2)", f"no row can fulfil this: {AGE_RANGE}"),
        ("age > 200 or age < 5", "age > 200 or age < 5", f"no row can fulfil this: {AGE_RANGE}"),
        ("age > 200 or bmi < 0", "age > 200 or bmi < 0", f"no row can fulfil this: {AGE_RANGE}; {BMI_RANGE}"),
        ("not (age > 5)", "age > 5", f"no row can fulfil the opposite of this: {AGE_RANGE}"),
        ("age >= 60 and bmi > 20 and age < 60", "age < 60", f"{JOINT} 'age' can then only be 60 to {OLDEST}"),
        ("city == 'Lund' and (city == 'Ystad' or city is missing)", "city == 'Ystad' or city is missing",
         f"{JOINT} 'city' can then only be 'Lund'"),
        ("city == 'Lund' and not (age > 5 and city == 'Lund')", "age > 5 and city == 'Lund'",
         f"no row can fulfil the opposite of this and the rest of the condition: {AGE_RANGE}; "
         "column 'city' can then only be 'Lund'"),
        (["age > 50", {"age": (None, 40)}], "age <= 40", f"{JOINT} 'age' can then only be 51 to {OLDEST}"),
        ("age is missing", "age is missing", "column 'age' is never missing"),
        ({"age": [None], "city": "Lund"}, "age is missing", "column 'age' is never missing"),
        ("age between 60 and 50", "age between 60 and 50", f"{BACKWARDS}: {AGE_RANGE}"),
        ({"city": "Lund", "age": (60, 50)}, "age between 60 and 50", f"{BACKWARDS}: {AGE_RANGE}"),
        ("age between 300 and 200", "age between 300 and 200", f"no row can fulfil this: {AGE_RANGE}"),
        ({"city": ["Lund", "Oslo"]}, 'city in ("Lund", "Oslo")', f"no category 'Oslo'; {CITY_RANGE}"),
    ],
)  # fmt: skip
def test_every_error_points_at_the_part_and_says_what_is_possible(where, marked, expected):
    message, shown, carets = BASE.message_of(where).splitlines()
    assert message == expected
    first, last = carets.index("^"), carets.rindex("^") + 1
    assert carets[first:last] == "^" * (last - first) and shown[first:last] == marked


@pytest.mark.parametrize(
    "where, expected",
    [
        ({"age": ()}, "column 'age': a tuple is a range (low, high), one end may be None; a list is a set"),
        ({"age": (1, 2, 3)}, "column 'age': a tuple is a range (low, high)"),
        ({"age": (None, None)}, "column 'age': a tuple is a range (low, high)"),
        ({"age": []}, "column 'age': a list of values needs at least one"),
        ({"age": float("inf")}, "column 'age': expected a finite number, got inf; None leaves a range open"),
        ({"age": object()}, "column 'age': expected a text, number, date, time span, true or false, (low, high)"),
        ({"age": object()}, "or None for missing; got object"),
        ({"age": b"60"}, "got bytes"),
        ({"age": {"minimum": 5}}, "got dict"),
        ({"age": [[60]]}, "got list"),
        (60, "a condition is a text or a mapping of column to value, got int"),
        (["age > 5", None], "a condition is a text or a mapping of column to value, got NoneType"),
        ("", "expected a condition such as age >= 60"),
    ],
)  # fmt: skip
def test_malformed_conditions_are_refused(where, expected):
    assert expected in BASE.message_of(where)


def test_a_set_is_shown_in_one_order_in_every_process():
    message = BASE.message_of({"city": {"Oslo", "Bergen", "Narvik", "Bodø", "Tromsø"}})
    assert 'city in ("Bergen", "Bodø", "Narvik", "Oslo", "Tromsø")' in message
    assert message.startswith("no category 'Bergen'")


def test_no_error_shows_cells_of_text_columns():
    for where in (
        "note == 'x'",
        "note in ('x')",
        "note between 'a' and 'b'",
        "not note > 'x'",
        "not (note is not missing)",
    ):
        assert "was said" not in BASE.message_of(where)


def test_without_the_schema_only_learned_columns_are_known():
    with pytest.raises(InputError, match="unknown column 'key'; known: 'age'"):
        compile_condition("key == 5", BASE.columns, BASE.codecs)


def test_the_number_of_boxes_is_bounded():
    # Odd parity of k columns has 2 ** (k - 1) rows, no two of which differ in one column only.
    fitted = Fitted(pd.DataFrame({f"x{i}": [0, 1] * 20 for i in range(24)}))
    odd = [row for row in itertools.product((0, 1), repeat=7) if sum(row) % 2]
    parity = " or ".join(" and ".join(f"x{i} == {bit}" for i, bit in enumerate(row)) for row in odd)
    assert len(fitted.compile(parity)) == 64
    too_many = f"the condition splits into more than {MAX_BOXES:,} disjoint cases; simplify it or ask in parts"

    def product(k):
        return " and ".join(f"(x{2 * i} == 0 or x{2 * i + 1} == 0)" for i in range(k))

    assert len(fitted.compile(product(9))) == 512
    assert too_many in fitted.message_of(product(10))

    def union(k):
        return " or ".join(" and ".join(f"x{4 * i + j} == 0" for j in range(4)) for i in range(k))

    assert len(fitted.compile(union(5))) == 1 + 4 + 16 + 64 + 256
    assert too_many in fitted.message_of(union(6))


def test_long_lists_and_long_disjunctions_of_one_column_are_one_box():
    text = " or ".join(f"age == {age}" for age in range(17, 91) for _ in range(50))
    assert len(BASE.compile(text)) == 1
    assert len(BASE.compile({"age": list(range(20_000))})) == 1


@MANY
@given(expressions, expressions)
def test_the_algebra_of_boxes_agrees_with_rows(one, other):
    fitted = TABLES[2]
    try:
        left, right = fitted.compile(one[0])[0], fitted.compile(other[0])[0]
    except InputError:
        return
    a, b = left.contains(fitted.table), right.contains(fitted.table)
    joint = left.intersection(right)
    assert ((a & b) == (joint.contains(fitted.table) if joint else False)).all()
    pieces = [piece.contains(fitted.table) for piece in left.difference(right)]
    assert (np.sum([*pieces, np.zeros(len(a))], axis=0) == (a & ~b)).all()


def test_a_full_set_is_dropped_from_a_box():
    (box,) = SMALL.compile("n == 1 and c == 'a'")
    column = SMALL.schema["n"]
    assert set(box.with_set("n", ValueSet.full(SMALL.codecs[0], column)).sets) == {"c"}
