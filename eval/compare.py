"""Makes tables and plots of the benchmark's results.

    python -m eval.compare [-o FOLDER]

Reads FOLDER/DATASET/*.json (FOLDER: eval/results/benchmark) and writes FOLDER/README.md, one section for each table,
and FOLDER/DATASET.svg. Controls come first, then methods by C2ST score, then failures. Means over seeds, with the
standard deviation where there are two or more. Nothing is computed from rows here.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from eval import data, record
from eval.benchmark.entries import (
    FIGURES,
    MORE,
    OWN,
    PROTOCOL,
    RANKED,
    Entry,
    Figure,
    at,
    blocks,
    budgets,
    ranks,
    read,
    reference,
)
from eval.benchmark.generated import of_this_runner
from eval.benchmark.methods import methods
from eval.benchmark.picture import draw
from eval.benchmark.published import published
from eval.benchmark.scores import CHANGED
from eval.protocol import DEFECTS

FOLDER = record.RESULTS / "benchmark"
NONE = "–"
BESIDE_PUBLISHED = ("compact", "compact-quasi")
"""Methods that the README puts beside published figures."""


def number(value: float, *, percent: bool = False) -> str:
    """Return a figure as printed."""
    if math.isnan(value):
        return NONE
    return f"{100 * value:.2f} %" if percent else f"{value:.3f}"


def seconds(value: float) -> str:
    """Return seconds as printed."""
    return NONE if math.isnan(value) else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def cell(entry: Entry, figure: Figure) -> str:
    """Return mean and spread of a figure, and of how many seeds where not all have it."""
    shown, spread = number(entry.mean(figure.key), percent=figure.percent), entry.spread(figure.key)
    n_values, n_runs = len(entry.values(figure.key)), len(entry.runs)
    some = f" ({n_values} of {n_runs})" if 0 < n_values < n_runs and figure.key != "protocol_dcr_share" else ""
    if math.isnan(spread):
        return shown + some
    plain = number(spread, percent=figure.percent).removesuffix(" %")
    return f"{shown.removesuffix(' %')} ± {plain}{' %' if figure.percent else ''}{some}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; columns but the first are numbers."""
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def section(name: str, entries: Sequence[Entry]) -> str:
    """Return what is known about one table, as Markdown."""
    done = [entry for entry in entries if not entry.failed]
    if not done:
        return f"## {_title(name)}\n\n{_failures(entries)}"
    first = done[0].runs[0]
    rows, task = first["rows"], "R2" if first["task"] == "regression" else "AUC"
    more = [figure for figure in MORE if any(entry.values(figure.key) for entry in done)]
    figures = [*OWN, *more]
    header = ["method", "minutes", "seeds", "rows", "fit s", "rows/s", "MiB"]
    header += [f"{figure.title} {task}" if figure.key == "tstr" else figure.title for figure in figures]
    lines = [[*_about(entry), *(cell(entry, figure) for figure in figures)] for entry in done]
    held = [number(reference(done, figure.key), percent=figure.percent) for figure in OWN]
    lines.insert(0, ["*what held-out rows have*", "", "", "", "", "", "", *held, *([NONE] * len(more))])
    split = "the protocol's split" if first["protocol_split"] else "a split of our own"
    text = [
        f"## {_title(name)}",
        f"{rows['train']:,} rows to learn from, {rows['holdout']:,} held out ({split}).",
        table(header, lines)
        + (FEW if any(entry.few for entry in done) else "")
        + _older(done)
        + _mixed(done)
        + _earlier(entries)
        + _disturbed(entries)
        + _notes(done),
        "The protocol's figures:",
        protocol(name, done, first["task"]) + _versions(done),
    ]
    if any(entry.failures for entry in entries):
        text.append(_failures(entries))
    text.append(f"![Quality against seconds]({name}.svg)")
    return "\n\n".join(text)


def _older(entries: Sequence[Entry]) -> str:
    """Which methods were scored when one subsample was taken, where others have several."""
    most = max((max(one.subsamples, default=1) for one in entries), default=1)
    single = sorted({f"{one.method} {one.minutes:g} min" for one in entries if most > 1 and 1 in one.subsamples})
    return (
        f"\n\nAt as many rows as are held out by one subsample, others by {most}: {', '.join(single)}."
        if single
        else ""
    )


