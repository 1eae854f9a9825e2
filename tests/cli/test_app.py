"""Help: complete, plain, and fast because nothing heavy is imported for it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import Result

from llmsynth.cli.app import app

VERDICTS = {"gate": ("0  RELEASE", "1  REVIEW", "2  BLOCK", "3  NOT EVALUABLE", "64  bad input")}
HEAVY = ("torch", "transformers", "pandas", "pyarrow", "sklearn", "matplotlib", "numpy", "rich", "yaml", "peft")


def _commands(group: Any, *path: str) -> Iterator[tuple[list[str], bool]]:
    """Every command and group below a group, and whether it is a command."""
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        yield [*path, name], below is None
        if below is not None:
            yield from _commands(command, *path, name)


EVERYTHING = list(_commands(get_command(app)))
COMMANDS = [path for path, is_command in EVERYTHING if is_command]
EVERY_HELP = [[], *(path for path, _ in EVERYTHING)]

_SHOW_MODULES = """
import sys
sys.argv = ["llmsynth", *sys.argv[1:]]
try:
    from llmsynth.cli import main
    main()
except SystemExit as end:
    code = end.code
print("CODE", code or 0)
print("MODULES", *sys.modules)
"""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_and_the_common_options(
    llmsynth: Callable[..., Result], command: list[str]
) -> None:
    result = llmsynth(*command, "--help")
    assert result.exit_code == 0
    assert f"  llmsynth {' '.join(command)}" in result.output.split("Example", 1)[1]
    for option in ("--seed", "--quiet", "--json", "--help"):
        assert option in result.output
    usual = ("0  done", "2  bad input")
    for code in (
        *VERDICTS.get(" ".join(command), usual),
        "70  internal error",
        "74  disk full",
        "130  interr",
        "143  t",
    ):
        assert code in result.output


def test_help_lists_every_command(llmsynth: Callable[..., Result]) -> None:
    result = llmsynth("--help")
    assert result.exit_code == 0
    for path, _ in EVERYTHING:
        assert len(path) > 1 or f"\n  {path[0]} " in result.output
    for name in ("fit", "sample", "run", "score", "schema", "model"):
        assert f"\n  {name} " in result.output


def test_the_version_is_printed(llmsynth: Callable[..., Result]) -> None:
    from llmsynth import __version__

    result = llmsynth("--version")
    assert (result.exit_code, result.output) == (0, f"llmsynth {__version__}\n")


def test_an_unknown_command_is_bad_input_with_the_nearest_one(llmsynth: Callable[..., Result]) -> None:
    result = llmsynth("sampel")
    assert result.exit_code == 2
    assert "sample" in result.output


@pytest.mark.parametrize("arguments", EVERY_HELP, ids=lambda arguments: " ".join(arguments) or "llmsynth")
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    command = [sys.executable, "-c", _SHOW_MODULES, *arguments, "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    *_, code, modules = result.stdout.splitlines()
    assert code == "CODE 0"
    loaded = {name.split(".")[0] for name in modules.split()[1:]}
    assert loaded.isdisjoint(HEAVY), sorted(loaded & set(HEAVY))


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, llmsynth; dir(llmsynth); print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in result.stdout.split()}
    assert loaded.isdisjoint((*HEAVY, "typer"))


def _processor_seconds(command: list[str]) -> float:
    """Least processor seconds of three runs; wall-clock time would measure the other jobs of the machine."""
    best = float("inf")
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def test_help_takes_less_than_0_3_seconds_more_than_a_bare_interpreter() -> None:
    bare = _processor_seconds([sys.executable, "-c", "pass"])
    code = "import sys; sys.argv = ['llmsynth', '--help']; from llmsynth.cli import main; main()"
    assert _processor_seconds([sys.executable, "-c", code]) - bare < 0.3
