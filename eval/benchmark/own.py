"""Fits one of our own methods, or a control, by the call that peers have, and two arguments more.

    python own.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M [--target T] [--meta META.json]
        --method NAME [--holdout HOLDOUT.csv [--nats-by-row]]

Methods go through the public facade with its defaults, a target, a seed and the budget. As peers do, they draw for
twice the budget at most, and what a language model has drawn by then is what is scored: a part that ends later is not
counted, and no part in time is a failure. Where a method knows the likelihood of rows, its nats per held-out row are
written to `nats.json` after the answer, and cost none of its time and memory; with --nats-by-row those of each row, and
the copula's, too.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import time
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from eval.benchmark.methods import BASELINES, DRAWN_OTHERWISE, LANGUAGE_MODELS

RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "compact-cold": ("compact", {"compact": {"warm_up": False}}),
    "compact-quasi": ("compact", {"sample": {"quasi_random": True}}),
}
"""Model and options of the methods that are no model of their own."""
CONTROLS = ("real", "holdout", "memoriser")
SAMPLING_BUDGETS = 2
"""Budgets that drawing may take, as `peers/shared.py` has it."""
ROWS_AT_ONCE = {"smollm2-135m": 32}
"""Rows of a batch, where four of the method's own size, which is a part, take longer than a minute's fit may draw."""
CHOICES = (*CONTROLS, "independent", *LANGUAGE_MODELS, *DRAWN_OTHERWISE, *BASELINES)


def control(name: str, train: pd.DataFrame, holdout: pd.DataFrame, n_rows: int, seed: int) -> pd.DataFrame:
    """Return real rows in place of synthetic ones: never more than there are, but for the memoriser."""
    if name == "memoriser":
        return train.iloc[np.random.default_rng(seed).integers(0, len(train), n_rows)]
    rows = train if name == "real" else holdout
    return rows if len(rows) <= n_rows else rows.sample(n_rows, random_state=seed)


def unfitted(name: str, target: str | None, seed: int, minutes: float) -> tuple[Any, dict[str, Any]]:
    """Return a generator that is not fitted yet, with everything imported, and the settings it was given."""
    if name in LANGUAGE_MODELS | DRAWN_OTHERWISE:
        from llmsynth import TableSynthesizer
        from llmsynth.lm.embedded import EMBEDDED, ensure_model

        model, recipe = RECIPES.get(name, (name, None))
        if model in EMBEDDED:
            ensure_model(model)
        given: dict[str, Any] = {"model": model, "max_minutes": minutes} | ({"recipe": recipe} if recipe else {})
        return TableSynthesizer(**given, target=target, random_state=seed, progress=True), given
    from llmsynth import BaselineSynthesizer  # torch comes with the methods that need it only: it is memory
    from llmsynth.baselines.methods import get_method

    known = {field.name for field in fields(get_method(name).options)}
    options = {"max_minutes": minutes} if "max_minutes" in known else {}
    return BaselineSynthesizer(name, options=options, target=target, random_state=seed, progress=True), options


def drawn(generator: Any, n_rows: int, seed: int, seconds: float, at_once: int | None = None) -> pd.DataFrame:
    """Return the rows that a language model has drawn after so many seconds; of a baseline all of them.

    Raises
    ------
    SystemExit
        If no part of them was whole by then, as `peers/shared.py` has it.
    """
    if not hasattr(generator, "iter_samples"):
        return generator.sample(n_rows, random_state=seed)
    parts: list[pd.DataFrame] = []
    end = time.monotonic() + seconds
    for part in generator.iter_samples(n_rows, random_state=seed, batch_size=at_once):
        if time.monotonic() > end:
            break
        parts.append(part)
    if not parts:
        raise SystemExit(f"no row of {n_rows} was drawn in {seconds:.0f} s")
    return pd.concat(parts, ignore_index=True)


def most_memory() -> float:
    """Return the most memory that this process has taken, in MiB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def read(path: Path) -> pd.DataFrame:
    """Read a table as the contract writes it."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False)


def main(arguments: list[str] | None = None) -> None:
    """Fit, draw, write."""
    parser = argparse.ArgumentParser(description=inspect.cleandoc(__doc__ or "").splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--budget-minutes", type=float, required=True)
    parser.add_argument("--target")
    parser.add_argument("--meta", type=Path)
    parser.add_argument("--method", required=True, choices=CHOICES)
    parser.add_argument("--holdout", type=Path)
    parser.add_argument("--nats-by-row", action="store_true")
    options = parser.parse_args(arguments)
    train = read(options.train)
    holdout = None if options.holdout is None else read(options.holdout)
    answer: dict[str, Any] = {"seconds": {"fit": 0.0, "sample": 0.0}, "versions": {"llmsynth": version("llmsynth")}}
    generator = None
    if options.method in CONTROLS:
        rows = control(options.method, train, train if holdout is None else holdout, options.rows, options.seed)
    else:
        generator, settings = unfitted(options.method, options.target, options.seed, options.budget_minutes)
        began = time.perf_counter()
        generator.fit(train)
        answer["seconds"]["fit"] = time.perf_counter() - began
        began = time.perf_counter()
        seconds = SAMPLING_BUDGETS * 60 * options.budget_minutes
        rows = drawn(generator, options.rows, options.seed, seconds, ROWS_AT_ONCE.get(options.method))
        answer["seconds"]["sample"] = time.perf_counter() - began
        answer |= {"settings": settings, "notes": list(generator.report_.get("notices", ()))}
        if len(rows) < options.rows:
            answer["notes"].append(f"{len(rows)} rows of {options.rows}: {seconds:.0f} s for sampling were over")
    answer["peak_rss_mib"] = most_memory()
    rows.to_csv(options.folder / "synthetic.csv", index=False)
    (options.folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    if generator is not None and holdout is not None:
        write_nats(options, generator, holdout)


def write_nats(options: argparse.Namespace, generator: Any, holdout: pd.DataFrame) -> None:
    """Write the likelihood of held-out rows, if the method has one."""
    from eval.benchmark import likelihood

    by_row: bool = options.nats_by_row
    most = likelihood.MOST_ROWS.get(
        options.method, len(holdout) if options.method in likelihood.BY_ROW and by_row else 0
    )
    if not most:
        return
    some = holdout if len(holdout) <= most else holdout.sample(most, random_state=0)
    found = likelihood.holdout_nats(generator, some.reset_index(drop=True), by_row=by_row)
    (options.folder / "nats.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
