"""Writes the tables of results in the README, and nothing else, from eval/results.

    python -m eval.render_readme           # rewrite README.md between the markers
    python -m eval.render_readme --check   # exit 1 if it is not what the results say

A published number is never typed: it is a target's measured value in a committed result file, or a mean over those of
the benchmark of generators (`eval.compare`).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from eval import compare
from eval.record import RESULTS, ROOT

README = ROOT / "README.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
GENERATORS = "<!-- generators: begin -->", "<!-- generators: end -->"
ORDER = (
    "adult360",
    "adult90",
    "magic",
    "adult900",
    "magic900",
    "insurance",
    "sampling-speed",
    "insurance-smollm2",
    "insurance-great",
    "training-step",
    "sampling-pretrained",
    "validity",
    "build-time",
    "conditional-mammography",
    "imputation",
    "prediction-adult",
    "augment-mammography",
    "augment-diabetes130",
    "baselines-all-tables",
    "baseline-copula",
    "baseline-gan",
    "baseline-diffusion",
    "baseline-diffusion-gpu",
    "evaluate-power",
    "evaluate-ladder",
    "evaluate-coverage",
    "evaluate-determinism",
    "evaluate-hostile",
    "evaluate-marginals",
    "evaluate-gower",
    "evaluate-copies",
    "evaluate-levels",
    "curves",
    "scaling",
    "step-profile",
    "gpu",
)
TITLES = {
    "adult360": "Adult, compact, 6 minutes",
    "adult90": "Adult, compact, 90 seconds",
    "adult900": "Adult, compact, 15 minutes",
    "magic900": "Magic, three compact models averaged, 15 minutes",
    "magic": "Magic, compact, 6 minutes",
    "insurance": "Insurance (1,000 rows), compact, 3 minutes, mean of 3 seeds",
    "sampling-speed": "Sampling Adult rows, compact",
    "insurance-smollm2": "Insurance, SmolLM2-135M LoRA, 8 minutes",
    "insurance-great": "Insurance, be_great on the same model, 24 minutes allowed, 16 used",
    "training-step": "Training step, SmolLM2, against plain Hugging Face",
    "sampling-pretrained": "Sampling, SmolLM2, against `model.generate`",
    "validity": "Five hostile tables",
    "build-time": "Grammar of 100 columns, 10,000 categories in all",
    "conditional-mammography": "1,000 Mammography rows of the rare class, boosted, compact",
    "imputation": "Holes in Cleveland, Titanic and Adult, compact, beside linear models and forests",
    "prediction-adult": "Adult's income from the other columns, compact",
    "augment-mammography": "Mammography with the rare class augmented to one half, boosting, five splits",
    "augment-diabetes130": "Diabetes 130 (20,000 rows), readmission within 30 days augmented to one half, five splits",
    "baselines-all-tables": "Every baseline on every table (at most 1,000 rows)",
    "baseline-copula": "Gaussian copula, targets are SDV's own figures on the same rows",
    "baseline-gan": "Adult (10,000 rows), `ctgan` and `tvae`, targets are the ctgan package's figures and noise",
    "baseline-diffusion": "Adult, TabSyn (`diffusion`), within 15 minutes on a CPU",
    "baseline-diffusion-gpu": "Adult, TabSyn (`diffusion`), a larger denoiser, three minutes on a GPU",
    "evaluate-power": "The shipped policy on copies, near copies and honest real rows, 200 seeds each",
    "evaluate-ladder": "Every metric on tables of known defects",
    "evaluate-coverage": "95 % intervals over 500 simulations",
    "evaluate-determinism": "The same seed with other threads and rows in another order, Adult",
    "evaluate-hostile": "Calls of `evaluate` with tables that break things",
    "evaluate-marginals": "Evaluation of columns and pairs, beside SDMetrics",
    "evaluate-gower": "Evaluation, distances to the closest row, beside SDMetrics",
    "evaluate-copies": "Evaluation, exact matches",
    "evaluate-levels": "`llmsynth evaluate`, the whole command",
    "curves": "50 to 2,000 training rows of four tables",
    "scaling": "Seconds and memory against the number of rows",
    "step-profile": "One training step and one decoding step",
    "gpu": "Adult on a GPU",
}
HOLDOUT_KEYS = {"Shape error": "shape_error", "Trend error": "trend_error", "XGB-C2ST score": "c2st_score"}


def read(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """Return all result files, known ones in reading order first."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    names = [name for name in ORDER if name in found] + [name for name in found if name not in ORDER]
    return [found[name] for name in names]


def beside(result: dict[str, Any], what: str, part: str) -> str:
    """Return the same figure of other rows, the mean over seeds, empty where there is no such thing.

    Parameters
    ----------
    part : str
        "holdout": of real held-out rows. "at_holdout_rows": of as many drawn rows as those, since errors grow as rows
        get fewer; of the first draw of each seed, and empty for what does not depend on their number.
    """
    runs = result.get("runs")
    if not isinstance(runs, list) or not runs:  # elsewhere a number of runs
        return ""
    key = HOLDOUT_KEYS.get(what, "tstr" if what.startswith("TSTR") else "c2st_auc" if what.endswith("AUC") else "")
    figures = [one["metrics"][part].get(key, {}).get("value") for one in runs]
    known = [figure for figure in figures if figure is not None]
    return number(sum(known) / len(known), what) if known else ""


