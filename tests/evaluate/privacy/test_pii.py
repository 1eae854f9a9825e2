"""Personal tokens that come back."""

import json

import pandas as pd
import pytest

from llmsynth.evaluate.control import Arms
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.privacy.pii import METRIC, NO_TOKEN, excess


def _notes(name: str, n: int = 40, shared: str = "info@clinic.org") -> pd.DataFrame:
    return pd.DataFrame({"note": [f"mail {name}{i}@home.org or {shared}" for i in range(n)], "x": range(n)})


def test_a_planted_address_is_found_and_not_shown() -> None:
    made = _notes("new", shared="")
    made.loc[3, "note"] = "Train7@home.org"
    found = METRIC.measure(gather(_notes("train"), made, _notes("held")))
    assert found.details["repeated"] == 1 and found.score.value == pytest.approx(1 / 40)
    assert found.parts["email"].value == pytest.approx(1 / 40) and found.parts["card"].reason == NO_TOKEN
    text = json.dumps(found.to_dict())
    assert "train7" not in text.lower() and found.details["shapes"] == {"email": ["xxxxx0@xxxx.xxx"]}


def test_an_address_that_held_out_rows_have_too_belongs_to_nobody_in_particular() -> None:
    found = METRIC.measure(gather(_notes("train"), _notes("new"), _notes("held")))
    assert found.details["repeated"] == 0 and found.score.value == 0.0


def test_copies_repeat_every_token() -> None:
    found = METRIC.measure(gather(_notes("train"), _notes("train"), _notes("held")))
    assert found.score.value == 1.0 and found.score.lower > 0.8


def test_a_table_without_tokens_is_no_leak_and_says_why() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "c": ["a", "b"]})
    found = METRIC.measure(gather(frame, frame, frame))
    assert found.score.value == 0.0 and found.score.reason == NO_TOKEN


def test_without_a_holdout_repeated_tokens_are_counted_all_the_same() -> None:
    found = METRIC.measure(gather(_notes("train"), _notes("train")))
    assert not found.score.known and found.details["repeated"] == 41 and found.parts["email"].reason


def test_a_hold_out_without_tokens_leaves_the_share_itself() -> None:
    blank = _notes("held").assign(note="none")
    found = METRIC.measure(gather(_notes("train"), _notes("train"), blank))
    assert found.score.value == 1.0 and found.score.reason


@pytest.mark.parametrize("repeated", [0, 1, 15])
def test_the_first_repeated_token_is_above_chance_where_no_held_out_one_is_repeated(repeated: int) -> None:
    made = _notes("new", 400, shared="")
    made.loc[: repeated - 1, "note"] = [f"train{i}@home.org" for i in range(repeated)]
    found = METRIC.measure(gather(_notes("train", 1000), made, _notes("held", 250)))
    assert (found.score.lower > 0) == (found.parts["email"].lower > 0) == (repeated > 0)
    assert (found.score.lower, found.score.upper) == wilson(repeated, 1000)
    assert found.score.value == repeated / 1000  # S and T in common minus S and H in common


def test_a_repeated_held_out_token_widens_the_interval_to_that_of_the_difference() -> None:
    arms = Arms(5, 1000, 1, 250)
    assert excess(arms) == arms.excess_score() and excess(arms).lower < 0 < excess(Arms(5, 1000, 0, 250)).lower


def test_what_is_not_looked_for_is_said() -> None:
    phones = pd.DataFrame({"phone": 4_670_000_000 + pd.RangeIndex(40).to_series() * 1237})
    details = METRIC.measure(gather(phones, phones, phones)).details
    assert details["tokens"] == 0 and "telephone numbers that are digits alone" in str(details["not_looked_for"])
