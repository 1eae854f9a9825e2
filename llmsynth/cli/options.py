"""Options that several commands share, each defined once, with its help text."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmsynth.errors import ConfigError

if TYPE_CHECKING:
    from llmsynth.evaluate.metric import Level

Table = Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or TSV (also .gz, .zst), or Parquet file.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that `llmsynth fit` wrote.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="auto, compact, smollm2-135m, a model folder, a GGUF file, or a hub id.  [default: auto]",
    ),
]
Target = Annotated[str | None, typer.Option("--target", metavar="COLUMN", help="Column to be predicted later.")]
SchemaFile = Annotated[
    Path | None, typer.Option("--schema", metavar="FILE", help="YAML from `llmsynth schema`, edited.")
]
Recipe = Annotated[
    str | None, typer.Option("--recipe", metavar="NAME|FILE", help="Shipped recipe or a YAML file of options.")
]
MaxMinutes = Annotated[
    float | None,
    typer.Option(
        "--max-minutes", help="Wall-clock budget of training.  [default: none, until held-out rows no longer gain]"
    ),
]
MaxEpochs = Annotated[int | None, typer.Option("--max-epochs", help="Most passes over the training rows.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, max=2**63 - 1, help="Same seed, same result.  [default: 0]")]
UnusedSeed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Accepted by every command; nothing is drawn by this one.")
]
Device = Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda or mps.  [default: auto]")]
TrustRemoteCode = Annotated[
    bool, typer.Option("--trust-remote-code", help="Run Python code that comes with a hub model.")
]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", min=1, help="Rows decoded together; changes speed, not rows.")
]
Temperature = Annotated[
    str | None,
    typer.Option("--temperature", metavar="X|KIND=X,...", help="1.0 samples what was learned; decimal=0.9,text=0.7."),
]
TopP = Annotated[
    str | None, typer.Option("--top-p", metavar="X|KIND=X,...", help="Keep the likeliest tokens up to this mass.")
]
QuasiRandom = Annotated[
    bool | None,
    typer.Option(
        "--quasi-random/--independent",
        help="Spread rows evenly over what was learned, or draw each on its own.  [default: the recipe's; independent]",
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Only rows for which this holds, such as age between 40 and 60; may be repeated, all must hold.",
    ),
]
Balance = Annotated[
    str | None, typer.Option("--balance", metavar="COLUMN", help="As many rows of each class of this column.")
]
Proportions = Annotated[
    str | None,
    typer.Option(
        "--proportions",
        metavar="CLASS=X,...",
        help="Shares of the classes of --balance, or of the target, such as yes=0.5,no=0.5; they sum to 1. A class "
        "with a comma goes in double quotes.",
    ),
]
WeightColumn = Annotated[
    str | None,
    typer.Option("--weight-column", metavar="COLUMN", help="Weights: trains more on heavy rows, keeps real shares."),
]
Boost = Annotated[
    list[str] | None,
    typer.Option(
        "--boost",
        metavar="CONDITION FACTOR",
        help="Trains so many times as often on rows for which this holds, keeping real shares; may be repeated.",
    ),
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="Conditions in TOML.  [default: the shipped policy]")
]
QuasiIdentifiers = Annotated[
    list[str] | None,
    typer.Option("--quasi-identifier", metavar="COLUMN", help="What others may know of a person; repeatable."),
]
Sensitive = Annotated[
    list[str] | None,
    typer.Option("--sensitive", metavar="COLUMN", help="What they would like to know; repeatable."),
]
Generation = Annotated[
    str | None,
    typer.Option(
        "--generation",
        metavar="raw=N,...",
        help="Rows the generator wrote, and of these repaired=N and rejected=N, such as raw=1000,rejected=80.",
    ),
]
ReportLevel = Annotated[
    str, typer.Option("--report", metavar="quick|standard|full|none", help="How much `evaluate` computes of the rows.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run from its checkpoint.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def per_kind(name: str, text: str | None) -> float | dict[str, float] | None:
    """Return one number, or one per column kind, from the text of an option.

    Parameters
    ----------
    name : str
        Of the option, for the error.
    text : str or None
        Such as ``"0.9"`` or ``"decimal=0.9,default=1"``.

    Raises
    ------
    ConfigError
        If it is neither.

    Examples
    --------
    >>> per_kind("temperature", "decimal=0.9,default=1")
    {'decimal': 0.9, 'default': 1.0}
    """
    if text is None:
        return None
    try:
        if "=" not in text:
            return float(text)
        pairs = [part.split("=") for part in text.split(",")]
        found = {kind.strip(): float(value) for kind, value in pairs}
    except ValueError:
        raise ConfigError(
            f"--{name}: expected a number or kind=number pairs such as decimal=0.9,default=1, got {text!r}"
        ) from None
    if len(found) < len(pairs):
        raise ConfigError(f"--{name}: expected each kind once, got {text!r}")
    return found


def shares(text: str | None) -> dict[str, float] | None:
    """Return the share of each class from the text of ``--proportions``.

    Raises
    ------
    ConfigError
        If it is not a list of class=number.

    Examples
    --------
    >>> shares("yes=0.25,no=0.75")
    {'yes': 0.25, 'no': 0.75}
    >>> shares('"Lund, Sweden"=0.5,other=0.5')
    {'Lund, Sweden': 0.5, 'other': 0.5}
    """
    if text is None:
        return None
    try:
        pairs = [part.rpartition("=") for part in next(csv.reader([text], skipinitialspace=True), [])]
        found = {name.strip(): float(value) for name, _, value in pairs}
    except (ValueError, csv.Error):
        pairs, found = [], {}
    if not found or len(found) < len(pairs):
        raise ConfigError(
            "--proportions: expected class=share pairs such as yes=0.5,no=0.5, each class once and one with a comma in "
            f"double quotes, got {text!r}"
        )
    return found


def generation_counts(text: str | None) -> dict[str, int] | None:
    """Return counts of rows that a generator wrote, repaired and rejected, from the text of ``--generation``.

    Raises
    ------
    ConfigError
        If the text says no such counts, or counts that cannot be.

    Examples
    --------
    >>> generation_counts("raw=1000,rejected=80")
    {'raw': 1000, 'repaired': 0, 'rejected': 80}
    """
    if text is None:
        return None
    from llmsynth.config_fields import nearest
    from llmsynth.evaluate.fidelity.invalid_rows import KEYS, invalid_rates

    found = dict.fromkeys(KEYS, 0)
    for part in text.split(","):
        name, _, count = (piece.strip() for piece in part.partition("="))
        if not count.isdecimal():
            raise ConfigError(f"--generation: expected counts such as raw=1000,rejected=80, got {text!r}")
        if name not in found:
            raise ConfigError(f"--generation: unknown count {name!r}; {nearest(name, KEYS)}")
        found[name] = int(count)
    try:
        invalid_rates(*found.values())
    except ValueError as problem:
        raise ConfigError(f"--generation: {problem}") from None
    return found


def given(**options: Any) -> dict[str, Any]:
    """Return the options that the user typed: neither None nor a flag left off."""
    return {name: value for name, value in options.items() if value is not None and value is not False}


def report_level(name: str, option: str, *, or_none: bool = False) -> Level | None:
    """Return the level of a report from the text of an option; None for "none", where that may be said.

    Raises
    ------
    ConfigError
        If it is none of them.

    Examples
    --------
    >>> report_level("quick", "--level"), report_level("none", "--report", or_none=True)
    ('quick', None)
    """
    from llmsynth.evaluate.metric import LEVELS

    if name == "none" and or_none:
        return None
    for level in LEVELS:
        if name == level:
            return level
    known = (*LEVELS, "none") if or_none else LEVELS
    raise ConfigError(f"{option}: expected one of {', '.join(known)}, got {name!r}")
