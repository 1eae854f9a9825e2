"""`evaluate`: all metrics of a level on one set of tables, as a `Report`; `report_on`: chosen ones.

Knows the catalogue and the order of the work. Refuses to know any metric, and how the report is shown or judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.column_profile import column_profiles
from llmsynth.evaluate.evidence import Evidence, gather
from llmsynth.evaluate.holdout_overlap import holdout_overlap
from llmsynth.evaluate.metric import Level, Metric
from llmsynth.evaluate.provenance import provenance
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.threads import one_thread
from llmsynth.table.schema import Schema

Progress = Callable[[int, int, str], None]
"""Is told done, total and the title of the metric that comes next."""


def evaluate(
    real: pd.DataFrame,
    synthetic: pd.DataFrame | Sequence[pd.DataFrame],
    holdout: pd.DataFrame | None = None,
    target: str | None = None,
    quasi_identifiers: Sequence[str] | None = None,
    sensitive: Sequence[str] | None = None,
    unit: str | None = None,
    seed: int = 0,
    *,
    schema: Schema | None = None,
    level: Level = "standard",
    progress: Progress | None = None,
    created: str = "",
    generation: Mapping[str, int] | None = None,
) -> Report:
    """Judge synthetic rows by fidelity, utility and privacy.

    Parameters
    ----------
    real : DataFrame
        Rows the generator learned from.
    synthetic : DataFrame or sequence of DataFrame
        Rows it made; several tables are several draws, and utility takes its intervals over them too.
    holdout : DataFrame, optional
        Real rows it never saw. Without them no privacy figure can be read, and models are not tested.
    target : str, optional
        Column that models predict.
    quasi_identifiers, sensitive : sequence of str, optional
        What an attacker may know of a person, and would like to.
    unit : str, optional
        Column that says whose rows they are. Not compared; splits, resampling and attacks go by it. A row without a
        value is somebody's own; synthetic tables need not have the column.
    seed : int
        Same seed, same report.
    schema : Schema, optional
        Kinds of columns, and rules that rows must keep.
    level : str
        "quick" (seconds), "standard" (minutes) or "full".
    progress : callable, optional
        Is told how far it is.
    created : str
        Time of day for the provenance; no clock is read here, so that a report can be made again.
    generation : mapping of str to int, optional
        What only the generator knows: numbers of rows it wrote ("raw"), and of these "repaired" and "rejected" ones.

    Returns
    -------
    Report
        A figure that cannot be computed has a reason in place of a number.

    Raises
    ------
    ConfigError, TableError
        If the tables or roles make no comparison possible.
    """
    evidence = gather(
        real, synthetic, holdout, target=target, quasi_identifiers=quasi_identifiers or (), sensitive=sensitive or (),
        unit=unit, schema=schema, seed=seed, level=level,
        generation=generation,
    )  # fmt: skip
    return report_on(evidence, metrics(level=level), unit=unit, progress=progress, created=created)


def report_on(
    evidence: Evidence,
    chosen: Sequence[Metric],
    *,
    unit: str | None = None,
    progress: Progress | None = None,
    created: str = "",
) -> Report:
    """Compute chosen metrics, such as those that a policy asks for, and put them into a report.

    Parameters
    ----------
    evidence : Evidence
    chosen : sequence of Metric
        In the order of the report.
    unit, progress, created
        As in `evaluate`.
    """
    results, seconds = {}, {}
    with one_thread():
        for place, metric in enumerate(chosen):
            if progress is not None:
                progress(place, len(chosen), metric.title)
            began = time.perf_counter()
            results[metric.path] = metric.measure(evidence)
            seconds[metric.path] = time.perf_counter() - began
    if progress is not None:
        progress(len(chosen), len(chosen), "done")
    return Report(
        results,
        {
            "train": len(evidence.train),
            "synthetic": len(evidence.synthetic),
            "holdout": 0 if evidence.holdout is None else len(evidence.holdout),
        },
        dict(evidence.named) | ({} if unit is None else {"unit": str(unit)}),
        evidence.alignment.to_dict(),
        column_profiles(evidence),
        evidence.seed,
        evidence.level,
        provenance(evidence, seconds, created),
        _tables(evidence),
    )


def _tables(evidence: Evidence) -> dict[str, Any]:
    if evidence.holdout is None:
        return {}
    overlap = holdout_overlap(evidence.train, evidence.holdout, evidence.seed_for("holdout_overlap"))
    return {"holdout_overlap": overlap.to_dict()}
