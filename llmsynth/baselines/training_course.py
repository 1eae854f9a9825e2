"""How far a training has come, counted in steps and in seconds, and the learning rate there.

A training ends after its steps or when its seconds are over, whichever comes first, and the learning rate falls to zero
exactly there. While the steps are on course to end first, nothing depends on the clock, so the same seed gives the same
weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

WARM_UP = 0.03
"""Part of the course in which the learning rate rises."""
PATIENCE = 0.02
"""Part of the seconds before the pace is judged: the first steps are slow, whatever the budget."""


class Course:
    """The steps of one training.

    Parameters
    ----------
    steps : int
        At most so many; at least one is taken.
    seconds : float
        At most so many, counted from the first step.
    clock : callable
        Replaced by tests.

    Attributes
    ----------
    progress : float
        From 0 to 1, at the step that is being taken.
    taken : int
        Steps finished.
    hurried : bool
        Whether the seconds decided the pace.
    """

    def __init__(self, steps: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.steps, self.seconds, self._clock = max(1, steps), max(seconds, 1e-6), clock
        self.progress, self.taken, self.hurried = 0.0, 0, False

    def __iter__(self) -> Iterator[int]:
        """Number of each step."""
        began = self._clock()
        while self.taken < self.steps:
            by_steps, by_time = self.taken / self.steps, (self._clock() - began) / self.seconds
            self.hurried |= by_time > max(by_steps, PATIENCE)
            if self.taken and by_time >= 1.0:
                return
            self.progress = min(1.0, max(self.progress, by_steps, by_time if self.hurried else 0.0))
            yield self.taken
            self.taken += 1

    def rate(self, peak: float) -> float:
        """Learning rate: rises in a straight line to its peak, then falls along a half cosine to zero."""
        if self.progress < WARM_UP:
            return peak * (0.1 + 0.9 * self.progress / WARM_UP)
        return peak * 0.5 * (1.0 + math.cos(math.pi * (self.progress - WARM_UP) / (1.0 - WARM_UP)))
