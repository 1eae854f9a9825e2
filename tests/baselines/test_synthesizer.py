from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from llmsynth.baselines.features import Drawn, Features
from llmsynth.baselines.methods import METHODS, get_method
from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.datasets import load_ehr
from llmsynth.errors import ConfigError, InputError, NotFittedError, RunFolderError
from llmsynth.table.files import write_table
from llmsynth.table.infer import infer_schema

QUICK: dict[str, dict[str, object]] = {
    "ctgan": {"epochs": 1, "min_steps": 0, "batch_size": 50, "hidden": 16},
    "tvae": {"epochs": 1, "min_steps": 0, "hidden": 16},
    "diffusion": {"vae_epochs": 3, "diffusion_epochs": 3, "hidden_width": 16, "forward_factor": 2, "steps": 5},
}
"""Options that make a method quick enough for a unit test."""

pytestmark = pytest.mark.filterwarnings("ignore::llmsynth.baselines.mode_collapse.ModeCollapseWarning")
"""One step of training loses modes; what is tested here holds all the same."""


def hostile_table(n: int = 60) -> pd.DataFrame:
    """Every kind of column, with missing cells."""
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2024-02-28") + pd.to_timedelta(rng.integers(0, 400, n), unit="D")
    zoned = pd.DatetimeIndex(days).tz_localize("Europe/Stockholm")
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "weight, kg": rng.normal(70, 12, n).round(1),
            "income": rng.lognormal(10, 2, n),
            "smoker": rng.random(n) < 0.3,
            "city": pd.Categorical(rng.choice(["Lund", "Malmö", "Ystad"], n)),
            "visit": days,
            "seen": zoned,
            "code": pd.array(rng.integers(0, 5, n), dtype="Int64"),
            "note": [f"note {i}, with; 'quotes' and words that differ {rng.random():.6f}" for i in range(n)],
            "id": [f"A{i:05d}" for i in range(n)],
            "unit": "kg",
            "empty": np.full(n, np.nan),
            "outcome": rng.choice(["no", "yes"], n, p=[0.7, 0.3]),
        }
    )
    frame.loc[::7, "weight, kg"] = np.nan
    frame.loc[::9, "city"] = np.nan
    frame.loc[::11, "visit"] = pd.NaT
    frame.loc[::5, "code"] = pd.NA
    return frame


def fitted(method: str, table: pd.DataFrame, **options: object) -> BaselineSynthesizer:
    target = "outcome" if "outcome" in table else table.columns[-1]
    return BaselineSynthesizer(method, target=target, options={**QUICK.get(method, {}), **options}).fit(table)


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_every_kind_of_column_are_legal_and_typed(method: str) -> None:
    table = hostile_table()
    own = fitted(method, table)
    rows = own.sample(37, random_state=1)
    assert rows.shape == (37, table.shape[1])
    assert list(rows.columns) == list(table.columns)
    assert (rows.dtypes == table.dtypes).all()
    assert rows["age"].between(18, 90).all()
    assert set(rows["city"].dropna()) <= {"Lund", "Malmö", "Ystad"}
    assert rows["income"].between(own.schema_["income"].minimum, own.schema_["income"].maximum).all()
    assert rows["age"].notna().all() and rows["unit"].eq("kg").all() and rows["empty"].isna().all()
    assert not set(rows["id"]) & set(table["id"])
    assert own.sample(0).shape == (0, table.shape[1])


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_rows_also_after_saving(method: str, tmp_path: Path) -> None:
    own = fitted(method, hostile_table())
    own.save(tmp_path / "run")
    again = BaselineSynthesizer.load(tmp_path / "run")
    pd.testing.assert_frame_equal(own.sample(20, random_state=3), again.sample(20, random_state=3))
    assert not own.sample(20, random_state=3).equals(own.sample(20, random_state=4))
    with pytest.raises(RunFolderError, match="already"):
        own.save(tmp_path / "run")
    own.save(tmp_path / "run", overwrite=True)


