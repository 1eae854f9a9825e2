"""Rare classes: known answers, exact intervals, and classes too small to be named."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.rare_classes import METRIC, share_ratio


def _table(**counts: int) -> pd.DataFrame:
    return pd.DataFrame({"c": np.repeat(list(counts), list(counts.values()))})


def test_a_dropped_class_is_zero_and_flagged() -> None:
    real = _table(often=1000, rare=8, other=9)
    found = METRIC.measure(gather(real, _table(often=1000, other=9), real))
    assert found.parts["c = rare"].value == 0 and found.details["lost"] == ["c = rare"]
    assert found.details["too_rare"] == ["c = rare"] and found.details["recall"] == 0.5
    assert found.score.value == pytest.approx(9 / 1009 / (17 / 1017)) and found.reference.value == 1
    assert METRIC.measure(gather(_table(often=1000, rare=8), _table(often=9))).score.value == 0


def test_shares_are_compared_and_not_counts() -> None:
    assert METRIC.measure(gather(_table(a=995, b=5), _table(a=1990, b=10))).score.value == 1


def test_a_class_of_fewer_than_five_rows_counts_and_is_not_named() -> None:
    found = METRIC.measure(gather(_table(often=1000, secret=4), _table(often=1000, secret=8)))
    assert found.score.value == pytest.approx(2, rel=0.01) and not found.parts
    assert "secret" not in str(found.to_dict())


def test_the_interval_is_exact() -> None:
    ratio, (low, high) = share_ratio((20, 1000), (10, 2000))
    assert ratio == 0.25
    for end, tail in (
        (low, binom.sf(9, 30, low * 2 / (1 + low * 2))),
        (high, binom.cdf(10, 30, high * 2 / (1 + high * 2))),
    ):
        assert tail == pytest.approx(0.025, abs=1e-6), end


def test_no_rare_class_is_a_reason() -> None:
    real = _table(a=5, b=5)
    assert "1 %" in METRIC.measure(gather(real, real)).score.reason


@pytest.mark.parametrize(("unit", "named"), [(None, True), ("who", False)])
def test_a_class_of_one_person_counts_and_is_not_named(unit: str | None, named: bool) -> None:
    table = _table(a=992, rare=8).assign(who=np.minimum(np.arange(1000), 992))
    if unit is None:
        table = table.drop(columns="who")
    found = METRIC.measure(gather(table, table, unit=unit))
    assert found.score.value == 1.0 and ("c = rare" in found.parts) == named
