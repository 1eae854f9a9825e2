"""The copula's likelihood of a row is a mass: over all rows there are it sums to one; elsewhere it is none."""

import itertools

import numpy as np
import pandas as pd
import pytest

from eval.benchmark import likelihood
from llmsynth import BaselineSynthesizer


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    size = rng.integers(0, 4, 200)
    colour = np.where(rng.random(200) < 0.2 + 0.2 * size, "red", "blue")
    price = np.where(rng.random(200) < 0.1, np.nan, size + rng.integers(0, 2, 200) + 0.5)
    return pd.DataFrame({"size": size, "colour": colour, "price": price, "unit": "cm"})


@pytest.fixture(scope="module")
def copula(rows):
    return BaselineSynthesizer("copula", random_state=0).fit(rows)


def test_the_masses_of_all_rows_sum_to_one_and_follow_the_frequencies(rows, copula):
    values = [[0, 1, 2, 3], ["red", "blue"], [0.5, 1.5, 2.5, 3.5, 4.5, np.nan], ["cm"]]
    every = pd.DataFrame(itertools.product(*values), columns=rows.columns)
    mass = np.exp(likelihood.log_prob(copula, every))
    assert mass.sum() == pytest.approx(1.0, abs=0.002)
    share = every.merge(rows.value_counts(dropna=False).rename("n").reset_index(), how="left").fillna({"n": 0})["n"]
    assert np.corrcoef(mass, share / len(rows))[0, 1] > 0.9


def test_a_row_outside_the_schema_or_never_seen_is_impossible_and_counted(rows, copula):
    strange = rows.head(5).copy().astype({"size": object})
    strange.loc[0, "colour"] = "green"
    strange.loc[1, "size"] = 99
    strange.loc[2, "unit"] = "mm"  # a constant column is not learned, and does not count
    found = likelihood.holdout_nats(copula, strange, by_row=True)
    assert [one is None for one in found["by_row"]] == [True, True, False, False, False]
    assert found["impossible_rows"] == 2 and found["rows"] == 3
    assert found["nats_per_row"] == pytest.approx(np.mean(found["by_row"][2:]), abs=1e-3)
    assert "by_row" not in likelihood.holdout_nats(copula, strange)
