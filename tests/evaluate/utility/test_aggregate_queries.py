"""The training rows answer their own questions without error, and worse rows with more."""

import numpy as np

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.utility.aggregate_queries import METRIC
from tests.evaluate.utility.tables import people


def test_the_training_rows_have_no_error() -> None:
    real = people(400, 0)
    measured = METRIC.measure(gather(real, real, people(400, 1)))
    assert measured.score.value == measured.score.lower == 0.0 < measured.reference.value < 0.3
    assert measured.score.upper < measured.reference.lower
    assert set(measured.parts) == {"95th percentile", "counts", "means"} and measured.details["questions"] == 500


def test_errors_fall_with_rows_and_rise_with_a_shift() -> None:
    real, held = people(4_000, 0), people(400, 1)
    few, many, shifted = (
        METRIC.measure(gather(real, made, held)).score
        for made in (people(200, 2), people(4_000, 2), people(4_000, 2).assign(dose=lambda t: t["dose"] + 2))
    )
    assert many.value < few.value / 2 and shifted.lower > many.upper
    assert 0 < many.value < 0.05


def test_unanswered_questions_have_error_one() -> None:
    real = people(200, 0)[["city", "dose"]]
    other = real.assign(city="Paris", dose=np.nan)
    assert METRIC.measure(gather(real, other, real)).score.value == 1.0


def test_too_few_rows_are_a_reason() -> None:
    real = people(9, 0)
    assert "too few" in METRIC.measure(gather(real, real)).score.reason
    assert "no rows" in METRIC.measure(gather(people(50, 0), real[:0])).score.reason
