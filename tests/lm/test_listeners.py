"""What happens beside training."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from llmsynth.lm.listeners import Checkpointer, Listeners, TrackerListener, TrainingBar
from llmsynth.lm.plan import TrainPlan
from llmsynth.lm.progress import Progress

PLAN = TrainPlan(100, 8, 10, 5, 1e-3)


class Diary:
    def __init__(self):
        self.heard = []

    def on_step(self, progress, plan, nats_per_row):
        self.heard.append(("step", progress.step, nats_per_row))

    def on_evaluation(self, progress, plan, nats_per_row):
        self.heard.append(("evaluation", progress.step, nats_per_row))

    def on_checkpoint_due(self, trainer):
        self.heard.append(("due", trainer))

    def log(self, metrics, step):
        self.heard.append((metrics, step))


def tell(listener):
    listener.on_step(Progress(step=3, seconds=1.0), PLAN, 7.5)
    listener.on_evaluation(Progress(step=3), PLAN, 6.5)
    listener.on_checkpoint_due("trainer")


def test_several_listeners_hear_the_same():
    diaries = [Diary(), Diary()]
    tell(Listeners(diaries))
    assert diaries[0].heard == diaries[1].heard == [("step", 3, 7.5), ("evaluation", 3, 6.5), ("due", "trainer")]


def test_trackers_get_both_losses_by_name():
    diary = Diary()
    tell(TrackerListener([diary]))
    assert diary.heard == [({"train/nats_per_row": 7.5}, 3), ({"holdout/nats_per_row": 6.5}, 3)]


@pytest.mark.parametrize(
    ("split", "heard"),
    [("holdout", "holdout/nats_per_row"), ("train", "train/evaluated_nats_per_row"), ("refit", None)],
)
def test_trackers_are_told_of_which_rows_a_figure_is(split, heard):
    diary = Diary()
    history = [{"step": 3, "split": split, "nats_per_row": 6.5, "seconds": 1.0}]
    TrackerListener([diary]).on_evaluation(Progress(step=3, history=history), PLAN, 6.5)
    assert diary.heard == ([] if heard is None else [({heard: 6.5}, 3)])


def test_checkpoints_are_saved_after_the_given_time(monkeypatch):
    clock, saved = [100.0], []
    monkeypatch.setattr("llmsynth.lm.listeners.time.monotonic", lambda: clock[0])
    trainer = SimpleNamespace(state=lambda: ({"w": 1}, {"c": 2}), counters=SimpleNamespace(step=9))
    listener = Checkpointer(lambda *what: saved.append(what), 2.0)
    for moment in (150.0, 219.0, 221.0, 300.0, 341.5):
        clock[0] = moment
        listener.on_checkpoint_due(trainer)
    assert saved == [(9, {"w": 1}, {"c": 2})] * 2


def test_a_signal_is_passed_on_after_a_checkpoint_whatever_the_clock_says():
    order = []
    trainer = SimpleNamespace(state=lambda: ({}, {}), counters=SimpleNamespace(step=9))
    signals = SimpleNamespace(pending=False, deliver=lambda: order.append("delivered"))
    listener = Checkpointer(lambda *what: order.append("saved"), 2.0, signals)
    listener.on_checkpoint_due(trainer)
    assert order == []
    signals.pending = True
    listener.on_checkpoint_due(trainer)
    assert order == ["saved", "delivered"]


def test_a_bar_shows_steps_rate_and_held_out_nats(capsys):
    with TrainingBar("training compact") as bar:
        tell(bar)
    shown = capsys.readouterr().err
    assert "training compact" in shown and "3/100 steps" in shown
    assert "24 rows/s" in shown and "6.50" in shown


def test_a_bar_is_taken_down_when_training_fails(capsys):
    with pytest.raises(RuntimeError), TrainingBar("training") as bar:
        bar.on_step(Progress(step=1, seconds=0.1), PLAN, 1.0)
        raise RuntimeError
    with TrainingBar("again"):
        pass
