"""The small-data curves as a document and a figure, from `eval/results/curves.json` alone.

One table for each figure and data set, methods by number of training rows; one row of panels for each figure, a panel
for each data set. The same result gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.benchmark.small_tables import COPULA, FIGURES, VARIANTS

TITLES = {"nats": "nats per held-out row (less is better)", **{key: title for key, (title, _) in FIGURES.items()}}
COLOURS = {
    "ours": ("#1f4e9c", "#5aa9e6", "#7b3fa0", "#2a8f5b", "#d18f00", "#00857c", "#8c564b", "#6b8e23", "#bc5090"),
    "peer": ("#c0392b", "#e67e22", "#8e1b3a", "#f1948a"),
    "control": ("#7a8ca3", "#b0b7c0", "#555f6b"),
}
DASHES = {"ours": "-", "peer": "--", "control": ":"}
NONE = "–"
Result = Mapping[str, Any]


def write(result: Result, folder: Path) -> None:
    """Write README.md and curves.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    draw(result, folder / "curves.svg")
    (folder / "README.md").write_text(document(result), encoding="utf-8")


def document(result: Result) -> str:
    """Return the document."""
    fits = result["fits"]
    parts = [
        "# Quality against the number of training rows",
        f"Written by `python -m eval.curves`: {result['budget_minutes']:g} minutes a fit on "
        f"{'; '.join(fits['machines'])}; commit {', '.join(fits['commits'])}. Controls are *slanted*."
        + _disturbed(fits["disturbed"])
        + _seeds(result["cells"]),
        "![Curves](curves.svg)",
        "## Which of our models is best, and what `--model auto` takes",
        _rule(result["rule"]),
        "Nats lost: auto's choice beside the best, ± the standard error over held-out rows. Auto / copula: over the "
        "rows that are possible under both (of so many seeds), with the 95 % interval over them of what the copula "
        "loses; a few rows of hundreds of nats can decide the copula's mean. Likelier: the share of all rows "
        "possible under either that auto's choice gives more probability.",
        "Mean rank by C2ST score and TSTR up to 1,000 rows, 1 is best: "
        + "; ".join(f"{name} {rank:.2f}" for name, rank in sorted(result["mean_ranks"].items(), key=lambda one: one[1]))
        + ".",
    ]
    for key, title in TITLES.items():
        parts.append(f"## {title[0].upper()}{title[1:]}")
        if key == "nats":
            parts.append(
                "Over the rows that are possible under all of the models and the copula, of the seeds that all of them "
                f"have: {_nats_seeds(result['cells'])}."
            )
        parts += [f"### {name}\n\n{_figures(result, name, key)}" for name in _datasets(result)]
    failures = _failures(result["cells"])
    return "\n\n".join([*parts, *([failures] if failures else [])]) + "\n"


