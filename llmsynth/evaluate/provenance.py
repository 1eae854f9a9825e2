"""Where figures come from: versions, platform, seconds, and a hash of each table's content.

The hash is of the content, not of the file: column names in text order, then each cell as text, rows in their order.
So a CSV and a Parquet file of the same rows have the same hash where their cells read the same, and a table with one
other cell has not. It tells whether a report belongs to a table, and it does not tell what is in the table.

Knows tables as cells. Refuses to read the clock: the time of day is given by the caller.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from llmsynth.evaluate.evidence import Evidence

PACKAGES = ("llmsynth", "numpy", "pandas", "scipy", "scikit-learn")
_CHUNK = 10_000  # rows turned to text at a time


def provenance(evidence: Evidence, seconds: Mapping[str, float], created: str = "") -> dict[str, Any]:
    """Gather what may differ between two runs on the same rows.

    Parameters
    ----------
    evidence : Evidence
    seconds : mapping of str to float
        By metric path.
    created : str
        Time of day.

    Returns
    -------
    dict
        "created", "versions", "platform", "tables" (rows and sha256 by table), "seconds".
    """
    frames = {"train": evidence.frames.real, "synthetic": evidence.frames.synthetic, "holdout": evidence.frames.holdout}
    return {
        "created": created,
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "tables": {
            name: {"rows": len(frame), "columns": frame.shape[1], "sha256": content_sha256(frame)}
            for name, frame in frames.items()
            if frame is not None
        },
        "seconds": {path: round(value, 3) for path, value in seconds.items()},
    }


def content_sha256(frame: pd.DataFrame) -> str:
    """Hash the content of a table.

    Parameters
    ----------
    frame : DataFrame
        Labels are compared as text, and so are cells; missing cells are alike whatever stands for them. The order of
        columns does not matter, that of rows does.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> one = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    >>> content_sha256(one) == content_sha256(one[["b", "a"]]), content_sha256(one) == content_sha256(one[::-1])
    (True, False)
    """
    digest = hashlib.sha256()
    places = sorted(range(frame.shape[1]), key=lambda place: str(frame.columns[place]))
    for place in places:
        digest.update(_counted(str(frame.columns[place])))
        column = frame.iloc[:, place]
        for begin in range(0, len(column), _CHUNK):
            cells = column.iloc[begin : begin + _CHUNK].astype(object)
            for cell, missing in zip(cells, cells.isna(), strict=True):
                digest.update(b"-" if missing else _counted(_text(cell)))
    return digest.hexdigest()


def _text(cell: object) -> str:
    """One spelling for numbers that are equal, so that 1 and 1.0 agree."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _counted(text: str) -> bytes:
    """A text with its length before it, so that no two lists of texts are written alike."""
    raw = text.encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(raw), raw)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