def _versions(entries: Sequence[Entry]) -> str:
    """Which results were scored by an older version of the figures than others, and what the newest changed."""
    found = [(one, {run["settings"]["scoring"]["version"] for run in one.runs}) for one in entries]
    newest = max(max(versions) for _, versions in found)
    older = [f"{one.method} {one.minutes:g} min" for one, versions in found if min(versions) < newest]
    changed = " and ".join(FIGURES[f"protocol_{key}"].title for key in CHANGED)
    return f"\n\n{changed} as the version before had them: {', '.join(older)}." if older else ""


def _mixed(entries: Sequence[Entry]) -> str:
    """Which methods of ours have seeds of several commits: their spread may hold a change of code."""
    ours = [one for one in entries if one.kind == "ours" and len({run["fit"]["commit"] for run in one.runs}) > 1]
    named = ", ".join(f"{one.method} {one.minutes:g} min" for one in ours)
    return f"\n\nSeeds of ours that were fitted at different commits: {named}." if ours else ""


_methods = cache(methods)


def _is_earlier(entry: Entry) -> bool:
    """Whether results are of packages or a runner that the peer does not have any more."""
    now = _methods().get(entry.method)
    return now is not None and not all(of_this_runner(one["fit"], now) for one in (*entry.runs, *entry.failures))


def _earlier(entries: Sequence[Entry]) -> str:
    named = ", ".join(f"{one.method} {one.minutes:g} min" for one in entries if _is_earlier(one))
    return f"\n\nOf an earlier state of the peer's runner: {named}." if named else ""


def _disturbed(entries: Sequence[Entry]) -> str:
    named = ", ".join(f"{one.method} {one.minutes:g} min" for one in entries if one.disturbed)
    return f"\n\nShared their core with other work, so that they had less than their minutes: {named}." if named else ""


def _notes(entries: Sequence[Entry]) -> str:
    """What runners of peers say of a fit or a draw, such as rows that a budget had no time for."""
    said = {}
    for one in entries:
        for run in one.runs if one.kind == "peer" else ():
            for note in run["fit"]["answer"].get("notes", ()):
                said.setdefault(note, {})[f"{one.method} {one.minutes:g} min"] = None
    lines = [f"- {', '.join(where)}: {note}." for note, where in said.items()]
    return "\n\nWhat the runners of peers note:\n\n" + "\n".join(lines) if lines else ""


def protocol(name: str, entries: Sequence[Entry], task: str) -> str:
    """Return the protocol's figures of a table's runs, those that others published last."""
    header = ["method", "minutes", "rows", *(_published_title(figure, task) for figure in PROTOCOL)]
    lines = [
        [_label(entry), f"{entry.minutes:g}", f"{entry.drawn:,.0f}", *(cell(entry, figure) for figure in PROTOCOL)]
        for entry in entries
    ]
    others = published(name)
    for one in others:
        values = [(figure, one.figure(figure.key.removeprefix("protocol_"))) for figure in PROTOCOL]
        minutes = one.figure("fit_seconds") / 60
        lines.append([
            f"{one.method}, {one.source}", NONE if math.isnan(minutes) else f"{minutes:.0f} *", NONE,
            *(number(value, percent=figure.percent) for figure, value in values),
        ])  # fmt: skip
    return table(header, lines) + ("\n\n\\* on the machine of that paper" if others else "")


def beside_published(tables: Mapping[str, list[Entry]]) -> str:
    """Return our models' protocol figures beside published ones, a Markdown table for each table that has some."""
    parts = []
    for name, entries in tables.items():
        ours = [one for one in entries if one.method in BESIDE_PUBLISHED and one.runs]
        own = sorted(ours, key=lambda one: (BESIDE_PUBLISHED.index(one.method), one.minutes))
        if own and published(name):
            task = own[0].runs[0]["task"]
            parts += [f"#### {_title(name)}", protocol(name, own, task)]
    return "\n\n".join(parts)


def _published_title(figure: Figure, task: str) -> str:
    return f"MLE {'RMSE' if task == 'regression' else 'AUC'}" if figure.key == "protocol_mle" else figure.title


def _title(name: str) -> str:
    known = data.entries()
    return str(known[name]["title"]) if name in known else name


def _label(entry: Entry) -> str:
    return f"*{entry.method}*" if entry.kind == "control" else entry.method


