"""Gower distances against brute force, and both closeness shares against known answers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.evaluate import closeness, encode_tables, nearest_distances


def brute_force(rows, others, ranges, numeric):
    best = []
    for _, a in rows.iterrows():
        distances = []
        for _, b in others.iterrows():
            total = 0.0
            for name in rows.columns:
                if pd.isna(a[name]) or pd.isna(b[name]):
                    total += float(pd.isna(a[name]) != pd.isna(b[name]))
                elif name in numeric:
                    gap = abs(a[name] - b[name])
                    total += min(gap / ranges[name], 1.0) if ranges[name] else float(gap > 0)
                else:
                    total += float(a[name] != b[name])
            distances.append(total / rows.shape[1])
        best.append(min(distances))
    return best


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_nearest_distances_equal_brute_force(seed):
    rng = np.random.default_rng(seed)

    def frame(n, spread):
        return pd.DataFrame(
            {
                "x": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n) * spread),
                "k": np.full(n, 4.0),
                "c": np.where(rng.random(n) < 0.2, None, rng.choice(["a", "b"], n)),
            }
        )

    others, rows = frame(15, 1), frame(12, 3)
    if others.x.isna().all():
        return
    ranges = {"x": others.x.max() - others.x.min(), "k": 0.0}
    expected = brute_force(rows, others, ranges, {"x", "k"})
    left, right = encode_tables(others, rows)
    assert np.allclose(nearest_distances(right, left), expected, atol=1e-6)


def test_a_hand_table():
    others = pd.DataFrame({"x": [0.0, 10.0, 5.0], "c": ["a", "b", "a"]})
    rows = pd.DataFrame({"x": [1.0, 10.0, 99.0], "c": ["a", "a", "z"]})
    right, left = encode_tables(others, rows)
    assert np.allclose(nearest_distances(left, right), [0.05, 0.25, 0.75 + 0.25])


def cloud(seed, n):
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(n, 4)), columns=list("abcd"))


def test_honest_rows_are_as_close_to_the_hold_out():
    tables = encode_tables(cloud(0, 2000), cloud(1, 2000), cloud(2, 1000))
    own, holdout = closeness(*tables)
    assert abs(own.closer_to_train.value - 0.5) < 0.05
    assert abs(holdout.closer_to_train.value - 0.5) < 0.06
    assert abs(own.near_train.value - 0.02) < 0.015
    assert abs(holdout.near_train.value - 0.02) < 0.002


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_copies_move_the_share_half_way(share):
    real, holdout = cloud(0, 1000), cloud(2, 1000)
    n = int(share * 1000)
    made = pd.concat([real.iloc[:n], cloud(1, 1000 - n)], ignore_index=True)
    own, _ = closeness(*encode_tables(real, made, holdout))
    assert abs(own.closer_to_train.value - (0.5 + share / 2)) < 0.04
    assert abs(own.near_train.value - (share + 0.02 * (1 - share))) < 0.02


def test_ties_count_half_and_a_zero_quantile_is_a_reason():
    frame = pd.DataFrame({"c": ["a", "b"] * 50})
    own, _ = closeness(*encode_tables(frame, frame, frame))
    assert own.closer_to_train.value == 0.5
    assert "equals a training row" in own.near_train.reason


def test_tiny_tables_are_a_reason():
    own, holdout = closeness(*encode_tables(cloud(0, 10), cloud(1, 100), cloud(2, 100)))
    assert not own.near_train.known and not holdout.closer_to_train.known


def test_the_seed_decides():
    tables = encode_tables(cloud(0, 300), cloud(1, 300), cloud(2, 100))
    assert closeness(*tables, seed=5, max_rows=60) == closeness(*tables, seed=5, max_rows=60)
