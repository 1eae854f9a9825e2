"""How a command ends: one clear line and an exit code, never a traceback.

This file knows which error means which exit code. It refuses to know what the commands do. Unexpected errors are shown
by type and place only: their text may hold cells of a private table, and terminals end up in logs. With
``LLMSYNTH_DEBUG=1`` the whole traceback is printed.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, MappingProxyType
from typing import Any, ParamSpec

import typer

from llmsynth.cli.output import Output, printable_lines
from llmsynth.errors import InputError, LlmsynthError, MissingExtraError

P = ParamSpec("P")

DONE, FAILED, BAD_INPUT, INTERNAL, DISK, INTERRUPTED, TERMINATED = 0, 1, 2, 70, 74, 130, 143
USAGE = 64
"""Bad input of a command whose codes 1 to 3 are verdicts."""

EXIT_CODES = """\b
Exit codes:
    0  done
    1  could not go on (training failed, out of memory); what was saved stays
    2  bad input: file, option, schema or run folder; nothing was written
   70  internal error, please report it (LLMSYNTH_DEBUG=1 shows the traceback)
   74  disk full, or another failure of input or output
  130  interrupted (Ctrl-C)
  143  terminated (SIGTERM)"""

_WRONG_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOENT)


class Terminated(BaseException):
    """SIGTERM arrived. Not an `Exception`, so that nothing on the way swallows it."""


def guarded(command: Callable[P, None], codes: Mapping[int, int] = MappingProxyType({})) -> Callable[P, None]:
    """Make a command end with one line on the error stream and the right exit code.

    Parameters
    ----------
    command : callable
    codes : mapping of int to int
        Exit codes to put in the place of the usual ones.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with _terminated_on_sigterm(), _own_warnings(quiet=bool(kwargs.get("quiet"))):
                command(*args, **kwargs)
        except (typer.Exit, typer.Abort):
            raise
        except (Exception, KeyboardInterrupt, Terminated) as problem:
            if os.environ.get("LLMSYNTH_DEBUG"):
                traceback.print_exc()
            code, line = explain(problem)
            if line:
                print(f"llmsynth: {printable_lines(line)}", file=sys.stderr)
            raise typer.Exit(codes.get(code, code)) from None

    return run


@contextmanager
def _own_warnings(*, quiet: bool) -> Iterator[None]:
    """Our own warnings as notes without file and line, and as nothing with --quiet; those of others as ever."""
    shown = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not category.__module__.startswith("llmsynth."):
            shown(message, category, *where, **more)
        else:
            Output(quiet).note(f"llmsynth: note: {message}")

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = shown


def explain(problem: BaseException) -> tuple[int, str]:
    """Return the exit code of an error and the line that tells the user.

    Examples
    --------
    >>> from llmsynth.errors import TableError
    >>> explain(TableError("t.csv is empty"))
    (2, 'error: t.csv is empty')
    """
    if isinstance(problem, InputError | MissingExtraError):
        return BAD_INPUT, f"error: {problem}"
    if isinstance(problem, LlmsynthError):
        return FAILED, f"error: {problem}"
    if isinstance(problem, KeyboardInterrupt):
        return INTERRUPTED, "interrupted"
    if isinstance(problem, Terminated):
        return TERMINATED, "terminated"
    if isinstance(problem, BrokenPipeError):
        _silence_stdout()
        return DISK, ""
    if isinstance(problem, MemoryError) or type(problem).__name__ == "OutOfMemoryError":
        return FAILED, "error: out of memory; try a smaller batch size, a smaller model, or fewer rows at a time"
    if isinstance(problem, OSError) and problem.errno is not None:
        return _explain_os_error(problem)
    place = traceback.extract_tb(problem.__traceback__)[-1] if problem.__traceback__ else None
    where = f" at {os.path.basename(place.filename)}:{place.lineno}" if place else ""
    return INTERNAL, f"internal error: {type(problem).__name__}{where}; LLMSYNTH_DEBUG=1 shows the traceback"


def _explain_os_error(problem: OSError) -> tuple[int, str]:
    reason = problem.strerror or type(problem).__name__
    where = f"{problem.filename}: " if problem.filename else ""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK, f"error: {where}no space left ({reason}); free some space and run the same command again"
    code = BAD_INPUT if problem.errno in _WRONG_PLACE else DISK
    return code, f"error: {where}{reason}"


def _silence_stdout() -> None:
    """The reader went away; keep the interpreter from complaining when it flushes at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _terminated_on_sigterm() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
