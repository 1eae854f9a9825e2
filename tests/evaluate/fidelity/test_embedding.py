"""Points are at the distances the rows are at, whatever the scale of a column."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.encoding import EncodedTable, encode_tables
from llmsynth.evaluate.fidelity.embedding import Embedding


def _encode(*tables: pd.DataFrame) -> tuple[EncodedTable, ...]:
    return encode_tables(*tables)


def test_numbers_get_normal_scores_whatever_their_distribution() -> None:
    rng = np.random.default_rng(0)
    (table,) = _encode(pd.DataFrame({"skewed": rng.lognormal(0, 2, 5_000), "normal": rng.normal(7, 3, 5_000)}))
    scores = Embedding.fit(table).points(table)
    assert scores[:, [0, 2]].mean(axis=0) == pytest.approx([0, 0], abs=0.02)
    assert scores[:, [0, 2]].std(axis=0) == pytest.approx([1, 1], abs=0.05)


def test_values_far_outside_stay_far() -> None:
    train, other = _encode(pd.DataFrame({"x": np.arange(100.0)}), pd.DataFrame({"x": [99.0, 199.0, -1e300]}))
    scores = Embedding.fit(train).points(other)[:, 0]
    assert 2 < scores[0] < 3 < 5 < scores[1] < 7 and scores[2] == -1e3


def test_two_categories_and_missing_cells_are_one_apart() -> None:
    train, other = _encode(
        pd.DataFrame({"c": ["a", "b", None, "a"] * 10, "x": [1.0, 2.0, 3.0, 2.0] * 10}),
        pd.DataFrame({"c": ["a", "b", None, "new", "a"], "x": [2.0, 2.0, 2.0, 2.0, np.nan]}),
    )
    found = Embedding.fit(train).points(other)
    gaps = np.linalg.norm(found[:, None] - found, axis=2)
    assert gaps[~np.eye(5, dtype=bool)][:12] == pytest.approx(gaps[~np.eye(5, dtype=bool)][:12])  # symmetric and finite
    assert gaps[0, 1:4] == pytest.approx([1, 1, 1]) and gaps[0, 4] == pytest.approx(1.0, abs=0.2)


def test_rare_categories_are_one_and_odd_columns_are_no_trouble() -> None:
    names = [f"k{place}" for place in range(25) for _ in range(30 - place)]
    train, other = _encode(pd.DataFrame({"c": names}), pd.DataFrame({"c": ["k23", "k24", "k0"]}))
    found = Embedding.fit(train).points(other)
    assert (found[0] == found[1]).all() and (found[0] != found[2]).any() and found.shape[1] == 21
    odd = pd.DataFrame({"same": [5] * 4, "huge": [1e308, -1e308, 0.0, np.nan], "one": [True, None, True, True]})
    (table,) = _encode(odd)
    assert np.isfinite(Embedding.fit(table).points(table)).all()
    assert Embedding.fit(table).points(table.take(np.empty(0, np.int64))).shape[0] == 0
