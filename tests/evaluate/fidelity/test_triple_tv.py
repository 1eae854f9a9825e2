"""Total variation of triples: what pairs cannot see."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.pair_tv import METRIC as PAIRS
from llmsynth.evaluate.fidelity.triple_tv import METRIC, MOST_TRIPLES, triples_of


def test_parity_of_three_coins_is_one_half_where_pairs_see_nothing() -> None:
    rows = list(product("01", repeat=3))
    even = [row for row in rows if row.count("1") % 2 == 0]
    real, made = (pd.DataFrame(one * times, columns=["a", "b", "c"]) for one, times in ((even, 20), (rows, 10)))
    evidence = gather(real, made)
    assert PAIRS.measure(evidence).score.value == 0
    assert METRIC.measure(evidence).score.value == 0.5


def test_triples_are_drawn_once_each() -> None:
    assert triples_of(4, np.random.default_rng(0)) == [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)]
    many = triples_of(60, np.random.default_rng(0))
    assert len(set(many)) == MOST_TRIPLES and all(i < j < k for i, j, k in many)


def test_real_rows_come_out_at_the_floor() -> None:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame(rng.integers(0, 3, (2000, 3))) for _ in range(2)]
    found = METRIC.measure(gather(*tables))
    assert found.score.value == pytest.approx(found.reference.value, rel=0.4)


def test_two_columns_are_a_reason() -> None:
    real = pd.DataFrame({"x": [1.0, 2], "y": [1.0, 2]})
    assert "three columns" in METRIC.measure(gather(real, real)).score.reason
