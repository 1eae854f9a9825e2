"""Why a method failed, told from what it printed, without the cells it printed.

A result file may be published where the table may not. So of a traceback the places and the type of the error are kept;
in any other line, words and numbers that occur as cells of the table are replaced by an ellipsis, and numbers with a
decimal point always. That may hide harmless words; it does not let a cell through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

LINES, LONGEST = 12, 200
HIDDEN = "…"
_PLACE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>\S+))?')
_TYPE = re.compile(
    r"^(?P<type>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Failure|Iteration))(?P<rest>:.*)?$"
)
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:/[\w.@+~-]+)+/(?=[\w.@+~-]+)")
_PART = re.compile(r"\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+|\d+|[^\W\d_]+")


@dataclass(frozen=True)
class Cells:
    """Words and numbers that occur as cells."""

    words: frozenset[str]
    numbers: frozenset[float]

    @classmethod
    def of(cls, *tables: pd.DataFrame) -> Cells:
        """Collect them."""
        words: set[str] = set()
        numbers: set[float] = set()
        for table in tables:
            for _, column in table.items():
                values = column.dropna().unique()
                if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
                    numbers.update(np.asarray(values, np.float64).tolist())
                    continue
                for part in _PART.findall(" ".join(map(str, values))):
                    (numbers if part[0].isdigit() or part[0] == "." else words).add(_read(part))
        return cls(frozenset(words), frozenset(numbers))

    def hide(self, text: str) -> str:
        """Return the text without them."""

        def shown(found: re.Match[str]) -> str:
            part = found.group()
            if part[0].isdigit() or part[0] == ".":
                return HIDDEN if "." in part or float(part) in self.numbers else part
            return HIDDEN if _read(part) in self.words else part

        return _PART.sub(shown, text)


def _read(part: str) -> str | float:
    return float(part) if part[0].isdigit() or part[0] == "." else part.casefold()


def error_of(printed: str) -> str | None:
    """Return the type of the last error that a traceback names."""
    found = [match["type"] for line in printed.splitlines() if (match := _TYPE.match(line.strip()))]
    return found[-1].rpartition(".")[2] if found else None


def last_lines(printed: str, cells: Cells) -> list[str]:
    """Return the last lines worth reading, without cells and without the folders of files."""
    kept: list[str] = []
    after_place = False
    for line in printed.split("\n"):
        line = line.rstrip().rpartition("\r")[2]  # the last state of a progress bar
        if place := _PLACE.match(line):
            name = re.split(r"[/\\]", place["file"])[-1]
            kept.append(f"{name}:{place['line']}" + (f" in {place['name']}" if place["name"] else ""))
            after_place = True
            continue
        code = after_place and line.startswith("    ")  # source code under a place, and the marks under that
        after_place = code
        if not line.strip() or code:
            continue
        if error := _TYPE.match(line.strip()):
            kept.append(error["type"] + cells.hide(_PATH.sub("", error["rest"] or "")))
        else:
            kept.append(cells.hide(_PATH.sub("", line.strip())))
    return [line[:LONGEST] for line in kept[-LINES:]]
