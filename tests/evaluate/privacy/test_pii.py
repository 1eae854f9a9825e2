"""Personal tokens that come back."""

import json

import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.pii import METRIC, NO_TOKEN


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
