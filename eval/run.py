"""Benchmarks one generator on one table: fit, draw, score, one result file.

    python -m eval.run DATASET METHOD [--seed 0] [--budget-minutes 6] [--rows N] [--half] [--train-rows N] [-o FOLDER]
    python -m eval.run --list

The result is FOLDER/DATASET/METHOD-MINUTESm-sSEED.json (FOLDER: eval/results/benchmark). The method runs in a process
of its own, a peer in an environment of its own (`peers/README.md`); it gets the training rows and minutes for its fit,
and is stopped after three times those and ten minutes more. As many rows are drawn as there are to learn from unless
--rows says otherwise. --half trains on half of all rows and measures the protocol's share of distances only.
--train-rows gives the method so many of the training rows, chosen by the seed, and leaves at most 500 held out; the
result is METHOD-MINUTESm-nN-sSEED.json below eval/results/curves (see `eval.curves`) and holds the nats of each
held-out row, the copula's included.

A run that is started again keeps what is finished. The rows lie in FOLDER/.rows, which is no part of the repository:
with other scoring (--grid, --report, or a newer version of the metrics) they are scored again without a fit; where the
newer version is the next one, only in what it changed. A method that fails or hangs is a result too, with the type of
the error and the seconds it took, and is kept as well. A peer is run again where its packages or its runner changed
since, or where its environment could not be made. --again fit or --again score does that part once more.
`python -m eval.compare` makes tables and plots of all results.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any, Literal, get_args

from eval import record, scoring, tables
from eval.benchmark.entries import disturbed
from eval.benchmark.generated import Generated, Settings, generated, of_this_runner, tried
from eval.benchmark.methods import Method, method, methods
from eval.benchmark.scores import Scoring, changed, measure
from llmsynth.evaluate import Learners

FOLDER, CURVES = record.RESULTS / "benchmark", record.RESULTS / "curves"
MINUTES = 6.0
Again = Literal["", "score", "fit"]


def run(
    dataset: str,
    name: str,
    *,
    seed: int = 0,
    minutes: float = MINUTES,
    rows: int | None = None,
    half: bool = False,
    train_rows: int | None = None,
    scoring_of: Scoring | None = None,
    again: Again = "",
    folder: Path = FOLDER,
    table: tables.Table | None = None,
    chosen: Method | None = None,
    learners: Learners = scoring.LEARNERS,
    limit_seconds: float | None = None,
) -> Path:
    """Benchmark a method on a table and return the result file.

    Parameters
    ----------
    dataset, name : str
        Of datasets.yaml, and of `methods`.
    seed : int
        Of fit and rows.
    minutes : float
        Budget of the fit.
    rows : int, optional
        Rows to draw; as many as train if omitted.
    half : bool
        The split in two halves.
    train_rows : int, optional
        To learn from, at most as many as there are; all if omitted.
    scoring_of : Scoring, optional
        How much is measured.
    again : str
        "score" or "fit": do that part again even if the result is there.
    folder : Path
        Of the results.
    table, chosen, learners, limit_seconds
        Replaced by tests.
    """
    how = scoring_of or Scoring()
    table = table or tables.load(dataset, half=half)
    table = table if train_rows is None else tables.cut(table, train_rows, seed)
    chosen = chosen or method(name)
    drawn = rows or len(table.train)
    settings = Settings(dataset, name, seed, float(minutes), drawn, half, table.fingerprint(), train_rows)
    path = folder / dataset / f"{settings.name}.json"
    asked = {**settings.to_dict(), "scoring": how.to_dict(cut=train_rows is not None)}
    if not again and _finished(path, asked, chosen):
        _say(f"{path.parent.name}/{path.stem}: kept")
        return path
    made = generated(table, chosen, settings, folder, again=again == "fit", limit=limit_seconds)
    result: dict[str, Any] = {"title": chosen.title, "kind": chosen.kind, "settings": asked, **_facts(table, made)}
    if made.rows is not None:
        _say(f"{path.parent.name}/{path.stem}: scoring {len(made.rows):,} rows")
        old = _of_the_same_rows(path, made) if again == "" else None
        result["metrics"] = (old and changed(old, asked, table, made.rows, how)) or measure(
            table, made.rows, how, learners=learners, is_holdout=(chosen.kind, name) == ("control", "holdout")
        )
    written = record.write(settings.name, result, [], folder=path.parent)
    _say(f"{path.parent.name}/{path.stem}: " + _short(result))
    return written


def _of_the_same_rows(path: Path, made: Generated) -> dict[str, Any] | None:
    """The result that is there, if it is of these rows."""
    if not path.is_file():
        return None
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result if result["fit"].get("started") == made.fit["started"] else None


def _facts(table: tables.Table, made: Generated) -> dict[str, Any]:
    """What is known without a metric."""
    fit = {key: value for key, value in made.fit.items() if key not in ("settings", "failure", "holdout_nats")}
    synthetic = 0 if made.rows is None else len(made.rows)
    facts: dict[str, Any] = {
        "status": "failed" if made.rows is None else "done",
        "task": table.task,
        "target": table.target,
        "protocol_split": table.protocol,
        "rows": {"train": len(table.train), "holdout": len(table.holdout), "synthetic": synthetic},
        "peak_rss_mib": made.fit.get("peak_rss_mib"),
        "fit": fit,
    }
    return facts | {key: made.fit[key] for key in ("failure", "holdout_nats") if key in made.fit}


def _finished(path: Path, asked: dict[str, Any], chosen: Method) -> bool:
    if not path.is_file():
        return False
    result = json.loads(path.read_text(encoding="utf-8"))
    return bool(result.get("settings") == asked and tried(result) and of_this_runner(result["fit"], chosen))


def _short(result: dict[str, Any]) -> str:
    if "failure" in result:
        failure = result["failure"]
        return f"FAILED ({failure['stage']}): {failure['error']} after {failure['seconds']:.0f} s"
    fit = result["fit"]
    seconds = fit["answer"]["seconds"]
    text = f"fit {seconds['fit']:.1f} s, drawn in {seconds['sample']:.1f} s, {result['peak_rss_mib']:.0f} MiB"
    if disturbed(result):
        share = fit["processor_seconds"] / fit["wall_seconds"]
        text += f"; SHARED its core, of which it had {share:.0%}: run it again"
    return text


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main(arguments: list[str] | None = None) -> Path | None:
    """Run one benchmark, or list what there is."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", nargs="?")
    parser.add_argument("method", nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget-minutes", type=float, default=MINUTES)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--half", action="store_true")
    parser.add_argument("--train-rows", type=int, metavar="N")
    parser.add_argument("--grid", type=int, default=Scoring.grid, help="sets of parameters of MLE (36)")
    parser.add_argument("--report", choices=["none", "quick", "standard"], default=Scoring.report)
    parser.add_argument("--again", choices=[one for one in get_args(Again) if one], default="")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="the tables and methods there are")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that the method's process ends too
    if options.list:
        print("tables: " + ", ".join(tables.names()))
        for one in methods().values():
            print(f"{one.name:<26} {one.kind:<8} {one.title}")
        return None
    if options.dataset is None or options.method is None:
        parser.error("expected a table and a method; --list names them")
    if options.budget_minutes <= 0 or (options.rows is not None and options.rows < 1):
        parser.error("expected more than 0 minutes and at least one row")
    if options.half and options.train_rows is not None:
        parser.error("expected --half or --train-rows, got both")
    folder = options.output or (FOLDER if options.train_rows is None else CURVES)
    return run(
        options.dataset,
        options.method,
        seed=options.seed,
        minutes=options.budget_minutes,
        rows=options.rows,
        half=options.half,
        train_rows=options.train_rows,
        scoring_of=Scoring(options.grid, options.report),
        again=options.again,
        folder=folder.absolute(),
    )


if __name__ == "__main__":
    main()
