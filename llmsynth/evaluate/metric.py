"""What a metric is: a name, how to read it, and one function from the evidence to a figure with its reference.

One metric is one file with one `METRIC`. The pillar packages list their files (`MODULES`), `catalogue` imports them
when they are needed, and the report is made of what they return. A metric's function must return for every evidence:
what cannot be computed is a `Score` without a number and with the reason, never an exception.

Details go into reports that leave the house, so they are aggregates: numbers, counts, curves, names of columns.
Categories and other cell values may appear only if at least `FEWEST_ROWS_SHOWN` training rows have them,
or as many people where rows have a unit (`Evidence.holders`).

Knows scores. Refuses to know any metric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from llmsynth.evaluate.score import Score, unknown

if TYPE_CHECKING:
    from llmsynth.evaluate.evidence import Evidence

Pillar = Literal["fidelity", "utility", "privacy"]
Goal = Literal["minimize", "maximize", "reference"]
Level = Literal["quick", "standard", "full"]
LEVELS: tuple[Level, ...] = ("quick", "standard", "full")
FEWEST_ROWS_SHOWN = 5


@dataclass(frozen=True)
class Measured:
    """What one metric found.

    Attributes
    ----------
    score : Score
        Of the synthetic rows, with its 95 % interval.
    reference : Score
        The same with held-out real rows in their place, or the noise floor where that is known.
    parts : mapping of str to Score
        By column, pair ("a × b"), group, learner or attack, whatever the metric says.
    part_references : mapping of str to Score
        Of the same names, where there are any.
    details : mapping
        More aggregates as JSON-able values.
    """

    score: Score
    reference: Score
    parts: Mapping[str, Score] = field(default_factory=dict)
    part_references: Mapping[str, Score] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "score": self.score.to_dict(),
            "reference": self.reference.to_dict(),
            "parts": {name: part.to_dict() for name, part in self.parts.items()},
            "part_references": {name: part.to_dict() for name, part in self.part_references.items()},
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Measured:
        """Inverse of `to_dict`."""
        parts, references = (
            {name: Score.from_dict(part) for name, part in saved.get(key, {}).items()}
            for key in ("parts", "part_references")
        )
        score, reference = (Score.from_dict(saved[key]) for key in ("score", "reference"))
        return cls(score, reference, parts, references, dict(saved.get("details", {})))


def not_evaluable(reason: str, n_rows: int = 0) -> Measured:
    """Return a result without numbers, and why.

    Examples
    --------
    >>> not_evaluable("needs a hold-out").score.reason
    'needs a hold-out'
    """
    return Measured(unknown(reason, n_rows), unknown(reason))


@dataclass(frozen=True)
class Metric:
    """A metric, defined.

    Attributes
    ----------
    key : str
        Name in JSON and in policies, unique within its pillar, such as "ks".
    pillar : str
        "fidelity", "utility" or "privacy".
    title : str
        Name in reports.
    goal : str
        "minimize", "maximize", or "reference": best is what held-out real rows score.
    low, high : float
        Range of the value; infinite where there is no end.
    meaning : str
        One sentence that says what the ends of the range mean.
    source : str
        Paper and equation, or the definition's name in the field.
    measure : callable
        The function.
    level : str
        Lowest level of evaluation that computes it: "quick" takes seconds, "standard" minutes.
    proxy : bool
        Privacy: a distance that suggests, and proves nothing; never a headline.
    unit : str
        "%", "nats", "σ", ...; "%" shows a share as a percentage. Empty for plain numbers.
    """

    key: str
    pillar: Pillar
    title: str
    goal: Goal
    low: float
    high: float
    meaning: str
    source: str
    measure: Callable[[Evidence], Measured]
    level: Level = "quick"
    proxy: bool = False
    unit: str = ""

    @property
    def path(self) -> str:
        """Pillar and key with a dot between, as policies name it."""
        return f"{self.pillar}.{self.key}"
