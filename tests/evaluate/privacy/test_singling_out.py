"""Conditions that one person meets."""

import numpy as np
import pandas as pd

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.predicates import (
    AT_LEAST,
    AT_MOST,
    EQUAL,
    MISSING,
    Clause,
    blind,
    isolated_rows,
    of_rows,
    univariate,
)
from llmsynth.evaluate.privacy.singling_out import METRIC
from tests.evaluate.privacy.tables import mixed_rows, with_copies

VALUES = np.array([[1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [5.0, np.nan]])
NUMERIC = np.array([True, False])


def test_conditions_that_isolate_a_row_of_a_hand_table() -> None:
    found = {predicate[0] for predicate in univariate(VALUES, NUMERIC)}
    assert found == {
        Clause(0, AT_MOST, 1.0), Clause(0, AT_LEAST, 5.0), Clause(0, EQUAL, 1.0), Clause(0, EQUAL, 5.0),
        Clause(1, MISSING), Clause(1, EQUAL, 1.0),
    }  # fmt: skip
    (predicate,) = of_rows(VALUES, NUMERIC, np.array([3]), np.array([[0, 1]]), np.array([2.0, 0.0]))
    assert predicate == (Clause(0, AT_LEAST, 5.0), Clause(1, MISSING))
    several, none = (Clause(0, AT_MOST, 2.0),), (Clause(1, EQUAL, 7.0),)
    assert isolated_rows([predicate, several, none], VALUES).tolist() == [3, -1, -1]


def test_blind_predicates_use_the_columns_values() -> None:
    rng = np.random.default_rng(0)
    for predicate in blind(VALUES, NUMERIC, 50, 3, rng):
        assert len(predicate) == 2 and {clause.column for clause in predicate} == {0, 1}


def test_copies_with_unique_numbers_are_singled_out_every_time() -> None:
    rng = np.random.default_rng(0)
    real, held = (pd.DataFrame({"x": rng.normal(size=400), "id": [f"{name}{i}" for i in range(400)]}) for name in "th")
    found = METRIC.measure(gather(real, real, held))
    assert found.score.value > 0.97 and found.score.lower > 0.9
    assert found.parts["training rows"].value > found.parts["blind guesses"].value


def test_an_attack_that_does_no_better_than_blind_predicates_is_said_to_be_weak() -> None:
    rng = np.random.default_rng(0)
    real, held = (pd.DataFrame({"x": rng.normal(size=200), "y": rng.normal(size=200)}) for _ in range(2))
    copied, useless = (METRIC.measure(gather(real, made, held)) for made in (real, real + 100))
    assert copied.details["no_better_than_blind"] is False and useless.details["no_better_than_blind"] is True


def test_a_fifth_of_copies_is_seen() -> None:
    real, held, fresh = (mixed_rows(600, seed) for seed in range(3))
    found = METRIC.measure(gather(real, with_copies(real, fresh, 0.2), held))
    assert found.score.lower > 0


def test_honest_rows_single_out_nobody_in_particular() -> None:
    alarms = []
    for seed in range(20):
        tables = [mixed_rows(200, 3 * seed + part) for part in range(3)]
        score = METRIC.measure(gather(*tables, seed=seed)).score
        alarms.append(score.lower > 0)
    assert np.mean(alarms) <= 0.05


def test_few_rows_and_equal_rows_are_reasons() -> None:
    same = pd.DataFrame({"c": ["a", "b"] * 20})
    assert METRIC.measure(gather(same, same, same)).score.reason
    assert METRIC.measure(gather(same[:5], same, same)).score.reason
    assert METRIC.measure(gather(same, same)).score.reason
