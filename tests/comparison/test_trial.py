"""One contender: judged at equal numbers of rows, and its failures in one line without cells."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pandas as pd
import pytest

from llmsynth.comparison.contenders import Request
from llmsynth.comparison.plan import Split
from llmsynth.comparison.trial import Outcome, Trial, attempt, explained
from llmsynth.errors import InputError
from llmsynth.table.holdout import hold_out
from llmsynth.table.infer import infer_schema
from tests.comparison.conftest import Breaks, made, summary_dict


@pytest.fixture
def split(patients: pd.DataFrame) -> Split:
    train, held = hold_out(patients, 0.25, 0)
    return Split(train, held, infer_schema(train, target="diabetes"), len(train), "", len(held))


def asked(split: Split) -> Request:
    return Request("independent", split.schema, 7, None, {})


def test_an_attempt_draws_as_many_rows_as_asked_and_judges_with_the_holdout(split: Split, quick_judge) -> None:
    trial, made = attempt(Trial("independent", safe=True), asked(split), split)
    assert made is not None and made.report is None
    rows = made.rows
    (real, synthetic, held, how) = quick_judge[0]
    assert real is split.train and held is split.holdout and synthetic is rows and len(rows) == 90
    assert (how["seed"], how["target"]) == (7, "diabetes")
    assert not trial.failed and trial.outcomes[0].rows_per_second > 0


def test_figures_whose_noise_depends_on_rows_are_taken_at_the_rows_of_the_holdout() -> None:
    summary = summary_dict(c2st_score=0.5, tstr=0.7)
    summary["at_holdout_rows"] = summary_dict(50, c2st_score=0.8, shape_error=0.1)["scores"]
    trial = Trial("copula", True, (Outcome(0, 1.0, 1.0, 9, summary),))
    assert trial.mean("c2st_score") == 0.8 and trial.n_rows("c2st_score") == 50
    assert trial.mean("tstr") == 0.7 and trial.n_rows("tstr") == 1000
    assert trial.mean("c2st_score", holdout=True) == 0.97


def test_means_and_spread_are_over_the_seeds() -> None:
    one, two = (Outcome(seed, 1.0 + seed, 0.5, 10, summary_dict(tstr=0.8 + 0.1 * seed)) for seed in (0, 1))
    trial = Trial("copula", True, (one, two))
    assert trial.mean("tstr") == pytest.approx(0.85) and trial.spread("tstr") == pytest.approx(0.1 / math.sqrt(2))
    assert trial.seconds == pytest.approx(2.0) and math.isnan(made("copula").spread("tstr"))


def test_a_trial_comes_back_from_json() -> None:
    trial = made("copula", tstr=None)
    again = Trial.from_dict(json.loads(json.dumps(trial.to_dict())))
    assert again.to_dict() == trial.to_dict() and math.isnan(again.mean("tstr"))
    broken = Trial("lm", True, (), "no model")
    assert Trial.from_dict(broken.to_dict()) == broken and broken.failed
    judged = replace(trial, verdict={"level": "quick", "verdict": "BLOCK", "reasons": ["copies"], "blocked": "copies"})
    assert Trial.from_dict(json.loads(json.dumps(judged.to_dict()))).verdict == judged.verdict


def test_a_failure_is_a_reason_and_not_a_crash(split: Split, quick_judge, breaks: Breaks) -> None:
    breaks("independent", InputError("independent: expected more\n rows"))
    trial, rows = attempt(Trial("independent", safe=True), asked(split), split)
    assert (trial.reason, rows) == ("independent: expected more rows", None)
    breaks("independent", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        attempt(trial, asked(split), split)


def test_texts_of_unexpected_errors_are_not_told_since_they_may_hold_cells() -> None:
    try:
        float("Jane Doe")
    except ValueError as problem:
        assert explained(problem).startswith("ValueError at test_trial.py:") and "Jane" not in explained(problem)
    assert explained(MemoryError()) == "out of memory"
