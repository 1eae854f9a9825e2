"""A cover's shares are the probabilities that decoding really has, and placed draws stay inside it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.table.cell_cover import cover
from llmsynth.table.cells import build_cells

MANY = settings(max_examples=60, deadline=None)


@st.composite
def columns(draw):
    """Cells of a column with heaps, and some intervals."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = draw(st.sampled_from([3, 40, 1000, 10**6, 2**61]))
    grid = rng.integers(-scale, scale, draw(st.integers(20, 400)))
    grid[rng.random(grid.size) < draw(st.sampled_from([0.0, 0.3]))] = 0
    low, high = int(grid.min()), int(grid.max())
    cells = build_cells(grid, low - draw(st.integers(0, 5)), high + draw(st.integers(0, 5)))
    points = sorted({int(x) for x in rng.integers(low - 3, high + 3, 6)})
    intervals = [(a, b) for a, b in zip(points[::2], points[1::2], strict=False)]
    return cells, intervals


def contains(intervals, grid):
    return (
        np.any([(grid >= a) & (grid <= b) for a, b in intervals], axis=0) if intervals else np.zeros(grid.shape, bool)
    )


@MANY
@given(columns())
def test_shares_are_the_probabilities_of_drawing_inside(column):
    cells, intervals = column
    covered = cover(cells, intervals)
    uniforms = (np.arange(2000) + 0.5) / 2000
    for code in np.unique(np.linspace(0, cells.n_codes - 1, 12).astype(int)):
        inside = contains(intervals, cells.decode(np.full(2000, code), uniforms)).mean()
        assert covered.share[code] == pytest.approx(inside, abs=(len(intervals) + 1) * 2 / 2000)


@MANY
@given(columns())
def test_placed_draws_lie_inside_and_keep_their_code(column):
    cells, intervals = column
    covered = cover(cells, intervals)
    possible = np.flatnonzero(covered.share > 0)
    if not possible.size:
        return
    codes = np.repeat(possible, 40)
    uniforms = np.tile(np.concatenate([[0.0, np.nextafter(1, 0)], np.linspace(0.01, 0.99, 38)]), possible.size)
    grid = covered.draw(codes, uniforms)
    assert contains(intervals, grid).all()
    assert (cells.encode(grid) == codes).all()


@MANY
@given(columns())
def test_everything_covers_everything_and_complements_add_up(column):
    cells, intervals = column
    whole = cover(cells, [(cells.minimum, cells.maximum)])
    assert (whole.share == 1).all()
    edges = [cells.minimum - 1, *[x for pair in intervals for x in (pair[0] - 1, pair[1])], cells.maximum]
    outside = [(a + 1, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a + 1 <= b]
    total = cover(cells, intervals).share + cover(cells, outside).share
    assert total == pytest.approx(np.ones(cells.n_codes), abs=1e-6)


def test_a_cell_is_cut_where_the_interval_ends():
    grid = np.arange(0, 1600)
    cells = build_cells(grid, 0, 1599, max_cells=16)
    lower, upper = cells.bounds()
    covered = cover(cells, [(int(lower[3]) + 25, 10**9)])
    width = int(upper[3] - lower[3]) + 1
    assert covered.share[:3].tolist() == [0, 0, 0] and (covered.share[4:] == 1).all()
    assert covered.share[3] == pytest.approx((width - 25) / width)


def test_draws_are_uniform_over_two_pieces():
    cells = build_cells(np.arange(1000), 0, 999, max_cells=1)
    covered = cover(cells, [(100, 199), (700, 999)])
    draws = np.linspace(0, 1, 4000, endpoint=False)
    drawn = covered.draw(np.zeros(4000, dtype=np.int64), draws)
    assert (drawn < 200).mean() == pytest.approx(0.25, abs=0.01)
    assert np.unique(drawn).tolist() == [*range(100, 200), *range(700, 1000)]


def test_single_points_of_an_enormous_cell_are_told_apart():
    grid = np.random.default_rng(0).integers(0, 10**17, 900)
    cells = build_cells(grid, 0, 10**17)
    points = np.sort(grid)[[0, 1, 449, 450, 899]]
    covered = cover(cells, [(int(x), int(x)) for x in points])
    expected = np.exp(cells.log_share(points, cells.encode(points)))
    for point, share in zip(points, expected, strict=True):
        alone = cover(cells, [(int(point), int(point))])
        code = cells.encode(np.array([point]))
        assert alone.share[code] == pytest.approx(share, rel=1e-12) and 0 < share < 1e-12
        assert set(alone.draw(np.repeat(code, 9), np.linspace(0, 0.999, 9)).tolist()) == {point}
    several = cells.encode(points)
    drawn = covered.draw(np.repeat(several, 9), np.tile(np.linspace(0, 0.999, 9), 5))
    assert set(drawn.tolist()) == set(points.tolist())
