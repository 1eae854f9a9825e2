"""One figure per column, their mean, intervals, and a reference."""

import math

import numpy as np
import pandas as pd
import pytest

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


def test_of_many_parts_the_largest_are_reported() -> None:
    evidence = _evidence()
    values = np.arange(MOST_PARTS + 3.0)
    names = tuple(f"pair {place}" for place in range(values.size))
    found = by_parts(evidence, lambda side: Figures(names, values), "x", high=1e9)
    assert len(found.parts) == MOST_PARTS and "pair 2" not in found.parts and "pair 3" in found.parts
    assert found.details["parts_left_out"] == 3
    assert found.score.value == values.mean()
