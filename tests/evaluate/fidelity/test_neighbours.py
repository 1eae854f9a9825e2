"""Neighbours are those a plain loop finds, and tables are compared at one size."""

import numpy as np
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity import neighbours as module
from llmsynth.evaluate.fidelity.neighbours import Pair, nearest_within, pairs_of, squared_distances
from tests.evaluate.fidelity.clusters import points, table


def test_distances_are_those_of_a_plain_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 7)
    train, others = points(0, 30), points(1, 25)
    plain = ((train[:, None] - others) ** 2).sum(axis=2)
    assert squared_distances(train, others) == pytest.approx(plain, abs=1e-8)
    own = ((train[:, None] - train) ** 2).sum(axis=2) + np.diag(np.full(30, np.inf))
    assert nearest_within(train, 3) == pytest.approx(np.sort(own, axis=1)[:, :3], abs=1e-8)
    across = Pair(train, others).across
    assert across.of_train == pytest.approx(plain.min(axis=1), abs=1e-8)
    assert across.of_others == pytest.approx(plain.min(axis=0), abs=1e-8)
    assert (across.nearest_train == plain.argmin(axis=0)).all() and (across.nearest_other == plain.argmin(axis=1)).all()
    assert (across.within == (plain <= np.sort(own, axis=1)[:, 4:5]).sum(axis=1)).all()


def test_equal_rows_are_at_distance_zero_and_too_few_neighbours_are_infinitely_far() -> None:
    train = points(0, 500) * 10
    assert (np.diag(squared_distances(train, train.copy())) == 0).all()
    assert np.isinf(nearest_within(points(0, 3))[:, 2:]).all()


def test_each_table_is_beside_as_many_training_rows() -> None:
    evidence = gather(table(points(0, 300)), table(points(1, 120)), table(points(2, 50)), level="quick")
    sizes = [(len(pair.train), len(pair.others)) for pair in pairs_of(evidence) if isinstance(pair, Pair)]
    assert sizes == [(120, 120), (50, 50)]
    few = gather(table(points(0, 300)), table(points(1, 5)), level="quick")
    assert "10 training and synthetic rows" in str(pairs_of(few)[0]) and "held-out" in str(pairs_of(few)[1])
