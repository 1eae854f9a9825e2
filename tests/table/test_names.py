"""A code's name is the shortest number or coarsest date in it, and no two codes share one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.table.cells import build_cells
from llmsynth.table.names import format_grid, shortest_dates, shortest_numbers

MANY = settings(max_examples=60, deadline=None)
UNITS = {"D": 1, "h": 24, "min": 24 * 60, "s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400 * 10**9}


def cells_of(points, margin=0):
    return build_cells(np.asarray(points, dtype=np.int64), int(min(points)) - margin, int(max(points)) + margin)


def exact(cells):
    return np.arange(cells.n_codes) < cells.n_atoms


@MANY
@given(
    seed=st.integers(0, 2**32),
    spread=st.sampled_from([2, 50, 5000, 10**9, 10**18]),
    decimals=st.integers(0, 6),
    margin=st.sampled_from([0, 1, 1000]),
)
def test_numbers_name_a_member_of_their_own_code_and_are_distinct(seed, spread, decimals, margin):
    rng = np.random.default_rng(seed)
    points = rng.integers(-spread, spread, 200)
    points[:60] = points[0]
    cells = cells_of(points, margin)
    texts = shortest_numbers(*cells.bounds(), exact(cells), decimals, cells.is_atom)
    assert len(set(texts)) == cells.n_codes
    grid = [_grid(text, decimals) for text in texts]
    assert cells.encode(np.array(grid)).tolist() == list(range(cells.n_codes))


def _grid(text, decimals):
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(decimals, "0"))


@pytest.mark.parametrize("unit", UNITS)
@MANY
@given(seed=st.integers(0, 2**32), days=st.sampled_from([3, 400, 60_000]), whole=st.booleans())
def test_dates_name_a_member_of_their_own_code_and_are_distinct(unit, seed, days, whole):
    per = UNITS[unit]
    rng = np.random.default_rng(seed)
    points = rng.integers(-days, days, 150) * per
    if not whole:
        points += rng.integers(0, per, 150)
    cells = cells_of(points, 5)
    texts = shortest_dates(*cells.bounds(), exact(cells), unit, cells.is_atom)
    assert len(set(texts)) == cells.n_codes
    own = "m" if unit == "min" else unit
    grid = [np.datetime64(text if " " not in text else text.replace(" ", "T"), own).astype(np.int64) for text in texts]
    assert cells.encode(np.array(grid)).tolist() == list(range(cells.n_codes))


def test_round_numbers_and_whole_days_are_preferred():
    no_atoms = lambda grid: np.zeros(np.shape(grid), dtype=bool)  # noqa: E731
    one = np.array([False])
    assert shortest_numbers(np.array([1234]), np.array([1391]), one, 2, no_atoms) == ["13"]
    assert shortest_numbers(np.array([-1391]), np.array([-1301]), one, 1, no_atoms) == ["-135"]
    assert shortest_numbers(np.array([-5]), np.array([700]), one, 0, no_atoms) == ["0"]
    day = 86_400
    assert shortest_dates(np.array([day - 10]), np.array([day + 10]), one, "s", no_atoms) == ["1970-01-02"]
    assert shortest_dates(np.array([50]), np.array([70]), one, "s", no_atoms) == ["1970-01-01 00:01"]


def test_a_name_is_never_an_exact_value_of_another_code():
    is_ten = lambda grid: np.asarray(grid) == 10  # noqa: E731
    assert shortest_numbers(np.array([8]), np.array([12]), np.array([False]), 0, is_ten) != ["10"]
    is_midnight = lambda grid: np.asarray(grid) % 86_400 == 0  # noqa: E731
    names = shortest_dates(np.array([86_390]), np.array([86_410]), np.array([False]), "s", is_midnight)
    assert names == ["1970-01-01 23:59:50"]


@pytest.mark.parametrize("decimals", [0, 3])
def test_the_ends_of_64_bits_have_names(decimals):
    low, high = np.array([-(2**63), 2**62]), np.array([-(2**62), 2**63 - 1])
    texts = shortest_numbers(low, high, np.array([False, False]), decimals, lambda grid: np.zeros(len(grid), bool))
    assert all(low[place] <= _grid(text, decimals) <= high[place] for place, text in enumerate(texts))
    ends = np.array([-(2**63) + 1, 2**63 - 1])
    texts = shortest_dates(ends, ends, np.array([True, True]), "ns", lambda grid: np.ones(len(grid), bool))
    assert [text[:4] for text in texts] == ["1677", "2262"]


@pytest.mark.parametrize(
    ("point", "decimals", "text"),
    [(1250, 2, "12.5"), (-5, 2, "-0.05"), (0, 3, "0"), (1200, 2, "12"), (7, 0, "7"), (7, -3, "7000"), (-1, 1, "-0.1")],
)
def test_grid_points_are_written_without_needless_zeros(point, decimals, text):
    assert format_grid(point, decimals) == text