def _datasets(result: Result) -> list[str]:
    return list(dict.fromkeys(one["dataset"] for one in result["cells"]))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _number(value: float | None, digits: int = 3) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def _rule(lines: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for line in lines:
        against = line["copula"]
        verdict = {True: "yes", False: "no", None: NONE}[line["auto_is_best"]]
        lost = NONE if line["behind"] is None else f"{line['behind']:.2f} ± {_number(line['standard_error'], 2)}"
        copula = NONE if against is None else f"{_beside(against['nats'], line['auto'])} ({len(against['seeds'])})"
        medians = NONE if against is None else _beside(against["medians"], line["auto"])
        gain = NONE if against is None else _gain(against["gain"])
        likelier = NONE if against is None else f"{100 * against['likelier']:.0f} %"
        rows.append(
            [line["dataset"], str(line["rows"]), str(len(line["seeds"])),
             *(_number(line["nats"].get(name), 2) for name in VARIANTS),
             line["best"] or NONE, line["auto"], verdict, lost, copula, gain, medians, likelier]
        )  # fmt: skip
    header = ["table", "rows", "seeds", *VARIANTS, "best", "auto", "auto is best", "nats lost"]
    header += ["auto / copula, same rows", "copula loses", "medians", "likelier"]
    return _table(header, rows)


def _beside(nats: Mapping[str, float], auto: str) -> str:
    return f"{nats[auto]:.2f} / {nats[COPULA]:.2f}"


def _gain(gain: Mapping[str, float | None]) -> str:
    return f"{_number(gain['mean'], 2)} [{_number(gain['lower'], 2)}, {_number(gain['upper'], 2)}]"


def _disturbed(named: Sequence[str]) -> str:
    """Which fits are known to have had less than their minutes."""
    return f" Shared their core with other work: {'; '.join(named)}." if named else ""


def _seeds(cells: Sequence[Mapping[str, Any]]) -> str:
    """Which methods have more than one seed, and where: elsewhere every figure is of one."""
    found: dict[tuple[int, int], set[str]] = {}
    for cell in cells:
        for method, own in cell["methods"].items():
            if own["seeds"] > 1:
                found.setdefault((own["seeds"], cell["rows"]), set()).add(method)
    return "".join(
        f" At {rows:,} rows {', '.join(sorted(methods))}: {seeds} seeds; means over them stand beside one of others."
        for (seeds, rows), methods in sorted(found.items())
    )


def _nats_seeds(cells: Sequence[Mapping[str, Any]]) -> str:
    """How many seeds the nats are of: most often, and where else."""
    counts = {(cell["dataset"], cell["rows"]): len(cell["nats_seeds"]) for cell in cells if cell["nats_seeds"]}
    places: dict[int, list[str]] = {}
    for (dataset, rows), seeds in counts.items():
        places.setdefault(seeds, []).append(f"{dataset} at {rows:,}")
    usual = max(places, key=lambda seeds: len(places[seeds]), default=0)
    others = [f"{seeds} for {', '.join(listed)}" for seeds, listed in sorted(places.items()) if seeds != usual]
    return "; ".join([str(usual), *others])


def _figures(result: Result, name: str, key: str) -> str:
    cells = {one["rows"]: one for one in result["cells"] if one["dataset"] == name}
    methods = list(dict.fromkeys(method for one in cells.values() for method in one["methods"]))
    rows = []
    if key in ("tstr", "copies"):
        what = "*the real training rows*" if key == "tstr" else "*held-out rows*"
        rows.append([what, *(_number(one["real"][key]) for one in cells.values())])
    for method in methods:
        own = [one["methods"].get(method) for one in cells.values()]
        if key != "nats" or any(one and one["nats"] is not None for one in own):
            shown = [_shown(one, key) for one in own]
            control = any(one and one["kind"] == "control" for one in own)
            rows.append([f"*{method}*" if control else method, *shown])
    return _table(["method", *(f"{size:,}" for size in cells)], rows)


def _shown(own: Mapping[str, Any] | None, key: str) -> str:
    if own is None:
        return ""
    return "failed" if not own["seeds"] else _number(own[key], 2 if key == "nats" else 3)


def _failures(cells: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        [cell["dataset"], f"{cell['rows']:,}", method, error]
        for cell in cells
        for method, own in cell["methods"].items()
        for error in own["failures"]
    ]
    return f"## Failed\n\n{_table(['table', 'rows', 'method', 'error'], lines)}" if lines else ""


def draw(result: Result, path: Path) -> Path:
    """Draw all figures."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = _datasets(result)
    methods = list(dict.fromkeys(method for one in result["cells"] for method in one["methods"]))
    styles = _styles(result["cells"], methods)
    with rc_context({"svg.hashsalt": "llmsynth", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(3.4 * len(names) + 0.4, 2.6 * len(TITLES) + 0.8), layout="constrained")
        FigureCanvasAgg(figure)
        for row, (key, title) in enumerate(TITLES.items()):
            for column, name in enumerate(names):
                axes = figure.add_subplot(len(TITLES), len(names), row * len(names) + column + 1)
                _panel(axes, [one for one in result["cells"] if one["dataset"] == name], styles, key)
                axes.set_title(f"{name}: {title}", fontsize=6)
        axes = figure.axes[0]
        lines = [axes.plot([], [], **styles[method])[0] for method in methods]
        figure.legend(lines, methods, loc="outside lower center", ncols=6, fontsize=7)
        figure.savefig(path, metadata={"Date": None})
    return path


def _panel(axes: Any, cells: Sequence[Mapping[str, Any]], styles: Mapping[str, Mapping[str, Any]], key: str) -> None:
    for method, style in styles.items():
        known = [(one["rows"], one["methods"][method][key]) for one in cells if method in one["methods"]]
        points = [(rows, value) for rows, value in known if value is not None]
        if points:
            axes.plot(*zip(*points, strict=True), **style)
    real = [(one["rows"], one["real"][key]) for one in cells if one["real"].get(key) is not None]
    if real:
        axes.plot(*zip(*real, strict=True), color="black", linewidth=0.8, linestyle="--")
    axes.set_xscale("log")
    sizes = [one["rows"] for one in cells]
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.tick_params(labelsize=6)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _styles(cells: Sequence[Mapping[str, Any]], methods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Dashes by kind, colour by place among its kind."""
    kinds = {name: own["kind"] for one in cells for name, own in one["methods"].items()}
    styles: dict[str, dict[str, Any]] = {}
    for method in methods:
        kind = kinds[method]
        place = [other for other in methods if kinds[other] == kind].index(method)
        colour = COLOURS[kind][place % len(COLOURS[kind])]
        styles[method] = {"color": colour, "linestyle": DASHES[kind], "marker": "o", "markersize": 2.5, "linewidth": 1}
    return styles
