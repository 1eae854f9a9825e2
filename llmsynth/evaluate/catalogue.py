"""All metrics, found by their files; imported when they are asked for.

Each pillar is a package whose `MODULES` names its files in the order of the report; each file has one `METRIC`.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from llmsynth.evaluate.metric import LEVELS, Level, Metric, Pillar

PILLARS: tuple[Pillar, ...] = ("fidelity", "utility", "privacy")


def metrics(pillar: Pillar | None = None, level: Level = "full") -> tuple[Metric, ...]:
    """Metrics of one pillar or all, up to a level, in the order of the report.

    Parameters
    ----------
    pillar : str, optional
    level : str
        "quick", "standard" or "full"; each includes those before it.
    """
    wanted = LEVELS[: LEVELS.index(level) + 1]
    found = []
    for one in PILLARS if pillar is None else (pillar,):
        package = f"llmsynth.evaluate.{one}"
        for module in import_module(package).MODULES:
            found.append(cast(Metric, import_module(f"{package}.{module}").METRIC))
    return tuple(metric for metric in found if metric.level in wanted)
