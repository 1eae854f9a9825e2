"""The k nearest rows against brute force."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.distances import Scale, nearest
from llmsynth.evaluate.encoding import EncodedTable, encode_tables


def _tables(n: int, m: int, seed: int = 0) -> tuple[EncodedTable, ...]:
    rng = np.random.default_rng(seed)

    def frame(rows: int) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "x": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows)),
                "y": rng.integers(0, 5, rows),
                "c": rng.choice(["a", "b", None], rows),
            }
        )

    return encode_tables(frame(n), frame(m))


def _all_distances(rows: EncodedTable, others: EncodedTable, scale: Scale) -> np.ndarray:
    numeric = rows.layout.numeric
    span = np.ones(numeric.size)
    span[numeric] = scale.span
    gap = np.abs(rows.values[:, None, :] - others.values[None, :, :]) / span
    gap = np.where(numeric, np.minimum(gap, 1.0), gap > 0)
    one, both = (
        f(np.isnan(rows.values)[:, None], np.isnan(others.values)[None]) for f in (np.logical_or, np.logical_and)
    )
    return np.where(both, 0.0, np.where(one, 1.0, gap)).mean(axis=2)


@pytest.mark.parametrize("k", [1, 2, 7])
def test_the_k_nearest_equal_brute_force_over_several_blocks(k: int) -> None:
    rows, others = _tables(150, 9000)
    scale = Scale.over(rows, others)
    found = nearest(scale.points(rows), scale.points(others), k)
    every = _all_distances(rows, others, scale)
    assert np.allclose(found.distances, np.sort(every, axis=1)[:, :k], atol=1e-6)
    assert np.allclose(np.take_along_axis(every, found.rows, axis=1), found.distances, atol=1e-6)


@pytest.mark.parametrize("k", [1, 3])
def test_a_row_can_leave_itself_aside(k: int) -> None:
    rows, _ = _tables(80, 5)
    scale = Scale.over(rows)
    points = scale.points(rows)
    found = nearest(points, points, k, own=np.arange(80))
    every = _all_distances(rows, rows, scale)
    np.fill_diagonal(every, np.inf)
    assert np.allclose(found.distances, np.sort(every, axis=1)[:, :k], atol=1e-6)
    assert (found.rows != np.arange(80)[:, None]).all()


def test_fewer_others_than_k_are_infinitely_far() -> None:
    rows, others = _tables(3, 2)
    scale = Scale.over(rows, others)
    found = nearest(scale.points(rows), scale.points(others), 4)
    assert np.isinf(found.distances[:, 2:]).all() and (found.rows[:, 2:] == -1).all()
    assert nearest(scale.points(rows), scale.points(others.take(np.arange(0))), 2).rows.tolist() == [[-1, -1]] * 3
    assert nearest(scale.points(others.take(np.arange(0))), scale.points(rows), 2).distances.shape == (0, 2)


def test_among_equally_near_rows_the_first_are_named() -> None:
    same = EncodedTable(_tables(2, 2)[0].layout, np.zeros((6000, 3)))
    points = Scale.over(same).points(same)
    assert (nearest(points.rows(0, 3), points, 3).rows == [0, 1, 2]).all()
    assert (nearest(points.rows(0, 3), points, 1).rows == 0).all()
