"""The commands, put together.

Only typer is imported here: every command imports what it needs when it runs, so that `--help` answers at once. Help
texts are plain for the same reason: rich alone would take longer to import than the rest of `--help` together.
"""

from __future__ import annotations

from typing import Annotated

import typer

from llmsynth import __version__
from llmsynth.cli import (
    augment,
    compare,
    evaluate,
    fit,
    gate,
    impute,
    model,
    report,
    run,
    sample,
    scarcity,
    schema,
    score,
)
from llmsynth.cli.exits import EXIT_CODES
from llmsynth.cli.pairs import PairedCommand

EPILOG = f"""\b
Examples:
  llmsynth run patients.csv --target outcome -o result
  llmsynth fit patients.csv -o run --max-minutes 5
  llmsynth sample run -n 1000 -o synthetic.csv

{EXIT_CODES}"""

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"llmsynth {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="llmsynth",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Make synthetic tables with a language model that you fine-tune on your own machine."""


app.command("fit", cls=PairedCommand, epilog=fit.EPILOG)(fit.fit)
app.command("sample", epilog=sample.EPILOG)(sample.sample)
app.command("run", cls=PairedCommand, epilog=run.EPILOG)(run.run)
app.command("impute", epilog=impute.EPILOG)(impute.impute)
app.command("score", epilog=score.EPILOG)(score.score)
app.command("augment", epilog=augment.EPILOG)(augment.augment)
app.command("compare", epilog=compare.EPILOG)(compare.compare)
app.command("evaluate", epilog=evaluate.EPILOG)(evaluate.evaluate)
app.command("scarcity", epilog=scarcity.EPILOG)(scarcity.scarcity)
app.command("gate", cls=gate.GateCommand, epilog=gate.EPILOG)(gate.gate)
app.command("schema", epilog=schema.EPILOG)(schema.schema)

models = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings=SETTINGS)
models.command("list", epilog=model.LIST_EPILOG)(model.list_models)
models.command("pull", epilog=model.PULL_EPILOG)(model.pull)
reports = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings=SETTINGS)
reports.command("diff", epilog=report.DIFF_EPILOG)(report.diff)
reports.command("render", epilog=report.RENDER_EPILOG)(report.render)
app.add_typer(reports, name="report", help="Reports that were saved.", epilog=report.EPILOG)
app.add_typer(models, name="model", help="Models that can be had by alias.", epilog=model.EPILOG)


def main() -> None:
    """Run the command line; the exit code is that of the command."""
    app()