@pytest.mark.parametrize("method", METHODS)
def test_two_rows_and_one_column_are_enough_or_refused_clearly(method: str) -> None:
    try:
        own = fitted(method, pd.DataFrame({"outcome": ["a", "b", "a", "b", "a", "b"]}))
    except InputError as problem:
        assert method in str(problem)
        return
    assert set(own.sample(10)["outcome"]) <= {"a", "b"}


@pytest.mark.parametrize("method", METHODS)
def test_a_condition_is_kept_or_refused_by_name(method: str) -> None:
    own = fitted(method, load_ehr(300, random_state=0))
    try:
        rows = own.sample(50, where='age >= 50 and smoker == "yes"')
    except InputError as problem:
        assert method in str(problem)
        return
    assert len(rows) == 50
    assert (rows["age"] >= 50).all() and (rows["smoker"] == "yes").all()


@pytest.mark.parametrize("method", METHODS)
def test_an_altered_file_is_refused(method: str, tmp_path: Path) -> None:
    own = fitted(method, load_ehr(100, random_state=0))
    own.save(tmp_path / "run")
    file = tmp_path / "run" / "baseline.json"
    file.write_text(file.read_text().replace("features", "Features"))
    with pytest.raises(RunFolderError, match="sha256"):
        BaselineSynthesizer.load(tmp_path / "run")


def test_the_scikit_learn_contract_holds() -> None:
    own = BaselineSynthesizer("independent", random_state=4)
    assert clone(own).get_params() == own.get_params()
    with pytest.raises(NotFittedError, match="fit"):
        own.sample(1)
    assert own.fit(load_ehr(50, random_state=0)) is own


def test_unknown_methods_and_options_name_the_nearest() -> None:
    with pytest.raises(ConfigError, match="independent"):
        BaselineSynthesizer("independant").fit(load_ehr(50, random_state=0))
    with pytest.raises(ConfigError, match="unknown option"):
        BaselineSynthesizer("independent", options={"epoch": 3}).fit(load_ehr(50, random_state=0))


def test_a_condition_over_independent_columns_has_their_product_as_its_law() -> None:
    table = load_ehr(400, random_state=1)
    own = BaselineSynthesizer("independent").fit(table)
    rows = own.sample(20_000, random_state=0, where='smoker == "yes" or age >= 60')
    smokers, old = (table["smoker"] == "yes").mean(), (table["age"] >= 60).mean()
    expected = smokers / (smokers + (1 - smokers) * old)
    assert abs((rows["smoker"] == "yes").mean() - expected) < 0.015


def test_texts_are_copied_with_a_notice() -> None:
    own = fitted("independent", hostile_table())
    assert any("note" in notice for notice in own.report_["notices"])
    assert set(own.sample(30)["note"]) <= set(hostile_table()["note"])


def test_a_target_without_two_values_is_told_as_such():
    frame = pd.DataFrame({"a": np.arange(40) % 7, "same": ["x"] * 40, "none": [None] * 40})
    for name, why in (("same", "is the same in every row"), ("none", "is empty")):
        with pytest.raises(ConfigError, match=f"target: '{name}' {why}, so there is nothing to learn of it"):
            BaselineSynthesizer("smote", target=name).fit(frame)


def test_a_failed_fit_leaves_the_one_before_whole() -> None:
    table = hostile_table()[["age", "smoker"]]
    own = BaselineSynthesizer("copula").fit(table)
    rows = own.sample(5, random_state=0, where="age > 50")
    with pytest.raises(ConfigError, match="is the same in every row"):
        BaselineSynthesizer.set_params(own, target="q").fit(pd.DataFrame({"q": [1, 1, 1], "r": [1, 2, 3]}))
    pd.testing.assert_frame_equal(own.sample(5, random_state=0, where="age > 50"), rows)