def number(value: float | None, what: str) -> str:
    """Return a figure as printed: errors as percentages, counts with separators."""
    if value is None:
        return "-"
    if what.endswith(" error"):
        return f"{100 * value:.2f} %"
    if abs(value) >= 1000 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 10 or abs(value) < 0.001 else f"{value:.3f}"


def table(results: list[dict[str, Any]]) -> str:
    """Return the results as a Markdown table, and a line on where they come from."""
    if not results:
        return "No results are recorded yet: see `python -m eval.spine --help`."
    lines = [
        "| benchmark | figure | measured | target | result | of as many rows as held out | real hold-out | on |",
        "| --- | --- | ---: | ---: | --- | ---: | ---: | --- |",
    ]
    letters = _letters(results)
    for result in results:
        title = TITLES.get(result["benchmark"], result["benchmark"])
        on = ", ".join(sorted(letters[machine] for machine in _machines(result)))
        for target in result["targets"] or _figures(result):
            what = target["what"]
            bound = f"{target['relation']} {number(target['target'], what)}" if "target" in target else ""
            verdict = {True: "reached", False: "missed", None: ""}[target.get("reached")]
            measured = number(target["measured"], what)
            fair = " | ".join(beside(result, what, part) for part in ("at_holdout_rows", "holdout"))
            lines.append(f"| {title} | {what} | {measured} | {bound} | {verdict} | {fair} | {on} |")
            title = on = ""
    return "\n".join([*lines, "", _origin(results)])


def _figures(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return figures worth a line for a result without targets (a peer's)."""
    scores = result.get("metrics", {}).get("scores", {})
    shown = [("Shape error", "shape_error"), ("Trend error", "trend_error")]
    figures = [{"what": what, "measured": scores[key]["value"]} for what, key in shown if key in scores]
    equal = result.get("c2st_equal")
    if equal:
        figures.append({"what": f"XGB-C2ST score at {equal['n_rows']} rows", "measured": equal["score"]})
    return figures


def _machine(named: dict[str, Any]) -> str:
    gpu = f" with {named['gpu']}" if "gpu" in named else ""
    return f"{named['cpu']}, {named['cores']} cores{gpu}"


def _machines(result: dict[str, Any]) -> list[str]:
    """Where a result was measured; of one put together from fits made elsewhere, where those were."""
    return list(result.get("fits", {}).get("machines") or [_machine(result["machine"])])


def _letters(results: list[dict[str, Any]]) -> dict[str, str]:
    """A letter for each machine, in the order of the table."""
    machines = dict.fromkeys(machine for one in results for machine in _machines(one))
    return {machine: chr(ord("A") + place) for place, machine in enumerate(machines)}


def _commits(result: dict[str, Any]) -> set[str]:
    """The commit of a result, and those of points in it that were measured at others; + with uncommitted changes."""
    found = {str(result["commit"])[:12] + ("+" if result["dirty"] else "")}
    parts: list[Any] = [value for key, value in result.items() if key != "commit"]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if isinstance(part.get("commit"), str):
                found.add(part["commit"][:12] + ("+" if part["commit"].endswith("+") else ""))
            parts += part.values()
        elif isinstance(part, list):
            parts += part
    return found


def _origin(results: list[dict[str, Any]]) -> str:
    machines = [f"{letter}: {machine}" for machine, letter in _letters(results).items()]
    commits = sorted({name for one in results for name in _commits(one)})
    dirty = any(name.endswith("+") for name in commits)
    return (
        f"Measured on {'; '.join(machines)}; commit {', '.join(commits)}"
        f"{' (+: with uncommitted changes)' if dirty else ''}. "
        "Generated from `eval/results` by `python -m eval.render_readme`."
    )


def rendered(readme: str, results: list[dict[str, Any]]) -> str:
    """Return the README with the table of targets between its markers."""
    return _between(readme, BEGIN, END, table(results))


def with_generators(readme: str, folder: Path = RESULTS) -> str:
    """Return the README with the benchmark of generators between its markers."""
    tables = compare.read(folder / "benchmark")
    text = "No results are recorded yet: see `python -m eval.run --help`."
    if tables:
        more = "[Those and all figures](eval/results/benchmark/README.md)."
        note = f"{compare.RANKING_NOTE} {compare.CHOSEN} {more} {compare.origin(tables)}"
        text = f"{compare.rankings(tables, level=4, all_tables_only=True)}\n\n{note}"
        beside = compare.beside_published(tables)
        if beside:
            text += (
                "\n\nOur compact model, rows drawn each on its own or at quasi-random points, beside published figures "
                "(same rows, split and metrics; theirs are means of several trained models, ours with five and fifteen "
                f"minutes are of one):\n\n{beside}"
            )
    return _between(readme, *GENERATORS, text)


def _between(readme: str, begin: str, end: str, text: str) -> str:
    if readme.count(begin) != 1 or readme.count(end) != 1 or readme.index(begin) > readme.index(end):
        raise SystemExit(f"README.md: expected the markers {begin} and {end} once each, in this order")
    before, _, rest = readme.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{text}\n{end}{after}"


def main(arguments: list[str] | None = None, *, readme: Path = README, folder: Path = RESULTS) -> int:
    """Rewrite or check the README; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m eval.render_readme")
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if the README is out of date")
    options = parser.parse_args(arguments)
    old = readme.read_text(encoding="utf-8")
    new = with_generators(rendered(old, read(folder)), folder)
    if options.check:
        if old != new:
            print("README.md: a table of results is out of date; run python -m eval.render_readme", file=sys.stderr)
        return int(old != new)
    readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
