"""Where a command's words go.

Results go to standard output, notes on the way to the error stream. With ``--json`` standard output holds one JSON
object and nothing else; with ``--quiet`` only errors (and the JSON object, if asked for) remain. Of several processes
that train together one speaks. rich is imported when a table is printed, not before: `--help` must answer at once.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from llmsynth.errors import InputError

if TYPE_CHECKING:
    from rich.console import RenderableType


def is_main_process() -> bool:
    """Whether this process prints and writes files; of several under ``accelerate launch`` one does."""
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"


@dataclass(frozen=True)
class Output:
    """What a command may print.

    Parameters
    ----------
    quiet : bool
        Print no notes and no human-readable results.
    as_json : bool
        Print one JSON object to standard output; all else goes to the error stream.
    """

    quiet: bool = False
    as_json: bool = False

    def note(self, text: str) -> None:
        """Say what is going on."""
        if not self.quiet and is_main_process():
            print(printable_lines(text), file=sys.stderr, flush=True)

    def result(self, data: Mapping[str, Any], *shown: RenderableType) -> None:
        """Print what came out.

        Parameters
        ----------
        data : Mapping
            For machines.
        shown : str or rich renderable
            For people, one after the other.
        """
        if not is_main_process():
            return
        if not self.quiet:
            self._show(*shown)
        if self.as_json:
            print(json.dumps(_finite(data), indent=1, default=_plain), flush=True)

    def _show(self, *shown: RenderableType) -> None:
        stream = _escaping(sys.stderr if self.as_json else sys.stdout)
        for item in shown:
            if isinstance(item, str):
                print(printable_lines(item), file=stream, flush=True)
                continue
            from rich.console import Console

            width = None if stream.isatty() or "COLUMNS" in os.environ else 140
            Console(file=stream, width=width, markup=False, highlight=False).print(item)


def _escaping(stream: TextIO) -> TextIO:
    """The stream, made to escape what its encoding lacks (as the error stream does anyway) instead of failing."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")
    return stream


def printable(text: str) -> str:
    r"""Return a text on one line, control characters and lone surrogates escaped: names come from strangers' tables.

    Examples
    --------
    >>> printable("a\x1b[31m\nb")
    'a\\x1b[31m\\nb'
    """
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def printable_lines(text: str) -> str:
    """Each line made printable; the line breaks are ours."""
    return "\n".join(printable(line) for line in text.split("\n"))


def check_output_file(path: Path, *, overwrite: bool) -> None:
    """Make sure that a file may be written, before anything is read or loaded; changes nothing.

    Raises
    ------
    InputError
        If it exists and may not be replaced, is a folder, or its folder cannot be written to.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected the name of a file")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: exists already; choose another name or replace it with --overwrite")
    check_writable(path.parent)


def check_writable(folder: Path) -> None:
    """Make sure that a folder exists or can be created, and can be written to; changes nothing.

    Raises
    ------
    InputError
        Naming the folder that is in the way.
    """
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise InputError(f"{nearest}: is a file; expected a folder to write to")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"{nearest}: is not writable; choose another folder")


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text that appears under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a value as strict JSON: what is not finite becomes null."""
    write_text(path, json.dumps(_finite(data), indent=1, default=_plain) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    return str(value)
