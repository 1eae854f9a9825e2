"""Near-copies beyond the hold-out's own: power and false alarms."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.near_matches import METRIC
from tests.evaluate.privacy.tables import mixed_rows, with_copies, with_one_digit_changed


@pytest.mark.parametrize("changed", [False, True])
def test_one_per_cent_of_copies_is_flagged_even_with_one_digit_changed(changed: bool) -> None:
    real, held, fresh = (mixed_rows(4000, seed) for seed in range(3))
    source = with_one_digit_changed(real) if changed else real
    found = METRIC.measure(gather(real, with_copies(source, fresh, 0.01), held))
    assert found.score.value == pytest.approx(0.01, abs=0.007)
    assert found.score.lower > 0 and found.parts["phantoms"].lower > 0


def test_honest_rows_are_flagged_no_more_often_than_stated() -> None:
    def alarm(seed: int) -> tuple[bool, bool]:
        rng = np.random.default_rng(seed)
        tables = [pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc")) for n in (300, 300, 300)]
        found = METRIC.measure(gather(*tables))
        return found.score.lower > 0, found.parts["phantoms"].lower > 0

    assert (np.mean([alarm(seed) for seed in range(100)], axis=0) <= 0.05).all()


def test_a_generator_that_keeps_to_the_middle_has_no_phantoms() -> None:
    real, held, fresh = (mixed_rows(2000, seed) for seed in range(3))
    middle = fresh[fresh["income"].between(*real["income"].quantile([0.3, 0.7]))]
    found = METRIC.measure(gather(real, middle, held))
    assert found.parts["phantoms"].lower <= 0 <= found.parts["phantoms"].upper


def test_equal_rows_everywhere_are_no_excess() -> None:
    same = pd.DataFrame({"c": ["a", "b"] * 20})
    found = METRIC.measure(gather(same, same, same))
    assert found.score.value == 0.0
    assert found.parts["synthetic rows"].value == found.parts["held-out rows"].value == 1.0


def test_rows_as_far_off_as_every_held_out_row_are_not_near() -> None:
    real = pd.DataFrame({"x": np.arange(0.0, 400.0, 10)})
    found = METRIC.measure(gather(real, real + 1, real + 1))
    assert found.parts["synthetic rows"].value == found.parts["held-out rows"].value == 0.0


def test_without_a_holdout_there_is_a_reason() -> None:
    assert METRIC.measure(gather(mixed_rows(50, 0), mixed_rows(50, 1))).score.reason
