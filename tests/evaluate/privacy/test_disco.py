"""Disclosed, and disclosed right."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.disco import METRIC, disclosed
from tests.evaluate.privacy.tables import mixed_rows

ROLES = {"quasi_identifiers": ["key"], "sensitive": ["secret"]}


def test_a_table_by_hand() -> None:
    # synthetic: a x, a x, b x, b y, c z; real: a x, a x, a y, b x, c z, d x
    made_keys, made = np.array([0, 0, 1, 1, 2]), np.array([0.0, 0, 0, 1, 2])
    keys, secrets = np.array([0, 0, 0, 1, 2, 3]), np.array([0.0, 0, 1, 0, 2, 0])
    hit, cap = disclosed(keys, secrets, made_keys, made)
    assert hit.tolist() == [True, True, False, False, True, False]  # DiSCO: 3 of 6
    assert cap.tolist() == [1.0, 1.0, 0.0, 0.5, 1.0, 0.0]


def test_noise_that_was_learned_by_heart_is_disclosed() -> None:
    rng = np.random.default_rng(0)
    real, held = (
        pd.DataFrame({"key": np.arange(300) % 150, "secret": rng.choice(list("pqrs"), 300)}) for _ in range(2)
    )
    real["secret"] = np.tile(real["secret"][:150], 2)
    real, held = (one.assign(key="k" + one["key"].astype(str)) for one in (real, held))
    found = METRIC.measure(gather(real, real, held, **ROLES))  # type: ignore[arg-type]
    assert found.parts["training rows"].value == 1.0
    assert found.score.value == pytest.approx(0.75, abs=0.1) and found.parts["cap"].lower > 0.5


def test_numbers_are_known_by_their_decile() -> None:
    keys = [np.arange(300) + digit for digit in (0.1, 0.3, 0.2)]
    real, made, held = (pd.DataFrame({"key": key, "secret": np.where(key < 150, "p", "q")}) for key in keys)
    found = METRIC.measure(gather(real, made, held, **ROLES))  # type: ignore[arg-type]
    assert found.parts["training rows"].value == found.parts["held-out rows"].value == 1.0


def test_what_holds_for_everybody_is_no_excess() -> None:
    def frame(n: int, seed: int) -> pd.DataFrame:
        keys = np.random.default_rng(seed).integers(0, 9, n)
        return pd.DataFrame({"key": keys.astype(str), "secret": np.where(keys > 4, "p", "q")})

    found = METRIC.measure(gather(frame(200, 0), frame(200, 1), frame(200, 2), **ROLES))  # type: ignore[arg-type]
    assert found.score.value == 0.0 and found.parts["held-out rows"].value == 1.0


def test_honest_rows_are_rarely_taken_for_a_leak() -> None:
    alarms = [
        METRIC.measure(gather(*(mixed_rows(300, 3 * seed + part) for part in range(3)), seed=seed)).score.lower > 0
        for seed in range(40)
    ]
    assert np.mean(alarms) <= 0.05


def test_nothing_to_know_is_a_reason() -> None:
    same = pd.DataFrame({"x": [1.0] * 40})
    assert METRIC.measure(gather(same, same, same)).score.reason
