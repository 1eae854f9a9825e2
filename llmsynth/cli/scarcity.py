"""`llmsynth scarcity`: what synthetic rows are worth where real ones are few."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output, printable
from llmsynth.errors import ConfigError

if TYPE_CHECKING:
    from llmsynth.evaluate.score import Score

EPILOG = f"""\b
Examples:
  llmsynth scarcity --real few.csv --synthetic made.csv --holdout other.csv --target outcome
  llmsynth scarcity --real few.csv --synthetic made.csv --holdout other.csv --target outcome --learner boosting --json

{EXIT_CODES}"""


@guarded
def scarcity(
    real: Annotated[Path, typer.Option("--real", metavar="FILE", help="The few rows the others were made from.")],
    synthetic: Annotated[Path, typer.Option("--synthetic", metavar="FILE", help="Rows made from them.")],
    holdout: Annotated[
        Path, typer.Option("--holdout", metavar="FILE", help="Real rows to test on, used for nothing yet.")
    ],
    target: Annotated[str, typer.Option("--target", metavar="COLUMN", help="Class to be predicted.")],
    learner: Annotated[
        str, typer.Option("--learner", metavar="NAME", help="linear, forest, boosting, tree or neighbours.")
    ] = "forest",
    seed: opt.Seed = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Train a classifier on few real rows, on synthetic ones and on both, and test each on other real rows.

    Prints accuracy, F1 (of the rarer of two classes) and AUC with 95 % intervals over the tested rows.
    """
    output = Output(quiet, json)
    from llmsynth.config_fields import nearest
    from llmsynth.evaluate.utility.models import ALL

    if learner not in ALL:
        raise ConfigError(f"--learner: unknown learner {learner!r}; {nearest(learner, ALL)}")
    from llmsynth.evaluate.utility.scarcity import scarcity as measured
    from llmsynth.table.files import read_table

    few, made, test = (read_table(file) for file in (real, synthetic, holdout))
    if target not in few.columns:
        raise ConfigError(f"--target: expected a column of {real}, got {target!r}; {nearest(target, map(str, few))}")
    found = measured(few, made, test, target, learner=learner, seed=seed or 0)
    rows = {"real": len(few), "synthetic": len(made), "holdout": len(test)}
    figures = {on: {name: score.to_dict() for name, score in of.items()} for on, of in found.items()}
    output.result(
        {"command": "scarcity", "target": target, "learner": learner, "rows": rows, "trained_on": figures},
        _table(found, rows, target),
    )


def _table(found: Mapping[str, Mapping[str, Score]], rows: Mapping[str, int], target: str) -> Any:
    from rich.table import Table
    from rich.text import Text

    from llmsynth.evaluate.rendering.text import interval, value

    table = Table(title=Text(f"{printable(target)}, tested on {rows['holdout']:,} real rows"), title_justify="left")
    table.add_column("trained on")
    for name in ("accuracy", "F1", "AUC"):
        table.add_column(name, justify="right")
    numbers = (rows["real"], rows["synthetic"], rows["real"] + rows["synthetic"])
    for n_rows, (on, scores) in zip(numbers, found.items(), strict=True):
        table.add_row(f"{n_rows:,} {on}", *(f"{value(one)} ({interval(one)})" for one in scores.values()))
    return table
