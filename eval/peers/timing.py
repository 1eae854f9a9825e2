"""How runners keep to the budget: a clock, and three ways to end a fit that has no end of its own.

Knows no peer. A loop with a progress bar gets a bar that ends it; training by transformers gets a callback, and its
number of steps from a probe; anything else is fitted on more rows until the time left would not hold the next fit.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FIRST_ROWS = 500


class Clock:
    """The seconds of a fit, from its making on."""

    def __init__(self, budget_seconds: float) -> None:
        self.budget_seconds = budget_seconds
        self.started = time.perf_counter()

    def spent(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    def left(self) -> float:
        """Seconds of the budget that are left; negative when it is over."""
        return self.budget_seconds - self.spent()

    def bar(self, counted: list[int], reserve: float = 0.0) -> Callable[..., Bar]:
        """Return what stands in for tqdm in a peer whose training loop has no other end: it ends when time does.

        Parameters
        ----------
        counted : list of int
            Gets the number of rounds that were gone through, in its only item.
        reserve : float
            Seconds of the budget to leave.
        """
        return lambda rounds=(), *args, **options: Bar(rounds, lambda: self.left() > reserve, counted)


class Bar:
    """A progress bar that shows nothing and ends its loop when it may not go on; the first round is always gone."""

    def __init__(self, rounds: Iterable[Any], go_on: Callable[[], bool], counted: list[int]) -> None:
        self.rounds, self.go_on, self.counted = rounds, go_on, counted
        counted[:] = [0]

    def __iter__(self) -> Iterator[Any]:
        for one in self.rounds:
            if self.counted[0] and not self.go_on():
                return
            yield one
            self.counted[0] += 1

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Anything a bar may be told: descriptions, closing."""
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **options: None


class Steps:
    """Seconds of training steps, for a callback of transformers: when to stop, and what a run of them would take.

    Parameters
    ----------
    clock : Clock
    reserve : float
        Seconds of the budget to leave.
    """

    def __init__(self, clock: Clock, reserve: float = 0.0) -> None:
        self.clock, self.reserve = clock, reserve
        self.made, self.seconds, self.began = 0, 0.0, clock.spent()

    def callback(self) -> Any:
        """Return the callback; transformers is imported by now."""
        steps = self

        class Ends(sys.modules["transformers"].TrainerCallback):  # type: ignore[misc, name-defined]
            def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
                steps.began = steps.clock.spent()

            def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
                steps.made, steps.seconds = steps.made + 1, steps.clock.spent() - steps.began
                control.should_training_stop |= steps.clock.left() < steps.reserve

        return Ends()

    def within(self) -> int:
        """Return how many steps the time left holds, after as long a preparation as these had; at least one."""
        preparing = self.clock.spent() - self.seconds
        return max(1, int((self.clock.left() - preparing) * self.made / self.seconds))


def fit_most_rows(fit: Callable[[pd.DataFrame], Any], table: pd.DataFrame, clock: Clock, seed: int) -> tuple[Any, int]:
    """Fit a peer without an end of its own on as many rows as the budget holds; return it and their number.

    It is fitted on `FIRST_ROWS` rows, then on more, up to eight times as many, as long as a cost in proportion to the
    rows would leave a fifth of the time that is left.
    """
    n = min(FIRST_ROWS, len(table))
    while True:
        started = clock.spent()
        model = fit(table if n == len(table) else table.sample(n, random_state=seed).reset_index(drop=True))
        took = clock.spent() - started
        more = min(len(table), int(n * min(8, 0.8 * clock.left() / took)))
        if more < min(len(table), 1.5 * n) or n == len(table):
            return model, n
        n = more
