"""One figure per column, their mean, intervals, and a reference."""

import math

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.evidence import Evidence, gather
from llmsynth.evaluate.fidelity.figures import (
    FLOOR,
    MOST_PARTS,
    Figures,
    Side,
    by_parts,
    frame_of,
    table_of,
)
from llmsynth.evaluate.metric import Goal


def _evidence(n: int = 50, holdout: bool = True, **roles: str) -> Evidence:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"x": rng.normal(size=n), "who": np.arange(n) // 5}) for _ in range(3)]
    return gather(tables[0], tables[1], tables[2] if holdout else None, **roles)  # type: ignore[arg-type]


def _means(evidence: Evidence, side: Side) -> Figures:
    left, right = evidence.train.values[:, 0], table_of(evidence, side).values[:, 0]
    return Figures(
        ("x", "none"),
        np.array([right.mean() - left.mean(), np.nan]),
        lambda i, j: np.array([right[j].mean() - left[i].mean(), 7.0]),
        distance=False,
        floors=np.array([0.5, np.nan]),
    )


def test_the_interval_of_a_mean_is_the_one_statistics_knows() -> None:
    evidence = _evidence(400)
    found = by_parts(evidence, lambda side: _means(evidence, side), "x", low=-9, high=9, n_draws=400)
    error = math.hypot(evidence.train.values[:, 0].std(), evidence.synthetic.values[:, 0].std()) / 20
    assert found.score.upper - found.score.lower == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert found.reference.known and found.part_references["x"] == found.reference


@pytest.mark.parametrize(("n", "drawn"), [(9, False), (10, True)])
def test_fewer_than_ten_rows_are_not_drawn_again(n: int, drawn: bool) -> None:
    evidence = _evidence(n)
    found = by_parts(evidence, lambda side: _means(evidence, side), "x", low=-9, high=9)
    assert found.score.known and (found.score.lower < found.score.upper) == drawn
    assert math.isnan(found.parts["x"].lower) != drawn and found.reference.known


def test_a_part_without_a_figure_has_a_reason_and_no_part_in_the_mean() -> None:
    evidence = _evidence()
    found = by_parts(evidence, lambda side: _means(evidence, side), "x", low=-9, high=9)
    assert found.score.value == found.parts["x"].value and found.score.upper == found.parts["x"].upper
    assert not found.parts["none"].known and found.parts["none"].reason


def test_without_a_holdout_the_floor_is_the_reference_and_says_so() -> None:
    evidence = _evidence(holdout=False)
    found = by_parts(evidence, lambda side: _means(evidence, side), "x", low=-9, high=9)
    assert (found.reference.value, found.reference.reason) == (0.5, FLOOR)
    assert set(found.part_references) == {"x"}
    with pytest.raises(LookupError, match="held-out"):
        table_of(evidence, "holdout")
    with pytest.raises(LookupError, match="held-out"):
        frame_of(evidence, "holdout")


@pytest.mark.parametrize("alike", ["real", "synthetic"])
def test_persons_make_intervals_wider_where_their_rows_are_alike(alike: str) -> None:
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(40), 10)
    tables = {name: pd.DataFrame({"x": rng.normal(size=400), "who": who}) for name in ("real", "synthetic")}
    tables[alike]["x"] = rng.normal(size=40)[who]
    real, made = tables.values()
    widths = []
    for unit in (None, "who"):
        evidence = gather(real, made, unit=unit)
        score = by_parts(evidence, lambda side, e=evidence: _means(e, side), "x", low=-9, high=9).score  # type: ignore[misc]
        widths.append(score.upper - score.lower)
    assert widths[1] > 1.5 * widths[0]


@pytest.mark.parametrize(("goal", "left_out"), [("minimize", [0, 1, 2]), ("maximize", [200, 201, 202])])
def test_of_many_parts_the_worst_are_reported(goal: Goal, left_out: list[int]) -> None:
    evidence = _evidence()
    values = np.arange(MOST_PARTS + 3.0)
    names = tuple(f"pair {place}" for place in range(values.size))
    found = by_parts(evidence, lambda side: Figures(names, values), "x", high=1e9, goal=goal)
    assert list(found.parts) == [name for place, name in enumerate(names) if place not in left_out]
    assert found.details["parts_left_out"] == 3
    assert found.score.value == values.mean()


@pytest.mark.parametrize(
    "key", ["boundary_adherence", "range_coverage", "category_adherence", "category_coverage", "rare_recall"]
)
def test_of_many_columns_the_one_that_is_bad_where_high_is_good_is_reported(key: str) -> None:
    numbers = key in ("boundary_adherence", "range_coverage")
    cells = np.arange(200) % 50 if numbers else np.where(np.arange(200) < 199, "often", "rare")
    real = pd.DataFrame({f"c{place}": cells for place in range(MOST_PARTS + 5)})
    made = real.assign(c7=1000 if numbers else "other")
    (metric,) = [one for one in metrics("fidelity") if one.key == key]
    found = metric.measure(gather(real, made, real))
    assert found.details["parts_left_out"] == 5 and found.parts["c7"].value == 0.0
