"""Which rows contradict which rules, missing cells included, and what a table has to say to a rule."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.condition_parser import MIRRORED
from llmsynth.table.infer import infer_schema
from llmsynth.table.rule_checks import violations
from llmsynth.table.schema import Schema

GOOD = pd.DataFrame(
    {
        "a": pd.array([1, 2, 3, None, 5, 1] * 4, dtype="Int64"),
        "b": pd.array([1, 3, None, 4, 9, 2] * 4, dtype="Int64"),
        "x": [0.5, 1.25, 2.0, 3.0, 4.0, 0.25] * 4,
        "sex": ["m", "f", "f", "m", None, "f"] * 4,
        "pregnant": ["no", "yes", "no", "no", "yes", None] * 4,
        "day": pd.to_datetime(["2020-01-01", "2020-01-02", None, "2020-02-01", "2020-01-05", "2020-01-03"] * 4),
        "moment": pd.to_datetime(["2020-01-01 00:00", "2020-01-02 10:00", "2020-01-01 03:00"] * 8),
        "zip": ["A", "B", "C", "A", None, "B"] * 4,
        "city": ["p", "q", None, "p", "r", "q"] * 4,
        "key": np.arange(24) % 12,
        "part": np.arange(24) // 12,
    }
)


def broken(frame, *rules):
    """Rows that contradict rules which `GOOD` bears out."""
    schema = infer_schema(GOOD, rules=list(rules))
    assert not violations(GOOD, schema).any()
    return [np.flatnonzero(rows).tolist() for rows in violations(frame, schema)]


def changed(**cells):
    frame = GOOD.copy()
    for name, (row, value) in cells.items():
        frame.loc[row, name] = value
    return frame


def test_orders_hold_where_a_cell_is_missing_and_fail_where_both_are_there():
    assert broken(changed(a=(1, 5)), "a <= b", "`b` >= a") == [[1], [1]]
    assert broken(changed(a=(1, pd.NA)), "a <= b") == [[]]
    assert broken(changed(a=(1, 4), b=(4, 4)), "a <= b") == [[1, 4]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.none() | st.integers(-20, 20), st.none() | st.integers(-200, 200)), min_size=25, max_size=40),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
)
def test_numbers_of_unequal_decimals_compare_as_they_are_written(pairs, operator):
    """One column with no decimals and one with one, against exact decimals."""
    frame = pd.DataFrame(
        {
            "a": pd.array([a for a, _ in pairs] + [1, 2, None], dtype="Int64"),
            "b": [None if b is None else b / 10 for _, b in pairs] + [0.1, 0.2, None],
        }
    )
    exact = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__", "==": "__eq__", "!=": "__ne__"}[operator]
    wanted = [
        a is not None and b is not None and not getattr(Decimal(a), exact)(Decimal(b) / 10)
        for a, b in [*pairs, (1, 1), (2, 2), (None, None)]
    ]
    wanted = np.array(wanted)
    schema = infer_schema(frame)
    if wanted.any():
        with pytest.raises(SchemaError, match=f"{wanted.sum()} of {len(frame)} rows contradict it"):
            infer_schema(frame, rules=[f"a {operator} b"])
    else:
        schema = infer_schema(frame, rules=[f"a {operator} b"])
        assert len(schema.rules) == 1


def test_dates_of_unequal_precision_compare_at_midnight():
    frame = pd.DataFrame({"day": GOOD["day"].fillna(pd.Timestamp("2020-01-01")), "moment": GOOD["moment"]})
    day, moment = frame["day"].astype("datetime64[ns]"), frame["moment"].astype("datetime64[ns]")
    for operator, holds in (("<=", day <= moment), (">", day > moment), ("==", day == moment), ("<", day < moment)):
        wrong = int((~holds).sum())
        with pytest.raises(SchemaError, match=f" {wrong} of 24 rows"):
            infer_schema(frame, rules=[f"day {operator} moment"])
        with pytest.raises(SchemaError, match=f" {wrong} of 24 rows"):
            infer_schema(frame, rules=[f"moment {MIRRORED[operator]} day"])


def test_sums_hold_within_their_tolerance_and_the_rounding_of_floats():
    frame = pd.DataFrame({"p": np.arange(30) / 10, "q": np.arange(30) * 0.2})
    frame["t"] = (frame["p"] + frame["q"]).round(1)
    schema = infer_schema(frame, rules=[{"sum": {"total": "t", "parts": ["p", "q"]}}])
    frame.loc[2, "t"] += 0.1
    frame.loc[3, "t"] = None
    assert np.flatnonzero(violations(frame, schema)[0]).tolist() == [2]
    wide = infer_schema(frame, rules=[{"sum": {"total": "t", "parts": ["p", "q"], "tolerance": 0.1}}])
    assert not violations(frame, wide).any()


def test_a_sum_of_which_a_part_is_missing_is_not_contradicted():
    frame = pd.DataFrame({"p": np.arange(30) / 10, "q": np.arange(30) * 0.2})
    frame["t"] = (frame["p"] + frame["q"]).round(1)
    frame.loc[29, "q"] = None
    schema = infer_schema(frame, rules=[{"sum": {"total": "t", "parts": ["p", "q"]}}])
    assert not violations(frame, schema).any()


def test_implications_mean_what_conditions_mean():
    rule = {"implies": {"if": 'sex == "m"', "then": 'pregnant == "no"'}}
    assert broken(changed(pregnant=(3, "yes")), rule) == [[3]]
    assert broken(changed(pregnant=(3, None)), rule) == [[3]]
    assert broken(changed(sex=(0, None)), rule) == [[]]
    lenient = {"implies": {"if": 'sex == "m"', "then": 'pregnant == "no" or pregnant is missing'}}
    assert broken(changed(pregnant=(3, None)), lenient) == [[]]


def test_unique_combinations_count_from_the_second_row_and_not_where_a_cell_is_missing():
    assert broken(changed(key=(5, 3)), {"unique": ["key", "part"]}) == [[5]]
    frame = GOOD.assign(key=pd.array([None, *GOOD["key"][1:]], dtype="Int64"))
    schema = infer_schema(frame, rules=[{"unique": ["key", "part"]}])
    frame.loc[1, "key"] = pd.NA
    assert not violations(frame, schema).any()


def test_identifiers_take_part_in_unique_combinations():
    frame = pd.DataFrame(
        {"patient_id": [f"P-{i:04d}" for i in range(40) for _ in range(2)], "visit": [1, 2] * 40, "x": range(80)}
    )
    said = {"patient_id": {"kind": "identifier", "pattern": "template:P-{digits:4:1}"}}
    schema = infer_schema(frame, overrides=said, rules=[{"unique": ["patient_id", "visit"]}])
    assert schema["patient_id"].kind == "identifier"
    frame.loc[1, "visit"] = 1
    assert np.flatnonzero(violations(frame, schema)[0]).tolist() == [1]


def test_dependencies_know_the_combinations_of_the_table():
    rule = {"determines": {"from": ["zip"], "to": ["city"]}}
    assert broken(changed(city=(1, "p")), rule) == [[1]]
    assert broken(changed(city=(2, "p")), rule) == [[2]]
    assert broken(changed(city=(0, None)), rule) == [[0]]
    assert broken(changed(zip=(1, None)), rule) == [[]]
    schema = infer_schema(GOOD, rules=[rule])
    again = Schema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert again == schema and len(again.rules[0].seen) == 3
    assert violations(changed(city=(1, "p")), again)[0].sum() == 1


def test_two_columns_determine_a_third_and_an_unseen_combination_is_a_violation():
    frame = pd.DataFrame({"a": [1, 1, 2, 2] * 8, "b": [1, 2, 1, 1] * 8, "c": [1, 2, 3, 3] * 8})
    schema = infer_schema(frame, rules=[{"determines": {"from": ["a", "b"], "to": ["c"]}}])
    other = pd.DataFrame({"a": [1, 2, 2, 1], "b": [2, 2, 1, 1], "c": [2, 3, 3, 3]})
    assert violations(other, schema)[0].tolist() == [False, True, False, True]
    with pytest.raises(SchemaError, match="1 of 2 combinations of 'a' stand beside more than one"):
        infer_schema(frame, rules=[{"determines": {"from": ["a"], "to": ["c"]}}])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("a <= bb", "unknown column 'bb'; did you mean 'b'"),
        ("b <= a", r"rule 1, b <= a: 12 of 24 rows contradict it; correct the rule or those rows"),
        ("a <= sex", "expected two numbers or two dates, got 'a' of kind integer and 'sex' of kind categorical"),
        ("day <= a", "expected two numbers or two dates"),
        ({"sum": {"total": "a", "parts": ["day"]}}, "'day' is of kind datetime, expected a number"),
        ({"implies": {"if": 'sex == "x"', "then": "a > 1"}}, r"no category 'x'.*\n  sex == \"x\"\n"),
        ({"implies": {"if": "sax == 1", "then": "a > 1"}}, "unknown column 'sax'; did you mean 'sex'"),
        ({"unique": ["sex", "zip"]}, "of 24 rows contradict it"),
    ],
)
def test_rules_that_the_table_does_not_bear_out_are_errors(rule, message):
    with pytest.raises(SchemaError, match=message):
        infer_schema(GOOD, rules=[rule])


def test_columns_that_no_model_learns_are_refused():
    frame = GOOD.assign(same=3, id=[f"u{i}@example.org" for i in range(24)])
    for rule in ("a <= same", {"determines": {"from": ["same"], "to": ["a"]}}):
        with pytest.raises(SchemaError, match="is the same in every row"):
            infer_schema(frame, rules=[rule])
    zoned = GOOD.assign(day=GOOD["day"].dt.tz_localize("Europe/Berlin"))
    with pytest.raises(SchemaError, match="only 'day' has a time zone"):
        infer_schema(zoned, rules=["day != moment"])


def test_a_schema_without_rules_says_nothing_of_them():
    assert "rules" not in infer_schema(GOOD).to_dict()


def test_a_unique_key_is_checked_where_no_column_is_learned():
    frame = pd.DataFrame({"key": range(30)})
    schema = infer_schema(frame, rules=[{"unique": ["key"]}])
    assert violations(frame.assign(key=[0, 0, *range(2, 30)]), schema).sum(axis=1).tolist() == [1]
