"""Total variation of categories: known answers, missing, and new categories."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.tv_categorical import METRIC


def _score(real: list[object], made: list[object]) -> float:
    return METRIC.measure(gather(pd.DataFrame({"c": real}), pd.DataFrame({"c": made}))).score.value


def test_known_answers() -> None:
    assert _score(["a", "b"] * 2, ["a", "a", "a", "b"]) == 0.25
    assert _score(["a", "b"], ["a", "b"]) == 0
    assert _score(["a", "b"], ["c", "d"]) == 1


def test_missing_is_a_category() -> None:
    assert _score(["a", "b", None, None], ["a", "b", "a", "b"]) == 0.5


def test_it_is_the_definition_computed_by_pandas() -> None:
    rng = np.random.default_rng(0)
    real, made = rng.choice(list("abcd"), 300), rng.choice(list("bcde"), 200)
    shares = [pd.Series(one).value_counts(normalize=True) for one in (real, made)]
    expected = shares[0].sub(shares[1], fill_value=0).abs().sum() / 2
    assert _score(list(real), list(made)) == pytest.approx(expected, abs=1e-9)


def test_the_interval_covers_the_true_distance_and_the_floor_is_the_reference_without_a_holdout() -> None:
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        tables = [
            pd.DataFrame({"c": rng.choice(["a", "b", "c"], 500, p=p)}) for p in ([0.5, 0.3, 0.2], [0.3, 0.3, 0.4])
        ]
        found = METRIC.measure(gather(*tables, seed=seed))
        hits += found.score.lower <= 0.2 <= found.score.upper
    assert hits >= 52
    assert 0 < found.reference.value < 0.05


def test_no_category_is_a_reason() -> None:
    found = METRIC.measure(gather(pd.DataFrame({"x": [1.0, 2]}), pd.DataFrame({"x": [1.0, 2]})))
    assert "categorical" in found.score.reason
