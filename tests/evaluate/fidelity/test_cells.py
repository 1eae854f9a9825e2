"""Columns are cut by the real rows, and every row falls in one cell."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.evaluate.encoding import encode_tables
from llmsynth.evaluate.fidelity.cells import category_places, cut, numeric_places, simulated_floor, upper_ends
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.tv_counts import tv_of_counts

numbers = st.lists(st.one_of(st.integers(-5, 40).map(float), st.just(np.nan)), min_size=1, max_size=80)


def test_few_values_have_a_cell_each_and_many_are_cut_into_equal_parts() -> None:
    assert upper_ends(np.array([0.0, 0, 1, 1]), 20).tolist() == [0, 1]
    assert upper_ends(np.arange(1.0, 101), 4).tolist() == [25, 50, 75, 100]
    assert upper_ends(np.repeat([0.0, 1, 2, 3, 4], [60, 1, 1, 1, 37]), 4).tolist() == [0, 4]


@given(numbers, numbers)
def test_every_row_is_in_one_cell(left: list[float], right: list[float]) -> None:
    real, made = encode_tables(pd.DataFrame({"x": [0.0, *left]}), pd.DataFrame({"x": right}))
    cells = cut(real, [0], n_bins=4)
    for table in (real, made):
        (counts,) = cells.counts(cells.codes(table))
        assert counts.sum() == len(table) and counts[-1] == np.isnan(table.values).sum()
    (counts,) = cells.counts(cells.codes(real))
    assert counts[0] == 0 and counts[-2] == 0  # no real row is beyond the real range


def test_missing_and_what_lies_beyond_the_real_range_have_cells_of_their_own() -> None:
    real, made = encode_tables(pd.DataFrame({"x": [1.0, 2, 3]}), pd.DataFrame({"x": [0.0, 9, 9, np.nan]}))
    cells = cut(real, numeric_places(real))
    assert cells.counts(cells.codes(made))[0].tolist() == [1, 0, 0, 0, 2, 1]
    assert cells.counter(cells.codes(made))(np.array([1, 1]))[0].tolist() == [0, 0, 0, 0, 2, 0]


def test_drawn_rows_are_counted_column_by_column_as_the_table_of_them_would_be() -> None:
    rng = np.random.default_rng(0)
    columns = {"x": rng.normal(size=200), "c": rng.choice([None, *"abc"], 200), "y": rng.integers(0, 3, 200)}
    (table,) = encode_tables(pd.DataFrame(columns))
    cells, rows = cut(table, range(3)), rng.integers(0, 200, 150)
    drawn = cells.counter(cells.codes(table))(rows)
    for one, other in zip(drawn, cells.counts(cells.codes(table.take(rows))), strict=True):
        np.testing.assert_array_equal(one, other)
    assert cut(table, []).counter([])(rows) == []


def test_the_most_frequent_categories_have_cells_and_the_others_share_one() -> None:
    real, made = encode_tables(pd.DataFrame({"c": list("aabbbc")}), pd.DataFrame({"c": ["b", "new", "c", "a", None]}))
    cells = cut(real, category_places(real), most_categories=2)
    assert cells.counts(cells.codes(real))[0].tolist() == [3, 2, 1, 0]
    assert cells.counts(cells.codes(made))[0].tolist() == [1, 1, 2, 1]


def test_the_simulated_floor_agrees_with_the_closed_form() -> None:
    shares = np.full(10, 0.1)
    found = simulated_floor(tv_of_counts, shares, 5_000, 3_000, np.random.default_rng(0))
    assert abs(found / expected_tv(shares, 5_000, 3_000) - 1) < 0.1
