"""Rungs have the defect they are named after, every metric is declared or excused, what does not hold is counted."""

import json
import math

import numpy as np
import pytest

from eval import evaluate_ladder, ladder_rungs, real_rows
from eval.evaluate_ladder import Table, holds
from eval.ladder_orderings import DECLARED, UNDECLARED, Ordering, exactly, rises
from eval.ladder_rungs import COPIES_1, COPIES_5, COPIES_20, IDEAL, MEMORISER, Defects
from llmsynth.evaluate.catalogue import metrics
from tests.eval.conftest import people

DEFECTS = Defects("age", ("smoker", "yes"), "smoker")


@pytest.fixture
def frame():
    rows = people(0, 700)
    return rows.assign(number=np.arange(700))


@pytest.fixture
def made(frame):
    parts = real_rows.split(frame, 100, np.random.default_rng(0))
    return parts, ladder_rungs.rungs(parts, DEFECTS, 0)


def test_copies_are_planted_in_the_ideal_rows_and_the_fewer_are_among_the_more(made):
    parts, rungs = made
    copied = {name: set(rungs[name]["number"]) & set(parts.train["number"]) for name in (COPIES_1, COPIES_5, COPIES_20)}
    assert [len(one) for one in copied.values()] == [1, 5, 20]
    assert copied[COPIES_1] < copied[COPIES_5] < copied[COPIES_20]
    assert set(rungs[MEMORISER]["number"]) == set(parts.train["number"])
    kept = rungs[COPIES_20]["number"].to_numpy() == parts.fresh["number"].to_numpy()
    assert kept.sum() == 80
    assert all(list(one.columns) == list(parts.fresh.columns) and len(one) == 100 for one in rungs.values())


def test_each_rung_has_its_defect_alone(made):
    parts, rungs = made
    ideal = rungs[IDEAL]
    shuffled = rungs[ladder_rungs.SHUFFLED]
    assert all(sorted(shuffled[name]) == sorted(ideal[name]) for name in ideal) and not shuffled.equals(ideal)
    broken = rungs[ladder_rungs.BROKEN]
    assert (broken["age"] - ideal["age"]).nunique() == 1 and broken["age"].mean() > ideal["age"].mean() + 10
    assert broken.drop(columns="age").equals(ideal.drop(columns="age"))
    assert not (rungs[ladder_rungs.DROPPED]["smoker"] == "yes").any()
    assert set(rungs[ladder_rungs.DROPPED]["number"]) <= set(parts.fresh["number"]) | set(parts.spare["number"])
    assert rungs[ladder_rungs.HOLES]["age"].isna().sum() == 10
    assert (rungs[ladder_rungs.INVENTED]["smoker"] == "invented").sum() == 10
    noise = rungs[ladder_rungs.NOISE]
    assert (
        abs(np.corrcoef(noise["age"], noise["charges"])[0, 1]) < 0.4 < np.corrcoef(ideal["age"], ideal["charges"])[0, 1]
    )


def test_a_subgroup_that_spare_rows_cannot_replace_is_an_error(frame):
    parts = real_rows.split(frame.head(300), 100, np.random.default_rng(0))
    with pytest.raises(ValueError, match="ask for fewer rows"):
        ladder_rungs.rungs(parts, DEFECTS, 0)


def test_every_metric_is_declared_or_excused_but_not_both():
    known = {metric.path for metric in metrics(level="standard")}
    assert set(DECLARED) | set(UNDECLARED) == known and not set(DECLARED) & set(UNDECLARED)
    assert all(DECLARED.values()) and all(UNDECLARED.values())


def test_orderings_are_strict_and_nothing_holds_without_a_figure():
    values = {"a": 1.0, "b": 1.0, "c": 2.0, "d": math.nan}
    assert holds(Ordering("<", "a", "c"), values) and not holds(Ordering("<", "a", "b"), values)
    assert holds(Ordering(">", "c", "a"), values) and not holds(Ordering(">", "a", "c"), values)
    assert holds(Ordering("=", "a", "b"), values) and not holds(Ordering("=", "a", "c"), values)
    assert holds(exactly("c", 2.0)[0], values) and not holds(exactly("c", 1.9)[0], values)
    assert not any(holds(Ordering(relation, "a", "d"), values) for relation in ("<", ">", "="))
    assert not holds(Ordering("<", "a", "nowhere"), values)


def test_what_does_not_hold_is_counted_and_said(monkeypatch, tiny, frame, tmp_path):
    monkeypatch.setattr(real_rows, "pooled", lambda name: (tiny, frame))
    right = {"privacy.exact_matches": rises(IDEAL, COPIES_1, COPIES_5, COPIES_20, MEMORISER)}
    wrong = {"fidelity.ks": rises(IDEAL, MEMORISER) + exactly(MEMORISER, 0.0)}
    path = evaluate_ladder.run(tables=(Table("people", 100, DEFECTS),), declared=right | wrong, folder=tmp_path)
    result = json.loads(path.read_text())
    table = result["tables"]["people"]
    assert (table["held"], table["declared"]) == (5, 6) and not result["reached"]
    assert table["by_metric"] == {"privacy.exact_matches": "4 of 4", "fidelity.ks": "1 of 2"}
    (broken,) = table["broken"]
    assert broken.startswith("fidelity.ks: ideal (0.") and broken.endswith("< memoriser (0)")


def test_orderings_of_other_tables_are_not_asked():
    declared = rises(IDEAL, MEMORISER, tables=("elsewhere",))
    assert evaluate_ladder.orderings_of(declared, "people") == []
    assert evaluate_ladder.judged("people", {"x": {}}, {"x": declared})["declared"] == 0
