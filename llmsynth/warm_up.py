"""Training the compact model on rows drawn from a small table's own statistics, before it sees the real rows.

A few hundred rows determine marginals and pairwise dependence better than anything finer, and a transformer trained on
them alone spends its epochs finding that out. Trained first on thousands of rows, half of them from the table's own
Gaussian copula and half from bagged trees of it, it starts there and spends the real rows on what those cannot say. The
copula alone misses interactions; trees alone bring the model to near-copies of the training rows (eval/LOG.md). Both
see the training part only, so held-out likelihoods stay honest.

This file knows the engine and the baselines, which may not know each other. It refuses to know checkpoints: whoever
stops the warm-up starts anew, and whoever calls it saves what it gave.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.code_trees import fit_code_trees
from llmsynth.baselines.copula_codes import fit_code_copula
from llmsynth.config import TrainConfig
from llmsynth.grammar.row import EncodedColumn
from llmsynth.lm.engine import SMALL_TABLE, Engine, make_trainer
from llmsynth.lm.progress import Progress, TrainerListener
from llmsynth.lm.trainer import Trainer
from llmsynth.seeding import generator
from llmsynth.table.codec import NumberCodec

IntArray = npt.NDArray[np.int64]
WARM_UP_SHARE = 0.4
"""Share of a budget that the warm-up may take."""
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
        Of the warm-up.
    """
    began = time.monotonic()
    settings, train = engine.config.compact, engine.config.train
    n_real = encoded[0].index.size
    n_drawn = min(settings.warm_up_rows, DRAWN_ROWS_PER_ROW * n_real)
    drawn = draw_warm_up_rows(engine, encoded, trainer.train_rows, n_drawn)
    both = [
        replace(real, index=np.concatenate([real.index, extra])) for real, extra in zip(encoded, drawn, strict=True)
    ]
    minutes = None if train.max_minutes is None else train.max_minutes * WARM_UP_SHARE
    options: TrainConfig = replace(
        train,
        max_epochs=settings.warm_up_epochs,
        max_minutes=minutes,
        batch_size="auto",
        patience=NEVER,
        eval_every="auto",
        refit=False,
        weight_decay=trainer.config.weight_decay,
    )
    stand_in = replace(engine.config, train=options)
    helper = Engine(engine.model, engine.encoder, stand_in, engine.backbone)
    split = (n_real + np.arange(n_drawn, dtype=np.int64), trainer.holdout_rows)
    open_nats = np.concatenate([trainer.open_nats, np.zeros(n_drawn)])
    progress = make_trainer(helper, both, open_nats, split, listener).run()
    if trainer.plan.budget_seconds is not None:
        trainer.plan = replace(
            trainer.plan, budget_seconds=max(1.0, trainer.plan.budget_seconds - (time.monotonic() - began))
        )
    return progress


def draw_warm_up_rows(
    engine: Engine, encoded: list[EncodedColumn], train_rows: IntArray, n_rows: int
) -> list[IntArray]:
    """Rows from a Gaussian copula and from trees of the training rows, half each, as indices of distinct values."""
    rng = generator(engine.config.seed, "warm-up")
    codes, keys = [], []
    for column, codec in zip(encoded, engine.encoder.codecs, strict=True):
        index = column.index[train_rows]
        codes.append(index)
        key = np.arange(column.values.size, dtype=np.float64)
        if isinstance(codec, NumberCodec):
            lower, upper = codec.cells.bounds()
            middle = (lower.astype(np.float64) + upper.astype(np.float64)) / 2
            key = np.where(column.values < 0, -np.inf, middle[np.maximum(column.values, 0)])
        keys.append(key[index])
    numbers = [isinstance(codec, NumberCodec) for codec in engine.encoder.codecs]
    smooth = fit_code_copula(codes, keys, rng).sample(n_rows // 2, rng)
    grown = fit_code_trees(codes, keys, numbers, rng).sample(n_rows - n_rows // 2, rng)
    return [np.concatenate(both) for both in zip(smooth, grown, strict=True)]
