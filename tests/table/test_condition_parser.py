"""Laws of `llmsynth.table.condition_parser`: any text is a condition or an `InputError`, and positions are right."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import InputError
from llmsynth.table.condition_parser import (
    MAX_DEPTH,
    MAX_LENGTH,
    And,
    Comparison,
    Literal,
    Name,
    Not,
    Or,
    parse_condition,
)
from llmsynth.table.condition_tokens import COMPARISONS, KEYWORDS, error_at, parse_number, quote_name

MANY = settings(max_examples=120, deadline=None)

_pieces = [*sorted(KEYWORDS), *COMPARISONS, *"(),`'\"\\.-+=&|!~[]@ \n\t\0", "age", "åäö", "x_1", "`a b`", "``", "'yes'"]
_pieces += [
    "60",
    "-2.5e3",
    "1e999",
    ".5",
    "1.2.3",
    "2020-01-31",
    "IS NOT",
    "missing",
    "\ud83d",
    "日",
    "not ",
    "\\u00",
    "²",
]
words = st.sampled_from(_pieces)
soup = st.lists(words, max_size=12).map("".join) | st.lists(words, max_size=12).map(" ".join)


def tree(source):
    """The condition as nested tuples, without positions."""
    return plain(parse_condition(source))


def plain(node):
    if isinstance(node, Comparison):
        return (node.column.text, node.operator, *(literal.value for literal in node.values))
    if isinstance(node, Not):
        return ("not", plain(node.operand))
    return ("and" if isinstance(node, And) else "or", *map(plain, node.parts))


def comparisons(node):
    if isinstance(node, Comparison):
        return [node]
    parts = [node.operand] if isinstance(node, Not) else node.parts
    return [leaf for part in parts for leaf in comparisons(part)]


def message_of(source):
    with pytest.raises(InputError) as caught:
        parse_condition(source)
    return str(caught.value)


@MANY
@given(st.text(max_size=40) | soup)
def test_any_text_is_a_condition_or_an_input_error(source):
    try:
        node = parse_condition(source)
    except InputError as error:
        message, shown, carets = str(error).splitlines()
        assert message and set(carets) <= {" ", "^"} and "^" in carets
        # The message can be printed anywhere, whatever the text holds.
        shown.encode()
    else:
        assert comparisons(node)


names = st.text(min_size=1, max_size=8)
values = st.one_of(
    st.booleans(), st.text(max_size=8), st.integers(-(10**20), 10**20).map(Decimal),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000),
)  # fmt: skip


def written(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def leaves(draw):
    name, operator = draw(names), draw(st.sampled_from([*COMPARISONS, "in", "not in", "between", "not between", "is"]))
    if operator == "is":
        operator = draw(st.sampled_from(["is missing", "is not missing"]))
        return f"{quote_name(name)} {operator}", (name, operator)
    n = 2 if "between" in operator else draw(st.integers(1, 4)) if "in" in operator else 1
    chosen = draw(st.lists(values, min_size=n, max_size=n))
    texts = [written(value) for value in chosen]
    said = f"({', '.join(texts)})" if operator.endswith("in") else " and ".join(texts)
    return f"{quote_name(name)}{draw(st.sampled_from([' ', '  ', chr(10)]))}{operator} {said}", (
        name,
        operator,
        *chosen,
    )


def combined(inner):
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        inner.map(lambda part: (f"not ({part[0]})", ("not", part[1]))),
        several.map(lambda parts: (" and ".join(f"({text})" for text, _ in parts), ("and", *(p for _, p in parts)))),
        several.map(lambda parts: (" Or ".join(f"({text})" for text, _ in parts), ("or", *(p for _, p in parts)))),
    )


expressions = st.recursive(leaves(), combined, max_leaves=6)


@MANY
@given(expressions)
def test_what_is_written_is_what_is_read(expression):
    source, expected = expression
    assert tree(source) == expected


@MANY
@given(expressions)
def test_positions_cut_out_the_text_of_each_comparison_name_and_value(expression):
    source, _ = expression
    for node in comparisons(parse_condition(source)):
        assert tree(source[node.start : node.end]) == plain(node)
        assert source[node.column.start : node.column.end] == quote_name(node.column.text)
        assert [source[value.start : value.end] for value in node.values] == [written(v.value) for v in node.values]


@MANY
@given(names)
def test_any_name_can_be_quoted(name):
    assert tree(f"{quote_name(name)} is missing") == (name, "is missing")


@pytest.mark.parametrize(
    "source, expected",
    [
        ("age >= 60", ("age", ">=", 60)),
        ("60 <= age", ("age", ">=", 60)),
        ("18 <= age < 65", ("and", ("age", ">=", 18), ("age", "<", 65))),
        ("'x' == name", ("name", "==", "x")),
        ("true != smoker", ("smoker", "!=", True)),
        ("smoker == TRUE", ("smoker", "==", True)),
        ("a in ('x',)", ("a", "in", "x")),
        ("a NOT In (1, 2.5)", ("a", "not in", 1, Decimal("2.5"))),
        ("bmi between -1.5e1 and +.5", ("bmi", "between", -15, Decimal("0.5"))),
        ("bmi not between 1 and 2 and a == 1", ("and", ("bmi", "not between", 1, 2), ("a", "==", 1))),
        ("smoker IS Not missing", ("smoker", "is not missing")),
        ("a == 1 or b == 2 and c == 3", ("or", ("a", "==", 1), ("and", ("b", "==", 2), ("c", "==", 3)))),
        ("(a == 1 or b == 2) and c == 3", ("and", ("or", ("a", "==", 1), ("b", "==", 2)), ("c", "==", 3))),
        ("not a == 1 and b == 2", ("and", ("not", ("a", "==", 1)), ("b", "==", 2))),
        ("not not a == 1", ("not", ("not", ("a", "==", 1)))),
        ("`a b``c` == 1", ("a b`c", "==", 1)),
        ("`and` == 1", ("and", "==", 1)),
        ("Größe_2>1", ("Größe_2", ">", 1)),
        (r'a == "q\"\\\n\u00e9"', ("a", "==", 'q"\\\né')),
        (r"a == 'it\'s'", ("a", "==", "it's")),
        ("a == 'x and y'", ("a", "==", "x and y")),
    ],
)
def test_each_form_is_read(source, expected):
    assert tree(source) == expected


def test_numbers_are_exact():
    assert parse_number("0.1") * 3 == Decimal("0.3")
    assert parse_number("123456789012345678901234567890.5") == Decimal("123456789012345678901234567890.5")
    assert parse_number("0e999999") == 0 and parse_number("-0") == 0
    for text in ("1e401", "1e-401", "1" * 401, "1e99999999999999999999", "inf", "nan", "1_000", "٣", " 1", "", "0x10"):
        assert parse_number(text) is None


@pytest.mark.parametrize(
    "source, place, expected",
    [
        ("", 0, "expected a condition such as age >= 60, found the end of the condition"),
        ("   ", 3, "expected a condition such as age >= 60"),
        ("age", 3, "expected ==, !=, <, <=, >, >=, in, between or is after column 'age', found the end"),
        ("age 60", 4, "after column 'age', found '60'"),
        ("lab value > 5", 4, "after column 'lab' (a name of several words stands in backquotes), found 'value'"),
        ("lab (mg) > 5", 4, "after column 'lab' (a name of several words stands in backquotes), found '('"),
        ('"lab value" > 5', 14, "expected a column name (in backquotes; text in quotes is a value), found '5'"),
        ("age >=", 6, "expected a value such as 60 or 'yes', found the end"),
        ("age >= and b == 1", 7, "expected a value such as 60 or 'yes', found 'and'"),
        ("age = 60", 4, "unexpected character '='; write '==' for equality"),
        ("age=60", 3, "write '==' for equality"),
        ("a == 1 & b == 2", 7, "write 'and'"),
        ("a == 1|b == 2", 6, "write 'or'"),
        ("!(a == 1)", 0, "write 'not', or '!='"),
        ("~a", 0, "write 'not'"),
        ("a in [1]", 5, "stands in parentheses"),
        ("a == “x”", 5, "straight quotes"),
        ("a == 'x", 5, "this quote is never closed"),
        ('a == "x\\"', 5, "this quote is never closed"),
        ("`a == 1", 0, "this backquote is never closed"),
        ("blood-pressure > 1", 5, "stands in backquotes: `a-b`"),
        ("capital.gain > 1", 7, "stands in backquotes: `a-b`"),
        ("a == 1 / 2", 7, "unexpected character '/'; expected a column name"),
        ("day > 2020-01-31", 10, "a number ends here; dates and other text stand in quotes"),
        ("2nd == 1", 1, "column names that start with a digit in backquotes"),
        ("a > 1.2.3", 7, "a number ends here"),
        ("city == Lund", 8, "text stands in quotes; two columns cannot be compared"),
        ("smoker == None", 10, "write 'is missing' for missing cells"),
        ("smoker == missing", 10, "write 'is missing' for missing cells"),
        ("smoker is null", 10, "expected 'missing' or 'not missing', found 'null'"),
        ("smoker is not null", 14, "expected 'missing', found 'null'"),
        ("a not 5", 6, "expected 'in' or 'between' after 'not'"),
        ("a in 5", 5, "expected '(' before the values"),
        ("a in ()", 6, "expected a value"),
        ("a in (1 2)", 8, "expected ',' or ')', found '2'"),
        ("a in (1,", 8, "expected a value"),
        ("a between 1, 2", 11, "expected 'and' and the upper end of the range, found ','"),
        ("a == 1 b == 2", 7, "expected 'and', 'or' or the end of the condition, found 'b'"),
        ("(a == 1", 7, "expected 'and', 'or' or ')', found the end"),
        ("a == 1)", 6, "expected 'and', 'or' or the end of the condition"),
        ("and a == 1", 0, "expected a column name, a value, 'not' or '(', found 'and'"),
        ("5 a", 2, "expected one of ==, !=, <, <=, >, >= after the value"),
        ("5 < 6", 4, "expected a column name, found '6'"),
        ("a == 1e500", 5, "within 400 digits and powers of ten"),
        (r"a == 'C:\data'", 8, r"unknown escape; expected \\, \", \', \n, \t, \r, \b, \f or \uXXXX"),
    ],
)
def test_every_error_says_what_was_expected_and_points_at_it(source, place, expected):
    message = message_of(source)
    assert expected in message.splitlines()[0]
    shown, carets = message.splitlines()[-2:]
    assert carets.index("^") == 2 + place
    assert shown == "  " + source


def test_length_and_depth_are_bounded():
    parse_condition("(" * MAX_DEPTH + "a == 1" + ")" * MAX_DEPTH)
    parse_condition("not " * MAX_DEPTH + "a == 1")
    parse_condition(" and ".join(["not (a == 1)"] * (MAX_DEPTH + 1)))
    assert len(parse_condition(" or ".join(["a == 1"] * 5000)).parts) == 5000
    assert "nests at most 50 deep" in message_of("(" * 51 + "a == 1" + ")" * 51)
    assert "nests at most 50 deep" in message_of("not (" * 10_000)
    assert "at most 100,000 characters, this one has 100,001" in message_of("a" * (MAX_LENGTH + 1))


def test_a_caret_stands_under_its_character_on_a_terminal():
    # Two-column characters before it, a combining one, a line break, and a long text around it.
    assert str(error_at("東京 x", 3, 4, "no")).splitlines()[-1] == "  " + " " * 5 + "^"
    assert str(error_at("e\u0301 x", 3, 4, "no")).splitlines()[-1] == "  " + " " * 2 + "^"
    assert str(error_at("a\nb\tc", 4, 5, "no")).splitlines() == ["no", "  a b c", "      ^"]
    assert str(error_at("ab", 2, 2, "no")).splitlines() == ["no", "  ab", "    ^"]
    _, shown, carets = str(error_at("x" * 500 + "HERE" + "y" * 500, 500, 504, "no")).splitlines()
    assert len(shown) < 130 and shown.startswith("  ... x") and shown.endswith("y ...")
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "HERE"
    _, shown, carets = str(error_at("x" * 900, 0, 900, "no")).splitlines()
    assert len(carets) <= len(shown) < 130


def test_nodes_are_values():
    one = parse_condition("a == 1")
    assert one == Comparison(Name("a", 0, 1), "==", (Literal(Decimal(1), 5, 6),), 0, 6)
    assert hash(one) == hash(parse_condition("a == 1"))
    other = Comparison(Name("a", 10, 11), "==", (Literal(Decimal(2), 15, 16),), 10, 16)
    assert parse_condition("a == 1 or a == 2") == Or((one, other), 0, 16)
