"""How commands end."""

from __future__ import annotations

import errno
import os
import signal
import warnings

import pytest
import typer

from llmsynth.cli.exits import Terminated, explain, guarded
from llmsynth.errors import (
    ConfigError,
    MissingExtraError,
    NotFittedError,
    RunFolderError,
    SchemaError,
    TableError,
    TrainingError,
)
from llmsynth.table.formula_cells import FormulaWarning


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (TableError("x"), 2),
        (SchemaError("x"), 2),
        (ConfigError("x"), 2),
        (RunFolderError("x"), 2),
        (MissingExtraError("x"), 2),
        (TrainingError("x"), 1),
        (NotFittedError("x"), 1),
        (MemoryError(), 1),
        (OSError(errno.ENOSPC, "No space left on device"), 74),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 74),
        (OSError(errno.EIO, "Input/output error"), 74),
        (PermissionError(errno.EACCES, "Permission denied"), 2),
        (OSError(errno.EROFS, "Read-only file system"), 2),
        (KeyError("x"), 70),
        (KeyboardInterrupt(), 130),
        (Terminated(), 143),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_exit_code(problem: BaseException, code: int) -> None:
    assert explain(problem)[0] == code


def test_an_unexpected_error_is_told_by_type_and_place_and_never_by_its_text() -> None:
    try:
        {}["Jane Doe, HIV positive"]
    except KeyError as problem:
        line = explain(problem)[1]
    assert "KeyError at test_exits.py:" in line and "LLMSYNTH_DEBUG=1" in line
    assert "Jane" not in line


def test_a_full_disk_names_the_file_and_what_to_do() -> None:
    line = explain(OSError(errno.ENOSPC, "needs about 12 MB, 3 MB are free", "run/model.safetensors"))[1]
    assert line.startswith("error: run/model.safetensors: no space left (needs about 12 MB, 3 MB are free)")


def _end(problem: BaseException) -> int:
    @guarded
    def command() -> None:
        raise problem

    with pytest.raises(typer.Exit) as caught:
        command()
    return caught.value.exit_code


def test_one_line_and_no_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLMSYNTH_DEBUG", raising=False)
    assert _end(TableError("t.csv is empty")) == 2
    assert capsys.readouterr().err == "llmsynth: error: t.csv is empty\n"


def test_debugging_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMSYNTH_DEBUG", "1")
    assert _end(KeyError("x")) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_command_may_have_exit_codes_of_its_own() -> None:
    def command() -> None:
        raise ConfigError("x")

    with pytest.raises(typer.Exit) as caught:
        guarded(command, {2: 64})()
    assert caught.value.exit_code == 64


def test_the_exit_of_a_command_passes() -> None:
    assert _end(typer.Exit(5)) == 5


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_command_with_its_code_and_the_old_handler_returns(number: int, code: int) -> None:
    # A process started in the background by a shell ignores SIGINT; the test must not depend on how it was started.
    inherited = signal.getsignal(number)
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    before = signal.getsignal(number)
    cleaned = []

    @guarded
    def command() -> None:
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            cleaned.append(True)

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == code and cleaned == [True]
    assert signal.getsignal(number) is before
    signal.signal(number, inherited)


@pytest.mark.parametrize("quiet", [False, True])
def test_our_own_warnings_are_notes_and_silent_with_quiet(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    @guarded
    def command(quiet: bool) -> None:
        warnings.warn("2 texts begin as a formula does", FormulaWarning, stacklevel=1)
        warnings.warn("of somebody else", DeprecationWarning, stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *where, **more: print("shown:", message)
        command(quiet=quiet)
    found = capsys.readouterr()
    assert found.out == "shown: of somebody else\n"
    assert found.err == ("" if quiet else "llmsynth: note: 2 texts begin as a formula does\n")


def test_names_of_strangers_tables_do_not_reach_the_terminal_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    @guarded
    def command() -> None:
        raise TableError("unknown column 'a\x1b[31mge'\n  a > 1\n  ^")

    with pytest.raises(typer.Exit):
        command()
    assert capsys.readouterr().err == "llmsynth: error: unknown column 'a\\x1b[31mge'\n  a > 1\n  ^\n"