def test_the_target_of_a_schema_is_the_methods_target(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int | None] = []
    smote = get_method("smote")
    watched = dataclasses.replace(smote, fit=lambda task, how: seen.append(task.target) or smote.fit(task, how))
    monkeypatch.setattr("llmsynth.baselines.synthesizer.get_method", lambda name: watched)
    table = hostile_table()[["age", "code", "outcome"]].dropna()
    own = BaselineSynthesizer("smote").fit(table, {"outcome": {"role": "target"}})
    BaselineSynthesizer("smote", target="outcome").fit(table)
    assert own.schema_.target == "outcome" and seen == [2, 2]


def test_cells_of_free_text_constants_and_identifiers_are_filled_too() -> None:
    table = hostile_table()
    table["record"] = [f"R-{number:05d}" for number in range(len(table))]
    table.loc[::5, "record"] = None
    table.loc[::3, "note"] = None
    table.loc[::4, "unit"] = None
    filled = fitted("diffusion", table).impute(table, random_state=0)
    assert filled.drop(columns="empty").notna().all().all()
    assert (filled["note"][table["note"].notna()] == table["note"].dropna()).all()


DAYS = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(40) % 4, unit="D")
FORMS: dict[str, Any] = {
    "interval": pd.cut(pd.Series(np.arange(40) * 7 % 40), 3),
    "days": pd.Categorical(DAYS),
    "zoned days": pd.Categorical(DAYS.tz_localize("Europe/Berlin")),
    "dates": [day.date() for day in DAYS],
    "decimals": [Decimal(number) / 100 for number in range(40)],
    "arrow": pd.array(np.arange(40) % 9, dtype="int64[pyarrow]"),
    "category": pd.Categorical([f"c{number % 3}" for number in range(40)], categories=["c2", "c1", "c0", "never"]),
    "far": [12345.678 if number == 3 else number / 7 for number in range(40)],
    "identifier": [f"user{number:03d}" for number in range(40)],
    "constant": "kg",
}


