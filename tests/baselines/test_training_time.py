from __future__ import annotations

from llmsynth.baselines.progress import silent
from llmsynth.baselines.training_time import TrainingTime


def test_every_epoch_has_its_steps_and_is_told_of() -> None:
    told: list[float] = []
    steps = list(TrainingTime(2, 0, None).steps(3, lambda done, total, note="": told.append(done)))
    assert steps == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert told == [1, 2]


def test_a_small_table_takes_more_epochs_for_its_least_steps() -> None:
    assert len(list(TrainingTime(2, 7, None).steps(2, silent))) == 8


def test_no_step_begins_when_the_minutes_are_over() -> None:
    assert len(list(TrainingTime(1000, 0, 0.0).steps(5, silent))) == 1
