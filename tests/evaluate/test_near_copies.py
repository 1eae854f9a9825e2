"""Copies and near-copies against planted ones, ties and honest rows."""

import math

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate import encode_tables
from llmsynth.evaluate.near_copies import Distances, measure, measure_in_turn, pool


def rows(seed, n):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.normal(size=n), "y": rng.normal(size=n), "c": rng.choice(list("abc"), n)})


def test_honest_rows_have_the_hold_outs_own_share_and_no_copies():
    tables = encode_tables(rows(0, 600), rows(1, 2000), rows(2, 600))
    found = pool([measure(*tables)])
    assert found.copies == found.holdout_copies == 0
    assert found.near == pytest.approx(0.02, abs=0.015) and found.holdout_near == pytest.approx(0.02, abs=0.002)
    assert (found.n_new, found.n_measured, found.n_holdout) == (2000, 2000, 600)


def test_planted_copies_and_near_copies_are_counted():
    real = rows(0, 600)
    near = real.head(50).assign(x=lambda frame: frame.x + 1e-9)
    new = pd.concat([rows(1, 400), real.head(100), near], ignore_index=True)
    found = pool([measure(*encode_tables(real, new, rows(2, 600)))])
    assert found.copies == 100
    assert found.excess == pytest.approx(150 / 550 - 0.02, abs=0.02)


def test_in_turn_honest_rows_have_the_real_rows_own_share_and_copies_of_any_row_are_seen():
    real = rows(0, 600)
    honest = pool([measure_in_turn(*encode_tables(real, rows(1, 3000)))])
    assert honest.near == pytest.approx(honest.holdout_near, abs=0.015) and honest.n_holdout == 600
    copied = pool([measure_in_turn(*encode_tables(real, real))])
    assert copied.copies == 600 and copied.near == 1.0 and copied.holdout_copies == 0


def test_where_held_out_rows_are_copies_too_they_count_for_both():
    few = pd.DataFrame({"c": np.repeat(list("ab"), 200), "d": np.tile(list("xy"), 200)})
    found = pool([measure_in_turn(*encode_tables(few, few.head(80)))])
    assert found.limit == 0.0
    assert found.copies == 80 and found.holdout_copies == 400
    assert found.near == found.holdout_near == 1.0 and found.excess == 0.0


def test_splits_are_pooled_under_one_limit():
    spread = np.linspace(0.1, 1.0, 60)
    quiet = Distances(np.full(50, 0.5), spread, 0, 1, 50)
    loud = Distances(np.full(150, 0.01), spread, 3, 0, 150)
    found = pool([quiet, loud])
    assert found.near == 0.75 and found.limit == pytest.approx(np.quantile(np.concatenate([spread, spread]), 0.02))
    assert (found.copies, found.holdout_copies, found.n_new, found.n_holdout) == (3, 1, 200, 120)
    assert found.to_dict()["excess"] == found.near - found.holdout_near


@pytest.mark.parametrize(("n_real", "n_new"), [(10, 50), (1, 50), (100, 0)])
def test_too_few_rows_have_a_reason_in_place_of_shares(n_real, n_new):
    found = pool([measure_in_turn(*encode_tables(rows(0, n_real), rows(1, n_new)))])
    assert math.isnan(found.near) and "20 held-out" in found.reason and found.n_new == n_new
