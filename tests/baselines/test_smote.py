"""SMOTE's rows lie on segments between two training rows of one class, and classes keep their shares."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from llmsynth.baselines.smote import Smote, SmoteOptions
from llmsynth.baselines.smote_matrix import MOST_LEVELS
from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.errors import ConfigError, InputError, MissingExtraError


def numbers(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"x": rng.normal(0, 5, n).round(2), "y": rng.integers(0, 1000, n), "z": rng.random(n).round(3)})


def fitted(table: pd.DataFrame, target: str | None = None, **options: int) -> BaselineSynthesizer:
    return BaselineSynthesizer("smote", target=target, options=options).fit(table)


def on_a_segment(row: np.ndarray, ends: np.ndarray, half_step: np.ndarray) -> bool:
    """Whether some point between some two of the ends rounds to the row: an interval of places per column, met."""
    start, way = ends[:, None, :], ends[None, :, :] - ends[:, None, :]
    slack = half_step * (1 + 1e-6)
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (row - slack - start) / way, (row + slack - start) / way
    low, high = np.minimum(one, other), np.maximum(one, other)
    still = np.abs(row - start) <= slack
    low, high = np.where(way == 0, np.where(still, 0, 2), low), np.where(way == 0, np.where(still, 1, -1), high)
    return bool((np.maximum(low.max(-1), 0) <= np.minimum(high.min(-1), 1)).any())


@pytest.mark.parametrize("n", [7, 40, 150])
def test_rows_of_numbers_lie_on_segments_between_two_training_rows(n: int) -> None:
    table, half_step = numbers(), np.array([0.005, 0.5, 0.0005])
    rows = fitted(table).sample(n, random_state=1)
    assert len(rows) == n
    assert all(on_a_segment(row, table.to_numpy(), half_step) for row in rows.to_numpy())
    between = [not (row == table.to_numpy()).all(1).any() for row in rows.to_numpy()]
    assert np.mean(between) > 0.9
    elsewhere = rows.to_numpy() + np.array([0, 400, 0])
    assert not all(on_a_segment(row, table.to_numpy(), half_step) for row in elsewhere)


def test_the_ends_of_a_segment_are_of_one_class_also_in_a_mixed_table() -> None:
    table = numbers(60)
    table["city"] = np.random.default_rng(1).choice(["Lund", "Ystad"], 60)
    table["group"] = np.where(table["x"] > 0, "plus", "minus")
    rows = fitted(table, "group").sample(100, random_state=0)
    for name, own in rows.groupby("group"):
        ends = table.loc[table["group"] == name, ["x", "y", "z"]].to_numpy()
        assert all(on_a_segment(row, ends, np.array([0.005, 0.5, 0.0005])) for row in own[["x", "y", "z"]].to_numpy())
    assert not ((rows["x"] > 0) ^ (rows["group"] == "plus")).any()


@pytest.mark.parametrize("n", [10, 1000])
def test_classes_keep_their_shares_to_within_a_row(n: int) -> None:
    table = numbers(100).assign(group=["a"] * 62 + ["b"] * 28 + ["c"] * 10)
    counts = fitted(table, "group").sample(n, random_state=2)["group"].value_counts()
    for name, share in {"a": 0.62, "b": 0.28, "c": 0.1}.items():
        assert abs(counts[name] - share * n) < 1


def test_a_row_now_and_then_comes_from_a_class_too_rare_for_one_in_each_sample() -> None:
    own = fitted(numbers(40).assign(group=["a"] * 36 + ["b"] * 4), "group")
    seen = [int((own.sample(2, random_state=seed)["group"] == "b").sum()) for seed in range(100)]
    assert sum(seen) / 200 == pytest.approx(0.1, abs=0.05)


def test_small_classes_use_the_neighbours_they_have_and_a_single_row_is_copied_with_a_notice() -> None:
    table = numbers(43).assign(group=["a"] * 40 + ["b"] * 2 + ["c"])
    own = fitted(table, "group")
    rows = own.sample(430, random_state=0)
    pair, half_step = table[["x", "y", "z"]].to_numpy()[40:42], np.array([0.005, 0.5, 0.0005])
    assert all(on_a_segment(row, pair, half_step) for row in rows.loc[rows["group"] == "b", ["x", "y", "z"]].to_numpy())
    assert (rows[rows["group"] == "c"].drop_duplicates().to_numpy() == table.to_numpy()[42:]).all()
    assert any("1 classes have one training row" in notice for notice in own.report_["notices"])
    assert any("do not release" in notice for notice in own.report_["notices"])


def test_levels_alone_stay_inside_their_class_and_inside_their_cluster_without_one() -> None:
    one, other = {"p": "a", "q": "c", "group": "k"}, {"p": "b", "q": "d", "group": "m"}
    table = pd.DataFrame([one] * 30 + [other] * 10)
    for target in ("group", None):
        rows = fitted(table, target).sample(80, random_state=0)
        assert {tuple(row) for row in rows.to_numpy()} == {tuple(one.values()), tuple(other.values())}
        assert (rows["p"] == "a").sum() == 60


def test_a_missing_number_stays_with_the_rows_it_belongs_to() -> None:
    table = numbers(80).assign(kind=["left"] * 40 + ["right"] * 40)
    table.loc[:39, "z"] = np.nan
    rows = fitted(table, "kind").sample(100, random_state=3)
    assert rows.loc[rows["kind"] == "left", "z"].isna().all() and rows.loc[rows["kind"] == "right", "z"].notna().all()


def test_a_number_as_the_target_is_interpolated_like_the_others() -> None:
    table = numbers()
    rows = fitted(table, "y").sample(30, random_state=1)
    pd.testing.assert_frame_equal(rows, fitted(table).sample(30, random_state=1))


def test_thousands_of_levels_are_folded_and_drawn_by_their_frequency() -> None:
    rng = np.random.default_rng(0)
    names = np.concatenate([["common"] * 1000, [f"n{i}" for i in range(1500)]])
    table = pd.DataFrame({"x": rng.normal(size=2500).round(4), "name": rng.permutation(names)})
    own = BaselineSynthesizer("smote").fit(table, {"name": {"kind": "categorical"}})
    fitted_: Smote = own.fitted_  # type: ignore[assignment]
    assert fitted_.matrix.one_hot_width == 1 + MOST_LEVELS
    rows = own.sample(400, random_state=0)
    assert set(rows["name"]) <= set(table["name"]) and rows["name"].nunique() > 50


def test_a_large_class_gives_only_so_many_rows_as_ends() -> None:
    own = fitted(numbers(500), most_rows=20)
    fitted_: Smote = own.fitted_  # type: ignore[assignment]
    assert fitted_._candidates(fitted_.matrix, np.random.default_rng(0)).size == 20
    assert len(own.sample(100)) == 100


def test_nothing_beside_the_target_is_refused() -> None:
    with pytest.raises(InputError, match="beside the target"):
        fitted(pd.DataFrame({"group": ["a", "b"] * 5}), "group")


def test_impossible_options_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="neighbours"):
        SmoteOptions(neighbours=0)
    with pytest.raises(ConfigError, match="most_rows"):
        SmoteOptions(most_rows=1)


def test_without_imbalanced_learn_the_pip_line_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imblearn.over_sampling", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'llmsynth\[augment\]'"):
        fitted(numbers())
