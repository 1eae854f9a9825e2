"""A comparison as a table for a terminal, as Markdown and as CSV. Text only: the figures come from `result`."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from llmsynth.comparison.recommend import RULES, spoken
from llmsynth.comparison.result import HOLDOUT, Comparison
from llmsynth.comparison.trial import Trial
from llmsynth.evaluate.rendering.markdown import escaped
from llmsynth.evaluate.rendering.text import visible
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.summary import METRICS, shown


@dataclass(frozen=True)
class _Head:
    """One column of the printed table."""

    key: str
    short: str
    best: str


_HEADS = (
    _Head("shape_error", "Shape", "0"),
    _Head("trend_error", "Trend", "0"),
    _Head("c2st_score", "C2ST", "1"),
    _Head("c2st_auc", "AUC", "0.5"),
    _Head("tstr", "TSTR", "the hold-out's"),
    _Head("copies", "copies", "the hold-out's or less"),
    _Head("near_train", "2 % DCR", "2 % or less"),
)
_LONGEST = 1000  # letters of a reason, which may hold names of columns
_METRICS = {metric.key: metric for metric in METRICS}


def _cells(trial: Trial) -> list[str]:
    figures = [shown(_METRICS[head.key], Score(trial.mean(head.key))) for head in _HEADS]
    seconds = "-" if trial.failed else spoken(trial.seconds)
    speed = trial.mean("rows_per_second")
    return [*figures, seconds, "-" if math.isnan(speed) else f"{speed:,.0f}"]


def _holdout_cells(comparison: Comparison) -> list[str]:
    return [*(shown(_METRICS[head.key], Score(comparison.holdout[head.key])) for head in _HEADS), "", ""]


def _titles(comparison: Comparison) -> list[str]:
    tstr = "TSTR R2" if comparison.task == "regression" else "TSTR AUC" if comparison.task else "TSTR"
    return [*(tstr if head.key == "tstr" else head.short for head in _HEADS), "seconds", "rows/s"]


def render(comparison: Comparison) -> Table:
    """Return the comparison as a rich table, the real hold-out first, then the best contender."""
    table = Table(
        title="Generators side by side", caption=Text("\n".join(_caption(comparison))), box=SIMPLE_HEAD,
        show_edge=False, pad_edge=False, title_justify="left", caption_justify="left",
    )  # fmt: skip
    table.add_column("method", no_wrap=True)
    for name in _titles(comparison):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(HOLDOUT, *_holdout_cells(comparison))
    for trial in comparison.ranked:
        table.add_row(Text(_marked(comparison, trial)), *_cells(trial))
    return table


def _marked(comparison: Comparison, trial: Trial) -> str:
    if trial.name == comparison.recommendation.method:
        return f"{trial.name} *"
    name = trial.name if trial.safe else f"{trial.name} !"
    n_done, n_seeds = len(trial.outcomes), len(comparison.facts.seeds)
    return f"{name} ({n_done} of {n_seeds} seeds)" if 0 < n_done < n_seeds else name


def _caption(comparison: Comparison) -> list[str]:
    facts = comparison.facts
    rows = facts.rows
    several = f", mean of {len(facts.seeds)} seeds" if len(facts.seeds) > 1 else ""
    n_all, n_left = len(comparison.trials), len(comparison.unfinished)
    stopped = [f"Interrupted: {n_all - n_left} of {n_all} methods finished; go on with --resume."] if n_left else []
    return [
        *stopped,
        f"{rows['train']:,} rows learned, {rows['synthetic']:,} drawn of each, {rows['holdout']:,} held out{several}; "
        "Shape, Trend and C2ST at as many rows as are held out. 2 % DCR: rows nearer to a training row than 98 % of "
        "held-out rows. Seconds: to fit and draw. *: recommended. !: real rows changed a little, not to be released.",
    ]


def verdict(comparison: Comparison) -> list[str]:
    """The recommendation and what was left out, one text each."""
    found = comparison.recommendation
    left_out = (f"Left out: {name}: {visible(reason, _LONGEST)}." for name, reason in (found.excluded or {}).items())
    return [f"Recommendation: {visible(found.text, _LONGEST)}", *left_out]


def to_markdown(comparison: Comparison) -> str:
    """Return the comparison as a Markdown page: table, recommendation, rules, how the figures were obtained."""
    text = comparison.recommendation.text
    *stopped, caption = _caption(comparison)
    parts = ["# Generators side by side", "", *(f"**{line}**\n" for line in stopped), *_markdown_table(comparison), ""]
    parts += [f"{caption}\n"]
    parts += [
        "![Quality against seconds](comparison.svg)",
        "",
        "## Recommendation",
        "",
        text if comparison.recommendation.method else escaped(text),  # without a method it holds foreign reasons
        "",
    ]
    excluded = comparison.recommendation.excluded or {}
    parts += [f"- Left out: {name}: {escaped(reason)}" for name, reason in excluded.items()]
    parts += ["", f"Decided by: {comparison.recommendation.rule}.", "", "## Rules", ""]
    parts += [f"{number}. {rule}" for number, rule in enumerate(RULES, 1)]
    parts += ["", "## How the figures were obtained", "", *(f"- {line}" for line in _facts(comparison)), ""]
    parts += ["## How to read them", ""]
    parts += [f"- {metric.title}: {metric.meaning}" for metric in METRICS]
    return "\n".join(part.rstrip() for part in "\n".join(parts).splitlines()) + "\n"


def _facts(comparison: Comparison) -> list[str]:
    facts = comparison.facts
    budget = "none" if facts.max_minutes is None else f"{facts.max_minutes:g} minutes a fit, for methods that take one"
    lines = [
        f"Split: {facts.rows['train']:,} rows to learn, {facts.rows['holdout']:,} held out ({facts.split})",
        f"Seeds: {', '.join(map(str, facts.seeds))}",
        f"Budget: {budget}",
        f"Target of TSTR: {escaped(facts.target) if facts.target is not None else 'none was named'}",
    ]
    if comparison.reference is not None:
        lines.append(f"C2ST and TSTR: {comparison.reference.outcomes[0].summary['learners']}")
    lines += [f"Options of {name}: {escaped(dict(given))}" for name, given in facts.options.items()]
    return [*lines, *(f"Note: {escaped(note)}" for note in comparison.notes())]


def _markdown_table(comparison: Comparison) -> list[str]:
    heads = ["method", *_titles(comparison), "verdict"]
    lines = [heads, ["---", *["---:"] * (len(heads) - 2), "---"], [HOLDOUT, *_holdout_cells(comparison), ""]]
    for trial in comparison.ranked:
        name = _marked(comparison, trial)
        lines.append(
            [f"**{name.removesuffix(' *')}**" if name.endswith(" *") else name, *_cells(trial), _linked(trial)]
        )
    return [f"| {' | '.join(line)} |" for line in lines]


def _linked(trial: Trial) -> str:
    """The verdict on a contender's rows, as a link to its report."""
    return "" if trial.verdict is None else f"[{trial.verdict['verdict']}](reports/{trial.name}.html)"


def to_csv(comparison: Comparison) -> str:
    """Return one line for the hold-out and one per contender, with full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    results = comparison.results
    writer.writerow(["method", *results.columns])
    ceiling = {"status": "real rows", "safe": "", "reason": ""} | comparison.holdout
    writer.writerow([HOLDOUT, *(_plain(ceiling.get(name, "")) for name in results.columns)])
    for name, row in results.iterrows():
        writer.writerow([name, *map(_plain, row)])
    return text.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(float(value))
    return value
