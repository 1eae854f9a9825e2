"""What happens beside training: a progress bar, checkpoints on disk, trackers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from llmsynth.lm.plan import TrainPlan
from llmsynth.lm.progress import Progress, TrainerListener
from llmsynth.lm.stop_signals import StopSignals
from llmsynth.lm.trainer import Trainer


class Listeners:
    """Passes everything on to several listeners."""

    def __init__(self, listeners: Sequence[TrainerListener]) -> None:
        self.listeners = tuple(listeners)

    def on_step(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """See `TrainerListener`."""
        for listener in self.listeners:
            listener.on_step(progress, plan, nats_per_row)

    def on_evaluation(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """See `TrainerListener`."""
        for listener in self.listeners:
            listener.on_evaluation(progress, plan, nats_per_row)

    def on_checkpoint_due(self, trainer: Trainer) -> None:
        """See `TrainerListener`."""
        for listener in self.listeners:
            listener.on_checkpoint_due(trainer)


class TrainingBar:
    """A progress bar with steps, rows per second, held-out nats per row and the time left.

    Parameters
    ----------
    title : str
        What is being trained.
    """

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} steps"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[nats]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            refresh_per_second=2,
        )
        self._task = self._bar.add_task(title, total=1, rate="", nats="")

    def __enter__(self) -> TrainingBar:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar off the screen's last line."""
        self._bar.stop()

    def on_step(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """See `TrainerListener`."""
        rate = progress.step * plan.batch_size / max(progress.seconds, 1e-6)
        self._bar.update(self._task, completed=progress.step, total=plan.n_steps, rate=f"{rate:,.0f} rows/s")

    def on_evaluation(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """See `TrainerListener`."""
        rows = "training" if progress.history[-1:] and progress.history[-1]["split"] == "train" else "held-out"
        self._bar.update(self._task, nats=f"{rows} {nats_per_row:.2f} nats/row")

    def on_checkpoint_due(self, trainer: Trainer) -> None:
        """See `TrainerListener`; a bar saves nothing."""


class Checkpointer:
    """Saves the trainer's state every so many minutes, and before a signal ends the process.

    Parameters
    ----------
    save : callable
        Takes (step, tensors, counters).
    minutes : float
        Least time between two checkpoints, by the monotonic clock.
    signals : StopSignals, optional
        Passed on once the state is saved.
    """

    def __init__(
        self,
        save: Callable[[int, dict[str, Any], dict[str, Any]], object],
        minutes: float,
        signals: StopSignals | None = None,
    ) -> None:
        self._save, self._seconds, self._last = save, minutes * 60, time.monotonic()
        self._signals = signals

    def on_step(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """See `TrainerListener`; saving waits for `on_checkpoint_due`."""

    def on_evaluation(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """See `TrainerListener`; saving waits for `on_checkpoint_due`."""

    def on_checkpoint_due(self, trainer: Trainer) -> None:
        """See `TrainerListener`."""
        stopping = self._signals is not None and self._signals.pending
        if stopping or time.monotonic() - self._last >= self._seconds:
            self.save(trainer)
        if self._signals is not None and stopping:
            self._signals.deliver()

    def save(self, trainer: Trainer) -> None:
        """Save the trainer's state now."""
        tensors, counters = trainer.state()
        self._save(trainer.counters.step, tensors, counters)
        self._last = time.monotonic()


class TrackerListener:
    """Sends losses to experiment trackers.

    Parameters
    ----------
    trackers : sequence of objects with ``log(metrics, step)``
        See `llmsynth.lm.reporters`.
    """

    def __init__(self, trackers: Sequence[Any]) -> None:
        self._trackers = tuple(trackers)

    def on_step(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """See `TrainerListener`."""
        for tracker in self._trackers:
            tracker.log({"train/nats_per_row": nats_per_row}, progress.step)

    def on_evaluation(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """See `TrainerListener`."""
        split = progress.history[-1]["split"] if progress.history else "holdout"
        if split not in ("holdout", "train"):
            return  # all rows are trained on by then, and the figure is that of before
        name = "holdout/nats_per_row" if split == "holdout" else "train/evaluated_nats_per_row"
        for tracker in self._trackers:
            tracker.log({name: nats_per_row}, progress.step)

    def on_checkpoint_due(self, trainer: Trainer) -> None:
        """See `TrainerListener`; a tracker saves nothing."""
