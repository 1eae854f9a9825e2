"""Fitting a language model to a table in plain arrays: hold-out, warm-up, training, marginal calibration.

This file joins training with what goes before and after it (`warm_up`, `lm.calibrate`), and with what goes on beside
it: progress bars, checkpoints in the run folder, trackers, and Ctrl-C or SIGTERM, which stop training only after a
checkpoint.
"""

from __future__ import annotations

import hashlib
import json
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

from llmsynth.errors import SchemaError
from llmsynth.grammar.encoder import RowEncoder
from llmsynth.grammar.row import EncodedColumn
from llmsynth.lm import checkpoint
from llmsynth.lm.calibrate import Calibration, calibrate_and_check, seconds_of_a_pass
from llmsynth.lm.engine import Engine, make_trainer, split_rows
from llmsynth.lm.listeners import Checkpointer, Listeners, TrackerListener, TrainingBar
from llmsynth.lm.progress import TrainerListener
from llmsynth.lm.reporters import open_reporters
from llmsynth.lm.row_weights import RowWeights
from llmsynth.lm.run_folder import Run
from llmsynth.lm.stop_signals import StopSignals
from llmsynth.lm.trainer import Trainer
from llmsynth.seeding import derive
from llmsynth.table.dtypes import Physical
from llmsynth.warm_up import wants_warm_up, warm_up

IntArray = npt.NDArray[np.int64]
CALIBRATION_SHARE = 0.05
"""Share of a budget that is kept for marginal calibration."""


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
        Nats per held-out row of the model as it is now, or before its refit, which has seen these rows, of the rows
        that evaluations looked at; None without held-out rows.
    calibration : Calibration or None
        What marginal calibration did; None where it was off, or had no time.
    """

    trainer: Trainer
    seconds: float
    holdout_nats: float | None
    calibration: Calibration | None


def wants_calibration(engine: Engine) -> bool:
    """Whether marginals are calibrated after training: as the options say, and with "auto" for the compact model."""
    setting = engine.config.train.calibrate
    return engine.is_compact if setting == "auto" else setting


def calibrate_marginals(engine: Engine, trainer: Trainer, encoded: list[EncodedColumn]) -> Calibration | None:
    """Calibrate a trained model on its training rows, within what the trainer has left of the budget.

    None where rows are so long that a pass would take more than twice the time there is.
    """
    budget, part = engine.config.train.max_minutes, [column.take(trainer.train_rows) for column in encoded]
    seed, seconds = derive(engine.config.seed, "calibration"), None
    if budget is not None:
        seconds = 60 * budget * CALIBRATION_SHARE * 0.8
        if seconds_of_a_pass(engine.model, engine.number_offsets, part, seed) > 2 * seconds:
            return None
    return calibrate_and_check(
        engine.model,
        engine.number_offsets,
        part,
        seed,
        lambda: trainer.nats(trainer.evaluated_rows),
        seconds=seconds,
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
    SchemaError
        If a row lies outside the schema: it has no tokens, and another one would be learned in its place.
    """
    encoded, nats, legal = engine.encoder.encode_columns(table)
    for column, inside in zip(engine.encoder.columns, legal.T, strict=True):
        if not inside.all():
            raise SchemaError(
                f"column {column.name!r} ({column.kind}): {int((~inside).sum())} of {inside.size} rows lie outside the "
                "schema; correct the schema file or those rows"
            )
    open_nats = nats.sum(axis=1)
    split = split_rows(encoded[0].index.size, engine.config.train.holdout_fraction, engine.config.seed)
    return make_trainer(engine, encoded, open_nats, split, listener, weights), encoded


def train_engine(
    engine: Engine,
    table: Mapping[str, Physical],
    run: Run | None,
    *,
    progress: bool = False,
    resume_from: Path | None = None,
    began: float | None = None,
    weights: RowWeights | None = None,
) -> Training:
    """Warm up, train and calibrate, with checkpoints in the run folder.

    The first checkpoint is that of the warmed weights, where there is a warm-up. A fit that is stopped or killed during
    the warm-up starts it anew; after that, it goes on from the newest checkpoint, with a calibration of its own.

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
    resume_from : Path, optional
        Folder of checkpoints; training goes on from the newest that is whole. Of several processes one has the run
        folder, and all read the checkpoint.
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
    options: dict[str, Any] = {"fit": engine.config.to_mapping(), "table": table_hash(table, weights)}
    if run is not None or resume_from is not None:
        base = None if engine.backbone is None else engine.backbone.own_weights
        options |= {"schema": grammar_hash(engine.encoder), "base model": base}
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
        # Of several processes each reads the table in its own time; their plans have to be the same.
        trainer.plan = replace(trainer.plan, budget_seconds=trainer.parallel.mean(max(1.0, left)))
    saved = None
    if resume_from is not None:
        saved = checkpoint.latest(resume_from, config=options, notify=_note if shown else None)
    warm_seconds = 0.0
    if saved is not None:
        trainer.load_state(saved.tensors, saved.counters)
    elif wants_warm_up(engine, encoded[0].index.size):
        warmed = time.monotonic()
        with _bar("warm-up", shown) as bar:
            warm_up(engine, trainer, encoded, bar)
        warm_seconds = time.monotonic() - warmed
    signals = StopSignals(_say_stopping if shown else None)
    checkpointer = None
    if run is not None:
        minutes = engine.config.train.checkpoint_minutes
        checkpointer = Checkpointer(partial(_save, run, options), minutes, signals)
        if warm_seconds:
            checkpointer.save(trainer)
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
        if trainer.counters.refit_from or (calibration is None and trainer.holdout_rows.size):
            nats = trainer.counters.best_nats
        elif trainer.holdout_rows.size:
            nats = float(trainer.nats(trainer.evaluated_rows).mean())
    seconds = warm_seconds + trainer.counters.seconds + time.monotonic() - trained
    return Training(trainer, seconds, nats, calibration)


def _save(
    run: Run, options: Mapping[str, Any], step: int, tensors: Mapping[str, Any], counters: Mapping[str, Any]
) -> None:
    checkpoint.save(run.begin_checkpoints(), step, tensors, counters, config=options)


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


def grammar_hash(encoder: RowEncoder) -> str:
    """sha256 of the columns of a schema and of what their codes mean; holds no cell value.

    Examples
    --------
    >>> from llmsynth.grammar.encoder import build_compact_encoder
    >>> from llmsynth.table.schema import Column, Schema
    >>> sex = Column("sex", "categorical", categories=("f", "m"))
    >>> table = {"sex": Physical(np.array([0, 1]), np.array([False, False]))}
    >>> one, other = (build_compact_encoder(Schema((column,)), table) for column in (sex, replace(sex, nullable=True)))
    >>> grammar_hash(one) == grammar_hash(one), grammar_hash(one) == grammar_hash(other)
    (True, False)
    """
    digest = hashlib.sha256(repr(tuple(encoder.columns)).encode("utf-8", "surrogatepass"))
    digest.update(json.dumps(encoder.to_dict(), sort_keys=True).encode())
    return digest.hexdigest()


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
