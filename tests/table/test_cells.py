"""Every legal grid point has exactly one code, comes back into its own cell, and has a probability that adds up."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.table.cells import Cells, build_cells

MANY = settings(max_examples=60, deadline=None)
EXTREMES = (-(2**63), 2**63 - 1)


@st.composite
def columns(draw):
    """Grid points of a column with heaps and a spread, and bounds that may be wider than the data."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    spread = draw(st.sampled_from([0, 3, 40, 400, 5000]))
    points = rng.integers(-spread, spread + 1, draw(st.integers(1, 400)))
    if draw(st.booleans()):
        heap = rng.integers(-spread, spread + 1, 3)
        points = np.where(rng.random(points.size) < 0.5, rng.choice(heap, points.size), points)
    step = draw(st.sampled_from([1, 2, 10, 50]))
    points = np.where(rng.random(points.size) < draw(st.sampled_from([0.5, 1.0])), points // step * step, points)
    low = int(points.min()) - draw(st.integers(0, 20))
    high = int(points.max()) + draw(st.integers(0, 20))
    return points.astype(np.int64), low, high, draw(st.sampled_from([1, 4, 256]))


def uniforms(n):
    """Uniform numbers with both ends of [0, 1)."""
    return np.r_[0.0, np.nextafter(1.0, 0.0), np.random.default_rng(0).random(n)]


@MANY
@given(column=columns())
def test_every_grid_point_has_one_code_and_the_codes_tile_the_range(column):
    points, low, high, most = column
    cells = build_cells(points, low, high, max_cells=most)
    grid = np.arange(low, high + 1)
    codes = cells.encode(grid)
    assert codes.min() >= 0 and codes.max() < cells.n_codes and cells.n_cells <= most
    assert set(np.unique(codes)) == set(range(cells.n_codes))
    assert (codes[np.isin(grid, cells.atoms)] == np.arange(cells.n_atoms)).all()
    first, last = cells.bounds()
    inside = (codes[:, None] == np.arange(cells.n_codes)) & ~np.isin(grid, cells.atoms)[:, None]
    for code in range(cells.n_atoms, cells.n_codes):
        assert (grid[inside[:, code]].min(), grid[inside[:, code]].max()) == (first[code], last[code])
    assert cells.encode(np.array([low - 1, high + 1])).tolist() == [-2, -2]


@MANY
@given(column=columns())
def test_the_probabilities_of_a_codes_grid_points_add_up_to_one(column):
    points, low, high, most = column
    cells = build_cells(points, low, high, max_cells=most)
    grid = np.arange(low, high + 1)
    codes = cells.encode(grid)
    share = cells.log_share(grid, codes)
    assert (share <= 0).all()
    assert np.allclose(np.bincount(codes, weights=np.exp(share)), 1.0)


@MANY
@given(column=columns())
def test_a_drawn_point_stays_in_its_own_cell(column):
    points, low, high, most = column
    cells = build_cells(points, low, high, max_cells=most)
    codes = np.repeat(np.arange(cells.n_codes), 12)
    drawn = cells.decode(codes, np.tile(uniforms(10), cells.n_codes))
    assert (cells.encode(drawn) == codes).all()
    assert (drawn[codes < cells.n_atoms] == cells.atoms.repeat(12)).all()


@MANY
@given(column=columns())
def test_cells_come_back_from_json(column):
    points, low, high, most = column
    cells = build_cells(points, low, high, max_cells=most)
    back = Cells.from_dict(json.loads(json.dumps(cells.to_dict())))
    grid = np.arange(low, high + 1)
    codes = cells.encode(grid)
    assert (back.encode(grid) == codes).all()
    assert (back.log_share(grid, codes) == cells.log_share(grid, codes)).all()
    draws = np.random.default_rng(1).random(codes.size)
    assert (back.decode(codes, draws) == cells.decode(codes, draws)).all()


def test_points_are_drawn_with_the_probability_that_is_claimed():
    rng = np.random.default_rng(0)
    points = np.rint(rng.lognormal(4, 1, 400)).astype(np.int64)
    cells = build_cells(points, 0, int(points.max()), max_cells=3)
    grid = np.arange(0, int(points.max()) + 1)
    codes = cells.encode(grid)
    code = cells.n_atoms
    drawn = cells.decode(np.full(40_000, code), rng.random(40_000))
    expected = np.where(codes == code, np.exp(cells.log_share(grid, codes)), 0.0) * 40_000
    seen = np.bincount(drawn, minlength=grid.size)
    likely = expected > 5
    assert likely.sum() > 10
    chi2 = ((seen - expected)[likely] ** 2 / expected[likely]).sum()
    assert chi2 < likely.sum() + 5 * np.sqrt(2 * likely.sum())


def test_repeated_values_stay_exact_and_are_never_smeared():
    rng = np.random.default_rng(0)
    points = np.r_[np.zeros(3000, np.int64), np.full(500, 99_999), rng.integers(1, 99_999, 1500)]
    cells = build_cells(points, 0, 99_999)
    assert {0, 99_999} <= set(cells.atoms.tolist())
    drawn = cells.decode(np.repeat(np.arange(cells.n_atoms, cells.n_codes), 50), rng.random(50 * cells.n_cells))
    assert not np.isin(drawn, [0, 99_999]).any()


def test_values_with_half_the_rows_of_an_average_cell_are_exact():
    points = np.r_[np.arange(2041), np.full(4, 5000), np.full(3, 6000)]  # 2,048 rows in 256 cells: eight in each
    assert build_cells(points, 0, 6000).atoms.tolist() == [5000]


def test_few_distinct_values_are_all_exact_with_one_spare_cell_for_the_gaps():
    cells = build_cells(np.array([1, 2, 5] * 20), 1, 5)
    assert cells.atoms.tolist() == [1, 2, 5] and cells.n_cells == 1
    assert cells.encode(np.array([3, 4])).tolist() == [3, 3]
    full = build_cells(np.array([1, 2, 3]), 1, 3)
    assert full.n_cells == 0 and full.encode(np.array([1, 3, 4])).tolist() == [0, 2, -2]


def test_a_constant_has_one_code():
    cells = build_cells(np.full(30, 7), 7, 7)
    assert cells.n_codes == 1
    assert cells.decode(np.zeros(2, np.int64), np.array([0.0, 0.9])).tolist() == [7, 7]
    assert cells.log_share(np.array([7]), np.array([0])).tolist() == [0.0]


@pytest.mark.parametrize("n", [3, 400])
def test_the_whole_range_of_64_bits_has_codes_and_probabilities(n):
    low, high = EXTREMES
    rng = np.random.default_rng(0)
    points = np.r_[rng.integers(low, high, n, dtype=np.int64, endpoint=True), low, high]
    cells = build_cells(points, low, high, max_cells=16)
    codes = cells.encode(points)
    assert (codes >= 0).all()
    everything = np.repeat(np.arange(cells.n_codes), 12)
    drawn = cells.decode(everything, np.tile(uniforms(10), cells.n_codes))
    assert (cells.encode(drawn) == everything).all()
    share = cells.log_share(points, codes)
    assert np.isfinite(share).all() and (share <= 0).all()
    free = codes >= cells.n_atoms
    first, last = cells.bounds()
    assert ((points[free] >= first[codes[free]]) & (points[free] <= last[codes[free]])).all()
    back = Cells.from_dict(json.loads(json.dumps(cells.to_dict())))
    assert (back.encode(points) == codes).all()


def test_a_skewed_column_keeps_its_shape_inside_the_cells():
    rng = np.random.default_rng(0)
    points = np.rint(rng.lognormal(8, 1.5, 4000)).astype(np.int64)
    cells = build_cells(points, int(points.min()), int(points.max()), max_cells=16)
    drawn = cells.decode(cells.encode(points), rng.random(points.size))
    places = np.sort(np.r_[points, drawn])
    gap = np.searchsorted(np.sort(points), places, "right") - np.searchsorted(np.sort(drawn), places, "right")
    assert np.abs(gap).max() / points.size < 0.02
