"""The hostile tables are what they promise and the same every time."""

import pandas as pd
import pytest

from eval import hostile


@pytest.mark.parametrize("name", hostile.TABLES)
def test_a_table_is_the_same_every_time_and_has_unique_columns(name):
    first = hostile.table(name, 80)
    pd.testing.assert_frame_equal(first, hostile.table(name, 80))
    assert len(first) == 80 and first.columns.is_unique


def test_one_name_has_ten_thousand_characters():
    assert max(len(str(label)) for label in hostile.table("names", 20)) == 10_000


def test_hostile_values_hold_separators_markup_and_special_tokens():
    cells = set(hostile.table("categories", 3000)["first"])
    assert {"age is 5, ", "<|endoftext|>", "", "NaN", "👩‍👩‍👧‍👦 family"} <= cells
