"""How long a network of a baseline trains: epochs, steps at least, minutes at most."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

from llmsynth.baselines.method import Progress


@dataclass(frozen=True)
class TrainingTime:
    """The length of a training.

    Parameters
    ----------
    epochs : int
        Times that as many rows are drawn as the table has.
    min_steps : int
        Steps to take at least; a small table takes more epochs for it.
    max_minutes : float or None
        Minutes after which training ends, whatever is left; None for no limit.
    """

    epochs: int
    min_steps: int
    max_minutes: float | None

    def steps(self, per_epoch: int, progress: Progress) -> Iterator[tuple[int, int]]:
        """Give each step as (epoch, place in the epoch) until the time is over; tell of each finished epoch."""
        began, n_epochs = time.monotonic(), max(self.epochs, math.ceil(self.min_steps / per_epoch))
        limit = math.inf if self.max_minutes is None else 60 * self.max_minutes
        for epoch in range(n_epochs):
            for place in range(per_epoch):
                yield epoch, place
                if time.monotonic() - began >= limit:
                    progress(n_epochs, n_epochs, "epochs, out of time")
                    return
            progress(epoch + 1, n_epochs, "epochs")
