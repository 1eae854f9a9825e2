"""The schedule: a learning rate by progress, a number of steps that fits the budget, evaluations at a fair distance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.config import TrainConfig
from llmsynth.lm.plan import (
    BUDGET_USED,
    EVALUATION_SHARE,
    LEAST_EVALUATION_ROWS,
    TrainPlan,
    evaluation_seconds,
    fit_to_budget,
    learning_rate_at,
    make_plan,
    with_evaluation_rows,
)


@pytest.mark.parametrize(("kind", "start", "end"), [("one_cycle", 0.1, 0.0), ("cosine", 0.0, 0.1)])
def test_the_learning_rate_rises_to_its_peak_and_falls(kind, start, end):
    config = TrainConfig(lr_scheduler_type=kind, warmup_ratio=0.2)
    rates = [learning_rate_at(step / 1000, config, 2.0) for step in range(1001)]
    peak = rates.index(max(rates))
    assert (rates[0], rates[peak], rates[-1]) == pytest.approx((2 * start, 2.0, 2 * end))
    assert peak == 200
    assert rates[:peak] == sorted(rates[:peak]) and rates[peak:] == sorted(rates[peak:], reverse=True)


@given(progress=st.floats(0, 2), ratio=st.floats(0, 0.99), kind=st.sampled_from(["one_cycle", "cosine"]))
def test_the_learning_rate_stays_between_zero_and_the_peak(progress, ratio, kind):
    assert 0 <= learning_rate_at(progress, TrainConfig(lr_scheduler_type=kind, warmup_ratio=ratio), 3.0) <= 3.0 + 1e-9


@given(n=st.integers(1, 10**6), size=st.integers(1, 512), epochs=st.integers(1, 300))
def test_a_plan_visits_every_row_in_every_epoch_and_evaluates_ten_to_thirty_times(n, size, epochs):
    plan = make_plan(TrainConfig(max_epochs=epochs), n, batch_size=size, learning_rate=1e-3, default_epochs=7)
    assert plan.steps_per_epoch * size >= n > (plan.steps_per_epoch - 1) * size
    assert plan.n_steps == epochs * plan.steps_per_epoch and plan.budget_seconds is None
    assert plan.eval_every >= 1 and plan.n_steps // plan.eval_every <= 30
    assert plan.n_steps < 10 or plan.n_steps / plan.eval_every >= 5


def test_the_default_number_of_epochs_and_a_given_interval_are_used():
    plan = make_plan(TrainConfig(eval_every=7), 100, batch_size=10, learning_rate=1e-3, default_epochs=3)
    assert (plan.n_steps, plan.eval_every) == (30, 7)
    assert (
        make_plan(TrainConfig(max_minutes=2), 9, batch_size=3, learning_rate=1, default_epochs=1).budget_seconds
        == 120 * BUDGET_USED
    )


@given(
    n_steps=st.integers(1, 10**6),
    done=st.integers(0, 1000),
    spent=st.floats(0, 500),
    step=st.floats(1e-4, 10),
    evaluation=st.floats(0, 60),
)
def test_a_plan_never_passes_its_epochs_or_falls_below_what_is_done(n_steps, done, spent, step, evaluation):
    plan = TrainPlan(n_steps, 8, 10, 5, 1e-3, budget_seconds=300.0, most_steps=n_steps)
    fitted = fit_to_budget(
        plan, TrainConfig(), done=done, spent=spent, step_seconds=step, evaluation_seconds=evaluation
    )
    assert fitted.n_steps <= plan.n_steps
    assert fitted.n_steps >= min(plan.n_steps, max(1, done))
    left = max(0.0, 300.0 - spent)
    assert fitted.n_steps <= max(1, done) or (fitted.n_steps - done) * step <= left * 1.001
    assert 1 <= fitted.eval_every <= max(1, fitted.n_steps)


def test_a_plan_shortened_on_a_busy_machine_grows_back():
    plan = TrainPlan(1000, 8, 10, 5, 1e-3, budget_seconds=100.0, most_steps=1000)
    short = fit_to_budget(plan, TrainConfig(), done=4, spent=10.0, step_seconds=2.5)
    assert short.n_steps < 50
    assert fit_to_budget(short, TrainConfig(), done=20, spent=20.0, step_seconds=0.1).n_steps > 500


def test_without_a_budget_nothing_is_fitted():
    plan = TrainPlan(100, 8, 10, 5, 1e-3)
    assert fit_to_budget(plan, TrainConfig(), done=5, spent=1e9, step_seconds=1e9) == plan


def test_slow_evaluations_come_less_often():
    plan = TrainPlan(10_000, 8, 10, 5, 1e-3, budget_seconds=1000.0)
    often, seldom = (
        fit_to_budget(plan, TrainConfig(), done=4, spent=1.0, step_seconds=0.1, evaluation_seconds=seconds).eval_every
        for seconds in (0.0, 20.0)
    )
    assert seldom > often


@given(n_holdout=st.integers(0, 2000), row=st.floats(1e-5, 10), budget=st.floats(1, 3600))
def test_an_evaluation_takes_half_the_share_at_most_but_looks_at_some_rows(n_holdout, row, budget):
    plan = with_evaluation_rows(TrainPlan(1000, 8, 10, 5, 1e-3, budget_seconds=budget), n_holdout, row)
    rows = min(plan.evaluation_rows, n_holdout)
    assert rows >= min(LEAST_EVALUATION_ROWS, n_holdout)
    assert rows <= LEAST_EVALUATION_ROWS or evaluation_seconds(rows, row) <= EVALUATION_SHARE / 2 * budget * 1.001
    assert rows == n_holdout or evaluation_seconds(rows + 1, row) > EVALUATION_SHARE / 2 * budget * 0.999


def test_without_a_budget_an_evaluation_looks_at_all_held_out_rows():
    plan = TrainPlan(1000, 8, 10, 5, 1e-3)
    assert with_evaluation_rows(plan, 2000, 10.0) == plan


def test_time_is_left_for_the_last_evaluation():
    plan = TrainPlan(1000, 8, 10**6, 5, 1e-3, budget_seconds=100.0, most_steps=1000)
    fitted = fit_to_budget(plan, TrainConfig(), done=4, spent=10.0, step_seconds=1.0, evaluation_seconds=40.0)
    assert 4 + 45 <= fitted.n_steps <= 4 + 50
    # Not one epoch, so nothing can overfit, and no second evaluation would be worth its 40 seconds.
    assert fitted.eval_every == fitted.n_steps
