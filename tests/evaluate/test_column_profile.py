"""Descriptions of columns are aggregates: shares that sum to 1, round edges, no rare category, no extreme cell."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.column_profile import column_profiles, histogram_edges
from llmsynth.evaluate.evidence import gather

RARE = "<script>rare</script>"


def _table(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 80, n).astype(float)
    age[rng.random(n) < 0.2] = np.nan
    city = rng.choice([f"city {i}" for i in range(20)], n)
    city[:3] = RARE
    return pd.DataFrame(
        {
            "age": age,
            "income": rng.lognormal(10, 1, n),
            "city": city,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), unit="D"),
            "stay": pd.to_timedelta(rng.integers(0, 1000, n), unit="h"),
            "id": [f"{seed}-{row}" for row in range(n)],
            "none": None,
        }
    )


def test_every_column_is_described_and_shares_sum_to_one() -> None:
    profiles = column_profiles(gather(_table(500, 0), _table(400, 1), _table(300, 2)))
    assert [(one["name"], one["kind"]) for one in profiles] == [
        ("age", "number"), ("income", "number"), ("city", "category"), ("since", "date"), ("stay", "duration"),
        ("id", "left out"), ("none", "left out"),
    ]  # fmt: skip
    json.dumps(profiles, allow_nan=False)
    for one in profiles[:5]:
        assert set(one["missing"]) == {"real", "synthetic", "holdout"} and one["causes"] == []
        for table in one["missing"]:
            shares = [one["missing"][table]]
            if one["kind"] == "category":
                shares += one["categories"][table]
            else:
                shares += [*one["histogram"][table], *(one["histogram"][side][table] for side in ("below", "above"))]
            assert sum(shares) == pytest.approx(1.0)
    assert "fresh" in profiles[5]["reason"]


def test_rare_categories_are_folded_and_never_named() -> None:
    (profile,) = column_profiles(gather(_table(500, 0)[["city"]], _table(400, 1)[["city"]]))
    found = profile["categories"]
    assert RARE not in json.dumps(profile) and len(found["names"]) == 13
    assert found["names"][-1] == "other (9 categories)" and found["n_others"] == 9
    assert len(found["real"]) == len(found["synthetic"]) == 13


def test_a_value_of_one_person_is_shown_no_more_than_one_of_one_row() -> None:
    table = _table(500, 0)[["age", "city"]].assign(who=np.maximum(np.arange(500), 39))
    table.loc[:39, ["age", "city"]] = [400.0, RARE]
    by_row, by_person = (
        column_profiles(gather(one, one, unit=unit))
        for one, unit in ((table.drop(columns="who"), None), (table, "who"))
    )
    assert RARE in by_row[1]["categories"]["names"] and RARE not in json.dumps(by_person)
    assert by_row[0]["histogram"]["edges"][-1] >= 400 and by_person[0]["histogram"]["edges"][-1] < 100


def test_the_axis_ends_where_fewer_than_five_rows_lie_beyond_and_at_round_numbers() -> None:
    values = np.random.default_rng(0).lognormal(10, 1, 300)
    edges = histogram_edges(values)
    assert (values > edges[-1]).sum() >= 1 and edges[-1] < np.sort(values)[-2]
    assert np.allclose(edges / 5000, np.round(edges / 5000)) and len(edges) < 30


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(50), np.array([1.5]), np.array([5e-324, 1e-310] * 9), np.array([1e308, -1e308] * 30),
        1e15 + np.arange(60.0) / 8, np.arange(3.0), np.array([1e-20, 3e-20] * 20),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["number", "date", "duration"])
def test_edges_ascend_for_any_numbers(values: np.ndarray, kind: str) -> None:
    with np.errstate(all="ignore"):
        edges = histogram_edges(values, kind)
    assert 2 <= len(edges) < 60 and (np.diff(edges) >= 0).all() and edges[-1] > edges[0]
    np.histogram(values, edges)


def test_whole_numbers_lie_in_the_middle_of_their_bins_and_an_empty_column_has_none() -> None:
    assert histogram_edges(np.repeat(np.arange(4.0), 9)).tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert histogram_edges(np.full(4, np.nan)).size == 0


def test_tables_without_rows_are_described() -> None:
    real = _table(40, 0)
    for made in (real[:0], real[:1]):
        assert len(column_profiles(gather(real, made, made))) == 7
    assert all(one["kind"] == "left out" for one in column_profiles(gather(real[:0], real)))
