"""Laws that every metric keeps, whatever the table: a figure or a reason, inside its range and its own interval."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.evidence import Evidence, gather
from llmsynth.evaluate.metric import FEWEST_ROWS_SHOWN, LEVELS, Metric

ALL = metrics()
HOSTILE = "<script>alert(1)</script>"


def _table(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 80, n).astype(float)
    age[rng.random(n) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "income": rng.lognormal(10, 1, n).round(2),
            "city": rng.choice(["Lund", "Oslo", HOSTILE], n, p=[0.6, 0.398, 0.002]),
            "member": rng.random(n) < 0.3,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), unit="D"),
        }
    )


def _evidences() -> dict[str, Evidence]:
    real, made, held = _table(120, 0), _table(120, 1), _table(80, 2)
    nothing = real.iloc[:0]
    odd = pd.DataFrame({"same": [1] * 30, "none": [None] * 30, "x": np.arange(30.0)})
    far = made.assign(age=made["age"] + 40, income=made["income"] * 50, city="Lund")
    visits = {name: table.assign(who=np.arange(len(table)) // 6) for name, table in
              (("real", real), ("made", made), ("held", held))}  # fmt: skip
    visits["real"].loc[:5, "city"] = HOSTILE  # of one person
    visits["held"]["who"] += 100
    roles = {"target": "member", "quasi_identifiers": ["age", "city"], "sensitive": ["income"]}
    return {
        "plain": gather(real, made, held, **roles),  # type: ignore[arg-type]
        "copies of training rows": gather(real, real.copy(), held, **roles),  # type: ignore[arg-type]
        "far away": gather(real, far, held, **roles),  # type: ignore[arg-type]
        "several rows a person": gather(*visits.values(), unit="who", **roles),  # type: ignore[arg-type]
        "without hold-out": gather(real, made, **roles),  # type: ignore[arg-type]
        "without roles": gather(real, made, held),
        "number as target": gather(real, made, held, target="income"),
        "no synthetic rows": gather(real, nothing, held, **roles),  # type: ignore[arg-type]
        "no rows at all": gather(nothing, nothing, nothing, **roles),  # type: ignore[arg-type]
        "one row each": gather(real[:1], made[:1], held[:1], **roles),  # type: ignore[arg-type]
        "constant and missing columns": gather(odd, odd[:20], odd[5:], target="same"),
        "one column": gather(real[["age"]], made[["age"]], held[["age"]], target="age"),
        "hold-out of one class": gather(real, made, held[held["member"]], target="member"),
    }


EVIDENCES = _evidences()


def test_every_metric_has_a_name_of_its_own_and_says_how_to_read_it() -> None:
    paths = [metric.path for metric in ALL]
    assert len(set(paths)) == len(paths)
    for metric in ALL:
        assert metric.level in LEVELS and metric.low < metric.high
        assert metric.title and metric.meaning and metric.source


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.path)
def test_every_metric_returns_a_figure_or_a_reason_for_any_table(metric: Metric) -> None:
    for name, evidence in EVIDENCES.items():
        measured = metric.measure(evidence)
        text = json.dumps(measured.to_dict(), allow_nan=False)
        assert HOSTILE not in text, f"{name}: a category of fewer than {FEWEST_ROWS_SHOWN} rows or people is shown"
        for score in (measured.score, measured.reference, *measured.parts.values(), *measured.part_references.values()):
            assert score.known or score.reason, name
            if score.known:
                assert metric.low - 1e-9 <= score.value <= metric.high + 1e-9, name
            if not math.isnan(score.lower):
                assert score.lower - 1e-9 <= score.value <= score.upper + 1e-9, name


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.path)
def test_every_metric_gives_the_same_figures_for_the_same_seed(metric: Metric) -> None:
    evidence = EVIDENCES["plain"]
    assert metric.measure(evidence).to_dict() == metric.measure(evidence).to_dict()