def _about(entry: Entry) -> list[str]:
    fit, speed = seconds(entry.seconds("fit")), seconds(entry.rows_per_second)
    if entry.kind == "control" and entry.method != "independent":
        fit = speed = NONE
    rows, memory = f"{entry.drawn:,.0f}{' †' if entry.few else ''}", f"{entry.peak_mib:,.0f}"
    return [_label(entry), f"{entry.minutes:g}", str(len(entry.runs)), rows, fit, speed, memory]


def _failures(entries: Sequence[Entry]) -> str:
    lines = [
        [entry.method, f"{entry.minutes:g}", str(one["settings"]["seed"]), one["failure"]["stage"],
         _reason(one["failure"]), seconds(one["failure"]["seconds"])]
        for entry in entries for one in entry.failures
    ]  # fmt: skip
    return "Failed:\n\n" + table(["method", "minutes", "seed", "at", "error", "after s"], lines)


def _reason(failure: Mapping[str, Any]) -> str:
    """The error, or what a process that only ended with a code printed last."""
    lines = failure.get("lines") or []
    only_code = str(failure["error"]).startswith("exit code")
    return f"{failure['error']}: {lines[-1].strip()}" if only_code and lines else str(failure["error"])


def rankings(tables: Mapping[str, list[Entry]], *, level: int = 3, all_tables_only: bool = False) -> str:
    """Return the methods over the tables at each budget, under headings of that level.

    With `all_tables_only`, figures of those that were run on every table; the others are named.
    """
    parts = []
    for minutes in budgets(tables):
        equal = at(tables, minutes)
        compared = [block for block in blocks(equal) if len(block) == len(equal) or not all_tables_only]
        for block in compared:
            titles = ", ".join(_title(name) for name in block)
            parts += [f"{'#' * level} {minutes:g} minute{'' if minutes == 1 else 's'}: {titles}", ranking(block)]
        listed = {entry.method for block in compared for entries in block.values() for entry in entries}
        left = sorted({entry.method for entries in equal.values() for entry in entries} - listed)
        if left:
            parts.append(f"Not run on all of these tables: {', '.join(left)}.")
    return "\n\n".join(parts)


def ranking(block: Mapping[str, list[Entry]]) -> str:
    """Return the methods of a block at one budget, by mean rank, controls first: one line each."""
    by_method: dict[str, list[Entry]] = {}
    for entries in block.values():
        for entry in entries:
            by_method.setdefault(entry.method, []).append(entry)
    found = ranks(block)
    order = sorted(by_method, key=lambda name: (by_method[name][0].kind != "control", _mean(found.get(name, [])), name))
    tasks = {entry.dataset: entry.runs[0]["task"] for entries in block.values() for entry in entries if entry.runs}
    lost = {"AUC": [name for name in tasks if tasks[name] != "regression"],
            "R2": [name for name in tasks if tasks[name] == "regression"]}  # fmt: skip
    lines = []
    for name in order:
        own, rank = by_method[name], _mean(found.get(name, []))
        lines.append([
            _label(own[0]), NONE if math.isnan(rank) else f"{rank:.1f}", _counted(own),
            *(number(_mean([entry.mean(one) for entry in own]), percent=FIGURES[one].percent) for one in RANKED[:3]),
            *(number(_mean([entry.tstr_lost for entry in own if entry.dataset in names]))
              for names in lost.values() if names),
            *(_over(own, one) for one in ("copies", "near_train")),
            seconds(_mean([entry.seconds("fit") for entry in own if not entry.failed])),
        ])  # fmt: skip
    header = ["method", "mean rank", "tables", *(FIGURES[one].title for one in RANKED[:3])]
    header += [f"{what} lost" for what, names in lost.items() if names]
    return table([*header, "copies", "2 % DCR", "fit s"], lines)


def _counted(own: Sequence[Entry]) -> str:
    """On how many tables a method made rows, and where it did so in part only."""
    failed, few = sum(entry.failed for entry in own), sum(entry.few for entry in own)
    seeds = sum(len(entry.failures) for entry in own if not entry.failed)
    earlier = sum(map(_is_earlier, own))
    parts = [f"{failed} failed"] * bool(failed) + [f"{few} †"] * bool(few) + [f"{seeds} seeds failed"] * bool(seeds)
    disturbed = sum(entry.disturbed for entry in own)
    parts += [f"{earlier} ‡"] * bool(earlier) + [f"{disturbed} §"] * bool(disturbed)
    return f"{len(own) - failed}" + (f" ({', '.join(parts)})" if parts else "")


