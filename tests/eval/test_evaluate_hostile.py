"""Calls are counted by how they end, and an exception that is not the library's own is a miss."""

import json

import pandas as pd
import pytest

from eval import evaluate_hostile
from eval.hostile_frames import Call
from llmsynth.errors import TableError


@pytest.fixture
def frame():
    return pd.DataFrame({"x": [1.0, 2.0, 3.0]})


def test_a_report_a_refusal_and_an_accident_end_differently(monkeypatch, frame):
    call = Call(frame, frame, None, {"level": "quick"})
    assert evaluate_hostile.ends(call) == "NOT EVALUABLE"
    assert evaluate_hostile.ends(Call(frame, frame, None, {"target": "y"})) == "ConfigError"
    monkeypatch.setattr(evaluate_hostile, "evaluate", lambda *tables, **how: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        evaluate_hostile.ends(call)


def test_accidents_are_counted_by_place_and_missed(monkeypatch, tmp_path):
    made = []

    def evaluate(*tables, **how):
        made.append(tables)
        if len(made) % 2:
            raise TableError("refused")
        raise ValueError("a cell's value")

    monkeypatch.setattr(evaluate_hostile, "evaluate", evaluate)
    result = json.loads(evaluate_hostile.run(examples={"quick": 30}, folder=tmp_path).read_text())
    level = result["levels"]["quick"]
    assert level["examples"] == len(made) == 30 and level["ended"] == {"TableError": 15} and level["uncaught"] == 15
    assert level["uncaught_by_place"] == {"ValueError in outside the library": 15}
    assert not result["reached"] and "a cell's value" not in json.dumps(result)
