"""`TableSynthesizer`: fit a language model to a table; sample, complete, score and predict rows; save and load.

The scikit-learn contract: the constructor only stores its arguments, `fit` returns the estimator, what is learned ends
in an underscore, `get_params` and `clone` work. Everything is done by the rooms below; this file only joins them.
It is longer than our files usually are because most of it is the documentation of one public class, kept in one place.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from sklearn.base import BaseEstimator

from llmsynth.config import FitConfig, PerKind, SampleConfig
from llmsynth.config_fields import typed
from llmsynth.errors import ConfigError, InputError, NotFittedError
from llmsynth.fitting import Training, table_hash, train_engine
from llmsynth.lm.backbones import choose_device
from llmsynth.lm.boost import boost_mapping, weigh_rows
from llmsynth.lm.choose import choose_model
from llmsynth.lm.description import read_description
from llmsynth.lm.engine import Engine, build_engine, number_of_parameters, split_rows
from llmsynth.lm.history import History
from llmsynth.lm.manifest import CHECKPOINTS
from llmsynth.lm.parallel import Parallel
from llmsynth.lm.reporters import check_reporters
from llmsynth.lm.row_weights import RowWeights
from llmsynth.lm.run_folder import Run
from llmsynth.lm.stop_signals import StopSignals
from llmsynth.lm.store import load_engine, save_engine
from llmsynth.recipes import load_recipe
from llmsynth.sample.balanced import class_counts, class_shares, interleave
from llmsynth.sample.complete import Method, complete
from llmsynth.sample.conditional import Conditional, ConditionEstimate
from llmsynth.sample.report import ConditionTally, SampleReport, joined
from llmsynth.sample.ruled import RuledSampler
from llmsynth.sample.sampler import Sampler
from llmsynth.sample.scores import Scores, likeliest
from llmsynth.seeding import derive
from llmsynth.table.conditions import Where, compile_condition
from llmsynth.table.dtypes import Physical, physical_table, relabelled
from llmsynth.table.files import TableWriter, read_table
from llmsynth.table.infer import infer_schema
from llmsynth.table.rule_checks import check_rules
from llmsynth.table.schema import Schema
from llmsynth.table.schema_file import read_schema_yaml
from llmsynth.table.spans import as_spans, plain_numbers
from llmsynth.table.weight_column import (
    overrides_without_weights,
    refuse_weights_in,
    take_weights,
    without_weights,
)

Overrides = Mapping[Any, Mapping[str, Any]]
PREDICTED_AT_ONCE = 100_000
"""Draws of numbers that are held at a time: about 70 MB where rows have 15 columns."""


class TableSynthesizer(BaseEstimator):  # type: ignore[misc]
    """Makes synthetic rows of a table with a language model trained on it.

    Parameters
    ----------
    model : str
        "auto", "compact", an alias such as "smollm2-135m", a model folder, a GGUF file or a hub id.
    target : str or None
        Column a model will later be trained to predict; only recorded.
    schema : Schema, mapping, path or None
        A whole `Schema`, overrides per column, or a schema file; None infers everything.
    recipe : FitConfig, mapping, str or None
        All options: a shipped recipe's name, a YAML file, or nested options. Arguments given here override it.
    max_minutes, max_epochs : float, int or None
        Budget of the training; minutes count from the call of `fit`, reading the table included.
    random_state : int or None
        Seed of everything; None takes the recipe's, 0 without one.
    device : str
        "auto", "cpu", "cuda", ...
    trust_remote_code : bool
        Run code that comes with a hub model.
    progress : bool
        Show progress bars on standard error.
    run_dir : path or None
        Folder for checkpoints while fitting and the run afterwards; None keeps everything in memory until `save`.
    overwrite, resume : bool
        Replace a run in `run_dir`, or go on from its newest checkpoint.
    weight_column : str or None
        Column of weights above 0. Training visits rows in proportion; the shares that are learned stay those of the
        rows as they are. The column itself is neither learned nor sampled.
    boost : mapping of str to float, sequence of pairs, or None
        Factors by condition (as in `sample`): rows that fulfil it are visited so many times as often, so that what
        goes with it is learned better, while its own share stays right. Factors of several conditions multiply.

    Attributes
    ----------
    schema_ : Schema
        What the columns are.
    history_ : list of dict
        step, split ("train", "holdout"), nats_per_row, seconds.
    model_name_, model_reason_ : str
        The model used and why.
    report_ : dict
        Seconds, held-out nats per row, numbers of parameters and of folded categories.
    sample_report_ : SampleReport or None
        What is known about the rows last drawn with `sample`, `sample_to` or an exhausted `iter_samples`, such as the
        probability of their condition; None before.

    Examples
    --------
    >>> from llmsynth import TableSynthesizer, datasets
    >>> synthesizer = TableSynthesizer(model="compact", max_epochs=2, random_state=0)
    >>> rows = synthesizer.fit(datasets.load_ehr(60, random_state=0)).sample(3)
    >>> rows.shape
    (3, 8)
    """

    def __init__(
        self,
        model: str = "auto",
        *,
        target: str | None = None,
        schema: Schema | Overrides | str | os.PathLike[str] | None = None,
        recipe: FitConfig | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        max_minutes: float | None = None,
        max_epochs: int | None = None,
        random_state: int | None = None,
        device: str = "auto",
        trust_remote_code: bool = False,
        progress: bool = False,
        run_dir: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        resume: bool = False,
        weight_column: str | None = None,
        boost: Mapping[str, float] | Sequence[tuple[str, float]] | None = None,
    ) -> None:
        self.model = model
        self.target = target
        self.schema = schema
        self.recipe = recipe
        self.max_minutes = max_minutes
        self.max_epochs = max_epochs
        self.random_state = random_state
        self.device = device
        self.trust_remote_code = trust_remote_code
        self.progress = progress
        self.run_dir = run_dir
        self.overwrite = overwrite
        self.resume = resume
        self.weight_column = weight_column
        self.boost = boost

    def fit(self, table: object, y: object = None) -> Self:
        """Learn the table.

        Parameters
        ----------
        table : DataFrame, path, or anything `read_table` takes
            At least 20 rows.
        y : ignored
            For scikit-learn's sake.

        Returns
        -------
        TableSynthesizer
            Itself.

        Raises
        ------
        InputError
            For a table, schema or option that cannot be used; nothing is written.
        TrainingError
            If training cannot go on.
        """
        began = time.monotonic()
        config = self.fit_config()
        check_reporters(config.train.report_to)
        run = None
        is_main = Parallel().is_main  # also gives each of several processes its own GPU
        if self.run_dir is not None and is_main:
            run = Run.create(_path("run_dir", self.run_dir), overwrite=self.overwrite, resume=self.resume)
        with run if run is not None else nullcontext():
            frame, column = take_weights(read_table(table), config.train.weight_column)
            schema = self._schema(frame, config)
            plain = physical_table(frame, schema)
            name, reason = config.model, "as asked"
            if name == "auto":
                name, reason = choose_model(schema, len(frame), gpu=choose_device(config.device).type == "cuda")
            target = config.target if self.target is None else schema.name_of(self.target)
            config = replace(config, model=name, target=target)
            engine = build_engine(schema, plain, config)
            checkpoints = Path(self.run_dir, CHECKPOINTS) if self.resume and self.run_dir is not None else None
            weights = _weights(engine, schema, plain, column, len(frame))
            how: dict[str, Any] = {"progress": self.progress, "resume_from": checkpoints}
            training = train_engine(engine, plain, run, **how, began=began, weights=weights)
            # From here on a signal waits until the run is on the disk.
            with StopSignals() if run is not None else nullcontext():
                self._learned(engine, schema, (name, reason))
                self._describe(training, engine, plain)
                if run is not None:
                    self._write(run)
        return self

    def is_fitted_on(self, table: object) -> bool:
        """Whether this is what was learned from exactly these rows, in this order, and their weights.

        Parameters
        ----------
        table : DataFrame, path, or anything `read_table` takes
        """
        engine = self._fitted()
        try:
            frame, column = take_weights(read_table(table), engine.config.train.weight_column)
            plain = physical_table(frame, self.schema_)
            weights = _weights(engine, self.schema_, plain, column, len(frame))
        except InputError:
            return False
        return bool(self.report_.get("table_hash") == table_hash(plain, weights))

    def fit_config(self) -> FitConfig:
        """Options of a fit: the recipe's, with the arguments of the constructor over them."""
        recipe = self.recipe
        if recipe is None:
            config = FitConfig()
        elif isinstance(recipe, FitConfig):
            config = recipe
        elif isinstance(recipe, Mapping):
            config = FitConfig.from_mapping(recipe)
        else:
            config = load_recipe(_path("recipe", recipe, "options, the name of a recipe or a YAML file"))
        train = config.train
        if self.max_minutes is not None:
            train = replace(train, max_minutes=self.max_minutes)
        if self.max_epochs is not None:
            train = replace(train, max_epochs=self.max_epochs)
        if self.weight_column is not None:
            train = replace(train, weight_column=self.weight_column)
        if self.boost is not None:
            train = replace(train, boost=boost_mapping(self.boost))
        changes: dict[str, Any] = {"train": train}
        if self.random_state is not None:
            changes["seed"] = typed(int, self.random_state, "random_state")
        if self.model != "auto":
            changes["model"] = self.model
        if isinstance(self.target, str):
            changes["target"] = self.target  # the name of any other label is known with the schema
        if self.device != "auto":
            changes["device"] = self.device
        if self.trust_remote_code not in (False, None):
            changes["trust_remote_code"] = self.trust_remote_code
        return replace(config, **changes)

    def _schema(self, frame: pd.DataFrame, config: FitConfig) -> Schema:
        given, weight_column = self.schema, config.train.weight_column
        if isinstance(given, Schema):
            refuse_weights_in(given, weight_column)
            return check_rules(given.rules, given, frame)
        if given is None or isinstance(given, Mapping):
            overrides = overrides_without_weights(given, weight_column)
        else:
            path = _path("schema", given, "a Schema, properties by column or a YAML file")
            overrides = overrides_without_weights(read_schema_yaml(path), weight_column)
        target = config.target if self.target is None else self.target
        return infer_schema(frame, target=target, overrides=overrides)

    def _learned(self, engine: Engine, schema: Schema, choice: tuple[str, str]) -> None:
        self.schema_ = schema
        self._engine = engine
        self.model_name_, self.model_reason_ = choice
        self.sample_report_: SampleReport | None = None

    def _describe(self, training: Training, engine: Engine, plain: Mapping[str, Physical]) -> None:
        trainer, counters = training.trainer, training.trainer.counters
        self.history_ = list(counters.history)
        self.report_ = {
            "seconds": training.seconds,
            "holdout_nats_per_row": training.holdout_nats,
            "n_rows": int(trainer.row_lengths.size),
            "n_holdout_rows": int(trainer.holdout_rows.size),
            "n_evaluated_rows": int(trainer.evaluated_rows.size),
            "n_steps": counters.step,
            "best_step": counters.best_step,
            "refit_steps": counters.step - counters.refit_from if counters.refit_from else 0,
            "batch_size": trainer.plan.batch_size,
            "calibration": None if training.calibration is None else training.calibration.to_dict(),
            "n_parameters": number_of_parameters(engine),
            "folded_categories": {c.name: c.folded for c in self.schema_.columns if c.folded},
            "weights": None if trainer.weights is None else trainer.weights.to_dict(),
            "table_hash": table_hash(plain, trainer.weights),
        }

    def _read(self, table: object) -> pd.DataFrame:
        """A table to be scored or completed, under the labels of the training table.

        The weights that a training table brings along are no part of its rows.
        """
        frame = without_weights(read_table(table), self._fitted().config.train.weight_column)
        return relabelled(frame, self.schema_)

    def _fitted(self) -> Engine:
        engine = getattr(self, "_engine", None)
        if not isinstance(engine, Engine):
            raise NotFittedError("nothing was learned yet: call fit(table), or TableSynthesizer.load(path)")
        return engine

    def _seed(self, random_state: int | None, purpose: str) -> int:
        fitted = self._fitted().config.seed
        asked = self.random_state if random_state is None else random_state
        return derive(fitted if asked is None else typed(int, asked, "random_state"), purpose)

    def iter_samples(
        self,
        n_samples: int,
        random_state: int | None = None,
        *,
        batch_size: int | None = None,
        temperature: PerKind | None = None,
        top_p: PerKind | None = None,
        where: Where | None = None,
        balance: object = None,
        proportions: Mapping[object, float] | None = None,
        quasi_random: bool | None = None,
    ) -> Iterator[pd.DataFrame]:
        """Yield rows batch by batch; arguments as in `sample`, `sample_report_` after the last batch."""
        engine = self._fitted()
        chosen = engine.config.sample
        config = SampleConfig(
            temperature=chosen.temperature if temperature is None else temperature,
            top_p=chosen.top_p if top_p is None else top_p,
            batch_size=chosen.batch_size if batch_size is None else batch_size,
            quasi_random=chosen.quasi_random if quasi_random is None else quasi_random,
        )
        if config.quasi_random:
            self._check_quasi_random(of_all_rows=where is None and balance is None and proportions is None)
        n_samples, seed = typed(int, n_samples, "n_samples"), self._seed(random_state, "sample")
        self.sample_report_ = None
        tallies: list[ConditionTally] = []
        sampler = self._sampler(engine)
        ruled = RuledSampler(sampler) if self.schema_.rules else None
        if balance is not None or proportions is not None:
            rows = self._balanced(n_samples, seed, config, where, (balance, proportions), tallies, ruled)
        elif where is None:
            rows = (sampler if ruled is None else ruled).iterate(n_samples, seed, config)
        else:
            tallies.append(ConditionTally())
            conditional = self._conditional(where, config)
            rows = (conditional if ruled is None else ruled.under(conditional)).iterate(n_samples, seed, tallies[0])
        return self._reported(rows, tallies, ruled)

    def _check_quasi_random(self, *, of_all_rows: bool) -> None:
        if not of_all_rows:
            raise InputError(
                "quasi_random: expected neither where nor balance nor proportions beside it, whose rows are drawn each "
                "on its own. Leave those out, or pass quasi_random=False (--independent)"
            )
        if self.schema_.rules:
            raise InputError(
                f"quasi_random: expected a schema without rules, got {len(self.schema_.rules)}: rows that obey rules "
                "are drawn each on its own. Pass quasi_random=False (--independent), or fit without the rules"
            )

    def _reported(
        self, rows: Iterator[pd.DataFrame], tallies: Sequence[ConditionTally], ruled: RuledSampler | None
    ) -> Iterator[pd.DataFrame]:
        yield from rows
        condition = joined(tallies) if tallies else None
        self.sample_report_ = SampleReport(condition, None if ruled is None else ruled.report)

    def _balanced(
        self,
        n_samples: int,
        seed: int,
        config: SampleConfig,
        where: Where | None,
        classes: tuple[object, Mapping[object, float] | None],
        tallies: list[ConditionTally],
        ruled: RuledSampler | None,
    ) -> Iterator[pd.DataFrame]:
        scores = self._scores()
        label = self._fitted().config.target if classes[0] is None else classes[0]
        if label is None:
            raise InputError(
                "proportions: expected the column they are of; name it as balance, or as target when fitting"
            )
        (place,) = scores.places([label])
        shares = class_shares(scores.columns[place], self._fitted().encoder.codecs[place], classes[1])
        if n_samples < 1:
            return self._sampler(self._fitted()).iterate(n_samples, seed, config)
        asked = dict(zip(shares, class_counts(n_samples, list(shares.values())), strict=True))
        counts = {category: count for category, count in asked.items() if count}
        rest = [] if where is None else list(where) if isinstance(where, list | tuple) else [where]
        tallies.extend(ConditionTally() for _ in counts)
        drawn = [self._conditional([*rest, {label: category}], config) for category in counts]
        streams = [
            (one if ruled is None else ruled.under(one)).iterate(count, derive(seed, "class", number), tally)
            for number, (one, count, tally) in enumerate(zip(drawn, counts.values(), tallies, strict=True))
        ]
        if ruled is not None:
            ruled.check_interleaving()
        return interleave(self._sampler(self._fitted()), streams, list(counts.values()), seed)

    def _conditional(self, where: Where, config: SampleConfig) -> Conditional:
        engine = self._fitted()
        encoder, sampler = engine.encoder, self._sampler(engine)
        boxes = compile_condition(where, encoder.columns, encoder.codecs, schema=self.schema_)
        if config.batch_size != "auto":
            sampler = replace(sampler, batch_size=int(config.batch_size))
        return Conditional(sampler, sampler.decoder(config), boxes)

    def probability(self, where: Where, n_draws: int = 4096, random_state: int | None = None) -> ConditionEstimate:
        """Probability of a condition under the model, with its standard error.

        Parameters
        ----------
        where : str, mapping, or sequence of them
            As in `sample`.
        n_draws : int
            Beginnings of rows to estimate it from. A condition on the first token of one column needs no more than one.
        random_state : int or None
            Seed.

        Returns
        -------
        ConditionEstimate
            ``probability``, ``standard_error``, ``effective_sample_size``, ``n_drawn``.
        """
        engine = self._fitted()
        n_draws, seed = _at_least_one(n_draws), self._seed(random_state, "sample")
        return self._conditional(where, engine.config.sample).estimate(n_draws, seed)

    def _sampler(self, engine: Engine) -> Sampler:
        engine.model.train(False)
        return Sampler(engine.model, engine.encoder, self.schema_, engine.number_offsets, engine.decoding_rows)

    def sample(
        self,
        n_samples: int = 1,
        random_state: int | None = None,
        *,
        batch_size: int | None = None,
        temperature: PerKind | None = None,
        top_p: PerKind | None = None,
        where: Where | None = None,
        balance: object = None,
        proportions: Mapping[object, float] | None = None,
        quasi_random: bool | None = None,
    ) -> pd.DataFrame:
        """Draw rows, of all kinds or of those that fulfil a condition, in the model's shares or in chosen ones.

        Parameters
        ----------
        n_samples : int
            Exactly so many rows come back, all of them valid.
        random_state : int or None
            Seed; None uses the estimator's. Row i depends on the seed and i alone.
        batch_size : int or None
            Rows decoded together; changes speed and memory, not the rows.
        temperature, top_p : float, mapping of column kind to float, or None
            None uses the recipe's, 1.0 by default: the learned distribution. `top_p` cuts what a condition left, and
            what it cuts is not in the condition's probability.
        where : str, mapping, sequence of them, or None
            Condition such as ``age >= 60 and diabetes == "yes"`` or ``{"age": (60, None), "diabetes": "yes"}``; of
            several, all must hold. Rows are drawn from the model's own P(row | condition), without rejection.
        balance : label or None
            A column with classes (as in `predict_proba`), each of which gets the same number of rows, or those of
            `proportions`.
        proportions : mapping of class to float, or None
            Shares of the classes of `balance`, or of the target, that sum to one: the counts are exact (largest
            remainder), the rows are in random order, and each is drawn from P(row | its class and `where`).
        quasi_random : bool or None
            Spread the rows evenly over the learned distribution (randomised quasi-Monte Carlo, L'Ecuyer 2018; see
            `seeding.quasi_random`). Each row by itself is a draw like any other, but all together have frequencies and
            relations nearer to the learned ones, with about half of the Shape error of independent rows, so nearer to
            the training table's as well; as they depend on each other, a standard error that takes them for
            independent is too large, and a two-sample test can find them more alike than two samples are, with an AUC
            below one half. Not with conditions or rules. None uses the recipe's, False by default.

        Returns
        -------
        DataFrame, shape (n_samples, n_columns)
            Columns, labels and data types of the training table. Every row obeys the rules of the schema; what that
            took is in ``sample_report_.rules``.
        """
        how: dict[str, Any] = {"batch_size": batch_size, "temperature": temperature, "top_p": top_p, "where": where}
        how |= {"balance": balance, "proportions": proportions, "quasi_random": quasi_random}
        frames = list(self.iter_samples(n_samples, random_state, **how))
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    def sample_to(
        self,
        path: str | os.PathLike[str],
        n_samples: int,
        random_state: int | None = None,
        *,
        overwrite: bool = False,
        on_rows: Callable[[int], object] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Write rows to a CSV or Parquet file batch by batch; memory does not grow with `n_samples`.

        The file appears when it is whole: of an interrupted call nothing is left, and the same call draws the same.

        Parameters
        ----------
        path : path
            CSV (also .gz, .zst) or Parquet, by its name.
        n_samples, random_state
            As in `sample`.
        overwrite : bool
            Whether an existing file may be replaced.
        on_rows : callable, optional
            Called with the number of rows so far, batch by batch.
        **options
            As in `sample`.

        Returns
        -------
        dict
            ``rows`` written and ``path``.
        """
        self._fitted()
        with TableWriter(_path("path", path), schema=self.schema_, overwrite=overwrite) as writer:
            for part in self.iter_samples(n_samples, random_state, **options):
                writer.write(part)
                writer.check_space(n_samples)
                if on_rows is not None:
                    on_rows(writer.n_rows)
        return {"rows": writer.n_rows, "path": str(path)}

    def sample_like(self, table: object, n_draws: int = 1, random_state: int | None = None) -> pd.DataFrame:
        """Complete partial rows: given cells stay exactly as they are, the others are drawn given them.

        Parameters
        ----------
        table : DataFrame, path, or anything `read_table` takes
            Some or all columns of the training table. Missing cells and absent columns are drawn.
        n_draws : int
            Completions of each row, spread evenly over its distribution: the mean of ten errs like one of many.
        random_state : int or None
            Seed; None uses the estimator's.

        Returns
        -------
        DataFrame, shape (n_rows * n_draws, n_columns)
            The completions of row 0, then those of row 1, ...

        Raises
        ------
        SchemaError
            If a given cell lies outside the schema, or given cells contradict a rule of the schema.
        InputError
            If the rules cannot be met beside the given cells.
        """
        return self._complete(table, n_draws, random_state, "draw", fill=False)

    def impute(
        self, table: object, n_draws: int = 1, *, method: Method = "draw", random_state: int | None = None
    ) -> pd.DataFrame:
        """Fill missing cells from P(missing | observed), in column order, one pass of the model per row.

        A model that is trained to fill cells does so better with the recipe ``{"train": {"natural_order_share": 0}}``.

        Parameters
        ----------
        table : DataFrame, path, or anything `read_table` takes
            With the columns of the training table, or some of them.
        n_draws : int
            Imputations of the table. Those of a row are spread evenly over its distribution (Latin hypercube, McKay et
            al. 1979), so the mean or the most frequent class of ten is nearly that of many; each imputed table by
            itself is a plain draw. The variance between tables comes out larger, by ``n_draws / (n_draws - 1)`` at
            most, so intervals by Rubin's rules are on the wide side.
        method : "draw" or "mode"
            "draw" keeps the uncertainty, as multiple imputation needs (Rubin 1987); "mode" takes the likeliest token at
            each step and the middle of a cell.
        random_state : int or None
            Seed; None uses the estimator's.

        Returns
        -------
        DataFrame, shape (n_rows, n_columns)
            Observed cells unchanged, no cell missing but in columns of which no value is known, rows in order, numbered
            as in the table. With ``n_draws > 1`` the imputations stand below each other, shape
            (n_draws * n_rows, n_columns), and the index has a level "draw".
        """
        if method == "mode" and n_draws != 1:
            raise InputError(f"n_draws: expected 1 with method='mode', which is the same each time, got {n_draws!r}")
        frame = self._read(table)
        filled = self._complete(frame, n_draws, random_state, method, fill=True)
        if n_draws == 1:
            return filled.set_axis(frame.index)
        parts = [filled.iloc[draw::n_draws].set_axis(frame.index) for draw in range(n_draws)]
        return pd.concat(parts, keys=range(n_draws), names=["draw"])

    def _complete(
        self,
        table: object,
        n_draws: int,
        random_state: int | None,
        method: Method,
        *,
        fill: bool,
        obey: bool = True,
        first_row: int = 0,
    ) -> pd.DataFrame:
        engine = self._fitted()
        n_draws = _at_least_one(n_draws)
        if method not in ("draw", "mode"):
            raise InputError(f"method: expected 'draw' or 'mode', got {method!r}")
        seed = self._seed(random_state, "complete")
        sampler = self._sampler(engine)
        ruled = RuledSampler(sampler) if self.schema_.rules and obey else None
        self.sample_report_ = None
        how: dict[str, Any] = {"n_draws": n_draws, "method": method, "fill": fill, "ruled": ruled}
        rows = complete(sampler, self._read(table), seed, **how, first_row=first_row)
        self.sample_report_ = SampleReport(rules=None if ruled is None else ruled.report)
        return rows

    def log_prob(
        self, table: object, columns: Sequence[object] | None = None, given: Sequence[object] | None = None
    ) -> npt.NDArray[np.float64]:
        """Log-probability of each row under the model, in nats: joint, marginal or conditional.

        Parameters
        ----------
        table : DataFrame, path, or anything `read_table` takes
            With the columns of the training table; those neither scored nor given may be absent.
        columns : sequence of labels or None
            Which columns to score; None scores all that are not given.
        given : sequence of labels or None
            Columns to condition on.

        Returns
        -------
        ndarray of float64, shape (n_rows,)
            -inf for a row with a value outside the schema; `log_prob_by_column` says in which column. Identifiers,
            constants and empty columns do not count, named or not.

        Raises
        ------
        SchemaError
            For an unknown column, or one both scored and given, or where none that is scored is learned.
        """
        by_column = self.log_prob_by_column(table, columns, given).to_numpy()
        return np.asarray(by_column.sum(axis=1), dtype=np.float64)

    def log_prob_by_column(
        self, table: object, columns: Sequence[object] | None = None, given: Sequence[object] | None = None
    ) -> pd.DataFrame:
        """`log_prob` by column, each given those before it: which cells make a row surprising.

        Returns
        -------
        DataFrame, shape (n_rows, n_columns)
            Nats; their sum over a row is `log_prob`. -inf where a value lies outside the schema. Numbered as the table.
        """
        return self._scores().log_prob(self._read(table), columns, given)

    def predict_proba(self, table: object, target: object = None) -> pd.DataFrame:
        """Exact class probabilities: P(target = c | the other columns) for every class c.

        They are the model's own: rules of the schema, which a row to be judged may break, are not looked at.

        Parameters
        ----------
        table : DataFrame, path, or anything `read_table` takes
            With the other columns of the training table; the target's own values are not looked at. A missing cell is
            given like any other: that it is missing may tell something.
        target : label or None
            A column of categories, booleans, or whole numbers few enough that each is learned by itself, such as 0 and
            1; None takes the one named when fitting.

        Returns
        -------
        DataFrame, shape (n_rows, n_classes)
            Numbered as the table. Columns are the classes, None for "missing" where the column may be missing. Rows sum
            to one; NaN where another cell lies outside the schema.

        Raises
        ------
        InputError
            If there is no target, or it is a measurement or a text; for a measurement see `predict`.
        """
        frame = self._read(table)
        return self._scores().class_probabilities(frame, self._target(target)).set_axis(frame.index)

    def predict(
        self,
        table: object,
        target: object = None,
        *,
        n_draws: int = 20,
        quantiles: Sequence[float] | None = None,
        random_state: int | None = None,
    ) -> pd.Series[Any] | pd.DataFrame:
        """The likeliest class, or the mean and quantiles of draws of a number, given the other columns.

        It is the model's own, as in `predict_proba`; for draws that obey the rules of the schema see `sample_like`.

        Parameters
        ----------
        table, target
            As in `predict_proba`, but any number may be the target, and whole numbers are averaged like others. Where
            numbers are predicted a missing cell is unknown, as in `impute`.
        n_draws : int
            Draws of each number.
        quantiles : sequence of float, or None
            In [0, 1], for numbers: an interval beside the mean, such as (0.05, 0.95), which needs 100 draws or more.
        random_state : int or None
            Seed of the draws.

        Returns
        -------
        Series, or with `quantiles` a DataFrame of columns "mean" and the quantiles; of time spans they are spans.
            Numbered as the table. Missing for a row with a value outside the schema, where classes are predicted; so is
            a missing cell of a column that had none in training.

        Raises
        ------
        InputError
            If there is no target, or it is neither classes nor numbers.
        SchemaError
            If a cell lies outside the schema, where numbers are predicted.
        """
        frame, scores = self._read(table), self._scores()
        column = scores.columns[scores.places([self._target(target)])[0]]
        label = self.schema_.label_of(column.name)
        asked = [] if quantiles is None else _quantiles(quantiles)
        if column.kind in ("integer", "decimal"):
            asking = frame.copy(deep=False)
            asking[label] = None  # not dropped: it may be the only column
            # One column is wanted of as many rows as there are draws: pieces of the table keep memory in bounds.
            size = max(1, PREDICTED_AT_ONCE // _at_least_one(n_draws))
            starts = range(0, max(1, len(frame)), size)
            how: dict[str, Any] = {"method": "draw", "fill": True, "obey": False}
            pieces = [
                self._complete(asking.iloc[start : start + size], n_draws, random_state, first_row=start, **how)[label]
                for start in starts
            ]
            draws = plain_numbers(pd.concat(pieces), column).reshape(len(frame), n_draws)
            mean = as_spans(draws.mean(axis=1), column)
            if quantiles is None:
                return pd.Series(mean, frame.index, name=label)
            beside = {share: as_spans(np.quantile(draws, share, axis=1), column) for share in asked}
            return pd.DataFrame({"mean": mean} | beside, frame.index)
        if column.categories is None:
            raise InputError(
                f"predict: expected a column of classes or numbers, {column.name!r} is of kind {column.kind}"
            )
        if asked:
            raise InputError(f"quantiles: expected a column of numbers, {column.name!r} is of kind {column.kind}")
        classes = likeliest(scores.class_probabilities(frame, label))
        return pd.Series(classes, frame.index, name=label).infer_objects()

    def _scores(self) -> Scores:
        return Scores(self._fitted().likelihood, self.schema_)

    def _target(self, target: object) -> object:
        chosen = self._fitted().config.target if target is None else target
        if chosen is None:
            raise InputError("target: expected a column; name it here or when fitting")
        return chosen

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a run folder.

        Raises
        ------
        RunFolderError
            If the folder holds something and `overwrite` is false, or cannot be written to.
        """
        self._fitted()
        with Run.create(_path("path", path), overwrite=overwrite) as run:
            self._write(run)

    def _write(self, run: Run) -> None:
        engine = self._fitted()
        save_engine(engine, run)
        run.write_json("schema.json", self.schema_.to_dict())
        run.write_text("config.yaml", yaml.safe_dump(engine.config.to_mapping(), sort_keys=False, allow_unicode=True))
        run.write_json("history.json", self.history_)
        History(self.history_).plot(run.path("history.svg"))
        run.write_json("report.json", {**self.report_, "model_reason": self.model_reason_})
        run.seal({"model": self.model_name_, "seed": engine.config.seed, "table_hash": self.report_["table_hash"]})

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "auto", trust_remote_code: bool = False) -> Self:
        """Read a run folder back, after verifying every file of it.

        Raises
        ------
        RunFolderError
            Naming the file that is missing, altered or unsafe.
        """
        run = Run.open(_path("path", path), trust_remote_code=trust_remote_code)
        found = read_description(run)
        config = replace(found.config, trust_remote_code=trust_remote_code)
        synthesizer = cls(config.model, recipe=config, random_state=config.seed, target=config.target, device=device)
        engine = load_engine(run, found.schema, config, device=device)
        synthesizer._learned(engine, found.schema, (config.model, found.model_reason))
        synthesizer.history_, synthesizer.report_ = found.history, found.report
        return synthesizer


