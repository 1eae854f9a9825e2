"""The two tables: as documented, and the same every time."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.datasets import load_diabetes, load_ehr
from llmsynth.errors import InputError


@pytest.fixture(scope="module")
def ehr():
    return load_ehr(50_000, random_state=1)


def test_the_real_table_is_scikit_learns_with_readable_names():
    from sklearn.datasets import load_diabetes as load

    raw = load(scaled=False, as_frame=True).frame
    table = load_diabetes()
    assert table.shape == (442, 11) and not table.isna().any().any()
    for old, new in zip(raw.columns.drop("sex"), table.columns.drop("sex"), strict=True):
        assert np.allclose(raw[old], table[new], rtol=0, atol=1e-9), new
    assert (raw["sex"].map({1.0: "sex 1", 2.0: "sex 2"}) == table["sex"].astype(str)).all()


def test_whole_numbers_of_the_real_table_are_integers():
    table = load_diabetes()
    whole = [name for name in table.columns.drop("sex") if (table[name] % 1 == 0).all()]
    assert whole == [name for name in table if table[name].dtype == np.int64]
    assert len(whole) == 4


def test_prevalence_is_near_0_32_for_every_seed():
    for seed in range(3):
        assert abs((load_ehr(20_000, random_state=seed)["diabetes"] == "yes").mean() - 0.32) < 0.015


def test_correlations_are_those_of_the_documented_process(ehr):
    numbers = ehr.assign(**{name: ehr[name] == "yes" for name in ("smoker", "diabetes")}, sex=ehr["sex"] == "male")
    found = numbers.astype(float).corr()
    expected = {
        ("age", "blood_pressure"): 0.51, ("bmi", "blood_pressure"): 0.41, ("age", "bmi"): 0.17,
        ("age", "cholesterol"): 0.25, ("diabetes", "glucose"): 0.83, ("diabetes", "age"): 0.34,
        ("diabetes", "bmi"): 0.30, ("smoker", "age"): -0.10, ("smoker", "sex"): 0.08, ("sex", "age"): 0.0,
    }  # fmt: skip
    for (first, second), value in expected.items():
        assert abs(found.loc[first, second] - value) < 0.03, (first, second)


def test_values_are_plausible_and_typed(ehr):
    bounds = {"age": (18, 90), "bmi": (15, 60), "blood_pressure": (80, 220), "cholesterol": (90, 400)}
    for name, (low, high) in {**bounds, "glucose": (55, 400)}.items():
        assert ehr[name].between(low, high).all(), name
        assert ehr[name].dtype == (np.float64 if name == "bmi" else np.int64)
    assert (ehr["bmi"] == ehr["bmi"].round(1)).all()
    assert set(ehr["sex"]) == {"female", "male"} and set(ehr["smoker"]) == set(ehr["diabetes"]) == {"yes", "no"}


def test_a_longer_table_begins_with_the_shorter_one(ehr):
    pd.testing.assert_frame_equal(load_ehr(37, random_state=1), ehr.head(37))
    assert not load_ehr(37, random_state=2).equals(ehr.head(37))


def test_no_rows_and_fewer():
    assert load_ehr(0).shape == (0, 8)
    with pytest.raises(InputError, match="at least 0 rows"):
        load_ehr(-1)
