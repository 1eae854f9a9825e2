"""What others published under the protocol, to stand beside our own runs of it (`published.yaml`).

Knows the file. Refuses to know our results.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("published.yaml")


@dataclass(frozen=True)
class Published:
    """One method's figures on one table.

    Attributes
    ----------
    method, source : str
    figures : dict of str to float
        By the names of `protocol` in a result; `fit_seconds` on a machine that is not ours.
    """

    method: str
    source: str
    figures: dict[str, float]

    def figure(self, name: str) -> float:
        """A figure, NaN where none was published."""
        return float(self.figures.get(name, math.nan))


def published(dataset: str, path: Path = FILE) -> list[Published]:
    """Return what was published of a table, in the file's order; nothing for tables that it does not have."""
    held = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = held["tables"].get(dataset, {})
    return [Published(method, str(held["source"]), dict(figures)) for method, figures in found.items()]
