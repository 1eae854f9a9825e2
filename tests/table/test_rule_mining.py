"""Known relations of a made-up table are suggested; what chance explains is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from llmsynth.table.infer import infer_schema
from llmsynth.table.rule_checks import violations
from llmsynth.table.rule_mining import mine_rules
from llmsynth.table.rules import ColumnOrder, ColumnSum, Dependency, Implication, UniqueKey


@pytest.fixture(scope="module")
def hospital():
    rng = np.random.default_rng(0)
    n = 400
    admission = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    sex = rng.choice(["male", "female"], n)
    zone = rng.integers(0, 12, n)
    drugs, room = rng.gamma(2, 50, n).round(2), rng.gamma(3, 100, n).round(2)
    return pd.DataFrame(
        {
            "admission": admission,
            "discharge": admission + pd.to_timedelta(rng.integers(0, 20, n), unit="D"),
            "sex": sex,
            "pregnant": np.where(sex == "male", "no", rng.choice(["no", "yes"], n)),
            "births": pd.array(np.where(sex == "male", None, rng.integers(0, 4, n)), dtype="Int64"),
            "zip": [f"Z{z}" for z in zone],
            "city": np.array(list("abcdef"))[zone // 2],
            "country": np.array(list("xxyyzz"))[zone // 2],
            "drugs": drugs,
            "room": room,
            "cost": (drugs + room).round(2),
            "glucose": rng.normal(110, 8, n).round(1),
            "age": rng.integers(20, 80, n),
            "patient": np.repeat(np.arange(50), 8),
            "visit": np.tile(np.arange(8), 50),
        }
    )


def test_known_relations_are_found_and_nothing_else(hospital):
    schema = infer_schema(hospital)
    found = [suggestion.rule for suggestion in mine_rules(hospital, schema)]
    assert set(found) - {rule for rule in found if isinstance(rule, Dependency)} == {
        ColumnOrder("admission", "<=", "discharge"),
        ColumnSum("cost", ("drugs", "room")),
        UniqueKey(("patient", "visit")),
        Implication('sex == "male"', 'pregnant == "no"'),
        Implication('sex == "male"', "births is missing"),
        Implication('sex == "female"', "births is not missing"),
        Implication('pregnant == "yes"', "births is not missing"),
    }
    assert {(rule.given, rule.determined) for rule in found if isinstance(rule, Dependency)} == {
        (("zip",), ("city",)),
        (("city",), ("country",)),
    }


def test_what_is_suggested_holds_and_can_be_given_back(hospital):
    schema = infer_schema(hospital)
    suggestions = mine_rules(hospital, schema)
    again = infer_schema(hospital, rules=[suggestion.rule for suggestion in suggestions])
    assert len(again.rules) == len(suggestions) > 5
    assert not violations(hospital, again).any()
    assert mine_rules(hospital, again) == []
    order = next(one for one in suggestions if isinstance(one.rule, ColumnOrder))
    assert order.rows == 400 and 100 < order.expected < 300
    assert order.support.startswith("holds in all 400 rows; by chance ")


def test_rules_about_categories_of_any_characters_can_be_given_back():
    odd = ["\U0001f600", 'a"b', "back\\slash", "line\nfeed", "bell\b\f", "\x1f", "\ud800", "ö, ü"]
    odd = np.array(odd, dtype=object)
    frame = pd.DataFrame({"a": pd.Series(np.tile(odd, 40), dtype=object), "x": range(320)})
    for place in range(len(odd)):
        moved = frame.assign(b=(["ok" if n == place else None for n in range(8)]) * 40)
        suggestions = mine_rules(moved, infer_schema(moved))
        assert any(isinstance(one.rule, Implication) for one in suggestions)
        again = infer_schema(moved, rules=[one.rule for one in suggestions])
        assert len(again.rules) == len(suggestions) and not violations(moved, again).any()


def test_disjoint_ranges_and_unrelated_columns_suggest_nothing():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "low": rng.integers(0, 50, 300),
            "high": rng.integers(60, 90, 300),
            "other": rng.integers(0, 100, 300),
            "rare": np.where(np.arange(300) == 7, "yes", "no"),
            "coin": rng.choice(["h", "t"], 300),
            "fine": rng.permutation(300) % 290,
            "x": rng.normal(0, 1, 300),
        }
    )
    assert mine_rules(frame, infer_schema(frame)) == []


def test_one_contradiction_in_many_rows_is_enough_to_suggest_nothing():
    rng = np.random.default_rng(2)
    low = rng.integers(0, 1000, 5000)
    frame = pd.DataFrame({"low": low, "high": low + rng.integers(0, 30, 5000)})
    assert [str(one.rule) for one in mine_rules(frame, infer_schema(frame))] == ["low <= high"]
    frame.loc[4321, "high"] = frame.loc[4321, "low"] - 1
    assert mine_rules(frame, infer_schema(frame)) == []


def test_rounded_sums_come_with_a_tolerance_and_equal_columns_as_equal():
    rng = np.random.default_rng(3)
    p, q = rng.random(200) * 100, rng.random(200) * 100
    frame = pd.DataFrame({"p": p.round(1), "q": q.round(1), "total": (p + q).round(1)})
    assert ColumnSum("total", ("p", "q"), 0.1) in [one.rule for one in mine_rules(frame, infer_schema(frame))]
    twice = pd.DataFrame({"a": frame["p"], "b": frame["p"]})
    assert [str(one.rule) for one in mine_rules(twice, infer_schema(twice))] == ["a == b"]


def test_a_wide_table_is_mined_in_bounded_time():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({f"c{i}": rng.integers(0, 9, 300) for i in range(150)})
    frame["c1"] = frame["c0"]
    assert str(mine_rules(frame, infer_schema(frame))[0].rule) == "c0 == c1"
