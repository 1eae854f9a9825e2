"""Two halves of a row that meet."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy import linkability
from llmsynth.evaluate.privacy.linkability import METRIC, split_columns
from tests.evaluate.privacy.tables import mixed_rows


def test_a_hand_table_of_four_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkability, "FEWEST_ROWS", 1)
    made = pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [0.0, 1, 2, 3], "c": [0.0, 1, 2, 3], "d": [0.0, 1, 2, 3]})
    # by (a, b) and by (c, d): rows 0 and 0, 1 and 1, 2 and 0, 3 and 0
    real = pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [0.1, 1, 2, 3], "c": [0.0, 1, 0, 0], "d": [0.0, 1.2, 0, 0]})
    held = pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [0.0, 1, 2, 3], "c": [3.0, 3, 3, 3], "d": [3.0, 3, 3, 3]})
    found = METRIC.measure(gather(real, made, held, quasi_identifiers=["a", "b"]))
    assert (found.details["train_hits"], found.details["holdout_hits"]) == (2, 1)
    assert found.score.value == pytest.approx((0.5 - 0.25) / 0.75)
    assert found.details["columns"] == [["a", "b"], ["c", "d"]]


def test_halves_that_lead_eight_rows_apart_meet_among_the_ten_nearest_only() -> None:
    made = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0)})
    real = pd.DataFrame({"a": np.arange(10.1, 50), "b": np.arange(18.1, 58)})
    held = real.assign(b=np.roll(real["a"], 20))
    found = METRIC.measure(gather(real, made, held))
    assert found.score.value == found.parts["5 nearest rows"].value == 0.0
    assert found.parts["10 nearest rows"].value == 1.0


def test_copies_are_linked_and_honest_rows_are_not() -> None:
    rng = np.random.default_rng(0)
    real, held, made = (pd.DataFrame(rng.normal(size=(400, 6)), columns=list("abcdef")) for _ in range(3))
    copied, honest = METRIC.measure(gather(real, real, held)), METRIC.measure(gather(real, made, held))
    assert copied.score.value > 0.99 and copied.score.lower > 0.95
    assert honest.score.lower <= 0 <= honest.score.upper


def test_columns_are_dealt_out_where_none_is_declared() -> None:
    evidence = gather(mixed_rows(30, 0), mixed_rows(30, 1), mixed_rows(30, 2))
    assert split_columns(evidence) == (("age", "height", "smokes"), ("income", "city"))


def test_one_column_has_no_halves() -> None:
    real = mixed_rows(40, 0)[["age"]]
    assert METRIC.measure(gather(real, real, real)).score.reason
