"""Tables of one source have a ratio of 1, by permutation as by theory."""

import numpy as np
import pytest

from llmsynth.evaluate.encoding import encode_tables
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.pmse_ratio import METRIC, design_of, pmse, pmse_ratio
from tests.evaluate.fidelity.clusters import table


def test_tables_of_one_source_have_ratio_one_on_average() -> None:
    rng = np.random.default_rng(0)
    scores = []
    for seed in range(20):
        tables = encode_tables(table(rng.normal(size=(200, 8))), table(rng.normal(size=(200, 8))))
        scores.append(pmse_ratio(*tables, seed=seed)[0])
    assert np.mean([score.value for score in scores]) == pytest.approx(1.0, abs=0.2)  # a standard error of 0.11
    assert sum(score.lower <= 1 <= score.upper for score in scores) >= 17


def test_the_mean_over_permutations_is_that_of_theory() -> None:
    """c (1 - c) (k - 1) / N for k coefficients: p - c is c (1 - c) x β, and β varies as 1 / (N c (1 - c))."""
    rng = np.random.default_rng(0)
    design = design_of(*encode_tables(table(rng.normal(size=(1000, 5))), table(rng.normal(size=(1000, 5)))))
    found = [pmse(design, rng.permutation(np.repeat([0.0, 1.0], 1000)))[0] for _ in range(200)]
    assert np.mean(found) == pytest.approx(5 * 0.25 / 2000, rel=0.15)


def test_a_shift_is_far_above_and_tables_far_apart_reach_the_top() -> None:
    rng = np.random.default_rng(0)
    train, held = table(rng.normal(size=(500, 3))), table(rng.normal(size=(500, 3)))
    shifted = METRIC.measure(gather(train, held + 0.5, held, level="quick"))
    assert shifted.score.lower > 5 > shifted.reference.value
    apart = METRIC.measure(gather(train, held + 50, held, level="quick"))
    assert apart.details["pmse_synthetic"] == pytest.approx(0.25, abs=0.01)


def test_equal_tables_have_ratio_zero_and_constant_ones_a_reason() -> None:
    rng = np.random.default_rng(0)
    train = table(rng.normal(size=(100, 3)))
    assert METRIC.measure(gather(train, train)).score.value == pytest.approx(0.0, abs=1e-9)
    same = table(np.ones((50, 2)))
    assert "no column varies" in METRIC.measure(gather(same, same)).score.reason
