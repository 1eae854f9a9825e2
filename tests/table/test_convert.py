"""Laws of `llmsynth.table.convert`."""

from llmsynth.table.convert import category_text, parse_canonical


def test_canonical_numbers_only():
    assert parse_canonical("12", 0) == 12 and parse_canonical("-1.50", 2) == -1.5
    for text, decimals in (
        ("+1", 0),
        ("01", 0),
        ("1.", 0),
        ("1_0", 0),
        ("١", 0),
        (" 1", 0),
        ("1.5", 2),
        ("nan", 1),
        ("-0", 0),
    ):
        assert parse_canonical(text, decimals) is None
    assert parse_canonical("inf", None) is None and parse_canonical(str(2**63), 0) is None


def test_categories_are_compared_by_what_they_say():
    assert category_text(1) == category_text(1.0) == category_text("1")
    assert category_text(True) == "True" != category_text(1)
    assert category_text(1.5) == "1.5"
