"""The copula: known correlations come back, marginals exactly, and conditions are conditional laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, kstest, norm

from llmsynth.baselines.copula import CopulaOptions
from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.datasets import load_ehr
from llmsynth.errors import ConfigError, InputError
from llmsynth.evaluate.shape import ks_distance


def fitted(table, **options):
    return BaselineSynthesizer("copula", options=options).fit(table)


def normal_table(rho=0.6, n=4000, seed=0):
    rows = np.random.default_rng(seed).multivariate_normal([0, 0], [[1, rho], [rho, 1]], n)
    return pd.DataFrame({"a": (100 + 15 * rows[:, 0]).round(2), "b": (5 + rows[:, 1]).round(3)})


def test_a_known_correlation_is_recovered_and_shown_by_name():
    own = fitted(normal_table(0.6))
    frame = own.fitted_.correlation_frame()
    assert list(frame.index) == list(frame.columns) == ["a", "b"]
    assert frame.loc["a", "b"] == pytest.approx(0.6, abs=0.03)
    rows = own.sample(4000, random_state=0)
    assert rows["a"].corr(rows["b"]) == pytest.approx(0.6, abs=0.03)


def test_a_skewed_number_and_a_category_keep_their_dependence():
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 5000)
    table = pd.DataFrame(
        {"pay": np.exp(z[:, 0]).round(3), "grade": np.array(["m", "z", "a"])[np.digitize(z[:, 1], [0, 1])]}
    )
    own = fitted(table)
    assert abs(own.fitted_.correlation_frame().loc["pay", "grade"]) == pytest.approx(0.7, abs=0.03)
    assert own.fitted_.level_order()["grade"] in (["m", "z", "a"], ["a", "z", "m"])
    made = own.sample(5000, random_state=1)
    medians = [part.groupby("grade")["pay"].median().to_numpy() for part in (table, made)]
    assert medians[1] == pytest.approx(medians[0], rel=0.1)


def test_balanced_marginals_are_those_of_the_table():
    table = load_ehr(500, random_state=0)
    rows = fitted(table).sample(500, random_state=0)
    for name in ("age", "bmi", "blood_pressure", "cholesterol", "glucose"):
        assert ks_distance(table[name].to_numpy(float), rows[name].to_numpy(float)) < 0.015
    assert (rows["diabetes"] == "yes").sum() == pytest.approx((table["diabetes"] == "yes").sum(), abs=1)


def test_independent_rows_have_the_scatter_of_independent_rows():
    own, table = fitted(normal_table(n=1000), balanced=False), normal_table(n=1000)
    medians = [(own.sample(200, random_state=seed)["a"] > table["a"].median()).mean() for seed in range(60)]
    assert np.std(medians) == pytest.approx(np.sqrt(0.25 / 200), rel=0.35)
    even = [(fitted(table).sample(200, random_state=seed)["a"] > table["a"].median()).mean() for seed in range(5)]
    assert np.std(even) < 0.006


def test_neighbouring_balanced_rows_are_as_good_as_independent():
    rows = fitted(normal_table(n=2000)).sample(2000, random_state=0)["a"].to_numpy()
    assert abs(np.corrcoef(rows[:-1], rows[1:])[0, 1]) < 0.07


def test_conditional_rows_follow_the_analytic_conditional_normal():
    rho = 0.8
    table = normal_table(rho, n=20_000)
    own = fitted(table)
    latent = own.fitted_.correlation[0, 1]
    a = 121.0
    rows = own.sample(4000, random_state=0, where=f"a == {a}")
    assert (rows["a"] == a).all()
    expected = norm(5 + latent * (a - 100) / 15, np.sqrt(1 - latent**2))
    assert kstest(rows["b"], expected.cdf).statistic < 0.035


@pytest.mark.parametrize(
    "where",
    [
        'smoker == "yes" and age >= 60',
        'diabetes == "yes" or bmi > 33',
        'sex in ("male") and glucose between 90 and 120 and diabetes == "no" and not (age < 40)',
    ],
)
def test_conditional_rows_cannot_be_told_from_rejection(where):
    own = fitted(load_ehr(800, random_state=0), balanced=False)
    plain = own.sample(120_000, random_state=5)
    kept = plain.query(
        where.replace('in ("male")', '== "male"').replace("between 90 and 120", ">= 90 and glucose <= 120")
    )
    made = own.sample(6000, random_state=0, where=where)
    for name in plain:
        numeric = pd.api.types.is_numeric_dtype(plain[name])
        edges = np.unique(kept[name].quantile(np.linspace(0, 1, 9))[1:-1]) if numeric else None
        codes = [
            pd.Series(np.searchsorted(edges, part[name])) if numeric else part[name].reset_index(drop=True)
            for part in (kept, made)
        ]
        counts = pd.concat([code.value_counts() for code in codes], axis=1).fillna(0)
        counts = counts[counts.sum(axis=1) > 10].to_numpy().T
        assert counts.shape[1] < 2 or chi2_contingency(counts).pvalue > 1e-3, name
    numbers = ["age", "bmi", "blood_pressure", "cholesterol", "glucose"]
    assert made[numbers].corr().to_numpy() == pytest.approx(kept[numbers].corr().to_numpy(), abs=0.06)


def test_the_probability_of_a_condition_is_its_share_of_rows():
    own = fitted(load_ehr(800, random_state=0), balanced=False)
    rows = own.sample(80_000, random_state=1)
    where = 'smoker == "yes" and age >= 60 or diabetes == "yes" and bmi < 25'
    estimate = own.probability(where)
    share = len(rows.query(where)) / len(rows)
    assert estimate.probability == pytest.approx(share, abs=0.006)
    assert 0 < estimate.standard_error < 1e-3
    few = own.probability(where, n_points=64)
    assert few.probability == pytest.approx(estimate.probability, rel=0.05)
    assert few.standard_error > 5 * estimate.standard_error
    with pytest.raises(InputError, match="n_points: expected 1 or more, got 0"):
        own.probability(where, n_points=0)
    both = own.probability(where).probability + own.probability(f"not ({where})").probability
    assert both == pytest.approx(1.0, abs=1e-3)
    one = own.probability('diabetes == "yes"')
    assert one.standard_error == 0 and one.probability == pytest.approx(
        (load_ehr(800, random_state=0)["diabetes"] == "yes").mean()
    )


def table_with_missing(n=3000):
    rng = np.random.default_rng(0)
    z = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], n)
    table = pd.DataFrame({"x": z[:, 0].round(2), "y": z[:, 1].round(2), "w": rng.normal(size=n).round(2)})
    table.loc[rng.random(n) < 0.3, "x"] = np.nan
    table.loc[table["y"] > 0.8, "w"] = np.nan
    return table


def test_missing_at_random_leaves_the_rest_as_it_is_and_missing_for_a_reason_keeps_its_reason():
    table = table_with_missing()
    own = fitted(table)
    rows = own.sample(3000, random_state=0)
    assert rows["x"].isna().mean() == pytest.approx(table["x"].isna().mean(), abs=0.002)
    assert rows["x"].corr(rows["y"]) == pytest.approx(table["x"].corr(table["y"]), abs=0.03)
    assert rows.loc[rows["x"].isna(), "y"].std() == pytest.approx(table["y"].std(), rel=0.1)
    apart = rows.loc[rows["w"].isna(), "y"].mean() - rows.loc[rows["w"].notna(), "y"].mean()
    real = table.loc[table["w"].isna(), "y"].mean() - table.loc[table["w"].notna(), "y"].mean()
    assert apart == pytest.approx(real, rel=0.2)
    assert own.fitted_.axis_names == ["x", "x is missing", "y", "w", "w is missing"]


def test_what_is_missing_because_of_another_column_keeps_its_slope_on_it():
    rng = np.random.default_rng(0)
    b = rng.normal(size=4000)
    a = 0.7 * b + 0.7 * rng.normal(size=4000)
    a[rng.random(4000) < 1 / (1 + np.exp(-3 * b))] = np.nan
    table = pd.DataFrame({"a": a.round(3), "b": b.round(3)})
    slopes = []
    for frame in (table, fitted(table).sample(8000, random_state=0)):
        shown = frame.dropna()
        slopes.append(np.polyfit(shown["b"], shown["a"], 1)[0])
    assert slopes[1] == pytest.approx(slopes[0], abs=0.06)  # 0.9 for 0.7 by the spreads of rows that show both


def test_conditions_on_missing_cells_are_kept():
    own = fitted(table_with_missing())
    assert own.sample(200, where="x is missing")["x"].isna().all()
    assert (own.sample(200, where="x >= 1")["x"] >= 1).all()
    rows = own.sample(20_000, where="not (x < 1)", random_state=0)
    assert (rows["x"].isna() | (rows["x"] >= 1)).all()
    gone, high = own.probability("x is missing").probability, own.probability("x >= 1").probability
    assert rows["x"].isna().mean() == pytest.approx(gone / (gone + high), abs=0.02)


def test_a_condition_no_training_value_fulfils_is_refused():
    own = fitted(normal_table(n=50))
    middle = own.schema_["a"].minimum
    with pytest.raises(InputError, match="no value that the marginals"):
        fitted(pd.DataFrame({"a": [0] * 20 + [100] * 20, "b": range(40)})).sample(3, where="a between 20 and 30")
    assert len(own.sample(3, where=f"a >= {middle}")) == 3


def test_the_heat_map_is_written(tmp_path):
    path = fitted(load_ehr(60, random_state=0)).fitted_.correlation_heatmap(tmp_path / "map.svg")
    assert "blood_pressure" in path.read_text()


@pytest.mark.parametrize("marginals", ["aic", "ks", "norm"])
def test_parametric_marginals_are_close_for_a_table_of_that_kind_and_come_back_from_a_folder(marginals, tmp_path):
    table = normal_table(n=600)
    own = fitted(table, marginals=marginals)
    rows = own.sample(600, random_state=0)
    assert ks_distance(table["a"].to_numpy(), rows["a"].to_numpy()) < 0.06
    assert rows["a"].corr(rows["b"]) == pytest.approx(0.6, abs=0.06)
    own.save(tmp_path / "run")
    pd.testing.assert_frame_equal(BaselineSynthesizer.load(tmp_path / "run").sample(600, random_state=0), rows)


@pytest.mark.parametrize("order", ["association", "frequency", "given"])
def test_levels_can_be_ordered_in_three_ways(order):
    own = fitted(load_ehr(200, random_state=0), order=order)
    assert set(own.fitted_.level_order()["sex"]) == {"male", "female"}


def test_more_columns_than_rows_are_no_problem():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({f"c{place}": rng.normal(size=12).round(3) for place in range(30)})
    rows = fitted(table).sample(12, random_state=0)
    assert rows.shape == (12, 30) and rows["c3"].between(table["c3"].min(), table["c3"].max()).all()


def test_copies_of_a_column_are_no_problem():
    table = normal_table(n=300)
    table["c"], table["d"] = table["a"], -table["a"]
    rows = fitted(table).sample(300, random_state=0)
    assert rows["a"].corr(rows["c"]) > 0.97 and rows["a"].corr(rows["d"]) < -0.97


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"marginals": "gauss"}, "marginals"),
        ({"order": 3}, "order"),
        ({"shrinkage": 1.0}, "shrinkage"),
        ({"shrinkage": True}, "shrinkage"),
        ({"shrinkage": "none"}, "0 turns it off"),
        ({"balanced": "yes"}, "balanced"),
    ],
)
def test_impossible_options_are_named(options, named):
    with pytest.raises(ConfigError, match=named):
        CopulaOptions(**options)


def test_shrinkage_pulls_correlations_towards_zero():
    table = normal_table(0.6, n=400)
    weights = (0, 0.5, "auto", "ledoit_wolf")
    full, half, auto, wolf = (fitted(table, shrinkage=weight).fitted_.correlation[0, 1] for weight in weights)
    assert half == pytest.approx(full / 2)
    assert auto == full > wolf > 0.95 * full
    few = table[:30]
    full, auto = (fitted(few, shrinkage=weight).fitted_.correlation[0, 1] for weight in (0, "auto"))
    assert 0 < auto < full
