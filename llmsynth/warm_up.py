"""Training the compact model on rows drawn from a small table's own statistics, before it sees the real rows.

A few hundred rows determine marginals and pairwise dependence better than anything finer, and a transformer trained on
them alone spends its epochs finding that out. Trained first on thousands of rows, half of them from the table's own
Gaussian copula and half from bagged trees of it, it starts there and spends the real rows on what those cannot say. The
copula alone misses interactions; trees alone bring the model to near-copies of the training rows (eval/LOG.md). Both
see the training part only, so held-out likelihoods stay honest. Where a refit is to follow, the model is then trained a
little longer on rows that are drawn from all rows, the held-out ones included, and those weights are put aside for the
refit to start from: of a hundred rows ten more tell a copula a good deal.

This file knows the engine and the baselines, which may not know each other. It refuses to know checkpoints: whoever
stops the warm-up starts anew, and whoever calls it saves what it gave.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.code_trees import fit_code_trees
from llmsynth.baselines.copula_codes import fit_code_copula
from llmsynth.config import TrainConfig
from llmsynth.grammar.row import EncodedColumn
from llmsynth.lm.engine import SMALL_TABLE, Engine, make_trainer
from llmsynth.lm.model import load_restricted_state, restricted_state
from llmsynth.lm.progress import Progress, TrainerListener
from llmsynth.lm.trainer import Trainer
from llmsynth.seeding import generator
from llmsynth.table.codec import NumberCodec

IntArray = npt.NDArray[np.int64]
WARM_UP_SHARE = 0.4
"""Share of a budget that the warm-up may take."""
FIRST_SHARE = 0.6
"""Share of that for rows drawn from the training part; the rest is for rows drawn from all rows, before a refit."""
DRAWN_ROWS_PER_ROW = 50
NEVER = 10**9
"""Patience of the warm-up: held-out rows tell one of its epochs from the next too poorly to stop by (eval/LOG.md)."""


def wants_warm_up(engine: Engine, n_rows: int) -> bool:
    """Whether the warm-up runs: as the options say, and with "auto" for the compact model up to 3,000 rows."""
    setting = engine.config.compact.warm_up
    if not engine.is_compact:
        return False
    return n_rows <= SMALL_TABLE if setting == "auto" else bool(setting)


def warm_up(
    engine: Engine, trainer: Trainer, encoded: list[EncodedColumn], listener: TrainerListener | None = None
) -> Progress:
    """Train on drawn rows, keep the weights best on the table's own held-out rows, and shorten the main budget.

    Where the trainer will refit, its `start` is set to weights trained further, on rows drawn from all rows.

    Parameters
    ----------
    engine : Engine
        Its model is changed in place.
    trainer : Trainer
        The main trainer, not yet run; its budget is what the warm-up leaves.
    encoded : list of EncodedColumn
        The real rows.
    listener : TrainerListener, optional
        Told of each step.

    Returns
    -------
    Progress
        Of the warm-up on the training part.
    """
    began = time.monotonic()
    epochs, refits = engine.config.compact.warm_up_epochs, trainer.config.refit is True and trainer.holdout_rows.size
    share = WARM_UP_SHARE * (FIRST_SHARE if refits else 1.0)
    split = trainer.train_rows, trainer.holdout_rows
    progress = _train_on_drawn(engine, trainer, encoded, split, epochs, share, listener)
    if refits:
        warmed = restricted_state(engine.model)
        everything = np.sort(np.concatenate(split)), np.zeros(0, dtype=np.int64)
        share = WARM_UP_SHARE * (1.0 - FIRST_SHARE)
        _train_on_drawn(engine, trainer, encoded, everything, math.ceil(epochs / 2), share, listener)
        trainer.start = restricted_state(engine.model)
        load_restricted_state(engine.model, warmed)
    if trainer.plan.budget_seconds is not None:
        left = max(1.0, trainer.plan.budget_seconds - (time.monotonic() - began))
        trainer.plan = replace(trainer.plan, budget_seconds=trainer.parallel.mean(left))
    return progress


def _train_on_drawn(
    engine: Engine,
    trainer: Trainer,
    encoded: list[EncodedColumn],
    split: tuple[IntArray, IntArray],
    epochs: int,
    share: float,
    listener: TrainerListener | None,
) -> Progress:
    """Train on rows drawn from the first rows of the split, evaluated on the second, for a share of the budget."""
    train, n_real = engine.config.train, encoded[0].index.size
    n_drawn = min(engine.config.compact.warm_up_rows, DRAWN_ROWS_PER_ROW * n_real)
    drawn = draw_warm_up_rows(engine, encoded, split[0], n_drawn)
    both = [
        replace(real, index=np.concatenate([real.index, extra])) for real, extra in zip(encoded, drawn, strict=True)
    ]
    options: TrainConfig = replace(
        train,
        max_epochs=epochs,
        max_minutes=None if train.max_minutes is None else train.max_minutes * share,
        batch_size="auto",
        patience=NEVER,
        eval_every="auto",
        refit=False,
        weight_decay=trainer.config.weight_decay,
    )
    stand_in = replace(engine.config, train=options)
    helper = Engine(engine.model, engine.encoder, stand_in, engine.backbone)
    drawn_split = (n_real + np.arange(n_drawn, dtype=np.int64), split[1])
    open_nats = np.concatenate([trainer.open_nats, np.zeros(n_drawn)])
    return make_trainer(helper, both, open_nats, drawn_split, listener).run()


def draw_warm_up_rows(engine: Engine, encoded: list[EncodedColumn], rows: IntArray, n_rows: int) -> list[IntArray]:
    """Rows from a Gaussian copula and from trees of these rows, half each, as indices of distinct values."""
    rng = generator(engine.config.seed, "warm-up", int(rows.size))
    codes, keys = [], []
    for column, codec in zip(encoded, engine.encoder.codecs, strict=True):
        index = column.index[rows]
        codes.append(index)
        key = np.arange(column.values.size, dtype=np.float64)
        if isinstance(codec, NumberCodec):
            lower, upper = codec.cells.bounds()
            middle = (lower.astype(np.float64) + upper.astype(np.float64)) / 2
            key = np.where(column.values < 0, -np.inf, middle[np.maximum(column.values, 0)])
        keys.append(key[index])
    numbers = [isinstance(codec, NumberCodec) for codec in engine.encoder.codecs]
    smooth = fit_code_copula(codes, keys, numbers, rng).sample(n_rows // 2, rng)
    grown = fit_code_trees(codes, keys, numbers, rng).sample(n_rows - n_rows // 2, rng)
    return [np.concatenate(both) for both in zip(smooth, grown, strict=True)]
