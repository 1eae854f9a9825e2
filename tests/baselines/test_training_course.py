from __future__ import annotations

import math

from llmsynth.baselines.training_course import PATIENCE, WARM_UP, Course


class Clock:
    """Goes on by `pace` seconds whenever it is asked."""

    def __init__(self, pace: float) -> None:
        self.now, self.pace = 0.0, pace

    def __call__(self) -> float:
        self.now += self.pace
        return self.now


def test_with_time_enough_the_clock_changes_nothing() -> None:
    courses = [Course(50, 1000.0, Clock(pace)) for pace in (0.001, 1.0)]
    rates = [[course.rate(1.0) for _ in course] for course in courses]
    assert rates[0] == rates[1] and len(rates[0]) == 50
    assert not any(course.hurried for course in courses)


def test_the_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    course = Course(1000, math.inf, Clock(0.0))
    rates = [course.rate(2.0) for _ in course]
    assert 1.99 < max(rates) <= 2.0 and abs(rates.index(max(rates)) - 1000 * WARM_UP) <= 1
    assert rates[0] < 0.3 and rates[-1] < 1e-4


def test_a_course_without_time_for_its_steps_ends_with_its_seconds_and_at_rate_zero() -> None:
    course = Course(1_000_000, 100.0, Clock(0.1))
    rates = [course.rate(1.0) for _ in course]
    assert 950 <= len(rates) <= 1000 and course.hurried
    assert rates[-1] < 1e-3 and max(rates) > 0.99
    assert rates.index(max(rates)) < len(rates) * 2 * (WARM_UP + PATIENCE)


def test_at_least_one_step_is_taken() -> None:
    assert len(list(Course(0, 0.0))) == 1
