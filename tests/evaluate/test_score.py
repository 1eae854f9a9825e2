"""A score is a number or a reason."""

import json
import math

import pytest

from llmsynth.evaluate import Score
from llmsynth.evaluate.score import unknown


def test_an_unknown_score_says_why_and_is_null_in_json():
    score = unknown("no hold-out rows were given", 7)
    assert math.isnan(score.value)
    assert json.loads(json.dumps(score.to_dict(), allow_nan=False)) == {
        "value": None,
        "n_rows": 7,
        "reason": "no hold-out rows were given",
    }


def test_the_error_of_a_score_is_its_distance_from_one():
    assert Score(0.75, 4).error == Score(0.25, 4)
    assert not unknown("why").error.known


def test_a_score_comes_back_from_json_with_its_interval() -> None:
    score = Score(0.4, 10, "few rows").within((0.2, math.nan))
    assert Score.from_dict(score.to_dict()) == score
    assert Score.from_dict(unknown("none").to_dict()) == unknown("none")


@pytest.mark.parametrize("ends", [(math.inf, math.inf), (-math.inf, 0.4), (0.1, math.inf)])
def test_infinite_figures_come_back_from_json(ends: tuple[float, float]) -> None:
    score = Score(math.inf, 10).within(ends)
    assert Score.from_dict(json.loads(json.dumps(score.to_dict(), allow_nan=False))) == score


@pytest.mark.parametrize("figures", [{"lower": 0.9, "upper": 0.1}, {"value": "0.5"}, {"value": True}, {"lower": [1]}])
def test_a_saved_score_that_cannot_be_is_an_error(figures: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Score.from_dict({"value": 0.5, **figures})


def test_the_error_of_a_score_turns_its_interval_around() -> None:
    error = Score(0.9).within((0.8, 0.95)).error
    assert (error.value, error.lower, error.upper) == pytest.approx((0.1, 0.05, 0.2))
