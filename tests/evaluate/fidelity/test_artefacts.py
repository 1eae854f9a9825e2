"""How cells are written."""

from decimal import Decimal

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.evaluate.fidelity.artefacts import (
    LONGEST,
    MOST_DECIMALS,
    date_precision,
    decimals_and_last_digit,
    kind_of,
    written,
)


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_decimals_are_those_that_pythons_shortest_text_has(whole: int, places: int) -> None:
    value = float(Decimal(whole).scaleb(-places))
    text = f"{Decimal(repr(value)).normalize():f}"
    decimals, digits = decimals_and_last_digit(np.array([value]))
    assert decimals[0] == len(text.partition(".")[2])
    assert digits[0] == int(text[-1])


def test_full_precision_and_huge_numbers() -> None:
    decimals, digits = decimals_and_last_digit(np.array([1 / 3, 1e300, 2.0**60]))
    assert decimals.tolist() == [MOST_DECIMALS + 1, 0, 0]
    assert digits[0] == 10 and 0 <= digits[1] <= 9


def test_dates_have_the_coarsest_step_they_are_multiples_of() -> None:
    moments = pd.to_datetime([f"2024-01-02 {clock}" for clock in ("00:00:00", "03:00:00", "03:04:00", "03:04:05")])
    assert date_precision(moments.as_unit("us").asi8 / 1e6).tolist() == [0, 1, 2, 3]


def test_kinds_are_decided_by_the_column() -> None:
    assert kind_of(pd.Series([1.5]), True, False) == "number"
    assert kind_of(pd.Series([Decimal("1.5")], dtype=object), True, False) == "number"
    assert kind_of(pd.Series(["2024-01-01"]), True, True) == "date"
    assert kind_of(pd.Series(pd.to_datetime(["2024-01-01"])), True, False) == "date"
    assert kind_of(pd.Series([True]), False, False) == "none"
    assert kind_of(pd.Series(["a"]), False, False) == "text"


def test_missing_cells_have_a_code_of_their_own() -> None:
    ((codes, size),) = written(pd.Series(["ab", None, "x" * 999]), None, "text").values()
    assert codes.tolist() == [2, size, LONGEST]
    found = written(pd.Series([1.0, np.nan]), np.array([1.0, np.nan]), "number")
    assert all(codes[1] == size for codes, size in found.values()) and set(found) == {"decimals", "last digit"}
    assert written(pd.Series([True]), None, "none") == {}
