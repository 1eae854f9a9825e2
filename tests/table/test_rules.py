"""Laws of `llmsynth.table.rules`: rules survive YAML and JSON, and what is no rule is one error at its place."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.condition_tokens import COMPARISONS, quote_name
from llmsynth.table.offsets import Offset
from llmsynth.table.rules import ColumnOrder, ColumnSum, Dependency, Implication, UniqueKey, parse_rules
from llmsynth.table.schema_file import rule_yaml
from llmsynth.yaml_files import parse_yaml

NAMES = st.text(min_size=1, max_size=8)
SEVERAL = st.lists(NAMES, min_size=2, max_size=5, unique=True)
OFFSETS = st.builds(
    Offset.read,
    st.sampled_from("+-"),
    st.from_regex(r"([0-9]{1,15}|[0-9]{0,4}\.[0-9]{1,15})", fullmatch=True),
    st.sampled_from([None, "weeks", "day", "hours", "minutes", "Seconds"]),
)
CELL = st.one_of(st.none(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False))


@st.composite
def rules(draw):
    names = draw(SEVERAL)
    return draw(
        st.sampled_from(
            [
                ColumnOrder(names[0], draw(st.sampled_from(COMPARISONS)), names[1], draw(OFFSETS)),
                ColumnSum(names[0], tuple(names[1:]), draw(st.floats(0, 1e6))),
                Implication(f"{quote_name(names[0])} == 'x'", f"not ({quote_name(names[1])} > 3 or a is missing)"),
                UniqueKey(tuple(names)),
                Dependency(
                    tuple(names[:1]),
                    tuple(names[1:]),
                    tuple(draw(st.lists(st.tuples(*[CELL] * len(names)), max_size=3))),
                ),
            ]
        )
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(rules(), max_size=4))
def test_rules_survive_json_and_yaml(wanted):
    assert parse_rules(json.loads(json.dumps([rule.to_plain() for rule in wanted]))) == tuple(wanted)
    text = "rules:\n" + "".join(f"  - {rule_yaml(rule)}\n" for rule in wanted)
    again = parse_rules(parse_yaml(text, source="s")["rules"])
    assert [str(rule) for rule in again] == [str(rule) for rule in wanted]
    assert [rule.columns for rule in again] == [rule.columns for rule in wanted]


def test_columns_of_an_implication_are_those_of_its_conditions():
    rule = Implication("a > 1 and not (`b c` is missing)", 'a < 3 or d in ("x", "y")')
    assert rule.columns == ("a", "b c", "d")


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("a", r"expected one of ==, !=.*\n  a\n   \^"),
        ("a => b", r"expected one of .*\n  a => b\n    \^"),
        ("a <= 3", r"expected a column; .*\n  a <= 3\n       \^"),
        ("a <= b c", r"expected the end of the rule, or an offset such as \+ 2 days.*\n  a <= b c\n         \^$"),
        ("a <= b + c", r"expected the end of the rule, or an offset.*\n  a <= b \+ c\n         \^\^\^$"),
        ("a <= b + 2 moons", r"unknown unit of time 'moons'; .*\n  a <= b \+ 2 moons\n             \^\^\^\^\^$"),
        (7, "a comparison of two columns such as admission <= discharge, or one of sum"),
        ({"sums": {}}, "unknown sort of rule 'sums'; did you mean 'sum'"),
        ({"sum": {"total": "a", "part": ["b"]}}, "unknown property 'part'; did you mean 'parts'"),
        ({"sum": {"total": "a"}}, "expected 'parts', it has"),
        ({"sum": {"total": "a", "parts": ["a", "b"]}}, "both the total and a part"),
        ({"sum": {"total": "a", "parts": ["b"], "tolerance": -1}}, "at least 0, got -1"),
        ({"implies": {"if": "a >", "then": "b == 1"}}, r"expected a value such as 60 or 'yes'.*\n  a >\n     \^"),
        ({"implies": {"if": True, "then": "b == 1"}}, "'if' must be a condition in quotes, got bool"),
        ({"implies": "a"}, "implies: expected {if: ..., then: ...}"),
        ({"unique": []}, "1 or more distinct columns, got 0"),
        ({"unique": [["a"]]}, "expected a list of columns"),
        ({"determines": {"from": ["a"], "to": ["a"]}}, "under both 'from' and 'to'"),
        ({"determines": {"from": ["a"], "to": ["b"], "seen": [[1]]}}, "'seen' is written by a fit"),
        ({"unique": ["a"], "sum": {}}, "expected a comparison of two columns"),
    ],
)
def test_each_mistake_is_one_error_that_names_the_rule_and_the_place(item, message):
    with pytest.raises(SchemaError, match=r"(?s)^file, rule 2: .*" + message):
        parse_rules(["a < b", item], "file")


@pytest.mark.parametrize("items", ["a < b", 5, {"unique": ["a"]}])
def test_rules_are_a_list(items):
    with pytest.raises(SchemaError, match="expected a list of rules"):
        parse_rules(items)
    assert parse_rules(None) == ()
