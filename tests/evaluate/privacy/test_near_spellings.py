"""Training rows that are written again but for a letter: known counts, ties among honest rows, people, no hold-out."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.near_spellings import METRIC
from tests.evaluate.privacy.tables import mixed_rows, with_one_digit_changed


def _numbers(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({f"n{place}": rng.integers(10_000, 99_999, n) for place in range(4)})


def _planted(real: pd.DataFrame, fresh: pd.DataFrame, n: int) -> pd.DataFrame:
    return pd.concat([fresh[n:], real[:n].assign(n0=real["n0"][:n] ^ 1)], ignore_index=True)


def test_rows_with_one_digit_changed_are_counted() -> None:
    real, held = _numbers(100, 0), _numbers(300, 1)
    found = METRIC.measure(gather(real, _planted(real, _numbers(100, 2), 25), held))
    assert (found.details["train_hits"], found.details["n_train"]) == (25, 100)
    assert (found.details["holdout_hits"], found.details["n_holdout"]) == (0, 100)
    assert found.score.value == 0.25 and found.score.lower > 0.1 and found.reference.upper == 0.0


def test_one_per_cent_is_found_among_real_rows_that_are_equal_by_chance() -> None:
    real, held, fresh = _numbers(2000, 0), _numbers(4000, 1), _numbers(2000, 2)
    twins = pd.concat([fresh[:1990], held[::400]], ignore_index=True)  # people who are on both sides of a real table
    found = METRIC.measure(gather(real, _planted(real, twins, 20), held))
    assert found.details["holdout_hits"] > 0 and found.details["train_hits"] == 20
    assert found.score.lower > 0.0005


def test_copies_are_spelled_alike_too() -> None:
    real = mixed_rows(60, 0)
    assert METRIC.measure(gather(real, real, mixed_rows(120, 1))).score.value == 1.0
    changed = METRIC.measure(gather(real, with_one_digit_changed(real), mixed_rows(120, 1)))
    assert changed.score.value > 0.8  # some sums carry: .99 and .01 are three letters off


def test_rows_with_two_letters_changed_are_not_counted() -> None:
    real = _numbers(60, 0)
    made = real.assign(n0=real["n0"] ^ 1, n1=real["n1"] ^ 1)
    assert METRIC.measure(gather(real, made, _numbers(120, 1))).details["train_hits"] == 0


def test_honest_rows_are_never_above_nothing_more_often_than_by_chance() -> None:
    def lower(seed: int) -> float:
        rng = np.random.default_rng(seed)
        real, made, held = (pd.DataFrame({"a": rng.integers(0, 400, n), "b": "x"}) for n in (80, 80, 160))
        return METRIC.measure(gather(real, made, held)).score.lower

    assert np.mean([lower(seed) > 0 for seed in range(40)]) <= 0.05


def test_people_are_counted_not_rows() -> None:
    real, held = _numbers(120, 0), _numbers(240, 1)
    real["who"], held["who"] = np.arange(120) // 3, 1000 + np.arange(240) // 3
    made = real.drop(columns="who").assign(n0=real["n0"] ^ 1)
    found = METRIC.measure(gather(real, made, held, unit="who"))
    assert found.details["train_hits"] == found.details["n_train"] == 40


@pytest.mark.parametrize("held", [None, _numbers(10, 1)])
def test_without_enough_held_out_rows_there_is_no_figure(held: pd.DataFrame | None) -> None:
    found = METRIC.measure(gather(_numbers(50, 0), _numbers(50, 2), held))
    assert not found.score.known and "held-out" in found.score.reason
