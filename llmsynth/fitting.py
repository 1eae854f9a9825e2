"""Fitting a language model to a table in plain arrays: hold-out, warm-up, training, marginal calibration.

Warm-up (compact model, small tables): a few hundred rows determine marginals and pairwise dependence better than
anything finer, and a transformer trained on them alone spends its epochs finding that out. Trained first on thousands
of rows, half of them from the table's own Gaussian copula and half from bagged trees of it, it starts there and spends
the real rows on what those cannot say. The copula alone misses interactions; trees alone bring the model to near-copies
of the training rows (eval/LOG.md). Both see the training part only, so held-out likelihoods stay honest.

This file sits above `lm` and `baselines`, which may not know each other, and also joins training with what goes on
beside it: progress bars, checkpoints in the run folder, trackers, and Ctrl-C or SIGTERM, which stop training only after
a checkpoint. The warm-up has no checkpoints: whoever stops it starts anew.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.code_trees import fit_code_trees
from llmsynth.baselines.copula_codes import fit_code_copula
from llmsynth.config import TrainConfig
from llmsynth.grammar.row import EncodedColumn
from llmsynth.lm import checkpoint
from llmsynth.lm.calibrate import Calibration, calibrate_and_check
from llmsynth.lm.engine import SMALL_TABLE, Engine, make_trainer, split_rows
from llmsynth.lm.listeners import Checkpointer, Listeners, TrackerListener, TrainingBar
from llmsynth.lm.progress import Progress, TrainerListener
from llmsynth.lm.reporters import open_reporters
from llmsynth.lm.row_weights import RowWeights
from llmsynth.lm.run_folder import Run
from llmsynth.lm.stop_signals import StopSignals
from llmsynth.lm.trainer import Trainer
from llmsynth.seeding import derive, generator
from llmsynth.table.codec import NumberCodec
from llmsynth.table.dtypes import Physical

IntArray = npt.NDArray[np.int64]
WARM_UP_SHARE = 0.4
CALIBRATION_SHARE = 0.05
"""Share of a budget that is kept for marginal calibration."""
DRAWN_ROWS_PER_ROW = 50
NEVER = 10**9
"""Patience of the warm-up: held-out rows tell one of its epochs from the next too poorly to stop by (eval/LOG.md)."""


def wants_warm_up(engine: Engine, n_rows: int) -> bool:
    """Whether the warm-up runs: as the options say, and with "auto" for the compact model up to 3,000 rows."""
    setting = engine.config.compact.warm_up
    if not engine.is_compact:
        return False
    return n_rows <= SMALL_TABLE if setting == "auto" else bool(setting)


@dataclass(frozen=True, eq=False)
class Training:
    """A finished training.

    Parameters
    ----------
    trainer : Trainer
        Finished; its model is what was learned.
    seconds : float
        Of warm-up, training and calibration.
    holdout_nats : float or None
        Nats per held-out row of the model as it is now, or before its refit, which has seen these rows; None without
        held-out rows.
    calibration : Calibration or None
        What marginal calibration did; None where it was off.
    """

    trainer: Trainer
    seconds: float
    holdout_nats: float | None
    calibration: Calibration | None


def wants_calibration(engine: Engine) -> bool:
    """Whether marginals are calibrated after training: as the options say, and with "auto" for the compact model."""
    setting = engine.config.train.calibrate
    return engine.is_compact if setting == "auto" else setting


def calibrate_marginals(engine: Engine, trainer: Trainer, encoded: list[EncodedColumn]) -> Calibration:
    """Calibrate a trained model on its training rows, within what the trainer has left of the budget."""
    budget, part = engine.config.train.max_minutes, [column.take(trainer.train_rows) for column in encoded]
    return calibrate_and_check(
        engine.model,
        engine.number_offsets,
        part,
        derive(engine.config.seed, "calibration"),
        lambda: trainer.nats(trainer.holdout_rows),
        seconds=None if budget is None else 60 * budget * CALIBRATION_SHARE * 0.8,
    )


def prepare_training(
    engine: Engine,
    table: Mapping[str, Physical],
    listener: TrainerListener | None = None,
    weights: RowWeights | None = None,
) -> tuple[Trainer, list[EncodedColumn]]:
    """Encode the table, choose the held-out rows, build the trainer.

    Weights act on the trainer alone: which rows are held out, their likelihood, the warm-up and the calibration are
    those of rows that all count the same.

    Returns
    -------
    trainer : Trainer
        Not run yet.
    encoded : list of EncodedColumn
        All rows.

    Raises
    ------
    InputError
        If there are fewer than 20 rows.
    """
    encoded, open_nats, _ = engine.encoder.encode(table)
    split = split_rows(encoded[0].index.size, engine.config.train.holdout_fraction, engine.config.seed)
    return make_trainer(engine, encoded, open_nats, split, listener, weights), encoded


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


def train_engine(
    engine: Engine,
    table: Mapping[str, Physical],
    run: Run | None,
    *,
    progress: bool = False,
    resume: bool = False,
    began: float | None = None,
    weights: RowWeights | None = None,
) -> Training:
    """Warm up, train and calibrate, with checkpoints in the run folder.

    Parameters
    ----------
    engine : Engine
        Its model is changed in place.
    table : mapping of str to Physical
        The training rows.
    run : Run or None
        Where checkpoints and tracker files go.
    progress : bool
        Print the size of a row, and show progress bars, on standard error.
    resume : bool
        Go on from the newest checkpoint that is whole.
    began : float, optional
        When the caller began, by `time.monotonic`: reading the table and building the model count to the budget.
    weights : RowWeights, optional
        Rows that training visits more often than others.

    Returns
    -------
    Training

    Raises
    ------
    KeyboardInterrupt
        On SIGINT, or what the program's own handler of SIGINT or SIGTERM raises; with a run folder the step is
        finished and a checkpoint written first. A second signal ends training at once.
    """
    began = time.monotonic() if began is None else began
    options = {"fit": engine.config.to_mapping(), "table": table_hash(table, weights)}
    trainer, encoded = prepare_training(engine, table, weights=weights)
    shown = progress and trainer.parallel.is_main
    if shown:
        lengths = trainer.row_lengths
        sys.stderr.write(
            f"{engine.config.model}: rows of {lengths.mean():.0f} tokens, at most {int(lengths.max())}; "
            f"{trainer.train_rows.size:,} to train on, {trainer.holdout_rows.size:,} held out\n"
        )
    if trainer.plan.budget_seconds is not None:
        kept = CALIBRATION_SHARE if wants_calibration(engine) else 0.0
        left = trainer.plan.budget_seconds * (1 - kept) - (time.monotonic() - began)
        trainer.plan = replace(trainer.plan, budget_seconds=max(1.0, left))
    saved = None
    if run is not None and resume:
        saved = checkpoint.latest(run.checkpoints, config=options, notify=_note if shown else None)
    warm_seconds = 0.0
    if saved is not None:
        trainer.load_state(saved.tensors, saved.counters)
    elif wants_warm_up(engine, encoded[0].index.size):
        with _bar("warm-up", shown) as bar:
            warm_seconds = warm_up(engine, trainer, encoded, bar).seconds
    signals = StopSignals(_say_stopping if shown else None)
    checkpointer = None
    if run is not None:
        minutes = engine.config.train.checkpoint_minutes
        checkpointer = Checkpointer(partial(_save, run.checkpoints, options), minutes, signals)
    listeners: list[TrainerListener] = [] if checkpointer is None else [checkpointer]
    where = run.tracking if run is not None else Path("llmsynth-tracking")
    with _bar(f"training {engine.config.model}", shown) as bar, ExitStack() as trackers:
        listeners.extend([bar] if bar is not None else [])
        if trainer.parallel.is_main:
            reporters = open_reporters(engine.config.train.report_to, where, config=engine.config.to_mapping())
            for reporter in reporters:
                trackers.callback(reporter.close)
            listeners.append(TrackerListener(reporters))
        trainer.listener = Listeners(listeners)
        # Of several processes the others would end at once, and this one wait for them forever.
        with signals if checkpointer is not None and trainer.parallel.size == 1 else nullcontext():
            trainer.run()
    trained = time.monotonic()
    with _saved_if_stopped(trainer, checkpointer):
        calibration = calibrate_marginals(engine, trainer, encoded) if wants_calibration(engine) else None
        nats = None
        if trainer.counters.refit_from:
            nats = trainer.counters.best_nats
        elif trainer.holdout_rows.size:
            nats = float(trainer.nats(trainer.holdout_rows).mean())
    seconds = warm_seconds + trainer.counters.seconds + time.monotonic() - trained
    return Training(trainer, seconds, nats, calibration)


def _save(
    folder: Path, options: Mapping[str, Any], step: int, tensors: Mapping[str, Any], counters: Mapping[str, Any]
) -> None:
    checkpoint.save(folder, step, tensors, counters, config=options)


@contextmanager
def _saved_if_stopped(trainer: Trainer, checkpointer: Checkpointer | None) -> Iterator[None]:
    """Save a finished trainer if a signal ends what comes after it; going on then starts from its best weights."""
    try:
        yield
    except BaseException as problem:
        if checkpointer is not None and not isinstance(problem, Exception):
            checkpointer.save(trainer)
        raise


def _say_stopping() -> None:
    # Straight to the file: a buffered stream must not be entered again by a signal handler.
    with suppress(OSError):
        os.write(2, b"\nStopping after this step, with a checkpoint; once more stops at once.\n")


def _note(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def _bar(title: str, shown: bool) -> Any:
    return TrainingBar(title) if shown else nullcontext()


def table_hash(table: Mapping[str, Physical], weights: RowWeights | None = None) -> str:
    """sha256 of a table's modelled columns and its weight column; tells tables apart, holds no cell value."""
    digest = hashlib.sha256()
    for name, physical in table.items():
        digest.update(name.encode("utf-8", "surrogatepass"))
        digest.update(np.packbits(physical.missing).tobytes())
        if physical.values.dtype == object:
            for text in physical.values:
                digest.update(str(text).encode("utf-8", "surrogatepass") + b"\0")
        else:
            digest.update(np.where(physical.missing, 0, physical.values).tobytes())
    if weights is not None and weights.column is not None:
        digest.update(b"weights" + weights.column.tobytes())
    return digest.hexdigest()
