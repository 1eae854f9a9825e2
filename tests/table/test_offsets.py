"""An offset says what was written, in one form."""

from decimal import Decimal
from fractions import Fraction

import pytest

from llmsynth.errors import SchemaError
from llmsynth.table.offsets import Offset


@pytest.mark.parametrize(
    ("parts", "text", "exact"),
    [
        (("+", "2", "days"), " + 2 days", 2),
        (("-", "1", "Week"), " - 1 week", -7),
        (("+", "1.50", "hours"), " + 1.5 hours", Fraction(1, 16)),
        (("+", "0.001", "seconds"), " + 0.001 seconds", Fraction(1, 86_400_000)),
        (("-", ".5", None), " - 0.5", Fraction(-1, 2)),
        (("+", "1000", None), " + 1000", 1000),
        (("-", "0", "days"), "", 0),
    ],
)
def test_an_offset_is_exact_and_written_in_one_form(parts, text, exact):
    offset = Offset.read(*parts)
    assert str(offset) == text and offset.exact == exact
    assert offset == (Offset() if exact == 0 else Offset(Decimal(parts[0] + parts[1]), offset.unit))


def test_an_unknown_unit_is_an_error_that_names_the_known_ones():
    with pytest.raises(SchemaError, match="'months'; expected one of weeks, days, hours, minutes, seconds"):
        Offset.read("+", "2", "months")