def _over(own: Sequence[Entry], key: str) -> str:
    """A share's mean over tables, and of how many where rows were made on more: not every table has every figure."""
    made = [entry for entry in own if not entry.failed]
    known = [value for entry in made if not math.isnan(value := entry.mean(key))]
    some = f" ({len(known)} of {len(made)})" if 0 < len(known) < len(made) else ""
    return number(_mean(known), percent=True) + some


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


RANKING_NOTE = (
    "Means over the tables that a method made rows of, of equal minutes for a fit; what ends by itself in fewer, "
    "whatever the budget, counts for more minutes too. Rank 1 is best: on each table the mean of the ranks by Shape "
    "error, Trend error, C2ST score and TSTR, a failure being last; so is a table of fewer rows than are held out (†), "
    "but for TSTR, since few rows are harder to tell apart. Controls (*slanted*) are not ranked, and variants of one "
    "model are rivals of each other. Methods are ranked beside others that were run on the same tables only: "
    "first on all of them, then, where there are more methods, on those with the most. AUC and R2 lost: of models "
    "trained on as many real rows minus that of models trained on synthetic ones; R2 has no lower end. A high share of "
    "rows nearer to a training row than 2 % of held-out ones are (2 % DCR) means near-copies, whatever the rank. ‡: so "
    "many tables are of an earlier state of the peer's runner, and not run again. §: on so many the processor was "
    "shared with other work, so that minutes were fewer than they are called; known where it was recorded. Peers run "
    "with their own defaults but for what `eval/peers` says."
)
CHOSEN = (
    "Our defaults were chosen while these tables and their held-out rows were looked at (eval/LOG.md), which flatters "
    "ours; `eval/results/untuned` has a table on which nothing was chosen."
)
FEW = "\n\n† Fewer rows than are held out: all figures are of these rows alone, and not at as many as the others'."


def origin(tables: Mapping[str, list[Entry]]) -> str:
    """Return commits and machines of the fits."""
    runs = [one for entries in tables.values() for entry in entries for one in (*entry.runs, *entry.failures)]
    commits = sorted({str(one["fit"]["commit"])[:12] + ("+" if one["fit"]["dirty"] else "") for one in runs})
    machines = sorted(
        {
            f"{one['fit']['machine']['cpu']}, cores: {one['fit']['machine']['cores']}, "
            f"threads: {one['fit'].get('threads') or 'as many'}"
            for one in runs
        }
    )
    return f"{len(runs)} runs on {'; '.join(machines)}; commit {', '.join(commits)}."


def document(tables: Mapping[str, list[Entry]], *, chosen: bool = False) -> str:
    """Return everything as Markdown; with `chosen`, that ours was chosen by these tables."""
    if not tables:
        return "# Generators compared\n\nNo results are recorded yet: see `python -m eval.run --help`.\n"
    defects = [f"- {FIGURES[f'protocol_{key}'].title if f'protocol_{key}' in FIGURES else key}: {' '.join(lines)}"
               for key, lines in DEFECTS.items()]  # fmt: skip
    notes = (
        "Shape and Trend error, C2ST, TSTR, copies and closeness are the library's own metrics, judged by XGBoost; "
        "Shape, Trend and C2ST at as many rows as are held out. The protocol's figures are those of TabSyn and TabDiff "
        "(`eval/protocol`): Shape and Trend as SDMetrics 0.24.0 gives them. What is known to be wrong with them:"
    )
    parts = [
        "# Generators compared",
        f"Written by `python -m eval.compare`. {origin(tables)}",
        "## All tables", rankings(tables), f"{RANKING_NOTE} {CHOSEN}" if chosen else RANKING_NOTE,
        *(section(name, entries) for name, entries in tables.items()),
        "## How to read the figures", notes, "\n".join(defects),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def compare(folder: Path) -> Path:
    """Write the document and the plots of the results below a folder; return the document."""
    tables = read(folder)
    for name, entries in tables.items():
        if any(not entry.failed for entry in entries):
            draw(_title(name), [entry for entry in entries if not entry.failed], folder / f"{name}.svg")
    path = folder / "README.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document(tables, chosen=folder.name == FOLDER.name), encoding="utf-8")
    return path


def main(arguments: list[str] | None = None) -> Any:
    """Compare what is there."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, metavar="FOLDER")
    path = compare(parser.parse_args(arguments).output)
    print(path, file=sys.stderr)
    return path


if __name__ == "__main__":
    main()
