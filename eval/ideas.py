"""Ideas for the training of both models, each beside the defaults of its day on the same rows, seeds and minutes.

    python -m eval.ideas TABLE [--train-rows N] [--ideas I ...] [--seeds 0 1 2] [--budget-minutes 1]
    python -m eval.ideas --list
    python -m eval.ideas --render              # eval/results/ideas/README.md from the results there are

A result is one fit: eval/results/ideas/TABLE-nN-IDEA-MINUTESm-sSEED.json. It holds the nats of held-out rows (at most
1,000, the same for all), the C2ST score against held-out rows, TSTR, Shape error and copies of as many rows as there
are to learn from. The page has the mean over seeds of each idea less the default of the same seed; the nats with the
standard error over held-out rows, which are the same on both sides. Fits that are there are kept. Ideas that only
change the speed of a step are in `step_ideas`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import fits, record, scoring, tables
from eval.benchmark import idea_changes as changes
from eval.benchmark.scores import c2st_holdout

FOLDER = record.RESULTS / "ideas"
MOST_HELD_OUT, MOST_DRAWN, TEACHER_MINUTES, TEACHER_ROWS = 1000, 10_000, 5.0, 1000
TEMPERATURES = (0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2)
FIGURES = {"c2st": "C2ST score", "tstr": "TSTR", "shape_error": "Shape error", "copies": "copies"}


@dataclass(frozen=True)
class Idea:
    """What is different.

    Attributes
    ----------
    what : str
    model : str
    recipe : dict
        Options other than the defaults.
    change : callable
        Context of the fit and of all that is asked of the model after it.
    taught : bool
        Rows of a fine-tuned pretrained model are half of the warm-up.
    """

    what: str
    model: str = "compact"
    recipe: dict[str, Any] = field(default_factory=dict)
    change: Callable[[], Any] = nullcontext
    taught: bool = False


def _compact(**options: Any) -> dict[str, Any]:
    return {"compact": options}


def _pretrained(**options: Any) -> dict[str, Any]:
    return {"pretrained": options}


def _train(**options: Any) -> dict[str, Any]:
    return {"train": options}


SMOLLM2 = "smollm2-135m"
IDEAS: dict[str, Idea] = {
    "default": Idea("the defaults"),
    "order-0": Idea("every row with a random prefix first", recipe=_train(natural_order_share=0.0)),
    "order-25": Idea("a quarter of the rows in table order (default: half)", recipe=_train(natural_order_share=0.25)),
    "order-75": Idea("three quarters of the rows in table order", recipe=_train(natural_order_share=0.75)),
    "order-100": Idea("all rows in table order", recipe=_train(natural_order_share=1.0)),
    "batch-32": Idea("32 rows a step, rate by the square root", recipe=_train(batch_size=32)),
    "batch-128": Idea("128 rows a step, rate by the square root", recipe=_train(batch_size=128)),
    "batch-512": Idea("512 rows a step, rate by the square root", recipe=_train(batch_size=512)),
    "batch-1024": Idea("1,024 rows a step, rate by the square root", recipe=_train(batch_size=1024)),
    "wider": Idea("width 128", recipe=_compact(hidden_size=128, intermediate_size=344)),
    "narrower": Idea("width 64", recipe=_compact(hidden_size=64, intermediate_size=172)),
    "width-48": Idea("width 48", recipe=_compact(hidden_size=48, intermediate_size=128)),
    "width-32": Idea("width 32", recipe=_compact(hidden_size=32, intermediate_size=86)),
    "deeper": Idea("five layers", recipe=_compact(num_hidden_layers=5)),
    "flatter": Idea("two layers", recipe=_compact(num_hidden_layers=2)),
    "column-slots": Idea("an embedding per column, not per slot", change=changes.one_embedding_per_column),
    "markers": Idea("a marker token before each value in place of slot embeddings", change=changes.marker_tokens),
    "names": Idea("first embeddings from SmolLM2's of the names", change=changes.embeddings_of_names),
    "taught": Idea("half of the warm-up drawn by a fine-tuned SmolLM2, whose minutes are extra", taught=True),
    SMOLLM2: Idea("SmolLM2, the defaults", SMOLLM2),
    f"{SMOLLM2}-warmed": Idea("SmolLM2 trained first on rows of copula and trees", SMOLLM2,
                              change=changes.warm_up_of_any_model),
    f"{SMOLLM2}-6": Idea("SmolLM2's first 6 layers (default: 10)", SMOLLM2, _pretrained(num_hidden_layers=6)),
    f"{SMOLLM2}-16": Idea("SmolLM2's first 16 layers", SMOLLM2, _pretrained(num_hidden_layers=16)),
    f"{SMOLLM2}-30": Idea("all 30 layers of SmolLM2", SMOLLM2, _pretrained(num_hidden_layers=None)),
    f"{SMOLLM2}-batch-32": Idea("SmolLM2, 32 rows a step", SMOLLM2, _train(batch_size=32)),
    f"{SMOLLM2}-batch-8": Idea("SmolLM2, 8 rows a step", SMOLLM2, _train(batch_size=8)),
}  # fmt: skip
BASES = {"compact": "default", SMOLLM2: SMOLLM2}
"""What an idea is compared with."""


def teacher_rows(table: tables.Table, seed: int, folder: Path) -> pd.DataFrame:
    """Return rows of SmolLM2, fine-tuned on the part of the rows that the compact model trains on; kept for later."""
    kept = folder / ".rows" / f"{table.name}-n{len(table.train)}-s{seed}.csv"
    if not kept.is_file():
        fitted = fits.fit(table.train, fits.Settings(SMOLLM2, table.target, TEACHER_MINUTES, seed))
        rows, _ = fits.sample(fitted, TEACHER_ROWS)
        kept.parent.mkdir(parents=True, exist_ok=True)
        rows.to_csv(kept, index=False)
    return pd.read_csv(kept, keep_default_na=False, na_values=[""], dtype=table.train.dtypes.to_dict())


def run(
    table: tables.Table, name: str, *, seed: int, minutes: float, folder: Path = FOLDER, fit: fits.Fit = fits.fit
) -> Path:
    """Fit one idea on one table, and return the result file; one that is there is kept.

    Parameters
    ----------
    table : Table
        Whole, or cut to few rows.
    name : str
        One of `IDEAS`.
    seed, minutes
        Of the fit; the budget of a teacher is its own.
    folder, fit
        Replaced by tests.
    """
    idea = IDEAS[name]
    stem = f"{table.name}-n{len(table.train)}-{name}-{minutes:g}m-s{seed}"
    path = folder / f"{stem}.json"
    if path.is_file():
        return path
    change = changes.taught_by(teacher_rows(table, seed, folder)) if idea.taught else idea.change
    holdout = (
        table.holdout if len(table.holdout) <= MOST_HELD_OUT else table.holdout.sample(MOST_HELD_OUT, random_state=0)
    )
    began = time.perf_counter()
    with change():
        fitted = fit(table.train, fits.Settings(idea.model, table.target, minutes, seed, idea.recipe))
        nats = -np.asarray(fitted.generator.log_prob(holdout), np.float64)
        rows, drawn_in = fits.sample(fitted, min(len(table.train), MOST_DRAWN))
    tempered = {}
    if name == "default":
        for temperature in TEMPERATURES:
            with changes.at_temperature(temperature):
                some = np.asarray(fitted.generator.log_prob(holdout), np.float64)
            tempered[f"{temperature:g}"] = float(-some[np.isfinite(nats)].mean())
    summary = scoring.score(table.dataset, rows).to_dict()
    scores: Any = summary["scores"]
    measured = {
        "table": table.name, "rows": len(table.train), "idea": name, "what": idea.what, "seed": seed,
        "minutes": minutes, "seconds": {"fit": fitted.seconds, "sample": drawn_in, "all": time.perf_counter() - began},
        "nats": float(nats[np.isfinite(nats)].mean()), "impossible_rows": int((~np.isfinite(nats)).sum()),
        "nats_at_temperature": tempered,
        "steps": getattr(fitted.generator, "report_", {}).get("n_steps"),
        "c2st": c2st_holdout(table, rows, scoring.LEARNERS)["value"],
        **{key: scores[key]["value"] for key in ("tstr", "shape_error", "copies")},
        "nats_by_row": [round(float(one), 3) if np.isfinite(one) else None for one in nats],
    }  # fmt: skip
    return record.write(stem, measured, [], folder=folder)


def read(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Return all results there are, in order of their names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def compared(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a line for each table, number of rows, minutes and idea: means over seeds less those of its base.

    Only seeds that both have count; an idea whose base was not run has no line.
    """
    found = {(one["table"], one["rows"], one["minutes"], one["idea"], one["seed"]): one for one in results}
    lines = []
    for table, rows, minutes, name in sorted({key[:4] for key in found}):
        idea, base = IDEAS[name], BASES[IDEAS[name].model]
        seeds = [seed for *key, seed in found if key == [table, rows, minutes, name]]
        pairs = [
            (found[table, rows, minutes, name, seed], found[table, rows, minutes, base, seed])
            for seed in sorted(seeds)
            if name != base and (table, rows, minutes, base, seed) in found
        ]
        if not pairs:
            continue
        nats = np.array([[_less(a, b) for a, b in zip(one["nats_by_row"], other["nats_by_row"], strict=True)]
                         for one, other in pairs])  # fmt: skip
        by_row = nats[:, ~np.isnan(nats).any(axis=0)].mean(axis=0)
        lines.append({
            "table": table, "rows": rows, "minutes": minutes, "idea": name, "what": idea.what, "seeds": len(pairs),
            "nats": float(by_row.mean()), "standard_error": float(by_row.std(ddof=1) / np.sqrt(by_row.size)),
            "better_seeds": int((np.nanmean(nats, axis=1) < 0).sum()),
            **{key: _mean_less(pairs, key) for key in FIGURES},
            "steps": _mean_ratio(pairs, "steps"),
        })  # fmt: skip
    return lines


