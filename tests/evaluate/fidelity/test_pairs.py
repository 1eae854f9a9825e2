"""Contingency tables of all pairs."""

import numpy as np
import pandas as pd

from llmsynth.evaluate.evidence import Evidence, gather
from llmsynth.evaluate.fidelity.pairs import MOST_PAIRS, each_pair, joint_codes, pair_cells, pairs_of, tables


def _evidence(n_columns: int = 3) -> Evidence:
    rng = np.random.default_rng(0)
    columns = {f"c{place}": rng.choice(["a", "b", "c"], 60) for place in range(n_columns)}
    return gather(
        pd.DataFrame({"x": rng.normal(size=60)} | columns),
        pd.DataFrame({"x": [0.0]} | {name: ["a"] for name in columns}),
    )


def test_tables_are_those_of_pandas() -> None:
    evidence = _evidence()
    cells = pair_cells(evidence)
    (found,) = tables(cells, cells.codes(evidence.train), [(1, 2)])
    expected = pd.crosstab(evidence.frames.real["c0"], evidence.frames.real["c1"]).to_numpy()
    assert found[:3, :3].tolist() == expected.tolist() and found.sum() == 60


def test_every_row_is_counted_in_every_pair_and_drawn_rows_only_if_given() -> None:
    evidence = _evidence()
    cells = pair_cells(evidence)
    codes, pairs = cells.codes(evidence.train), pairs_of(evidence, 4)
    assert len(pairs) == 6
    assert each_pair(cells, codes, pairs, np.sum).tolist() == [60] * 6
    assert each_pair(cells, codes, pairs, np.sum, np.array([3, 3, 4])).tolist() == [3] * 6


def test_of_very_wide_tables_the_same_pairs_are_drawn_every_time() -> None:
    evidence = _evidence()
    pairs = pairs_of(evidence, 200)
    assert len(set(pairs)) == MOST_PAIRS and pairs == pairs_of(evidence, 200)
    assert all(0 <= i < j < 200 for i, j in pairs)


def test_joint_codes_tell_all_combinations_apart() -> None:
    grid = np.array([(i, j, k) for i in range(2) for j in range(3) for k in range(4)], np.uint8)
    assert np.unique(joint_codes(list(grid.T), (2, 3, 4))).tolist() == list(range(24))
