"""The share of rows closer to training than to held-out rows: known answers and coverage."""

import math

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.dcr_share import METRIC, dcr_share
from tests.evaluate.privacy.tables import mixed_rows, with_copies


def test_ties_count_half() -> None:
    apart, same = np.array([0.0] * 40 + [1.0] * 60), np.ones(100)
    assert dcr_share(apart, same) == pytest.approx(0.7)
    assert dcr_share(same, same) == 0.5


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_a_share_of_copies_adds_half_of_it(share: float) -> None:
    real, held, fresh = (mixed_rows(1500, seed) for seed in range(3))
    found = METRIC.measure(gather(real, with_copies(real, fresh, share), held))
    assert found.score.value == pytest.approx(0.5 + share / 2, abs=0.04)
    assert found.score.lower > 0.5 and found.details["effect"] == pytest.approx(found.score.value - 0.5)


def test_all_ties_are_a_half() -> None:
    same = pd.DataFrame({"x": [1.0] * 30, "c": ["a"] * 30})
    found = METRIC.measure(gather(same, same, same))
    assert (found.score.value, found.score.lower, found.score.upper) == (0.5, 0.5, 0.5)


def test_more_training_than_held_out_rows_do_not_shift_it() -> None:
    for n_train, n_holdout in ((3000, 150), (150, 3000)):
        found = METRIC.measure(gather(mixed_rows(n_train, 0), mixed_rows(1000, 1), mixed_rows(n_holdout, 2)))
        assert found.score.lower <= 0.5 <= found.score.upper and found.score.value == pytest.approx(0.5, abs=0.08)


def test_the_interval_covers_a_half_for_honest_rows() -> None:
    def interval(seed: int) -> tuple[float, float]:
        rng = np.random.default_rng(seed)
        tables = [pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"]) for n in (200, 600, 100)]
        score = METRIC.measure(gather(*tables)).score
        return score.lower, score.upper

    covered = np.mean([low <= 0.5 <= high for low, high in map(interval, range(100))])
    assert covered >= 0.93


def test_the_interval_is_that_of_a_coin_where_each_synthetic_row_has_a_nearest_row_of_its_own() -> None:
    real, held = (pd.DataFrame({"x": np.arange(start, 400.0, 2)}) for start in (0, 1))
    found = METRIC.measure(gather(real, pd.concat([real, held], ignore_index=True), held)).score
    assert found.value == 0.5 and found.upper - 0.5 == pytest.approx(1.959964 / (2 * math.sqrt(400)))


def test_fifty_samples_of_the_larger_side_are_as_large_as_the_smaller() -> None:
    found = METRIC.measure(gather(mixed_rows(300, 0), mixed_rows(100, 1), mixed_rows(100, 2)))
    assert (found.details["resamples"], found.details["rows_of_each"]) == (50, 100)


def test_people_with_many_rows_make_the_interval_wider() -> None:
    real, held, made = mixed_rows(300, 0), mixed_rows(300, 1), mixed_rows(300, 2)
    alone = METRIC.measure(gather(real, made, held)).score
    who = np.arange(300) // 30
    grouped = METRIC.measure(gather(real.assign(who=who), made, held.assign(who=who + 100), unit="who")).score
    assert grouped.value == alone.value and grouped.upper - grouped.lower > alone.upper - alone.lower


def test_without_a_holdout_there_is_a_reason() -> None:
    assert METRIC.measure(gather(mixed_rows(50, 0), mixed_rows(50, 1))).score.reason