@pytest.mark.parametrize("labels", [("number", "own"), (0, 1), ("own", 1.5)])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("from_file", [False, True])
def test_observed_cells_stay_what_they_are_when_others_are_filled(
    form: str, labels: tuple[object, object], from_file: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = pd.DataFrame({0: np.arange(40) / 2, 1: FORMS[form]}).set_axis(pd.Index(labels, dtype=object), axis=1)
    own = BaselineSynthesizer("independent", random_state=0).fit(table)

    def drawn_anew(made: Any, rows: Any, known: Any, rng: np.random.Generator) -> Any:
        return made.sample(rows[0].missing.size, rng)  # what is observed is not looked at

    monkeypatch.setattr(type(own.fitted_), "impute", drawn_anew, raising=False)
    holes = table.copy()
    holes.iloc[::5, 1] = None
    given: object = holes.iloc[::-1]
    if from_file:
        given = tmp_path / "holes.csv"
        write_table(holes, given, schema=own.schema_)
    filled = own.impute(given).sort_index()
    assert filled.notna().all().all() and filled.dtypes.tolist() == table.dtypes.tolist()
    assert filled.columns.tolist() == list(labels)
    kept = holes.iloc[:, 1].notna().to_numpy()
    assert filled.iloc[kept, 1].tolist() == table.iloc[kept, 1].tolist()
    assert filled.iloc[:, 0].tolist() == table.iloc[:, 0].tolist()
    assert {type(cell) for cell in filled.iloc[:, 1]} == {type(cell) for cell in table.iloc[:, 1]}


@pytest.mark.parametrize("label", ["outcome", 3, np.int64(3), ("a", 1), 2.5, None])
def test_a_target_of_any_label_is_saved(label: Any, tmp_path: Path) -> None:
    columns = pd.Index(["x", "outcome" if label is None else label], tupleize_cols=False)
    table = pd.DataFrame({0: np.arange(40) / 2, 1: ["a", "b"] * 20}).set_axis(columns, axis=1)
    BaselineSynthesizer("copula", target=label).fit(table).save(tmp_path / "run")
    loaded = BaselineSynthesizer.load(tmp_path / "run")
    assert loaded.target == label
    assert clone(loaded).fit(table).schema_ == loaded.schema_


def test_numbers_that_lie_further_apart_than_is_counted_are_refused() -> None:
    most = [-(2**62), 2**62 - 1, 7] * 20
    for method in ("independent", "copula", "tree", "noise", "smote"):
        own = BaselineSynthesizer(method, random_state=0).fit(pd.DataFrame({"x": most, "y": range(60)}))
        drawn = own.sample(60, random_state=0)["x"]
        assert (drawn.min() < -(2**61)) and (drawn.max() > 2**61) and drawn.dtype == np.int64
        wider = pd.DataFrame({"x": [-(2**62) - 1, 2**62 - 1, 7] * 20, "y": range(60)})
        with pytest.raises(InputError, match=r"column 'x': expected numbers that lie within 2\*\*63 of each other"):
            BaselineSynthesizer(method).fit(wider)
    own = BaselineSynthesizer("independent").fit(wider, {"x": {"kind": "categorical"}})
    assert set(own.sample(60, random_state=0)["x"]) <= set(wider["x"])


def test_draws_beyond_an_end_do_not_pile_up_on_the_extreme_value() -> None:
    table = hostile_table(400)[["income"]]
    (feature,) = Features.from_frame(table, infer_schema(table)).features
    span = float(feature.span)
    beyond = np.array([-0.25, -0.01, 0.5, 1.01, 1.25, 40.0]) * span
    made = Features.from_frame(table, infer_schema(table)).to_frame([Drawn(beyond, np.zeros(6, bool))], 0)["income"]
    low, high = table["income"].min(), table["income"].max()
    expected = low + np.array([0.25, 0.01, 0.5, 0.99, 0.75, 0.0]) * (high - low)
    assert made.to_numpy() == pytest.approx(expected, rel=1e-6, abs=(high - low) * 1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda table: BaselineSynthesizer("copula", random_state="x").fit(table), "random_state: expected"),
        (lambda table: BaselineSynthesizer("copula").fit(table).sample(2, random_state="x"), "random_state: expected"),
        (lambda table: BaselineSynthesizer("copula").fit(table).probability("age > 3", n_points=1.5), "n_points: exp"),
        (lambda table: BaselineSynthesizer("copula", options=["a"]).fit(table), "options: expected a mapping"),
        (lambda table: BaselineSynthesizer(["copula"]).fit(table), "method: expected one of"),
        (lambda table: BaselineSynthesizer("tree", options={"reach": np.inf}).fit(table), "reach: expected a number"),
    ],
)  # fmt: skip
def test_values_of_other_types_are_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        call(hostile_table()[["age", "smoker"]])


def test_numpys_whole_numbers_are_whole_numbers(tmp_path: Path) -> None:
    table = hostile_table()[["age", "code", "outcome"]].dropna()
    own = fitted("smote", table, neighbours=np.int64(3))
    own.save(tmp_path / "own")
    assert len(BaselineSynthesizer.load(tmp_path / "own").sample(3)) == 3


def test_small_numbers_stay_exact_beside_huge_ones() -> None:
    table = pd.DataFrame({"n": [5, 1005, 2**60] * 10})
    features = Features.from_frame(table, infer_schema(table, overrides={"n": {"kind": "integer"}}))
    made = features.to_frame([Drawn(np.array([0.0, 1000.0]), np.zeros(2, bool))], 0)["n"]
    assert made.tolist() == [5, 1005]


def test_a_link_is_followed_and_the_folder_one_is_in_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = BaselineSynthesizer("copula").fit(hostile_table()[["age", "smoker"]])
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    own.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and len(BaselineSynthesizer.load(tmp_path / "real").sample(2)) == 2
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(RunFolderError, match="is the folder you are in"):
        own.save(".")
