"""Training rows whose nearest neighbour is synthetic, minus the hold-out's."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.identifiability import METRIC
from tests.evaluate.privacy.tables import mixed_rows


def test_copies_identify_every_row() -> None:
    real, held = mixed_rows(500, 0), mixed_rows(500, 1)
    found = METRIC.measure(gather(real, real, held))
    assert found.parts["training rows"].value == 1.0
    assert found.parts["held-out rows"].value == pytest.approx(0.5, abs=0.07)
    assert found.score.lower > 0.4


def test_honest_rows_identify_half_of_both() -> None:
    found = METRIC.measure(gather(*(mixed_rows(600, seed) for seed in range(3))))
    assert found.parts["training rows"].value == pytest.approx(0.5, abs=0.07)
    assert found.score.lower <= 0.0 <= found.score.upper


def test_equal_rows_are_nearer_to_nobody() -> None:
    same = pd.DataFrame({"x": [1.0] * 30, "c": ["a"] * 30})
    found = METRIC.measure(gather(same, same, same))
    assert found.score.value == 0.0 and found.parts["training rows"].value == 0.0


def test_people_are_counted_where_rows_belong_to_people() -> None:
    real, held = (mixed_rows(300, seed).assign(who=np.arange(300) // 3 + 100 * seed) for seed in range(2))
    found = METRIC.measure(gather(real, real.drop(columns="who"), held, unit="who"))
    assert (found.details["n_train"], found.details["n_holdout"]) == (100, 100)


def test_without_a_holdout_there_is_a_reason() -> None:
    assert METRIC.measure(gather(mixed_rows(50, 0), mixed_rows(50, 1))).score.reason
