"""A report holds what was asked for: all metrics of a level, or chosen ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.evaluation import evaluate, report_on
from llmsynth.evaluate.evidence import gather

CHOSEN = tuple(metric for metric in metrics() if metric.path in ("fidelity.ks", "privacy.exact_matches"))


def _people(seed: int, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"age": rng.integers(20, 80, n), "city": rng.choice(["Lund", "Oslo"], n)})


def test_a_report_of_chosen_metrics_has_these_and_all_facts_about_the_tables() -> None:
    evidence = gather(_people(0), _people(1), _people(2), target="city", level="quick")
    told: list[tuple[int, int, str]] = []
    report = report_on(evidence, CHOSEN, progress=lambda *step: told.append(step))
    assert list(report.results) == [metric.path for metric in CHOSEN]
    assert report.rows == {"train": 60, "synthetic": 60, "holdout": 60}
    assert report.roles["target"] == "city" and "holdout_overlap" in report.tables
    assert [step[:2] for step in told] == [(0, 2), (1, 2), (2, 2)]


def test_chosen_metrics_say_what_they_say_in_a_full_report() -> None:
    tables = _people(0), _people(1), _people(2)
    whole = evaluate(*tables, level="quick").to_dict()["results"]
    part = report_on(gather(*tables, level="quick"), CHOSEN).to_dict()["results"]
    assert part == {path: whole[path] for path in part} and len(part) == 2
