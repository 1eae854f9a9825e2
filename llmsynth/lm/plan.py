"""How long to train and how fast to learn: the schedule, planned for a number of epochs or a wall-clock budget.

The learning rate is a function of *progress* in [0, 1], not of the step number. Progress grows by
``(1 - progress) / steps left``, so when a noisy machine turns out slower (or faster) than measured the plan is
resized and the schedule still ends at zero, inside the budget.

For the same reason early stopping does not simply stop: weights taken at a high learning rate are noisy. When held-out
rows stop gaining, training goes back to the best weights and the plan is shortened, so that the rate falls to zero over
a quarter of the steps taken so far.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from llmsynth.config import TrainConfig

EVALUATION_SHARE = 0.05
"""Share of a budget that evaluations may take together, where rows are fast enough for it; one takes half of it."""
EVALUATION_COST = 0.45
"""Seconds of a row's evaluation per second of its training, used until one was timed: 0.30 to 0.33 of the compact model
and 0.39 to 0.47 of SmolLM2 were measured on a CPU."""
LEAST_EVALUATION_ROWS = 32
"""Held-out rows below which no budget shrinks an evaluation."""
BUDGET_USED = 0.98
"""Share of the budget that steps are planned for; the rest is for building the model and reading the table."""


COOLDOWN_SHARE = 0.25
"""Steps after early stopping was called, as a share of the steps before."""

REFIT_SHARE = 0.5
"""Steps of a refit, as a share of those to the best weights: a schedule that ends there gets there sooner, and the last
steps buy likelihood with near-copies of the training rows (eval/LOG.md)."""


@dataclass(frozen=True)
class TrainPlan:
    """Numbers that `TrainConfig` leaves to measurement.

    Parameters
    ----------
    n_steps : int
        Optimiser steps in all.
    batch_size : int
        Rows per step.
    steps_per_epoch : int
        Steps that visit every training row once.
    eval_every : int
        Steps between two evaluations.
    learning_rate : float
        Peak learning rate.
    budget_seconds : float or None
        Wall-clock budget the number of steps was planned for.
    most_steps : int
        Steps of all epochs: what a plan shortened on a busy machine may grow back to.
    rows_at_once : int
        Rows of a step that go through the model together; the gradient is added up over the parts of the batch.
    evaluation_rows : int
        Held-out rows of an evaluation, at most.
    """

    n_steps: int
    batch_size: int
    steps_per_epoch: int
    eval_every: int
    learning_rate: float
    budget_seconds: float | None = None
    most_steps: int = 2**62
    rows_at_once: int = 2**31
    evaluation_rows: int = 2**31

    def resized(self, n_steps: int) -> TrainPlan:
        """The same plan with another number of steps in all, at most `most_steps`."""
        return replace(self, n_steps=max(1, min(n_steps, self.most_steps)))


@dataclass
class StepTiming:
    """Seconds a step takes, of late: what came before is halved at every new plan, as a machine may become busy.

    The first step is left out as soon as there is another: it also pays for what is made once, such as kernels, memory
    and the optimiser's state.

    Examples
    --------
    >>> timing = StepTiming()
    >>> for seconds in (9.0, 10.0, 11.0):
    ...     timing.note(seconds)
    >>> timing.step_seconds
    1.0
    """

    step_seconds: float = 0.0
    _taken: float = 0.0
    _n: int = 0
    _seconds: float = 0.0
    _weight: float = 0.0

    def note(self, stepping: float) -> None:
        """Take a step into account, given the seconds of all steps so far."""
        last, self._taken = stepping - self._taken, stepping
        self._n += 1
        if self._n > 1:
            self._seconds += last
            self._weight += 1.0
            self.step_seconds = self._seconds / self._weight
        else:
            self.step_seconds = last

    def forget_half(self) -> None:
        """Let the steps so far count half as much beside those to come."""
        self._seconds, self._weight = self._seconds / 2, self._weight / 2


def make_plan(
    config: TrainConfig, n_rows: int, *, batch_size: int, learning_rate: float, default_epochs: int
) -> TrainPlan:
    """Plan before anything was measured; a budget is fitted later by `fit_to_budget`.

    Parameters
    ----------
    config : TrainConfig
        Epochs, minutes and evaluation interval as the user gave them.
    n_rows : int
        Training rows, held-out ones not counted.
    batch_size, learning_rate
        Resolved values of the "auto" options.
    default_epochs : int
        Most epochs when the user gave none.
    """
    steps_per_epoch = math.ceil(n_rows / batch_size)
    n_steps = steps_per_epoch * (config.max_epochs or default_epochs)
    budget = None if config.max_minutes is None else config.max_minutes * 60 * BUDGET_USED
    plan = TrainPlan(n_steps, batch_size, steps_per_epoch, 1, learning_rate, budget, n_steps)
    return _with_interval(plan, config)


def fit_to_budget(
    plan: TrainPlan,
    config: TrainConfig,
    *,
    done: int,
    spent: float,
    step_seconds: float,
    evaluation_seconds: float = 0.0,
) -> TrainPlan:
    """Limit the steps in all to what the budget allows, with time for a last evaluation, and evaluations to a share.

    Parameters
    ----------
    done : int
        Steps already taken.
    spent : float
        Seconds already spent, evaluations included.
    step_seconds : float
        Measured seconds per step, without evaluations.
    evaluation_seconds : float
        Seconds per evaluation, measured or by `evaluation_seconds`; 0 without held-out rows.
    """
    if plan.budget_seconds is None:
        return plan
    left = max(0.0, plan.budget_seconds - spent - evaluation_seconds)
    per_step = max(step_seconds, 1e-6)
    affordable = done + int(left / (per_step * (1 + EVALUATION_SHARE)))
    planned = _with_interval(plan.resized(affordable), config)
    if config.eval_every != "auto":
        return planned
    least = math.ceil(evaluation_seconds / (EVALUATION_SHARE * per_step))
    # Within one epoch no row is seen twice, so nothing can overfit: the last evaluation is enough.
    most = planned.n_steps if planned.n_steps <= planned.steps_per_epoch else math.ceil(planned.n_steps / 4)
    return replace(planned, eval_every=max(planned.eval_every, min(least, most)))


def evaluation_seconds(n_rows: int, row_seconds: float) -> float:
    """Seconds that an evaluation of so many rows will take, where one takes `row_seconds` of training."""
    return EVALUATION_COST * row_seconds * n_rows


def with_evaluation_rows(plan: TrainPlan, n_holdout: int, row_seconds: float) -> TrainPlan:
    """The plan with as many held-out rows an evaluation as half of `EVALUATION_SHARE` of the budget has time for.

    Parameters
    ----------
    n_holdout : int
        Held-out rows there are.
    row_seconds : float
        Measured seconds of training per row of a step.
    """
    if plan.budget_seconds is None or evaluation_seconds(n_holdout, row_seconds) == 0:
        return plan
    affordable = EVALUATION_SHARE / 2 * plan.budget_seconds / evaluation_seconds(1, row_seconds)
    return replace(plan, evaluation_rows=max(LEAST_EVALUATION_ROWS, int(min(affordable, n_holdout))))


def cooled_down(plan: TrainPlan, done: int) -> TrainPlan:
    """The plan cut to a short stretch in which the learning rate falls to zero, and with no way to grow again."""
    n_steps = min(plan.n_steps, done + math.ceil(COOLDOWN_SHARE * done))
    return replace(plan, n_steps=n_steps, most_steps=n_steps)


def planned_refit(plan: TrainPlan, done: int, best_step: int) -> TrainPlan:
    """The plan of a second training on all rows after the `done` steps of the first, whose best was `best_step`."""
    n_steps = done + math.ceil(REFIT_SHARE * best_step)
    return replace(plan, n_steps=n_steps, most_steps=n_steps)


def _with_interval(plan: TrainPlan, config: TrainConfig) -> TrainPlan:
    if config.eval_every != "auto":
        return replace(plan, eval_every=int(config.eval_every))
    # About one epoch, but at least ten and at most thirty times in the run.
    interval = max(1, min(plan.steps_per_epoch, math.ceil(plan.n_steps / 10)))
    return replace(plan, eval_every=max(interval, math.ceil(plan.n_steps / 30)))


def learning_rate_at(progress: float, config: TrainConfig, peak: float) -> float:
    """Learning rate at a progress in [0, 1]: linear rise, then cosine to zero.

    ``one_cycle`` rises over 15 % of the run from a tenth of the peak (Smith and Topin 2018, arXiv 1708.07120);
    ``cosine`` rises over `warmup_ratio` from zero and ends at a tenth (Loshchilov and Hutter 2017, arXiv 1608.03983).
    """
    one_cycle = config.lr_scheduler_type == "one_cycle"
    rise = max(config.warmup_ratio, 0.15) if one_cycle else config.warmup_ratio
    start, end = (0.1, 0.0) if one_cycle else (0.0, 0.1)
    if progress < rise:
        return peak * (start + (1 - start) * progress / rise)
    place = (progress - rise) / max(1e-9, 1 - rise)
    return peak * (end + (1 - end) * 0.5 * (1 + math.cos(math.pi * min(place, 1.0))))