def _less(one: float | None, other: float | None) -> float:
    return float("nan") if one is None or other is None else one - other


def _mean_less(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], key: str) -> float | None:
    found = [a[key] - b[key] for a, b in pairs if a[key] is not None and b[key] is not None]
    return float(np.mean(found)) if found else None


def _mean_ratio(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], key: str) -> float | None:
    found = [a[key] / b[key] for a, b in pairs if a[key] and b[key]]
    return float(np.mean(found)) if found else None


def document(results: Sequence[dict[str, Any]]) -> str:
    """Return the page."""
    machines = sorted({f"{one['machine']['cpu']}, {one['machine']['cores']} cores" for one in results})
    commits = sorted({one["commit"][:12] + ("+" if one["dirty"] else "") for one in results})
    parts = [
        "# Ideas for the training, beside the defaults of their day",
        f"Written by `python -m eval.ideas --render` from {len(results)} fits on {'; '.join(machines)}; commit "
        f"{', '.join(commits)}. Each figure is the idea's less the default's of the same rows, seed and minutes, the "
        "mean over seeds: nats per held-out row (less is better, ± the standard error over held-out rows), C2ST score "
        "against held-out rows, TSTR, Shape error, share of exact copies, and the ratio of optimiser steps. The "
        "default is that of the commit; where an idea has become the default since, eval/LOG.md says so.",
    ]
    lines = compared(results)
    for table, rows, minutes in sorted({(one["table"], one["rows"], one["minutes"]) for one in lines}):
        here = [one for one in lines if (one["table"], one["rows"], one["minutes"]) == (table, rows, minutes)]
        body = [
            f"| {one['what']} | {one['nats']:+.3f} ± {one['standard_error']:.3f} | {one['better_seeds']} of "
            f"{one['seeds']} | " + " | ".join(_signed(one[key]) for key in FIGURES) + f" | {_ratio(one['steps'])} |"
            for one in sorted(here, key=lambda one: float(one["nats"]))
        ]
        header = ["idea", "nats", "seeds better", *FIGURES.values(), "steps"]
        parts.append(f"## {table}, {rows:,} rows, {minutes:g} min")
        parts.append("\n".join([f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}", *body]))
    tempered = temperatures(results)
    if tempered:
        header = ["table", "rows", "minutes", *(f"{one:g}" for one in TEMPERATURES)]
        body = ["| " + " | ".join([name, f"{rows:,}", f"{minutes:g}", *(f"{one:.3f}" for one in values)]) + " |"
                for (name, rows, minutes), values in tempered.items()]  # fmt: skip
        parts.append("## Held-out nats of the default at other temperatures")
        parts.append("The least is what a temperature fitted on held-out rows could reach at most.")
        parts.append("\n".join([f"| {' | '.join(header)} |", "| --- |" + " ---: |" * (len(header) - 1), *body]))
    return "\n\n".join(parts) + "\n"


def temperatures(results: Sequence[dict[str, Any]]) -> dict[tuple[str, int, float], list[float]]:
    """Return by table, rows and minutes the default's mean nats over seeds at each of `TEMPERATURES`."""
    found: dict[tuple[str, int, float], list[list[float]]] = {}
    for one in results:
        if one["nats_at_temperature"]:
            key = one["table"], one["rows"], one["minutes"]
            found.setdefault(key, []).append([one["nats_at_temperature"][f"{t:g}"] for t in TEMPERATURES])
    return {key: np.mean(values, axis=0).tolist() for key, values in sorted(found.items())}


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def render(folder: Path = FOLDER) -> Path:
    """Write the page of all results there are."""
    results = read(folder)
    if not results:
        raise SystemExit(f"{folder}: expected results of `python -m eval.ideas TABLE`, found none")
    page = folder / "README.md"
    page.write_text(document(results), encoding="utf-8")
    return page


def main(arguments: list[str] | None = None) -> None:
    """Fit ideas, list them, or write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.ideas", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", nargs="?", choices=tables.names())
    parser.add_argument("--train-rows", type=int, metavar="N")
    parser.add_argument("--ideas", nargs="+", default=list(IDEAS), choices=IDEAS, metavar="I")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], metavar="S")
    parser.add_argument("--budget-minutes", type=float, default=1.0, metavar="X")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--render", action="store_true")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(f"{name:<24} {idea.what}" for name, idea in IDEAS.items()))
    elif options.render:
        print(render())
    elif options.table is None or options.budget_minutes <= 0:
        parser.error("expected a table and more than 0 minutes, or --list, or --render")
    else:
        whole = tables.load(options.table)
        for seed in options.seeds:
            table = whole if options.train_rows is None else tables.cut(whole, options.train_rows, seed)
            for name in options.ideas:
                run(table, name, seed=seed, minutes=options.budget_minutes)


if __name__ == "__main__":
    main()
