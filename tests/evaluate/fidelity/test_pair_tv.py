"""Total variation of pairs: what marginals cannot see."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.pair_tv import METRIC
from llmsynth.evaluate.fidelity.tv_categorical import METRIC as MARGINAL


def test_a_broken_relation_of_two_fair_coins_is_one_half() -> None:
    real = pd.DataFrame({"a": ["0", "1"] * 20, "b": ["0", "1"] * 20})
    made = pd.DataFrame({"a": ["0", "0", "1", "1"] * 10, "b": ["0", "1"] * 20})
    evidence = gather(real, made)
    assert MARGINAL.measure(evidence).score.value == 0
    assert METRIC.measure(evidence).score.value == 0.5


def test_the_same_rows_in_another_order_are_zero() -> None:
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"x": rng.normal(size=80), "c": rng.choice(list("abc"), 80), "y": rng.integers(0, 5, 80)})
    assert METRIC.measure(gather(real, real.sample(frac=1, random_state=0))).score.value == 0


def test_details_hold_the_excess_over_what_sampling_explains() -> None:
    rng = np.random.default_rng(0)
    real, held = (pd.DataFrame({"a": rng.integers(0, 3, 900), "b": rng.integers(0, 3, 900)}) for _ in range(2))
    found = METRIC.measure(gather(real, held))
    excess = found.details["excess_over_floor"]
    assert excess[0][0] is None and abs(excess[0][1]) < 0.02 and excess[0][1] == excess[1][0]
    assert found.reference.value == pytest.approx(expected_tv(np.full(9, 1 / 9), 900, 900), rel=0.02)


def test_the_interval_covers_the_true_distance() -> None:
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        a, b = rng.integers(0, 2, (2, 400))
        real = pd.DataFrame({"a": a, "b": np.where(rng.random(400) < 0.8, a, 1 - a)}).astype(str)
        score = METRIC.measure(gather(real, pd.DataFrame({"a": a, "b": b}).astype(str), seed=seed)).score
        hits += score.lower <= 0.3 <= score.upper
    assert hits >= 52


def test_one_column_is_a_reason() -> None:
    real = pd.DataFrame({"x": [1.0, 2]})
    assert "two columns" in METRIC.measure(gather(real, real)).score.reason
