"""Laws of `llmsynth.table.mixed`: a slip among numbers or dates is one clear error, and codes are no slip."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import TableError
from llmsynth.table.infer import infer_column
from llmsynth.table.mixed import nearest_form

RNG = np.random.default_rng(0)
NUMBERS = [f"{k * 1.37:.2f}".rstrip("0") for k in range(99)]
DATES = [f"{1930 + k}-{k % 12 + 1:02d}-{k % 28 + 1:02d}" for k in range(59)]


def kind(cells, name="x", **changes):
    return infer_column(pd.Series(cells, dtype=object), name, changes).kind


@pytest.mark.parametrize(
    "cells, counts",
    [
        ([*NUMBERS, "n/a"], "99 numbers, 1 text"),
        (["?"] * 60 + NUMBERS, "99 numbers, 60 text"),
        ([*NUMBERS, "n/a", "unknown", "-", "none", "refused"], "99 numbers, 5 text"),
        ([*NUMBERS, "1,5", "2..5", "<3", "4 5"], "99 numbers, 4 text"),
        ([*map(str, range(1, 9)), "n/a"], "8 numbers, 1 text"),
        ([*DATES, "1990-02-30"], "59 dates, 1 not a date of the form %Y-%m-%d"),
        ([*DATES, "never", None], "59 dates, 1 not a date"),
        ([*DATES, "0"], "59 dates, 1 not a date"),
        ([*DATES, "3/4/1990", "5/6/1991"], "59 dates, 2 not a date"),
    ],
)
def test_a_slip_among_numbers_or_dates_is_an_error_with_counts_and_without_cells(cells, counts):
    with pytest.raises(TableError, match=rf"column 'x' mixes types \({counts}.*'kind: text'") as caught:
        kind(cells)
    assert not any(repr(cell) in str(caught.value) for cell in cells)
    assert kind(cells, kind="text") == "text" and kind(cells, kind="categorical") == "categorical"


def test_a_slip_is_an_error_in_a_target_and_in_a_column_named_like_a_key():
    for name, changes in (("patient_id", {}), ("x", {"role": "target"})):
        with pytest.raises(TableError, match="99 numbers, 1 text"):
            kind([*NUMBERS, "n/a"], name, **changes)


def test_what_only_resembles_numbers_or_dates_is_no_slip():
    assert kind([f"{k}.{k % 10}" for k in range(100, 150)] * 2 + [f"V{k}" for k in range(10)]) == "categorical"
    assert kind(["0", "1", "2", "3", "4+"] * 20) == "categorical"
    assert kind([f"0{k}" for k in range(100, 150)] + ["XX"]) == "identifier"
    assert kind([f"+4917{k}" for k in range(10_000_000, 10_000_060)] + ["unknown"], "phone") == "identifier"
    assert kind([f"{k // 60}:{k % 60:02d}" for k in range(100, 1500, 7)] + ["31:20", "40:10"]) == "identifier"
    assert kind([f"{RNG.integers(16**8):08x}" for _ in range(60)]) == "identifier"


def test_the_form_of_most_dates_is_found():
    assert nearest_form([*DATES, "1990-02-30"]).form == "%Y-%m-%d"
    american = [f"{k % 12 + 1}/{k % 28 + 1}/{1950 + k}" for k in range(40)]
    assert nearest_form(["13/13/2000", *american]).form == "%-m/%-d/%Y"
    for place in range(6):
        few = DATES[:5]
        few.insert(place, "1990-02-30")
        assert nearest_form(few).form == "%Y-%m-%d"
    assert nearest_form(["a", "b"]) is None and nearest_form(NUMBERS) is None
    assert nearest_form(["2020-02-30", "2020-02-31"]) is None


@pytest.mark.parametrize(
    "write",
    [lambda k: f"{k * 1.37:.1f}".replace(".", ","), lambda k: f"{1000 + 37 * k:,}", lambda k: f"${k * 1.1:.2f}",
     lambda k: f"{k / 3:.1f} %", lambda k: f"1.{100 + k},5"],
)  # fmt: skip
@pytest.mark.parametrize("rows", [1, 3])
def test_numbers_with_a_comma_or_a_unit_are_refused_with_their_count(write, rows):
    cells = [write(k) for k in range(120) for _ in range(rows)]
    with pytest.raises(TableError, match=rf"decimal comma.*\({120 * rows} of {120 * rows} cells\).*1234.5"):
        kind(cells)
    with pytest.raises(TableError, match=f"{120 * rows} of {120 * rows + 1} cells"):
        kind([*cells, "n/a"])
    assert kind(cells, kind="categorical") == "categorical"


def test_short_lists_and_codes_with_commas_and_units_are_spared():
    assert kind([f"{k}%" for k in range(10, 60, 10)] * 9) == "categorical"
    assert kind([f"{a},{b}" for a in range(4) for b in range(4)] * 9) == "categorical"
    assert kind([f"{k:05d},{k % 7}" for k in range(99)]) == "identifier"
    grid = [f"{a},{b}" for a in range(1, 9) for b in range(1, 9)]
    chosen = [*map(str, range(1, 13)), *(f"{a},{b}" for b in range(1, 13) for a in range(1, b))]
    pixels = [f"{RNG.integers(10, 640)},{RNG.integers(10, 480)}" for _ in range(200)]
    for pairs in (grid, chosen, pixels, [f"{k}%" for k in range(101)]):
        assert kind(pairs * 9) == "categorical"
    assert kind([f"{k // 7 + 100},{k % 900 + 100}" for k in range(900)], "parcel_id") == "identifier"


@pytest.mark.parametrize(
    "texts",
    [
        [stamp.isoformat() for stamp in pd.date_range("2000", periods=60, freq="11500ms")],
        [f"2020-01-{1 + k % 28:02d}T{k % 24:02d}:00:00{'Z' if k % 2 else '+00:00'}" for k in range(60)],
        [f"2020-0{1 + k % 6}-{1 + k % 28:02d}T{k % 24:02d}:00:00+0{1 + k % 2}:00" for k in range(60)],
        [f"2020-01-{1 + k % 28:02d}" + f"T{k % 24:02d}:{k:02d}" * (k % 2) for k in range(60)],
    ],
)
def test_dates_that_iso_8601_writes_in_several_ways_are_no_keys(texts):
    with pytest.raises(TableError, match="column 'when' holds dates that are written in several ways"):
        infer_column(pd.Series(texts), "when")
    assert infer_column(pd.Series(texts), "when", {"kind": "categorical"}).kind == "categorical"
    plain = pd.to_datetime(pd.Series(texts), format="ISO8601", utc=True)
    assert infer_column(plain, "when").kind == "datetime"
