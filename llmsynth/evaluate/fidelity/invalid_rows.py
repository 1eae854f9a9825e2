"""Invalid rows: how many rows a generator wrote that had to be repaired or thrown away before anyone saw them.

A filter makes every table clean, and hides a generator that writes nonsense half of the time. Only the generator knows
these counts, so they are handed over with the tables (`generation` of `gather` and `evaluate`). There is no hold-out to
compare with: real rows are valid as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown

KEYS = ("raw", "repaired", "rejected")
NOT_COUNTED = (
    "needs what only the generator knows: the numbers of rows it wrote (raw), repaired and rejected, as `generation`"
)


def invalid_rates(raw: int, repaired: int, rejected: int) -> dict[str, Score]:
    """Return shares of the rows a generator wrote, with Wilson's intervals.

    Parameters
    ----------
    raw : int
        Rows written, before any filter; at least 1.
    repaired, rejected : int
        Of these, rows changed to be valid, and rows thrown away; at most `raw` together.

    Returns
    -------
    dict of str to Score
        "invalid" (repaired or rejected), "repaired", "rejected"; 0 none, 1 all.

    Raises
    ------
    ValueError
        On counts that cannot be.

    Examples
    --------
    >>> invalid_rates(100, 4, 6)["invalid"].value
    0.1
    """
    if raw < 1 or min(repaired, rejected) < 0 or repaired + rejected > raw:
        raise ValueError(
            f"expected raw >= 1 and repaired + rejected of 0 to raw rows, got raw {raw}, repaired {repaired}, "
            f"rejected {rejected}"
        )
    counts = {"invalid": repaired + rejected, "repaired": repaired, "rejected": rejected}
    return {name: Score(count / raw, raw).within(wilson(count, raw)) for name, count in counts.items()}


def measure(evidence: Evidence) -> Measured:
    """Measure the share of invalid rows, if the generator counted them."""
    given: Mapping[str, int] | None = evidence.generation
    if given is None:
        return not_evaluable(NOT_COUNTED, len(evidence.synthetic))
    absent = [key for key in KEYS if key not in given]
    if absent:
        return not_evaluable(f"{NOT_COUNTED}; missing: {', '.join(absent)}", len(evidence.synthetic))
    try:
        found = invalid_rates(*(int(given[key]) for key in KEYS))
    except ValueError as error:
        return not_evaluable(f"generation: {error}", len(evidence.synthetic))
    parts = {name: found[name] for name in ("repaired", "rejected")}
    return Measured(found["invalid"], unknown("real rows are valid as they are"), parts)


METRIC = Metric(
    key="invalid_rows",
    pillar="fidelity",
    title="Invalid rows as generated",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="share of the rows written that were repaired or rejected before any filter; 0 none, 1 all",
    source="definition; interval of Wilson 1927",
    measure=measure,
    unit="%",
)
