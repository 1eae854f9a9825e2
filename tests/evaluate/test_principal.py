"""Rows as points of few dimensions."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.encoding import EncodedTable, encode_tables
from llmsynth.evaluate.principal import principal_points
from tests.evaluate.privacy.tables import mixed_rows


def _points(*frames: pd.DataFrame) -> list[np.ndarray]:
    tables = encode_tables(*frames)
    return principal_points(tables, tables)


def test_equal_rows_are_equal_points_and_there_are_at_most_ten_dimensions() -> None:
    real = mixed_rows(200, 0)
    left, right = _points(real, real[::-1])
    assert np.allclose(left, right[::-1]) and left.shape[1] <= 10


def test_scaling_a_number_changes_nothing() -> None:
    real = mixed_rows(200, 0)
    scaled = real.assign(income=real["income"] * 1000 + 5)
    assert np.allclose(_points(real, real)[0], _points(scaled, scaled)[0])


def test_two_categories_are_one_apart() -> None:
    (points, _) = _points(pd.DataFrame({"c": ["a", "b"] * 20}), pd.DataFrame({"c": ["a", "b"]}))
    assert np.linalg.norm(points[0] - points[1]) == pytest.approx(1.0)


@pytest.mark.parametrize("frame", [
    pd.DataFrame({"x": [1.0] * 5, "c": ["a"] * 5}),
    pd.DataFrame({"x": [1.0, np.nan, 3.0]}),
    pd.DataFrame({"x": [1.0], "c": [None]}),
    pd.DataFrame({"c": [f"v{i % 60}" for i in range(300)]}),
])  # fmt: skip
def test_points_are_finite_for_odd_tables(frame: pd.DataFrame) -> None:
    for points in _points(frame, frame):
        assert points.shape[0] == len(frame) and np.isfinite(points).all()


def test_a_column_missing_where_it_was_fitted_is_flat() -> None:
    table = encode_tables(pd.DataFrame({"x": [1.0, 2.0, 4.0], "y": [1.0, 2.0, 3.0]}))[0]
    blank = EncodedTable(table.layout, np.where([False, True], np.nan, table.values))
    assert np.isfinite(principal_points((blank,), (table,))[0]).all()