def _weights(
    engine: Engine, schema: Schema, plain: Mapping[str, Physical], column: npt.NDArray[np.float64] | None, n_rows: int
) -> RowWeights | None:
    train = engine.config.train
    rows, _ = split_rows(n_rows, train.holdout_fraction, engine.config.seed)
    return weigh_rows(engine.encoder, schema, plain, rows, column=column, boost=train.boost)


def _at_least_one(n_draws: object) -> int:
    number: int = typed(int, n_draws, "n_draws")
    if number < 1:
        raise InputError(f"n_draws: expected 1 or more, got {number!r}")
    return number


def _quantiles(asked: object) -> list[float]:
    """Shares in [0, 1]."""
    shares: list[Any] | None = None
    if isinstance(asked, Iterable) and not isinstance(asked, str | bytes):
        shares = list(asked)
    if shares is None or not all(isinstance(share, Real) and 0 <= float(share) <= 1 for share in shares):
        raise InputError(f"quantiles: expected a list of shares in [0, 1] such as (0.05, 0.95), got {asked!r}")
    return [float(share) for share in shares]


def _path(name: str, value: object, expected: str = "a path") -> str | os.PathLike[str]:
    """The value of an option that is a path, or the name of something."""
    if isinstance(value, str | os.PathLike):
        return value
    came = repr(value) if isinstance(value, int | float | None) else f"a {type(value).__name__}"
    raise ConfigError(f"{name}: expected {expected}, got {came}")
