"""Parts of cells have the probabilities of their grid points, counted one by one, and draws follow them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.table.cell_parts import draw_between, share_between
from llmsynth.table.cells import build_cells

MANY = settings(max_examples=60, deadline=None)


@st.composite
def parts(draw):
    """Cells with several bins each, and ends anywhere."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    grid = np.round(rng.lognormal(5, draw(st.sampled_from([0.3, 1.0])), draw(st.integers(60, 900)))).astype(np.int64)
    grid[rng.random(grid.size) < draw(st.sampled_from([0.0, 0.3]))] = 100
    cells = build_cells(grid, int(grid.min()) - 3, int(grid.max()) + 5, max_cells=draw(st.sampled_from([1, 3, 40])))
    ends = rng.integers(cells.minimum - 5, cells.maximum + 6, (2, 40))
    return cells, rng.integers(0, cells.n_codes, 40), ends.min(axis=0), ends.max(axis=0)


@MANY
@given(parts())
def test_a_share_is_the_sum_of_its_points(case):
    cells, codes, low, high = case
    every = np.arange(cells.minimum, cells.maximum + 1)
    code_of = cells.encode(every)
    probability = np.exp(cells.log_share(every, code_of))
    inside = (code_of == codes[:, None]) & (every >= low[:, None]) & (every <= high[:, None])
    assert share_between(cells, codes, low, high) == pytest.approx((inside * probability).sum(axis=1), abs=1e-12)


@MANY
@given(parts())
def test_draws_lie_between_the_ends_and_keep_their_code(case):
    cells, codes, low, high = case
    uniforms = np.tile([0.0, 0.5, 0.999, np.nextafter(1, 0)], 10)
    grid, drawn = draw_between(cells, codes, low, high, uniforms)
    assert (drawn == (share_between(cells, codes, low, high) > 0)).all()
    assert ((grid >= low) & (grid <= high) & (cells.encode(grid) == codes))[drawn].all()


def test_draws_follow_the_probabilities_of_points_over_head_middle_and_tail():
    rng = np.random.default_rng(3)
    grid = np.round(rng.lognormal(4, 0.6, 800)).astype(np.int64)
    cells = build_cells(grid, int(grid.min()), int(grid.max()), max_cells=2)
    low, high = (int(x) for x in np.quantile(grid, [0.1, 0.4]))
    code = int(cells.encode(np.array([low + 1]))[0])
    every = np.arange(low, high + 1)
    every = every[cells.encode(every) == code]
    expected = np.exp(cells.log_share(every, np.full(every.size, code)))
    n = 200_000
    points, drawn = draw_between(
        cells, np.full(n, code), np.full(n, low), np.full(n, high), np.linspace(0, 1, n, endpoint=False)
    )
    found = np.bincount(points - low, minlength=high - low + 1)[every - low] / n
    assert drawn.all() and found == pytest.approx(expected / expected.sum(), abs=3 / n * cells.bin_upper.size)


def test_a_part_that_holds_nothing_but_atoms_is_empty():
    grid = np.concatenate([np.arange(0, 400, 4), np.repeat([101, 102, 103], 100)])
    cells = build_cells(grid, 0, 396, max_cells=2)
    (code,) = cells.encode(np.array([98]))
    one, (low, high) = np.array([code]), (np.array([101]), np.array([103]))
    assert cells.is_atom(np.array([101, 102, 103])).all() and cells.bounds()[1][code] > 103
    assert share_between(cells, one, low, high).tolist() == [0.0]
    assert not draw_between(cells, one, low, high, np.array([0.5]))[1].any()


def test_a_whole_code_weighs_exactly_one_and_the_widest_column_has_no_overflow():
    word = np.iinfo(np.int64)
    cells = build_cells(np.array([word.min, -1, 0, 5, word.max] * 8), word.min, word.max, max_cells=1)
    codes = np.arange(cells.n_codes)
    low, high = np.full(codes.size, word.min), np.full(codes.size, word.max)
    assert share_between(cells, codes, low, high).tolist() == [1.0] * codes.size
    grid, drawn = draw_between(cells, codes, low, high, np.full(codes.size, np.nextafter(1, 0)))
    assert drawn.all() and (cells.encode(grid) == codes).all()
