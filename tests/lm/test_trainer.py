"""Training can stop anywhere and go on to the same weights, and sees held-out rows in a refit only."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from llmsynth.config import TrainConfig
from llmsynth.errors import TrainingError
from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.lm import checkpoint
from llmsynth.lm import trainer as trainer_module
from llmsynth.lm.dataset import BatchBuilder, draw_orders, epoch_batches
from llmsynth.lm.model import restricted_state
from llmsynth.lm.plan import COOLDOWN_SHARE, REFIT_SHARE, TrainPlan
from llmsynth.lm.row_weights import RowWeights
from llmsynth.lm.stub import StubModel
from llmsynth.lm.trainer import Trainer
from llmsynth.seeding import generator

N, HELD = 60, 12
SPLIT = (np.arange(N - HELD), np.arange(N - HELD, N))
OPEN = np.linspace(0, 1, N)


def encoded_rows(grammar):
    rng = np.random.default_rng(0)
    first = rng.integers(0, 3, N)
    second = np.where(rng.random(N) < 0.8, 10 * first + 5, rng.integers(-1, 36, N))
    return [grammar.encode_column(0, first), grammar.encode_column(1, second)]


@pytest.fixture
def grammar():
    return compact_row_grammar("ab", [code_grammar(3, 0, missing=False), code_grammar(1, 35, missing=True)])


@pytest.fixture
def make(grammar, random_compact, random_llama, spelled_row):
    """Builds a fresh trainer of a small model: ``make("compact", steps=12, **options)``."""

    def build(kind="compact", *, steps=12, listener=None, split=SPLIT, budget=None, row_weights=None, **options):
        if kind == "compact":
            encoded = encoded_rows(grammar)
            model = random_compact(grammar, encoded=encoded, dropout=options.pop("dropout", 0.0))
        elif kind == "stub":
            encoded = encoded_rows(grammar)
            model = StubModel(grammar)
        else:
            spelled = spelled_row([["a", "no", "yesterday"], ["1", "12", "-3", "77"]], missing=(1,))
            rng = np.random.default_rng(0)
            encoded = [
                spelled.encode_column(0, rng.integers(0, 3, N)),
                spelled.encode_column(1, rng.integers(-1, 4, N)),
            ]
            model = random_llama(spelled, encoded=encoded)
        config = TrainConfig(**{"ema_decay": None, **options})
        builder = BatchBuilder(model.grammar, encoded, model.number_offsets)
        every = options.get("eval_every", 3)
        plan = TrainPlan(steps, 16, math.ceil(split[0].size / 16), 3 if every == "auto" else every, 1e-2, budget)
        return Trainer(model, builder, split, OPEN, config, plan, 7, listener, row_weights)

    return build


def weights(trainer):
    return restricted_state(trainer.model)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# ---- stop and go on

HARD = {"dropout": 0.2, "ema_decay": 0.9, "patience": 50}


@pytest.mark.parametrize("kind", ["compact", "pretrained"])
@pytest.mark.parametrize("stop", [1, 4, 6, 11])
def test_going_on_after_any_step_ends_in_the_same_weights(make, tmp_path, kind, stop):
    options = HARD if kind == "compact" else {"ema_decay": 0.9, "patience": 50}
    whole = make(kind, **options)
    whole.run()
    part = make(kind, **options)
    part.run(most_steps=stop)
    tensors, counters = part.state()
    checkpoint.save(tmp_path, stop, tensors, counters, config={})
    rest = make(kind, **options)
    saved = checkpoint.latest(tmp_path)
    torch.rand(3)  # the global generator has no say
    rest.load_state(saved.tensors, saved.counters)
    rest.run()
    assert same(weights(rest), weights(whole))
    assert [entry["nats_per_row"] for entry in rest.counters.history] == [
        entry["nats_per_row"] for entry in whole.counters.history
    ]
    assert rest.counters.step == 12 and rest.counters.finished


def test_training_twice_gives_the_same_weights_and_another_seed_gives_others(make):
    runs = [make(**HARD) for _ in range(3)]
    runs[2].seed = 8
    for trainer in runs:
        trainer.run()
    assert same(weights(runs[0]), weights(runs[1]))
    assert not same(weights(runs[0]), weights(runs[2]))


def test_the_batch_of_a_step_depends_on_the_step_alone(make):
    one, other = make(), make()
    other.run(most_steps=5)
    for step in (0, 2, 3, 7):
        assert torch.equal(one.batch_of(step)[0].tokens, other.batch_of(step)[0].tokens)
    assert not torch.equal(one.batch_of(0)[0].tokens, one.batch_of(3)[0].tokens)


def test_a_finished_run_that_is_loaded_has_the_best_weights(make):
    whole = make()
    whole.run()
    again = make()
    tensors, counters = whole.state()
    again.load_state(tensors, json.loads(json.dumps(counters)))
    again.run()
    assert again.counters.step == 12 and same(weights(again), weights(whole))


@pytest.mark.parametrize("row_weights", [None, "some"])
@pytest.mark.parametrize("kind", ["compact", "pretrained"])
def test_a_step_in_parts_learns_what_the_whole_step_learns(make, kind, row_weights):
    weighing = WEIGHTS if row_weights and kind == "compact" else None
    whole, parts = make(kind, row_weights=weighing), make(kind, row_weights=weighing)
    parts.plan = replace(parts.plan, rows_at_once=5)
    assert [batch.n_rows for batch in parts.batch_of(1)] == [5, 5, 5, 1]
    nats = [trainer._step() for trainer in (whole, parts)]
    # With weights the figure for people is an estimate of each part.
    assert weighing or nats[0] == pytest.approx(nats[1], abs=1e-4)
    for name, value in whole.parameters.items():
        assert torch.allclose(value.grad, parts.parameters[name].grad, atol=1e-5), name


def test_parts_of_a_step_drop_other_units(make):
    trainer = make(dropout=0.5)
    trainer.plan = replace(trainer.plan, rows_at_once=8)
    seen, step = [], trainer.model.hidden

    def hidden(tokens, slots, numbers):
        seen.append(torch.rand(3).tolist())
        return step(tokens, slots, numbers)

    trainer.model.hidden = hidden
    trainer._step()
    assert len(seen) == 2 and seen[0] != seen[1]


# ---- what it learns from


def test_held_out_rows_are_never_trained_on(make, monkeypatch):
    trainer = make(steps=30, patience=50)
    build, seen = trainer.builder.build, []

    def watched(rows, orders):
        seen.append((trainer.model.training, rows))
        return build(rows, orders)

    monkeypatch.setattr(trainer.builder, "build", watched)
    trainer.run()
    trained = np.concatenate([rows for training, rows in seen if training])
    scored = np.concatenate([rows for training, rows in seen if not training])
    assert set(trained.tolist()) == set(SPLIT[0].tolist())
    assert set(scored.tolist()) == set(SPLIT[1].tolist())
    assert np.bincount(trained).tolist() == [10] * len(SPLIT[0])


@pytest.mark.parametrize("kind", ["stub", "compact", "pretrained"])
def test_training_lowers_the_held_out_nats(make, kind):
    trainer = make(kind, steps=45, patience=50)
    before = trainer.nats(SPLIT[1]).mean()
    trainer.run()
    assert trainer.counters.best_nats < before - 0.1


def test_reported_nats_contain_the_drawn_remainder(make):
    trainer = make("stub", split=(SPLIT[0], SPLIT[1]))
    nats = trainer.nats(np.arange(N))
    trainer.open_nats = np.zeros(N)
    assert nats - trainer.nats(np.arange(N)) == pytest.approx(OPEN, abs=1e-5)
    assert trainer.nats(np.array([5, 2, 5]), batch_size=1) == pytest.approx((nats - OPEN)[[5, 2, 5]], abs=1e-5)


# ---- rows that weigh more than others

HEAVY = np.arange(N) % 4 == 1
WEIGHTS = RowWeights(np.linspace(1, 3, N), np.where(HEAVY, 5.0, 1.0), HEAVY, (0,))


def test_without_weights_a_step_is_what_it_always_was(make):
    trainer = make()
    for step in (0, 2, 4):
        epoch, place = divmod(step, 3)
        rows = list(epoch_batches(generator(7, "epoch", epoch), SPLIT[0], 16))[place]
        orders = draw_orders(generator(7, "orders", step), rows.size, 2, 0.5)
        (batch,), expected = trainer.batch_of(step), trainer.builder.build(rows, orders)
        assert batch.weights is None and torch.equal(batch.tokens, expected.tokens)
        assert all(torch.equal(a.flat, b.flat) for a, b in zip(batch.targets, expected.targets, strict=True))


def test_heavy_rows_come_more_often_and_held_out_rows_never(make, monkeypatch):
    boost = RowWeights(None, np.where(HEAVY, 5.0, 1.0), HEAVY, (0,))
    trainer = make(steps=12, patience=50, row_weights=boost)
    build, seen = trainer.builder.build, []

    def watched(rows, orders):
        seen.extend(rows.tolist() if trainer.model.training else [])
        return build(rows, orders)

    monkeypatch.setattr(trainer.builder, "build", watched)
    trainer.run()
    assert len(seen) == 4 * SPLIT[0].size and set(seen) <= set(SPLIT[0].tolist())
    times = np.bincount(np.concatenate([trainer._rows_of(step) % N for step in range(600)]))
    assert set(np.flatnonzero(times).tolist()) == set(SPLIT[0].tolist())
    assert times[HEAVY[SPLIT[0]]].mean() / times[~HEAVY[SPLIT[0]]].mean() == pytest.approx(5, rel=0.03)


def test_weights_change_what_is_trained_and_not_how_it_is_evaluated(make):
    plain, weighted = make(), make(row_weights=WEIGHTS)
    assert plain.nats(SPLIT[1]).tolist() == weighted.nats(SPLIT[1]).tolist()
    for trainer in (plain, weighted):
        trainer.run()
    assert not same(weights(plain), weights(weighted))


@pytest.mark.parametrize("stop", [1, 4, 11])
def test_with_weights_too_going_on_ends_in_the_same_weights(make, tmp_path, stop):
    whole = make(row_weights=WEIGHTS, **HARD)
    whole.run()
    part = make(row_weights=WEIGHTS, **HARD)
    part.run(most_steps=stop)
    tensors, counters = part.state()
    checkpoint.save(tmp_path, stop, tensors, counters, config={})
    rest, saved = make(row_weights=WEIGHTS, **HARD), checkpoint.latest(tmp_path)
    rest.load_state(saved.tensors, saved.counters)
    rest.run()
    assert same(weights(rest), weights(whole))


def test_a_refit_weighs_all_rows_and_goes_on_to_the_same_weights(make, tmp_path):
    whole = refitted(make, row_weights=WEIGHTS)
    end = whole.run().refit_from
    assert end > 0 and whole.train_rows.size == N
    epoch = np.concatenate([whole._rows_of(end + step) for step in range(whole.plan.steps_per_epoch)])
    assert epoch.size == N and {int(row) % N for row in epoch} & set(SPLIT[1].tolist())
    part = refitted(make, row_weights=WEIGHTS)
    part.run(most_steps=end + 1)
    tensors, counters = part.state()
    checkpoint.save(tmp_path, end + 1, tensors, counters, config={})
    rest, saved = refitted(make, row_weights=WEIGHTS), checkpoint.latest(tmp_path)
    rest.load_state(saved.tensors, saved.counters)
    rest.run()
    assert same(weights(rest), weights(whole))


# ---- stopping


def test_without_gain_the_rate_falls_to_zero_and_the_best_weights_stay(make):
    trainer = make("compact", steps=600, patience=2)
    trainer.plan = TrainPlan(600, 16, 3, 3, 0.3)
    trainer.run()
    counters = trainer.counters
    assert counters.finished and counters.step < 600
    called = next(entry["step"] for entry in counters.history[3::2] if _stalled(counters.history, entry["step"], 2))
    assert counters.cooling and counters.step == called + math.ceil(COOLDOWN_SHARE * called)
    assert counters.progress == pytest.approx(1.0)
    held = {entry["step"]: entry["nats_per_row"] for entry in counters.history if entry["split"] == "holdout"}
    assert counters.best_nats == min(held.values()) == held[counters.best_step]
    assert trainer.nats(SPLIT[1]).mean() == pytest.approx(counters.best_nats, abs=1e-5)


def _stalled(history, step, patience):
    """Whether the last evaluations up to a step all missed the best before them."""
    nats = [entry["nats_per_row"] for entry in history if entry["split"] == "holdout" and entry["step"] <= step]
    return len(nats) > patience and min(nats[:-patience]) <= min(nats[-patience:])


# ---- training again on all rows

REFIT = {"dropout": 0.1, "ema_decay": 0.9, "patience": 2, "refit": True}


def refitted(make, **options):
    trainer = make("compact", **{**REFIT, **options})
    trainer.plan = TrainPlan(600, 16, 3, 3, 0.05, options.get("budget"))
    return trainer


def test_without_gain_a_refit_trains_the_first_weights_on_all_rows_up_to_the_best_step(make, monkeypatch):
    trainer = refitted(make)
    first, build, seen = weights(trainer), trainer.builder.build, []

    def watched(rows, orders):
        if trainer.model.training:
            if trainer.counters.step == trainer.counters.refit_from:
                assert same(weights(trainer), first)
            seen.append((trainer.counters.refit_from > 0, rows))
        return build(rows, orders)

    monkeypatch.setattr(trainer.builder, "build", watched)
    counters = trainer.run()
    length = counters.step - counters.refit_from
    assert counters.refit_from > 0 and not counters.cooling and counters.finished
    assert length == math.ceil(REFIT_SHARE * counters.best_step) and counters.progress == pytest.approx(1.0)
    before, after = (np.concatenate([rows for again, rows in seen if again is when]) for when in (False, True))
    assert set(before.tolist()) == set(SPLIT[0].tolist())
    assert set(after.tolist()) & set(SPLIT[1].tolist()) and after.size == len(set(after.tolist()))  # within an epoch
    held = [entry["nats_per_row"] for entry in counters.history if entry["split"] == "holdout"]
    assert counters.best_nats == min(held)
    assert [entry["step"] for entry in counters.history if entry["split"] == "refit"][-1] == counters.step
    assert same(weights(trainer), trainer.average)


def test_a_refit_that_the_last_evaluation_begins_is_run(make, monkeypatch, tmp_path):
    """The plan ends between two evaluations, and the one after its last step exhausts the patience."""
    rising = iter(range(10, 100))

    def ending(steps=None):
        trainer = refitted(make, patience=1)
        trainer.plan = TrainPlan(5, 16, 3, 4, 0.05)
        monkeypatch.setattr(trainer, "nats", lambda rows: np.full(rows.size, float(next(rising))))
        trainer.run(most_steps=steps)
        return trainer

    whole = ending()
    counters = whole.counters
    assert counters.finished and counters.best_step == 4 and counters.refit_from == 5
    assert counters.step == 5 + math.ceil(REFIT_SHARE * 4) and counters.progress == pytest.approx(1.0)
    assert [entry["split"] for entry in counters.history if entry["step"] == counters.step] == ["refit"]
    assert not same(weights(whole), whole.start) and same(weights(whole), whole.average)
    part = ending(5)
    assert not part.counters.finished and part.counters.refit_from == 5
    tensors, counters = part.state()
    checkpoint.save(tmp_path, 5, tensors, counters, config={})
    rest, saved = refitted(make, patience=1), checkpoint.latest(tmp_path)
    rest.load_state(saved.tensors, saved.counters)
    rest.run()
    assert same(weights(rest), weights(whole))


def test_a_refit_that_is_stopped_goes_on_to_the_same_weights(make, tmp_path):
    whole = refitted(make)
    end = whole.run().refit_from
    for stop in (end - 1, end, end + 1, whole.counters.step - 1):
        part = refitted(make)
        part.run(most_steps=stop)
        tensors, counters = part.state()
        checkpoint.save(tmp_path / str(stop), stop, tensors, counters, config={})
        rest = refitted(make)
        saved = checkpoint.latest(tmp_path / str(stop))
        rest.load_state(saved.tensors, saved.counters)
        rest.run()
        assert same(weights(rest), weights(whole)), stop
        assert rest.counters.step == whole.counters.step


def test_a_refit_without_time_for_it_is_not_begun(make):
    trainer = refitted(make, budget=1e6)
    replan = trainer._replan

    def slow(*args, **keywords):
        replan(*args, **keywords)
        trainer.plan = TrainPlan(600, 16, 3, 3, 0.05, trainer.counters.seconds)

    trainer._replan = slow
    counters = trainer.run()
    assert counters.finished and counters.cooling and counters.refit_from == 0


def test_without_held_out_rows_it_runs_to_the_end_and_keeps_the_last_weights(make):
    trainer = make(split=(np.arange(N), np.zeros(0, dtype=np.int64)), patience=1)
    trainer.run()
    assert trainer.counters.step == 12 and trainer.counters.best_nats == np.inf
    assert {entry["split"] for entry in trainer.counters.history} == {"train"}
    assert same(weights(trainer), trainer.best)


@pytest.mark.parametrize("budget", [None, 60.0])
def test_rows_without_any_choice_are_one_step_that_changes_nothing(random_compact, budget):
    grammar = compact_row_grammar("ab", [code_grammar(1, 0, missing=False)] * 2)
    encoded = [grammar.encode_column(place, np.zeros(N, dtype=np.int64)) for place in (0, 1)]
    model = random_compact(grammar, encoded=encoded)
    before = restricted_state(model)
    plan = TrainPlan(600, 16, 3, 3, 1e-2, budget)
    builder = BatchBuilder(grammar, encoded, model.number_offsets)
    trainer = Trainer(model, builder, SPLIT, np.zeros(N), TrainConfig(ema_decay=None), plan, 7)
    counters = trainer.run()
    assert counters.finished and counters.step == 1 and counters.best_nats == 0
    assert same(restricted_state(model), before)


def test_with_an_average_the_averaged_weights_are_scored_and_kept(make):
    trainer = make(ema_decay=0.9, patience=50)
    trainer.run()
    assert same(trainer.best, weights(trainer))
    plain = make(patience=50)
    plain.run()
    assert not same(weights(plain), weights(trainer))


def test_the_budget_shortens_the_plan_and_is_kept(make):
    trainer = make("stub", steps=10**6, budget=0.5, eval_every=50)
    trainer.run()
    assert trainer.counters.finished and trainer.counters.step < 10**6
    assert trainer.counters.seconds < 3
    assert trainer.counters.progress == pytest.approx(1, abs=1e-6)


def test_a_budget_that_is_spent_ends_training_at_once_with_one_last_evaluation(make):
    diary = Diary()
    trainer = make("stub", steps=10**6, budget=1e-9, eval_every=50, listener=diary)
    trainer.run()
    assert trainer.counters.finished and trainer.counters.step == 1
    assert [step for step, _ in diary.evaluations] == [1]


MANY_HELD = (np.arange(12), np.arange(12, N))


@pytest.fixture
def slow(make, monkeypatch):
    """Builds a trainer with 48 held-out rows whose clock goes on by so many seconds a row trained, and evaluated.

    From some steps on rows may take other seconds.
    """

    def build(training, evaluating, seconds_from=None, **options):
        now, later = [0.0], seconds_from or {}
        monkeypatch.setattr(trainer_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
        trainer = make("stub", split=MANY_HELD, **options)
        step, nats = trainer._step, trainer.nats

        def slow_step():
            row = [seconds for first, seconds in later.items() if trainer.counters.step >= first]
            now[0] += (row[-1] if row else training) * trainer.plan.batch_size
            return step()

        def slow_nats(rows, **others):
            now[0] += evaluating * rows.size
            return nats(rows, **others)

        monkeypatch.setattr(trainer, "_step", slow_step)
        monkeypatch.setattr(trainer, "nats", slow_nats)
        return trainer, now

    return build


@pytest.mark.parametrize("evaluating", [0.05, 0.1])
def test_a_budget_has_room_for_slow_evaluations(slow, evaluating):
    diary = Diary()
    trainer, now = slow(0.2, evaluating, steps=1000, budget=100.0, eval_every="auto", listener=diary)
    trainer.run()
    assert trainer.counters.finished and diary.evaluations
    assert 80 < now[0] <= 105
    assert trainer.evaluated_rows.size == 32 and set(trainer.evaluated_rows) < set(MANY_HELD[1])


def test_evaluations_of_all_held_out_rows_stay_so_where_the_budget_has_time_for_them(slow):
    trainer, now = slow(0.2, 0.1, steps=1000, budget=2000.0, eval_every="auto", patience=10**6)
    trainer.run()
    assert trainer.evaluated_rows.tolist() == MANY_HELD[1].tolist() and now[0] <= 2000


@pytest.mark.parametrize("slowdown", [2, 3])
def test_a_budget_is_kept_on_a_machine_that_becomes_busy(slow, slowdown):
    trainer, now = slow(0.2, 0.01, steps=1000, budget=470.0, eval_every="auto", seconds_from={80: 0.2 * slowdown})
    trainer.run()
    assert trainer.counters.step > 90 and 420 < now[0] < 500


def test_what_the_first_step_costs_once_does_not_cut_the_schedule(slow):
    rates = []
    options = {"steps": 10**6, "budget": 14.7, "eval_every": "auto", "patience": 10**6}
    trainer, now = slow(2.0 / 16, 0.0005, seconds_from={1: 0.02 / 16}, **options)
    step = trainer._step
    trainer._step = lambda: (step(), rates.append(trainer.optimizer.param_groups[0]["lr"]))[0]
    trainer.run()
    assert max(rates) == pytest.approx(trainer.plan.learning_rate, rel=0.01) and rates[-1] < 0.05 * max(rates)
    assert 13 < now[0] < 15.5


def test_going_on_takes_no_more_memory_than_there_is_now(make):
    whole, rest = make(), make()
    whole.run(most_steps=3)
    rest.plan = replace(rest.plan, rows_at_once=5)
    tensors, counters = whole.state()
    rest.load_state(tensors, json.loads(json.dumps(counters)))
    assert [batch.n_rows for batch in rest.batch_of(4)] == [5, 5, 5, 1]


def test_the_evaluated_rows_are_the_same_after_a_stop(slow, make):
    trainer, _ = slow(0.2, 0.1, steps=1000, budget=100.0, eval_every="auto")
    trainer.run(most_steps=20)
    tensors, counters = trainer.state()
    rest = make("stub", split=MANY_HELD, steps=1000, budget=100.0, eval_every="auto")
    rest.load_state(tensors, json.loads(json.dumps(counters)))
    assert rest.counters.evaluated and rest.evaluated_rows.tolist() == trainer.evaluated_rows.tolist()
    rest.run(most_steps=1)  # so much faster now: all rows could be afforded, but could not be compared
    assert rest.evaluated_rows.size == 32


def test_a_loss_that_is_not_finite_is_an_error_and_keeps_the_best_weights(make):
    trainer = make(steps=30, patience=50)
    trainer.run(most_steps=7)
    best = {name: value.clone() for name, value in trainer.best.items()}
    with torch.no_grad():
        trainer.model.output_rows[3] = torch.nan
    with pytest.raises(TrainingError, match=r"not finite at step 7 .*first weight that is not finite: output_rows"):
        trainer.run()
    assert best and same(weights(trainer), best)


@pytest.mark.parametrize("held", [True, False])
def test_weights_that_are_not_finite_after_the_last_step_are_an_error_too(make, held):
    trainer = make(steps=1, split=SPLIT if held else (np.arange(N), np.zeros(0, dtype=np.int64)))
    step = trainer.optimizer.step

    def broken():
        step()
        with torch.no_grad():
            trainer.model.output_rows[3] = torch.nan

    trainer.optimizer.step = broken
    with pytest.raises(TrainingError, match=r"not finite at step 1 .*first weight that is not finite: output_rows"):
        trainer.run()


def test_the_rate_falls_from_the_best_weights_and_not_from_the_last_ones(make, monkeypatch):
    trainer = make(steps=200, patience=1)
    trainer.plan = TrainPlan(200, 16, 3, 3, 0.3)
    build, cooled = trainer.builder.build, []

    def watched(rows, orders):
        if trainer.model.training and trainer.counters.cooling:
            cooled.append(same(weights(trainer), trainer.best))
        return build(rows, orders)

    monkeypatch.setattr(trainer.builder, "build", watched)
    trainer.run()
    assert cooled[0] and not all(cooled)


# ---- who listens


@dataclass
class Diary:
    """A listener that writes everything down."""

    steps: list = field(default_factory=list)
    evaluations: list = field(default_factory=list)
    due: list = field(default_factory=list)

    def on_step(self, progress, plan, nats_per_row):
        self.steps.append((progress.step, nats_per_row))

    def on_evaluation(self, progress, plan, nats_per_row):
        self.evaluations.append((progress.step, nats_per_row))

    def on_checkpoint_due(self, trainer):
        self.due.append(trainer.counters.step)


def test_a_listener_hears_of_every_step_and_evaluation(make):
    diary = Diary()
    trainer = make("stub", listener=diary, patience=50)
    trainer.run()
    assert [step for step, _ in diary.steps] == diary.due == list(range(1, 13))
    held = [(entry["step"], entry["nats_per_row"]) for entry in trainer.counters.history if entry["split"] == "holdout"]
    assert diary.evaluations == held and [step for step, _ in held] == [3, 6, 9, 12]
    train = [entry for entry in trainer.counters.history if entry["split"] == "train"]
    first = np.mean([nats for _, nats in diary.steps[:3]]) + OPEN[SPLIT[0]].mean()
    assert train[0]["nats_per_row"] == pytest.approx(first)
    assert all(np.isfinite(nats) for _, nats in diary.steps)
