"""Rule violations: known answers, rules that cannot be checked, and names without values."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.rule_violations import METRIC, name_of
from llmsynth.evaluate.intervals import wilson
from llmsynth.table.infer import infer_schema
from llmsynth.table.rules import parse_rule


def _table(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    low = rng.integers(0, 50, n)
    city = rng.choice(["Lund", "Oslo", "Bonn"], n)
    land = pd.Series(city).map({"Lund": "SE", "Oslo": "NO", "Bonn": "DE"})
    return pd.DataFrame({"low": low, "high": low + rng.integers(0, 9, n), "city": city, "land": land, "key": range(n)})


RULES = [
    "low <= high",
    {"determines": {"from": ["city"], "to": ["land"]}},
    {"implies": {"if": 'city == "Lund"', "then": 'land == "SE"'}},
    {"unique": ["key"]},
]


def test_one_row_of_two_hundred_is_half_a_percent() -> None:
    real = _table()
    schema = infer_schema(real, rules=RULES)
    made = real.copy()
    made.loc[7, "high"] = made.loc[7, "low"] - 1
    found = METRIC.measure(gather(real, made, real, schema=schema))
    assert found.score.value == 0.005 and found.reference.value == 0
    assert (found.score.lower, found.score.upper) == pytest.approx(wilson(1, 200))
    assert found.details["rows_that_contradict"]["rule 1: low <= high"] == 1


def test_each_rule_is_counted_on_its_own() -> None:
    real = _table()
    schema = infer_schema(real, rules=RULES)
    made = real.copy()
    at = np.flatnonzero(made["city"] == "Lund")[:10]
    made.loc[at, "land"] = "NO"
    made.loc[at[:2], "key"] = 0
    counts = METRIC.measure(gather(real, made, schema=schema)).details["rows_that_contradict"]
    assert list(counts.values()) == [0, 10, 10, 2 - (at[0] == 0)]


def test_an_implication_is_named_without_its_values() -> None:
    rule = parse_rule({"implies": {"if": 'city == "Lund"', "then": 'land == "SE"'}})
    assert name_of(rule, 3) == "rule 3: if .. then .. (city, land)"


def test_without_rules_there_is_a_reason() -> None:
    real = _table()
    assert "rules" in METRIC.measure(gather(real, real)).score.reason
    assert "rules" in METRIC.measure(gather(real, real, schema=infer_schema(real))).score.reason


def test_a_rule_that_cannot_be_checked_says_why_and_the_others_are() -> None:
    real = _table()
    schema = infer_schema(real, rules=["low <= high", {"determines": {"from": ["city"], "to": ["land"]}}])
    made = real.assign(city=pd.Series([1j] * len(real), dtype=object))
    found = METRIC.measure(gather(real, made, schema=schema))
    first, second = found.parts.values()
    assert first.value == 0 and (second.known or "cannot be checked" in second.reason)
