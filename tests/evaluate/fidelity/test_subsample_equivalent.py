"""Sub-sampling equivalent: known answers."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.subsample_equivalent import METRIC, equivalent_share


def _table(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame(
        {"x": x, "y": x + rng.normal(size=n), "c": rng.choice(list("abcd"), n, p=[0.4, 0.3, 0.2, 0.1]), "z": x > 0}
    )


def test_a_tenth_of_the_rows_is_a_tenth() -> None:
    real = _table(5000, 0)
    for seed in range(3):
        score = METRIC.measure(gather(real, real.sample(500, replace=True, random_state=seed), seed=seed)).score
        assert score.value == pytest.approx(0.1, abs=0.02)
        assert score.lower < score.value < score.upper


def test_all_rows_are_all_and_rows_of_the_same_distribution_are_a_third() -> None:
    real = _table(3000, 0)
    found = METRIC.measure(gather(real, real, _table(3000, 1)))
    assert found.score.value == 1 and found.reference.value == pytest.approx(1 / 3, abs=0.08)


def test_rows_that_have_nothing_in_common_are_worth_few_rows() -> None:
    real = _table(1000, 0)
    other = pd.DataFrame({"x": [9e9] * 50, "y": [9e9] * 50, "c": ["q"] * 50, "z": [True] * 50})
    assert METRIC.measure(gather(real, other)).score.value < 0.01


def test_the_share_goes_with_the_law_of_sampling() -> None:
    shares = [0.1, 0.2, 0.5]
    distances = [np.sqrt((1 - one) / one) / 10 for one in shares]
    for share in (0.01, 0.1, 0.3, 0.9):
        assert equivalent_share(shares, distances, np.sqrt((1 - share) / share) / 10) == pytest.approx(share, rel=0.02)
