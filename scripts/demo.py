"""The main job on a real table, start to end: two language models on the same rows, side by side.

    scripts/demo            installs what is needed first, then runs this

The 442 patients of scikit-learn's diabetes table are split 80 to 20. SmolLM2-135M is fine-tuned (LoRA) on the first
part within four minutes, then the compact model is trained on the same rows; both draw as many synthetic rows, and both
are judged against the second part, which neither has seen.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from llmsynth import TableSynthesizer, datasets, summarize
from llmsynth.evaluate.render import render_comparison
from llmsynth.lm.embedded import ensure_model
from llmsynth.seeding import generator

TARGET = "progression"
PRETRAINED = "smollm2-135m"
COMPACT_MINUTES = 2.0  # a ceiling; early stopping ends it in well under a minute
console = Console(width=None if sys.stdout.isatty() else 120)


@dataclass(frozen=True)
class Result:
    """One trained model with the rows it drew."""

    synthesizer: Any
    synthetic: Any
    summary: Any
    nats: Any  # of each held-out row, inf where the model finds it impossible


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=4.0, help="training budget of the pretrained model")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder for everything that is written")
    options = parser.parse_args()
    if not options.minutes > 0:
        parser.error(f"--minutes: expected more than 0, got {options.minutes}")
    warnings.filterwarnings("ignore", category=FutureWarning)
    began = time.monotonic()
    train, holdout = split(datasets.load_diabetes())
    options.out.mkdir(parents=True, exist_ok=True)
    train.to_csv(options.out / "train.csv", index=False)
    holdout.to_csv(options.out / "holdout.csv", index=False)
    say(
        f"[bold]Real table[/]: {len(train) + len(holdout)} diabetes patients (Efron et al. 2004), {train.shape[1]} "
        f"columns; {len(train)} rows to train on, {len(holdout)} held out to judge with."
    )
    ensure_model(PRETRAINED, notify=lambda sentence: say(f"{sentence} ..."))
    budgets = {PRETRAINED: options.minutes, "compact": min(COMPACT_MINUTES, options.minutes)}
    results = {name: make(name, minutes, (train, holdout), options.out) for name, minutes in budgets.items()}
    show_rows(train, results)
    summaries = {name: result.summary for name, result in results.items()}
    console.print(render_comparison(summaries, title="How good and how private the rows are"))
    best, reasons = recommend(results)
    say(f"\n[bold]Recommended for this table: {best}[/]\n" + "\n".join(f"  - {reason}" for reason in reasons))
    write_summary(options.out, summaries, best, reasons)
    show_next(options.out, best)
    say(f"Done in {(time.monotonic() - began) / 60:.1f} minutes.")


def split(table: Any) -> tuple[Any, Any]:
    """Return 80 % of the rows and the others."""
    order = generator(0, "demo").permutation(len(table))
    cut = round(0.8 * len(table))
    return table.iloc[np.sort(order[:cut])].reset_index(drop=True), table.iloc[np.sort(order[cut:])].reset_index(
        drop=True
    )


def make(name: str, minutes: float, tables: tuple[Any, Any], out: Path) -> Result:
    """Train a model, draw as many rows as it was trained on, judge them, write rows and run folder."""
    train, holdout = tables
    say(f"\n[bold]{name}[/]: training for at most {minutes:g} minutes")
    synthesizer = TableSynthesizer(
        model=name, target=TARGET, max_minutes=minutes, progress=True, run_dir=out / f"run-{name}", overwrite=True
    ).fit(train)
    say(f"{name}: drawing {len(train)} rows, then judging them")
    began = time.perf_counter()
    synthetic = synthesizer.sample(len(train), random_state=0)
    seconds = time.perf_counter() - began
    synthetic.to_csv(out / f"synthetic-{name}.csv", index=False)
    nats = -synthesizer.log_prob(holdout)
    summary = summarize(train, synthetic, holdout, target=TARGET, schema=synthesizer.schema_).with_measured(
        holdout_nats_per_row=float(nats[np.isfinite(nats)].mean()),
        rows_per_second=len(synthetic) / seconds,
        fit_seconds=float(synthesizer.report_["seconds"]),
    )
    return Result(synthesizer, synthetic, summary, nats)


def recommend(results: dict[str, Result]) -> tuple[str, list[str]]:
    """Return the better model for this table, and why.

    The held-out likelihood decides if the models differ by more than two standard errors of the paired difference:
    it is the one figure that needs no classifier and no choice of bins. Otherwise the classifier test decides.
    """
    one, other = results
    both = np.isfinite(results[one].nats) & np.isfinite(results[other].nats)
    gap = results[one].nats[both] - results[other].nats[both]
    error = float(gap.std(ddof=1) / np.sqrt(gap.size))
    c2st = {name: result.summary.scores["c2st_score"].value for name, result in results.items()}
    clear = abs(float(gap.mean())) > 2 * error
    best = (other if gap.mean() > 0 else one) if clear else max(c2st, key=lambda name: c2st[name])
    worse = one if best == other else other
    nats = {name: float(result.nats[both].mean()) for name, result in results.items()}
    seconds = {name: results[name].summary.measured["fit_seconds"] for name in results}
    speed = {name: results[name].summary.measured["rows_per_second"] for name in results}
    reasons = [
        f"held-out rows cost it {nats[best]:.2f} nats each, {worse} {nats[worse]:.2f} (difference "
        f"{abs(gap.mean()):.2f}, standard error {error:.2f}: "
        f"{'clear' if clear else 'not clear, so the next figure decides'})",
        f"a classifier that tells real from synthetic rows: score {c2st[best]:.2f} against {c2st[worse]:.2f} "
        "(1 is undetectable)",
        f"trained in {seconds[best]:.0f} s against {seconds[worse]:.0f} s, draws {speed[best]:,.0f} rows/s against "
        f"{speed[worse]:,.0f}",
    ]
    if best == "compact":
        reasons.append(f"there is no free text in this table; where there is, {PRETRAINED} knows the words")
    return best, reasons


def show_rows(train: Any, results: dict[str, Result]) -> None:
    """Print three rows of the real table and of each synthetic one, columns as lines so that they fit."""
    shown = Table(title="\nThree real rows and three synthetic ones of each model", title_justify="left")
    shown.add_column("column", no_wrap=True)
    for name in ("real", *results):
        for number in range(3):
            shown.add_column(name if number == 0 else "", justify="right", style="" if name == "real" else "cyan")
    frames = [train, *(result.synthetic for result in results.values())]
    for column in train.columns:
        shown.add_row(column, *(f"{value}" for frame in frames for value in frame[column].head(3)))
    console.print(shown)


def write_summary(out: Path, summaries: dict[str, Any], best: str, reasons: list[str]) -> None:
    """Write every figure as JSON and the printed table as text."""
    figures = {name: summary.to_dict() for name, summary in summaries.items()}
    content = {"recommended": best, "reasons": reasons, "summaries": figures}
    (out / "summary.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    with (out / "summary.txt").open("w", encoding="utf-8") as file:
        Console(file=file, width=140).print(render_comparison(summaries))


def show_next(out: Path, best: str) -> None:
    """Print where everything is, and what to try now."""
    files = {
        "train.csv, holdout.csv": "the real rows",
        **{f"synthetic-{name}.csv": f"rows drawn by {name}" for name in (PRETRAINED, "compact")},
        **{f"run-{name}/": f"the trained {name}, its options and its history" for name in (PRETRAINED, "compact")},
        "summary.json, summary.txt": "all figures",
    }
    say(f"\n[bold]Files[/] in {out}/\n" + "\n".join(f"  {name:<28}{what}" for name, what in files.items()))
    llmsynth = ".venv/bin/llmsynth"
    say(
        "\n[bold]Next[/]\n"
        f"  {llmsynth} sample {out}/run-{best} -n 10000 -o more.csv\n"
        f"  {llmsynth} score {out}/run-{best} {out}/holdout.csv\n"
        f"  {llmsynth} run YOUR-TABLE.csv --target COLUMN -o result\n"
    )


def say(text: str) -> None:
    """Print a sentence; the terminal wraps it, so that commands can be copied."""
    console.print(text, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
