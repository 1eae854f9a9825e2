"""What several metrics need of the same tables, worked out once and kept as long as the evidence lives.

Models take most of the time of an evaluation, and a dozen metrics read the same predictions. They are handed the
evidence and nothing else, so what they share hangs on that object: by its identity, and let go with it. Not by its
contents, since arrays cannot be hashed, and not in a field of `Evidence`, which knows no metric.

Knows nothing of what is kept. A thing that is kept must not hold the evidence itself, or neither would ever be let go.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, TypeVar, cast

from llmsynth.evaluate.evidence import Evidence

Thing = TypeVar("Thing")
_KEPT: dict[int, dict[str, Any]] = {}


def remembered(evidence: Evidence, name: str, make: Callable[[Evidence], Thing]) -> Thing:
    """Return what `make` gives for the evidence, made at the first call only.

    Parameters
    ----------
    evidence : Evidence
    name : str
        Of the thing, unique among all that is kept.
    make : callable
        Takes the evidence.
    """
    place = id(evidence)
    if place not in _KEPT:
        _KEPT[place] = {}
        weakref.finalize(evidence, _KEPT.pop, place, None)
    kept = _KEPT[place]
    if name not in kept:
        kept[name] = make(evidence)
    return cast(Thing, kept[name])
