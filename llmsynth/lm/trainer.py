"""One trainer for both language models.

It minimises the grammar-normalised loss (see `model.batch_losses`), evaluates held-out nats per row, keeps the best
weights, and can stop after any step and go on from a saved state to the same weights: the batch of step t is a pure
function of (seed, t), so nothing but tensors and counters has to be stored.

Once held-out rows stop gaining, one of two things follows. The learning rate falls to zero in a short stretch from the
best weights; or, with ``refit`` and time for it, training starts again on all rows, the held-out ones included, with a
schedule that ends at about the step of the best weights. A small table cannot spare a tenth of its rows, and weights
taken in the middle of a schedule are noisy; what a refit gains is in eval/LOG.md.

It knows encoded rows and a `LanguageModel`; it refuses to know tables, folders and progress bars. What happens beside
training (checkpoints, bars, trackers) is reported to a `TrainerListener`. The file is long because one object has to
hold all that a saved state is made of: steps, evaluation, cooling down and refit change the same counters.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.config import TrainConfig
from llmsynth.errors import TrainingError
from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.row import EncodedColumn
from llmsynth.lm.dataset import Batch, BatchBuilder, draw_orders, epoch_batches, natural_orders
from llmsynth.lm.model import LanguageModel, batch_losses, load_restricted_state, restricted_state
from llmsynth.lm.optimizer import make_optimizer
from llmsynth.lm.parallel import Parallel
from llmsynth.lm.plan import (
    StepTiming,
    TrainPlan,
    cooled_down,
    evaluation_seconds,
    fit_to_budget,
    learning_rate_at,
    planned_refit,
    with_evaluation_rows,
)
from llmsynth.lm.progress import Progress, TrainerListener
from llmsynth.lm.row_weights import RowWeights, Visits, training_losses
from llmsynth.seeded_torch import seeded
from llmsynth.seeding import derive, generator

Tensors = dict[str, torch.Tensor]


def has_choices(encoded: Sequence[EncodedColumn]) -> bool:
    """Whether any token of any row could have been another one: without a choice there is nothing to train."""
    return any(bool(column.decisions.any()) for column in encoded)


class Trainer:
    """Trains a language model on encoded rows.

    Parameters
    ----------
    model : LanguageModel
        Changed in place.
    builder : BatchBuilder
        All rows, held-out ones included.
    train_rows, holdout_rows : ndarray of int64
        Row numbers; `holdout_rows` may be empty, which turns early stopping off. In a refit `train_rows` are both.
    open_nats : ndarray of float64, shape (n_rows,)
        Minus the log share of each row's drawn remainder, added to reported nats per row.
    config, plan : TrainConfig, TrainPlan
        Options and the numbers resolved from them.
    seed : int
        Seed of orders, batches and dropout.
    listener : TrainerListener, optional
        Told of each step and evaluation.
    weights : RowWeights, optional
        Makes some rows come more often; evaluations do not know of them.
    """

    def __init__(
        self,
        model: LanguageModel,
        builder: BatchBuilder,
        split: tuple[IntArray, IntArray],
        open_nats: npt.NDArray[np.float64],
        config: TrainConfig,
        plan: TrainPlan,
        seed: int,
        listener: TrainerListener | None = None,
        weights: RowWeights | None = None,
    ) -> None:
        if not has_choices(builder.encoded):
            plan = replace(plan, n_steps=1, most_steps=1)  # every token is forced: the model is right as it is
        self.model, self.builder, self.config, self.plan = model, builder, config, plan
        self.train_rows, self.holdout_rows = split
        self.open_nats, self.seed, self.listener, self.weights = open_nats, seed, listener, weights
        self._visits = None if weights is None else Visits(weights, self.train_rows)
        self.counters = Progress()
        self.parameters = dict(model.trainable())
        self.optimizer = make_optimizer(self.parameters, config.weight_decay)
        self.best: Tensors = {}
        self.start: Tensors = {}
        self.ema_decay = config.ema_decay if isinstance(config.ema_decay, float) else None
        self.average: Tensors = restricted_state(model) if self.ema_decay else {}
        self._epoch: tuple[int, list[IntArray]] = (-1, [])
        self._lengths = builder.grammar.positions_per_row(builder.encoded)
        self._uniform = bool((self._lengths == self._lengths[0]).all())
        self._window: list[float] = []
        self._evaluation_seconds, self._timed, self._timing = 0.0, False, StepTiming()
        self.parallel = Parallel()

    def run(self, *, most_steps: int | None = None) -> Progress:
        """Train until the plan or early stopping ends it, or for `most_steps` more steps.

        Returns
        -------
        Progress
            Counters and history; the model holds the best weights when ``finished`` is true.

        Raises
        ------
        TrainingError
            When a loss is not finite; the model keeps the best weights seen.
        """
        counters, began = self.counters, time.monotonic()
        already, first, evaluating = counters.seconds, counters.step, 0.0
        self._timing = StepTiming()
        last = None if most_steps is None else counters.step + most_steps
        if self.config.refit is True and not self.start:
            self.start = restricted_state(self.model)
        self.model.train(True)
        while counters.step < self.plan.n_steps and counters.step != last and not counters.finished:
            nats = self._step()
            counters.seconds = already + time.monotonic() - began
            self._timing.note(counters.seconds - already - evaluating)
            if self.listener is not None:
                self.listener.on_step(counters, self.plan, nats)
            # Counted from the last evaluation: the interval changes when the plan does.
            due = counters.step - counters.evaluated >= self.plan.eval_every
            if due:
                evaluating += self._evaluate()
                counters.seconds = already + time.monotonic() - began
            self._replan(counters.step - first, already + time.monotonic() - began, due=due)
            if counters.step >= self.plan.n_steps:
                self._end()
                counters.seconds = already + time.monotonic() - began
            if self.listener is not None:
                self.listener.on_checkpoint_due(self)
        if counters.finished and self.best:
            load_restricted_state(self.model, self.best)
        self.model.train(False)
        return counters

    def _end(self) -> None:
        if self.counters.evaluated < self.counters.step:
            self._evaluate()
        # That evaluation may have begun a refit, which adds steps.
        self.counters.finished = self.counters.step >= self.plan.n_steps

    def _replan(self, done: int, spent: float, *, due: bool) -> None:
        """Fit the number of steps to the budget: after the first steps, then twenty times and at every evaluation."""
        if self.plan.budget_seconds is None:
            return
        spent, step_seconds = self.parallel.mean(spent), self.parallel.mean(self._timing.step_seconds)
        if done == 1:
            now = spent + step_seconds > self.plan.budget_seconds
        elif done < 4:
            now = 8 * step_seconds > self.plan.budget_seconds
        else:
            now = done in (4, 12, 40) or done % math.ceil(self.plan.n_steps / 20) == 0
        if not (now or due):
            return
        self._choose_evaluation_rows(step_seconds)
        self.plan = fit_to_budget(
            self.plan,
            self.config,
            done=self.counters.step,
            spent=spent,
            step_seconds=step_seconds,
            evaluation_seconds=self.parallel.mean(self._evaluation_seconds),
        )
        self._timing.forget_half()

    def _choose_evaluation_rows(self, step_seconds: float) -> None:
        """Before the first evaluation: later ones are of the same rows, or they could not be compared."""
        row_seconds = step_seconds * self.parallel.size / self.plan.batch_size
        if not self.counters.evaluated:
            self.plan = with_evaluation_rows(self.plan, self.holdout_rows.size, row_seconds)
        # None was timed yet, or none since a resume; a refit looks at no held-out row.
        if not self._timed and not self.counters.refit_from:
            self._evaluation_seconds = evaluation_seconds(self.evaluated_rows.size, row_seconds)

    @property
    def evaluated_rows(self) -> IntArray:
        """The held-out rows that evaluations look at: all of them, but where the budget has no time for so many."""
        if self.plan.evaluation_rows >= self.holdout_rows.size:
            return self.holdout_rows
        chosen = generator(self.seed, "evaluation rows").permutation(self.holdout_rows.size)
        return self.holdout_rows[np.sort(chosen[: self.plan.evaluation_rows])]

    @property
    def row_lengths(self) -> IntArray:
        """Tokens of each row, shape (n_rows,)."""
        return self._lengths

    def _rows_of(self, step: int) -> IntArray:
        epoch, place = divmod(step - self.counters.refit_from, self.plan.steps_per_epoch)
        if self._epoch[0] != epoch:
            rng = generator(self.seed, "refit epoch" if self.counters.refit_from else "epoch", epoch)
            visits = self.train_rows if self._visits is None else self._visits.draw(rng)
            lengths = None if self._uniform else np.tile(self._lengths, 2)
            self._epoch = (epoch, list(epoch_batches(rng, visits, self.plan.batch_size, lengths)))
        return self._epoch[1][place]

    def batch_of(self, step: int) -> list[Batch]:
        """The batch of a step, in parts that fit into memory: a pure function of the seed, the step and the plan."""
        rows, rng = self._rows_of(step), generator(self.seed, "orders", step)
        n_columns, share = self.builder.grammar.n_columns, self.config.natural_order_share
        build: Callable[[IntArray, IntArray], Batch] = self.builder.build
        if self._visits is None:
            orders = draw_orders(rng, rows.size, n_columns, share)
        else:
            build = partial(self._visits.batch, self.builder)
            orders = self._visits.orders(rng, rows, n_columns, share)
        mine, size = self.parallel.share(np.arange(rows.size)), self.plan.rows_at_once
        parts = (mine[begin : begin + size] for begin in range(0, mine.size, size))
        return [build(rows[part], orders[part]) for part in parts]

    def _step(self) -> float:
        counters = self.counters
        batch = self.batch_of(counters.step)
        rate = learning_rate_at(counters.progress, self.config, self.plan.learning_rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        # Mean over the tokens of all processes, so that averaged gradients are those of the whole batch.
        n_tokens = float(sum(target.token.numel() for part in batch for target in part.targets))
        n_targets = max(1.0, self.parallel.mean(n_tokens))
        self.optimizer.zero_grad(set_to_none=True)
        nats = []
        for number, part in enumerate(batch):
            which = (counters.step, self.parallel.rank, number) if number else (counters.step, self.parallel.rank)
            with seeded(derive(self.seed, "dropout", *which), self.model.device):
                losses, row_nats = training_losses(self.model, part)
                loss = losses.sum() / n_targets
                if not bool(torch.isfinite(loss)):
                    self._not_finite(f"a batch of {part.n_rows} rows")
                if n_tokens:  # without a choice in any row, no weight has a say
                    torch.autograd.backward(loss)
            nats.append(row_nats.detach())
        self.parallel.average_gradients(self.parameters.values())
        for member in self.model.members:
            torch.nn.utils.clip_grad_norm_([value for _, value in member.trainable()], self.config.max_grad_norm)
        self.optimizer.step()
        counters.progress += (1 - counters.progress) / max(1, self.plan.n_steps - counters.step)
        counters.step += 1
        if self.ema_decay:
            # The average forgets its start quickly at first (Adam-style correction of the decay).
            step = counters.step - counters.refit_from
            decay = min(self.ema_decay, (1 + step) / (10 + step))
            names = list(self.average)
            torch._foreach_lerp_([self.average[n] for n in names], [self.parameters[n].data for n in names], 1 - decay)
        mean = float(torch.cat(nats).mean())
        self._window.append(mean)
        return mean

    def _not_finite(self, where: str) -> None:
        with torch.no_grad():
            bad = [name for name, value in self.parameters.items() if not bool(torch.isfinite(value).all())]
        if self.best:
            load_restricted_state(self.model, self.best)
        weight = f"; first weight that is not finite: {bad[0]}" if bad else ""
        raise TrainingError(
            f"the loss is not finite at step {self.counters.step} ({where}){weight}. "
            f"Expected a finite loss. The best weights so far (step {self.counters.best_step}) are kept; "
            f"try a lower learning_rate than {self.plan.learning_rate:g} or a lower max_grad_norm."
        )

    def _evaluate(self) -> float:
        """Note nats per row and the best weights; returns the seconds it took."""
        counters, began = self.counters, time.monotonic()
        self._choose_evaluation_rows(self.parallel.mean(self._timing.step_seconds))
        counters.evaluated = counters.step
        refitting = counters.refit_from > 0
        entry: dict[str, float | int | str] = {"step": counters.step, "split": "refit" if refitting else "train"}
        entry["nats_per_row"] = float(np.mean(self._window)) + float(self.open_nats[self.train_rows].mean())
        entry["seconds"] = round(counters.seconds, 3)
        counters.history.append(entry)
        self._window = []
        current = restricted_state(self.model) if self.average else {}
        if self.average:
            load_restricted_state(self.model, self.average)
        if self.holdout_rows.size and not refitting:
            rows = self.evaluated_rows
            nats = self.parallel.mean(float(self.nats(rows).mean()))
            if not math.isfinite(nats):
                self._not_finite(f"{rows.size} held-out rows")
            self.model.train(True)
            counters.history.append(
                {"step": counters.step, "split": "holdout", "nats_per_row": nats, "seconds": round(counters.seconds, 3)}
            )
            self._note_best(nats)
        else:
            nats = counters.best_nats if refitting else float(entry["nats_per_row"])
            if not all(bool(torch.isfinite(value).all()) for value in self.parameters.values()):
                self._not_finite("the weights after it")
            self.best = restricted_state(self.model)
        if self.average:
            load_restricted_state(self.model, current)
        overfits = counters.evaluations_without_gain >= self.config.patience and not (counters.cooling or refitting)
        if overfits and not (self.start and self._refit()):
            self._cool_down()
        if self.listener is not None:
            self.listener.on_evaluation(counters, self.plan, nats)
        self._evaluation_seconds, self._timed = time.monotonic() - began, True
        return self._evaluation_seconds

    def _note_best(self, nats: float) -> None:
        counters = self.counters
        if nats < counters.best_nats:
            counters.best_nats, counters.best_step = nats, counters.step
            counters.evaluations_without_gain = 0
            self.best = restricted_state(self.model)
            return
        counters.evaluations_without_gain += 1

    def _cool_down(self) -> None:
        """Let the rate fall to zero, from the best weights and not from those that overfit since."""
        self.counters.cooling = True
        self.plan = cooled_down(self.plan, self.counters.step)
        load_restricted_state(self.model, self.best)
        if self.average:
            self.average = {name: value.clone() for name, value in self.best.items()}

    def _refit(self) -> bool:
        """Start again from the first weights, on all rows; False, and nothing done, where the budget has no room."""
        counters = self.counters
        plan = planned_refit(self.plan, counters.step, counters.best_step)
        if plan.budget_seconds is not None:
            needed = counters.seconds + (plan.n_steps - counters.step) * self._timing.step_seconds
            if self.parallel.mean(needed) > plan.budget_seconds:
                return False
        self.plan, counters.refit_from, counters.progress = plan, counters.step, 0.0
        self._train_on_all()
        load_restricted_state(self.model, self.start)
        self.average = restricted_state(self.model) if self.ema_decay else {}
        self.optimizer = make_optimizer(self.parameters, self.config.weight_decay)
        return True

    def _train_on_all(self) -> None:
        self.train_rows = np.sort(np.concatenate([self.train_rows, self.holdout_rows]))
        self._visits = None if self.weights is None else Visits(self.weights, self.train_rows)
        self._epoch = (-1, [])
        self.plan = replace(self.plan, steps_per_epoch=math.ceil(self.train_rows.size / self.plan.batch_size))

    def nats(self, rows: IntArray, *, batch_size: int | None = None) -> npt.NDArray[np.float64]:
        """Minus log-probability of rows in the table's column order, drawn remainder included, shape (n,).

        The model is left in evaluation mode.
        """
        # Without a backward pass a row takes far less memory.
        size = batch_size or min(max(64, 2 * self.plan.batch_size), 4 * self.plan.rows_at_once)
        self.model.train(False)
        order = rows[np.argsort(self._lengths[rows], kind="stable")]
        result: dict[int, float] = {}
        with torch.inference_mode():
            for begin in range(0, order.size, size):
                part = order[begin : begin + size]
                batch = self.builder.build(part, natural_orders(part.size, self.builder.grammar.n_columns))
                losses = batch_losses(self.model, batch).double().cpu().numpy()
                result.update(zip(part.tolist(), (losses + self.open_nats[part]).tolist(), strict=True))
        return np.array([result[row] for row in rows.tolist()])

    def state(self) -> tuple[Tensors, dict[str, object]]:
        """Tensors and JSON-able counters from which `load_state` goes on to the same weights."""
        tensors = {f"model/{name}": value for name, value in restricted_state(self.model).items()}
        tensors.update({f"best/{name}": value for name, value in self.best.items()})
        tensors.update({f"average/{name}": value for name, value in self.average.items()})
        tensors.update({f"start/{name}": value for name, value in self.start.items()})
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"optimizer/{key}/{name}"] = torch.as_tensor(value)
        counters: dict[str, object] = {"progress": dict(vars(self.counters)), "plan": dict(vars(self.plan))}
        counters["window"] = list(self._window)
        return tensors, counters

    def load_state(self, tensors: Mapping[str, torch.Tensor], counters: Mapping[str, object]) -> None:
        """Go on from what `state` returned."""
        parts: dict[str, Tensors] = {"model": {}, "best": {}, "average": {}, "start": {}}
        for key, value in tensors.items():
            part, _, rest = key.partition("/")
            if part == "optimizer":
                kind, _, name = rest.partition("/")
                self.optimizer.state[self.parameters[name]][kind] = value.to(self.model.device, copy=True)
            else:
                parts[part][rest] = value.to(self.model.device, copy=True)
        load_restricted_state(self.model, parts["model"])
        self.best, self.average, self.start = parts["best"], parts["average"], parts["start"]
        saved, plan = counters["progress"], counters["plan"]
        assert isinstance(saved, dict) and isinstance(plan, dict)
        # As much memory as the first process had need not be free any more.
        at_once = min(plan["rows_at_once"], self.plan.rows_at_once)
        self.counters, self.plan = Progress(**saved), TrainPlan(**{**plan, "rows_at_once": at_once})
        if self.counters.refit_from:
            self._train_on_all()
        window = counters["window"]
        assert isinstance(window, list)
        self._window = [float(value) for value in window]
