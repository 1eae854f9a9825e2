"""Guessing secrets."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.encoding import encode_tables
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.attribute_inference import METRIC, guessed, tolerance_of
from tests.evaluate.privacy.tables import mixed_rows

ROLES = {"quasi_identifiers": ["a", "b"], "sensitive": ["secret"]}


def _people(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})


def test_a_secret_that_follows_from_what_is_known_leaks_nothing() -> None:
    tables = [_people(500, seed) for seed in range(3)]
    real, held, made = (one.assign(secret=np.where(one["a"] > 0, "yes", "no")) for one in tables)
    found = METRIC.measure(gather(real, made, held, **ROLES))  # type: ignore[arg-type]
    assert found.score.value == pytest.approx(0.0, abs=1e-9) or found.score.lower <= 0 <= found.score.upper
    assert found.parts["training rows"].value > 0.95


def test_noise_that_was_learned_by_heart_is_a_leak() -> None:
    rng = np.random.default_rng(9)
    real, held = (_people(400, seed).assign(secret=rng.normal(-1000, 5, 400)) for seed in range(2))
    found = METRIC.measure(gather(real, real, held, **ROLES))  # type: ignore[arg-type]
    assert found.score.value > 0.95 and found.details["attacker"] == "nearest row"
    assert found.parts["secret secret"].value == found.score.value
    assert found.parts["blind guesses"].value < 0.1


def test_an_attack_that_guesses_no_better_than_blindly_is_said_to_be_weak() -> None:
    rng = np.random.default_rng(9)
    real, held = (_people(200, seed).assign(secret=rng.normal(-1000, 5, 200)) for seed in range(2))
    copied, useless = (
        METRIC.measure(gather(real, made, held, **ROLES))  # type: ignore[arg-type]
        for made in (real, real.assign(secret=7.0))
    )
    assert copied.details["no_better_than_blind"] is False and useless.details["no_better_than_blind"] is True


def test_negative_numbers_are_no_easier_to_guess() -> None:
    truth, guess = np.array([-100.0, 100.0, -100.0]), np.array([-104.0, 104.0, np.nan])
    assert guessed(truth, guess, 5.0).tolist() == [True, True, False]
    assert guessed(truth, guess, 3.0).tolist() == [False, False, False]
    table = encode_tables(pd.DataFrame({"x": [-3.0, -2, -1, 0, 1], "c": list("aabbb")}))[0]
    assert tolerance_of(table, 0) == pytest.approx(0.05 * 2) and tolerance_of(table, 1) == 0.0


def test_honest_rows_are_rarely_taken_for_a_leak() -> None:
    alarms = []
    for seed in range(12):
        tables = [mixed_rows(150, 3 * seed + part) for part in range(3)]
        alarms.append(METRIC.measure(gather(*tables, seed=seed)).score.lower > 0)
    assert sum(alarms) <= 1


def test_a_secret_without_values_and_a_lone_column_are_reasons() -> None:
    real = _people(60, 0).assign(secret="x")
    blank = real.assign(secret=None)
    assert METRIC.measure(gather(real, blank, real, **ROLES)).score.reason  # type: ignore[arg-type]
    assert METRIC.measure(gather(real[["a"]], real[["a"]], real[["a"]])).score.reason
