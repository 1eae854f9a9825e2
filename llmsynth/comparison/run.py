"""`compare`: fit several generators to one split of a table and put their rows side by side.

One after the other, so that the seconds of one say nothing about another. One that fails is a row with its reason. With
a folder each finished fit is written at once, so that an interrupted comparison goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmsynth import __version__
from llmsynth.comparison.contenders import CONTENDERS, Request, is_safe
from llmsynth.comparison.folder import ComparisonFolder
from llmsynth.comparison.plan import (
    HOLDOUT_FRACTION,
    MAX_MINUTES,
    MOST_ROWS,
    REPORT,
    Plan,
    Split,
    at_most,
)
from llmsynth.comparison.recommend import spoken
from llmsynth.comparison.result import Comparison, Facts
from llmsynth.comparison.trial import Made, Trial, attempt
from llmsynth.errors import ConfigError
from llmsynth.evaluate.holdout_overlap import refuse_overlap
from llmsynth.evaluate.metric import Level
from llmsynth.evaluate.rendering.text import visible
from llmsynth.table.files import read_table
from llmsynth.table.holdout import given_holdout, hold_out
from llmsynth.table.infer import infer_schema, retarget
from llmsynth.table.schema import Schema
from llmsynth.table.schema_file import read_schema_yaml

SchemaLike = Schema | Mapping[Any, Mapping[str, Any]] | str | os.PathLike[str] | None


def compare(
    table: object,
    target: object = None,
    methods: Sequence[str] | str = CONTENDERS,
    *,
    n_seeds: int = 1,
    max_minutes: float | None = MAX_MINUTES,
    random_state: int = 0,
    holdout: object = None,
    holdout_fraction: float = HOLDOUT_FRACTION,
    schema: SchemaLike = None,
    n_samples: int | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    device: str = "auto",
    folder: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    resume: bool = False,
    report: Level | None = REPORT,
    keep_rows: bool = False,
    progress: bool = False,
) -> Comparison:
    """Compare generators on one table, with the real hold-out as the ceiling.

    Every contender learns the same rows with the same seeds, as many rows are drawn of each, and `summarize` judges
    them beside rows that none of them saw. Shape, Trend and C2ST rest on as many synthetic rows as are held out.

    Parameters
    ----------
    table : DataFrame, path, or anything `read_table` takes
        Real rows.
    target : label or None
        Column to be predicted: of TSTR, and of the methods that use one.
    methods : sequence of str, or str with commas
        Names: "lm" (SmolLM2-135M, a pretrained language model), "compact" (a small one trained from scratch), and
        those of `llmsynth.baselines.methods.METHODS`. All by default.
    n_seeds : int
        Fits of each, with seeds random_state, random_state + 1, ...; from two on the spread counts as noise.
    max_minutes : float or None
        Budget of each fit, for methods that take one; None: none.
    random_state : int
        Same seed, same split and figures.
    holdout : table or None
        Held-out rows of their own; None holds a share of the table out.
    holdout_fraction : float
        That share.
    schema : Schema, mapping of overrides, path of a schema file, or None
        What the columns are; None infers it from the rows to learn.
    n_samples : int or None
        Rows drawn of each; None: as many as are learned, at most 20,000.
    options : mapping of str to mapping, or None
        By method: options of its own, such as ``{"ctgan": {"epochs": 30}}``; they win over the budget.
    device : str
        For the methods that are networks.
    folder : path or None
        Where each finished fit is written, and in the end the table, the plot and the recommendation.
    overwrite, resume : bool
        Replace a comparison in `folder`, or keep its finished fits and go on; failed methods are tried again, and with
        `keep_rows` so are the first fits whose rows were not kept.
    report : "quick", "standard", "full" or None
        Level of the report that `evaluate` makes on the rows of each method's first seed; what it blocks for privacy is
        not recommended. With a folder it is written there. "quick" takes seconds each, the others a minute or more.
    keep_rows : bool
        Also write the rows of each method's first seed to `folder`. Those of unsafe methods are not to be released.
    progress : bool
        Say on standard error what is going on.

    Returns
    -------
    Comparison

    Raises
    ------
    ConfigError
        On an unknown method or option; the nearest name is given.
    InputError
        On a table, schema, split or folder that cannot be used. What fails later, method by method, is recorded.

    Examples
    --------
    >>> from llmsynth import compare, datasets
    >>> patients = datasets.load_ehr(300, random_state=0)
    >>> found = compare(patients, target="diabetes", methods=["independent"])
    >>> list(found.results.columns[:5])
    ['status', 'safe', 'shape_error', 'trend_error', 'c2st_auc']
    """
    plan = Plan(
        tuple(methods.split(",") if isinstance(methods, str) else methods), n_seeds, int(random_state), max_minutes,
        n_samples, options or {}, device, report,
    )  # fmt: skip
    if folder is None and (resume or keep_rows):
        raise ConfigError(f"{'resume' if resume else 'keep_rows'}: expected a folder beside it, got none")
    out = None if folder is None else ComparisonFolder(Path(folder), overwrite=overwrite, resume=resume)
    split = _split(table, target, plan, (holdout, holdout_fraction), schema)
    facts = Facts(
        {"train": len(split.train), "holdout": len(split.holdout), "synthetic": split.n_samples}, split.how,
        split.schema.target, plan.seeds, plan.max_minutes, plan.options,
    )  # fmt: skip
    known = {} if out is None else out.begin(_settings(plan, split), plan)
    stage = _Stage(plan, split, out, keep_rows, progress)
    stage.say(f"Learning {len(split.train):,} rows; {_judging(split)} to judge with.")
    trials = {name: stage.kept(known.get(name, Trial(name, safe=is_safe(name)))) for name in plan.methods}
    try:
        for name in plan.methods:
            for trial in stage.run(trials[name]):
                trials[name] = trial
    finally:  # after Ctrl-C and SIGTERM too: what is finished is worth a table
        found = Comparison(tuple(trials.values()), facts)
        if out is not None and any(trial.outcomes or trial.reason for trial in found.trials):
            out.write(found)
    return found


@dataclass(frozen=True)
class _Stage:
    """What all fits share."""

    plan: Plan
    split: Split
    out: ComparisonFolder | None
    keep_rows: bool
    progress: bool

    def say(self, text: str) -> None:
        if self.progress:
            sys.stderr.write(f"{visible(text, 1000)}\n")  # reasons may hold names of columns
            sys.stderr.flush()

    def kept(self, trial: Trial) -> Trial:
        """What is known of a contender, as far as it is asked for and need not be fitted again for its rows."""
        seeds = self.plan.seeds
        if self.keep_rows and self.out is not None and not self.out.has_rows(trial.name):
            seeds = seeds[1:]
        return replace(trial, outcomes=tuple(outcome for outcome in trial.outcomes if outcome.seed in seeds))

    def run(self, trial: Trial) -> Iterator[Trial]:
        """Fit a contender with each seed that is not done yet, and yield it after each; its first failure ends it."""
        name, plan = trial.name, self.plan
        place = f"[{plan.methods.index(name) + 1}/{len(plan.methods)}] {name}"
        trial = replace(trial, reason="")
        yield trial
        missing = [seed for seed in plan.seeds if seed not in {outcome.seed for outcome in trial.outcomes}]
        if not missing:
            self.say(f"{place}: kept, {_shown(trial)}")
        for seed in missing:
            self.say(f"{place}: fitting" + (f", seed {seed}" if plan.n_seeds > 1 else ""))
            own = plan.options.get(name, {})
            request = Request(name, self.split.schema, seed, plan.max_minutes, own, plan.device, self.progress)
            first = seed == plan.seeds[0]
            trial, made = attempt(trial, request, self.split, plan.report if first else None)
            if self.out is not None:
                if made is not None and first:
                    self._keep(name, made, self.out)
                self.out.save(trial)  # last: a fit that --resume keeps has all its files
            self.say(f"{place}: " + (f"failed: {trial.reason}" if trial.reason else _shown(trial)))
            yield trial
            if trial.reason:
                break

    def _keep(self, name: str, made: Made, out: ComparisonFolder) -> None:
        out.save_report(name, made)
        if self.keep_rows:
            out.save_rows(name, made.rows, self.split.schema)


def _shown(trial: Trial) -> str:
    tstr = trial.mean("tstr")
    about = "" if math.isnan(tstr) else f", TSTR {tstr:.3f}"
    return f"{spoken(trial.seconds)}, C2ST score {trial.mean('c2st_score'):.3f}{about}"


def _split(table: object, target: object, plan: Plan, holdout: tuple[object, float], schema: SchemaLike) -> Split:
    """One split for all contenders; columns are described by the rows to learn alone."""
    given, fraction = holdout
    frame = read_table(table)
    if given is None:
        train, held = hold_out(frame, fraction, plan.random_state)
        how = f"{100 * fraction:.4g}% of the rows, by seed {plan.random_state}"
    else:
        train, held = frame, given_holdout(frame, read_table(given))
        refuse_overlap(train, held, plan.random_state)
        how = "given rows"
    if isinstance(schema, Schema):
        own = schema if target is None else retarget(schema, schema.name_of(target))
    else:
        overrides = read_schema_yaml(schema) if isinstance(schema, str | os.PathLike) else schema
        own = infer_schema(train, target=target, overrides=overrides)
    n_samples = plan.n_samples or min(len(train), MOST_ROWS)
    return Split(train, at_most(held, n_samples, plan.random_state), own, n_samples, how, len(held))


def _judging(split: Split) -> str:
    used, held = len(split.holdout), split.n_held_out
    if used == held:
        return f"{held:,} are held out"
    return f"{held:,} are held out, and as many of them as are drawn, {used:,}, serve"


def _settings(plan: Plan, split: Split) -> dict[str, Any]:
    """What must be the same for finished fits to be kept."""
    return {
        "table, split or hold-out": split.fingerprint(),
        "random_state": plan.random_state,
        "llmsynth version": __version__,
        "schema": hashlib.sha256(json.dumps(split.schema.to_dict(), sort_keys=True, default=str).encode()).hexdigest(),
        "max_minutes": plan.max_minutes,
        "n_samples": split.n_samples,
        "device": plan.device,
        "report": plan.report,
    }
