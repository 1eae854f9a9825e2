"""A report rebuilt from saved aggregates alone, to be judged and shown where the tables may not go.

A data owner evaluates inside, hands out `report.json`, and everyone else renders it, judges it by a policy of their own
or compares it with another, without a single row. The file is a stranger's: it is read as data, with a limit on its
size, and what is not a whole report is refused before anything is done with it.

Knows files of JSON. Refuses to know tables.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmsynth.errors import InputError
from llmsynth.evaluate.report import Report

MAX_BYTES = 256 * 1024 * 1024


def report_from_statistics(source: str | os.PathLike[str] | Mapping[str, Any]) -> Report:
    """Rebuild a report.

    Parameters
    ----------
    source : path or mapping
        File that `llmsynth evaluate` wrote (report.json), or what `Report.to_dict` returned.

    Raises
    ------
    InputError
        If the file is missing, too large, no JSON, or no report that this version knows.

    Examples
    --------
    >>> report_from_statistics({"format": "other"})
    Traceback (most recent call last):
    ...
    llmsynth.errors.InputError: expected a report ('llmsynth.report') as `llmsynth evaluate` writes it, got other JSON
    """
    if isinstance(source, Mapping):
        return Report.from_dict(source)
    path = Path(source)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path}: expected a report of at most {MAX_BYTES:,} bytes, got {size:,}")
        saved = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected the report.json that `llmsynth evaluate` wrote") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; expected its report.json") from None
    except OSError as problem:
        raise InputError(f"{path}: cannot be read ({problem.strerror})") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: is not readable JSON; it was cut or changed. Evaluate again") from None
    try:
        return Report.from_dict(saved)
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from None
