"""Sequential trees keep marginals, dependence that is not monotone, and who misses what; no row comes out as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.baselines.tree import Tree, TreeOptions
from llmsynth.errors import ConfigError


def fitted(
    table: pd.DataFrame, schema: dict[str, dict[str, str]] | None = None, **options: float
) -> BaselineSynthesizer:
    return BaselineSynthesizer("tree", options=options).fit(table, schema)


def valley(n: int = 1500) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    x = rng.integers(-200, 201, n)
    return pd.DataFrame({"x": x, "height": np.abs(x) + rng.integers(0, 5, n), "side": np.where(x < 0, "left", "right")})


def test_a_dependence_with_no_correlation_is_kept() -> None:
    table = valley()
    rows = fitted(table).sample(5000, random_state=0)
    assert abs(np.corrcoef(table["x"], table["height"])[0, 1]) < 0.1
    apart = np.abs(rows["x"].abs() - rows["height"]).mean()
    assert apart < 0.2 * np.abs(rows["x"].abs() - rows["height"].sample(frac=1, random_state=0).to_numpy()).mean()
    assert ((rows["x"] < 0) == (rows["side"] == "left")).mean() > 0.97


def test_marginals_are_those_of_the_table() -> None:
    table = valley()
    rows = fitted(table).sample(20_000, random_state=0)
    assert (rows["side"] == "left").mean() == pytest.approx((table["side"] == "left").mean(), abs=0.02)
    for share in (0.1, 0.5, 0.9):
        assert rows["x"].quantile(share) == pytest.approx(table["x"].quantile(share), abs=12)


def test_who_misses_a_number_is_kept() -> None:
    table = valley().astype({"height": float})
    table.loc[(table["side"] == "left").to_numpy() & (np.arange(len(table)) % 10 > 0), "height"] = np.nan
    rows = fitted(table).sample(4000, random_state=0)
    share = rows.groupby("side")["height"].apply(lambda heights: heights.isna().mean())
    assert share["left"] == pytest.approx(0.9, abs=0.06) and share["right"] < 0.04


def test_thousands_of_levels_keep_their_relation_to_a_number() -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(0, 2000, 4000)
    table = pd.DataFrame({"code": [f"c{one:04d}" for one in code], "half": np.where(code < 1000, "low", "high")})
    rows = fitted(table, {"code": {"kind": "categorical"}}, min_leaf=5).sample(1000, random_state=0)
    assert set(rows["code"]) <= set(table["code"]) and rows["code"].nunique() > 400
    assert ((rows["code"] < "c1000") == (rows["half"] == "low")).mean() > 0.7


def test_numbers_that_do_not_repeat_come_out_moved_unless_reach_is_0() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"pay": rng.lognormal(10, 1, 500).round(2), "age": rng.integers(20, 60, 500)})
    rows = fitted(table).sample(500, random_state=0)
    assert rows["pay"].isin(table["pay"]).mean() < 0.05
    assert rows["age"].isin(table["age"]).all()
    exact = fitted(table, reach=0.0).sample(500, random_state=0)
    assert exact["pay"].isin(table["pay"]).all()


def test_every_sequence_gives_as_many_rows_as_the_next_and_few_rows_come_from_any() -> None:
    own = fitted(valley(200), sequences=4)
    tree: Tree = own.fitted_  # type: ignore[assignment]
    assert tree.orders.shape == (4, 3) and (tree.orders[0] == np.arange(3)).all()
    assert [len(own.sample(n)) for n in (1, 3, 4, 7)] == [1, 3, 4, 7]


def test_no_array_of_a_saved_tree_holds_the_training_rows_in_order(tmp_path: Path) -> None:
    table = valley(300)
    tree: Tree = fitted(table).fitted_  # type: ignore[assignment]
    tensors, _ = tree.state()
    ranks = np.unique(table["x"], return_inverse=True)[1]
    assert not any(values.size == 300 and np.array_equal(values, ranks) for values in tensors.values())


def test_leaves_of_small_tables_are_larger_unless_told() -> None:
    assert TreeOptions().leaf_rows(2000) > TreeOptions().leaf_rows(2001)
    assert TreeOptions(min_leaf=7).leaf_rows(500) == TreeOptions(min_leaf=7).leaf_rows(50_000) == 7


@pytest.mark.parametrize("option", [{"min_leaf": 0}, {"sequences": 0}, {"reach": -0.1}, {"min_leaf": 2.5}])
def test_impossible_options_are_refused_by_name(option: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(option))):
        TreeOptions(**option)  # type: ignore[arg-type]
