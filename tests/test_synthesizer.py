"""The estimator: scikit-learn's contract, the table's own form back, runs on disk, and resuming after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from sklearn.base import clone

from llmsynth import TableSynthesizer
from llmsynth.config import FitConfig
from llmsynth.datasets import load_ehr
from llmsynth.errors import ConfigError, InputError, NotFittedError, RunFolderError, SchemaError, TrainingError
from llmsynth.lm.engine import split_rows
from llmsynth.lm.int8_training import Int8Linear, exact
from llmsynth.lm.trainer import Trainer
from llmsynth.table.files import read_table
from llmsynth.table.infer import infer_schema
from llmsynth.table.schema_file import schema_yaml
from tests.tiny import TINY_COMPACT

TINY = {
    "compact": TINY_COMPACT,
    "pretrained": {"lora": {"r": 2}, "head_rank": 2},
}


def tiny(model="compact", max_epochs=2, recipe=None, **options):
    return TableSynthesizer(str(model), recipe=recipe or TINY, max_epochs=max_epochs, **options)


@pytest.fixture(scope="module")
def ehr():
    return load_ehr(80, random_state=0)


@pytest.fixture(scope="module")
def fitted(ehr):
    return tiny(random_state=3).fit(ehr)


@pytest.fixture(scope="module")
def hostile(mixed_table):
    return mixed_table(90)


@pytest.fixture(scope="module", params=["compact", "pretrained"])
def fitted_hostile(request, hostile, tiny_llama):
    return tiny("compact" if request.param == "compact" else tiny_llama(), max_epochs=1).fit(hostile)


# ---- scikit-learn's contract


def test_the_constructor_only_stores_and_clone_copies(ehr):
    options = {"target": "diabetes", "max_epochs": 1, "random_state": 5, "recipe": TINY, "max_minutes": 0.5}
    one = TableSynthesizer("compact", **options)
    assert all(one.get_params()[name] is value for name, value in options.items())
    assert set(vars(one)) == set(one.get_params())
    other = clone(one.fit(ehr))
    assert other.get_params() == one.get_params() and not hasattr(other, "schema_")
    assert other.set_params(max_epochs=7).max_epochs == 7


def test_fit_returns_itself_and_learns_attributes(fitted, ehr):
    synthesizer = tiny()
    assert synthesizer.fit(ehr, y=None) is synthesizer
    assert fitted.schema_.names == tuple(ehr.columns)
    assert {entry["split"] for entry in fitted.history_} == {"train", "holdout", "refit"}
    assert all(entry["nats_per_row"] > 0 and entry["step"] > 0 for entry in fitted.history_)
    assert fitted.model_name_ == "compact" and fitted.model_reason_ == "as asked"
    report = fitted.report_
    assert (report["n_rows"], report["n_holdout_rows"], report["n_evaluated_rows"]) == (80, 8, 8)
    assert report["refit_steps"] > 0
    held = [entry["nats_per_row"] for entry in fitted.history_ if entry["split"] == "holdout"]
    assert report["holdout_nats_per_row"] == min(held)
    assert report["calibration"]["passes"] == 16 and report["calibration"]["drift_after"] < 0.1
    json.dumps([report, fitted.history_])


def test_a_fit_knows_its_rows_again_after_loading(ehr, tmp_path):
    frame = ehr.assign(weight=np.arange(80) % 3 + 1)
    options = {"weight_column": "weight", "boost": {"smoker == 'yes'": 2}, "run_dir": tmp_path / "run"}
    fitted = tiny(max_epochs=1, **options).fit(frame)
    for synthesizer in (fitted, TableSynthesizer.load(tmp_path / "run")):
        assert synthesizer.is_fitted_on(frame)
        assert not synthesizer.is_fitted_on(frame.iloc[::-1])
        assert not synthesizer.is_fitted_on(frame.assign(weight=1))
        assert not synthesizer.is_fitted_on(frame.drop(columns="age"))
        assert not synthesizer.is_fitted_on(frame.head(10))


def test_rows_too_long_for_the_budget_are_not_calibrated(ehr, monkeypatch):
    monkeypatch.setattr("llmsynth.fitting.seconds_of_a_pass", lambda *args: 4.7)
    assert tiny(max_minutes=1).fit(ehr).report_["calibration"]["kept"]
    monkeypatch.setattr("llmsynth.fitting.seconds_of_a_pass", lambda *args: 4.9)
    assert tiny(max_minutes=1).fit(ehr).report_["calibration"] is None


def test_without_a_refit_the_held_out_figure_is_that_of_the_model_as_it_is(ehr):
    synthesizer = tiny(random_state=3)
    recipe = synthesizer.recipe
    synthesizer.set_params(recipe={**recipe, "train": {**recipe.get("train", {}), "refit": False}}).fit(ehr)
    _, held = split_rows(80, FitConfig().train.holdout_fraction, 3)
    report = synthesizer.report_
    assert report["refit_steps"] == 0
    assert report["holdout_nats_per_row"] == pytest.approx(-synthesizer.log_prob(ehr.iloc[held]).mean(), abs=1e-4)


@pytest.mark.parametrize("use", ["sample", "log_prob", "save", "sample_to", "iter_samples"])
def test_nothing_works_before_fit(use, ehr, tmp_path):
    arguments = {"log_prob": [ehr], "save": [tmp_path / "r"], "sample_to": [tmp_path / "f.csv", 1], "iter_samples": [1]}
    with pytest.raises(NotFittedError, match="call fit"):
        getattr(TableSynthesizer(), use)(*arguments.get(use, []))


def test_auto_says_what_it_took_and_why(ehr):
    synthesizer = TableSynthesizer(recipe=TINY, max_epochs=1).fit(ehr)
    assert synthesizer.model_name_ == "compact" and "no free text" in synthesizer.model_reason_


def test_the_seed_alone_decides_and_the_global_generators_are_left_alone(ehr, fitted):
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
    before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    again = tiny(random_state=3).fit(ehr)
    pd.testing.assert_frame_equal(again.sample(20), fitted.sample(20))
    assert (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before  # noqa: NPY002
    assert not tiny(random_state=4).fit(ehr).sample(20).equals(fitted.sample(20))
    rows = again.sample(20, random_state=9)
    assert again.set_params(random_state=9).sample(20).equals(rows)
    assert again.set_params(random_state=None).sample(20).equals(fitted.sample(20))
    assert fitted.sample(20, random_state=1).equals(fitted.sample(20, random_state=1))
    assert not fitted.sample(20, random_state=1).equals(fitted.sample(20, random_state=2))


def test_options_come_from_the_recipe_and_arguments_override_them():
    recipe = FitConfig.from_mapping({"model": "compact", "seed": 9, "train": {"max_epochs": 5, "patience": 8}})
    assert TableSynthesizer(recipe=recipe).fit_config() == recipe
    config = TableSynthesizer(
        "x/y", recipe=recipe, max_epochs=2, max_minutes=1.5, random_state=4, device="cpu"
    ).fit_config()
    assert (config.model, config.train.max_epochs, config.train.max_minutes) == ("x/y", 2, 1.5)
    assert (config.train.patience, config.seed, config.device) == (8, 4, "cpu")
    assert TableSynthesizer(recipe="compact-cpu").fit_config().model == "compact"
    with pytest.raises(ConfigError):
        TableSynthesizer(recipe={"trian": {}}).fit_config()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_epochs": "2"}, "max_epochs: expected a whole number or nothing, got '2'"),
        ({"max_epochs": 1.5}, "max_epochs: expected a whole number or nothing, got 1.5"),
        ({"max_minutes": "soon"}, "max_minutes: expected a finite number or nothing, got 'soon'"),
        ({"model": 5}, "model: expected a text, got 5"),
        ({"device": 5}, "device: expected a text, got 5"),
        ({"recipe": 5}, "recipe: expected options, the name of a recipe or a YAML file, got 5"),
        ({"recipe": [1]}, "recipe: expected options, the name of a recipe or a YAML file, got a list"),
        ({"recipe": {"train": {"max_epochs": "2"}}}, "train.max_epochs: expected a whole number or nothing, got '2'"),
        ({"schema": 5}, "schema: expected a Schema, properties by column or a YAML file, got 5"),
        ({"run_dir": 5}, "run_dir: expected a path, got 5"),
        ({"random_state": "x"}, "random_state: expected a whole number, got 'x'"),
        ({"random_state": 1.5}, "random_state: expected a whole number, got 1.5"),
        ({"random_state": np.random.default_rng(0)}, "random_state: expected a whole number, got a Generator"),
        ({"trust_remote_code": "no"}, "trust_remote_code: expected true or false, got 'no'"),
    ],
)
def test_an_option_of_the_wrong_type_is_one_error_that_names_it(ehr, options, words):
    with pytest.raises(ConfigError, match=f"^{words}"):
        TableSynthesizer(**{"model": "compact", "recipe": TINY, "max_epochs": 1} | options).fit(ehr)


@pytest.mark.parametrize(
    ("use", "options", "words"),
    [
        ("sample", {"n_samples": "5"}, "n_samples: expected a whole number, got '5'"),
        ("sample", {"n_samples": 2.5}, "n_samples: expected a whole number, got 2.5"),
        ("sample", {"n_samples": None}, "n_samples: expected a whole number, got None"),
        ("sample", {"random_state": "x"}, "random_state: expected a whole number, got 'x'"),
        ("sample", {"temperature": "hot"}, "temperature: expected a finite number or a mapping .*, got 'hot'"),
        ("sample", {"top_p": {"decimal": "x"}}, r"top_p\.decimal: expected a finite number"),
        ("sample", {"batch_size": 1.5}, "batch_size: expected a whole number or 'auto', got 1.5"),
        ("sample", {"balance": "diabetes", "proportions": 5}, "proportions: expected shares by class, got int"),
        ("sample", {"balance": "diabetes", "proportions": {"yes": "x"}}, "proportions: expected shares in"),
        ("sample", {"quasi_random": 1}, "quasi_random: expected true or false, got 1"),
        ("sample", {"quasi_random": True, "where": "age > 50"}, "quasi_random: expected neither where nor balance"),
        ("sample", {"quasi_random": True, "balance": "diabetes"}, "quasi_random: expected neither where nor balance"),
        ("sample_to", {"path": 5, "n_samples": 3}, "path: expected a path, got 5"),
        ("impute", {"n_draws": "2"}, "n_draws: expected a whole number, got '2'"),
        ("sample_like", {"n_draws": 1.5}, "n_draws: expected a whole number, got 1.5"),
        ("sample_like", {"random_state": "x"}, "random_state: expected a whole number, got 'x'"),
        ("probability", {"where": "age > 50", "n_draws": "x"}, "n_draws: expected a whole number, got 'x'"),
        ("log_prob", {"columns": 5}, "expected a list of columns, got 5"),
        ("save", {"path": 5}, "path: expected a path, got 5"),
        ("load", {"path": None}, "path: expected a path, got None"),
    ],
)
def test_an_argument_of_the_wrong_type_is_one_error_that_names_it(fitted, ehr, use, options, words):
    table = {"table": ehr.head(3)} if use in ("impute", "sample_like", "log_prob") else {}
    with pytest.raises(InputError, match=f"^{words}"):
        getattr(fitted, use)(**table, **options)


# ---- the table's own form


def test_sparse_columns_half_precision_and_categories_of_numbers_come_back(tmp_path):
    rng = np.random.default_rng(0)
    n = 60
    frame = pd.DataFrame(
        {
            "sparse": pd.arrays.SparseArray(rng.integers(0, 2, n) * rng.integers(0, 9, n)),
            "flag": pd.arrays.SparseArray(rng.random(n) < 0.2),
            "amount": pd.arrays.SparseArray(np.where(rng.random(n) < 0.5, 0.0, rng.random(n).round(2)), fill_value=0.0),
            "half": pd.Series(rng.random(n)).astype("float16"),
            "arrow_half": pd.Series(rng.random(n) * 100).astype("halffloat[pyarrow]"),
            "arrow_float": pd.Series(rng.random(n).round(2)).astype("float[pyarrow]"),
            "grade": pd.Categorical(rng.integers(1, 4, n), categories=[3, 2, 1, 0], ordered=True),
            "day": pd.Categorical(pd.to_datetime(["2020-01-02", "2021-01-02"])[rng.integers(0, 2, n)]),
            "span": pd.cut(pd.Series(rng.random(n)), 3),
        }
    )
    made = tiny(max_epochs=1).fit(frame)
    rows = made.sample(20)
    assert rows.dtypes.tolist() == frame.dtypes.tolist()
    assert np.isfinite(made.log_prob(rows)).all() and np.isfinite(made.log_prob(frame)).all()
    holes = frame.head(4).assign(half=np.nan, grade=None)
    assert made.impute(holes).dtypes.tolist() == frame.dtypes.tolist()
    made.sample_to(tmp_path / "t.parquet", 20)
    dense = [getattr(dtype, "subtype", dtype) for dtype in frame.dtypes]
    assert read_table(tmp_path / "t.parquet").dtypes.tolist() == dense


def test_a_table_whose_labels_are_no_texts_is_scored_and_completed_from_a_csv_file(ehr, tmp_path):
    frame = ehr.set_axis(range(ehr.shape[1]), axis=1)
    made = tiny(max_epochs=1, target=7, run_dir=tmp_path / "run").fit(frame)
    again = TableSynthesizer.load(tmp_path / "run")
    frame.to_csv(tmp_path / "t.csv", index=False)
    for one in (made, again):
        assert np.array_equal(one.log_prob(tmp_path / "t.csv"), one.log_prob(frame))
        assert one.impute(tmp_path / "t.csv").columns.tolist() == list(range(8))
        assert one.predict(tmp_path / "t.csv").equals(one.predict(frame))
        # The column to be predicted is not given away because its label became a text.
        assert one.predict(tmp_path / "t.csv", 2, n_draws=2).equals(one.predict(frame.drop(columns=2), 2, n_draws=2))


def test_any_table_comes_back_in_its_own_form(fitted_hostile, hostile):
    made = fitted_hostile.sample(30)
    assert len(made) == 30 and made.index.tolist() == list(range(30))
    assert list(map(repr, made.columns)) == list(map(repr, hostile.columns))
    assert made.dtypes.tolist() == hostile.dtypes.tolist()
    assert set(made[("a", "b")].dropna()) <= set(hostile[("a", "b")].dropna())
    assert made["ordered"].cat.categories.tolist() == ["low", "mid, high", "is"] and made["ordered"].cat.ordered
    assert str(made["zoned"].dt.tz) == "Europe/Berlin"
    assert not set(made["key"]) & set(hostile["key"])
    assert made["empty"].isna().all() and set(made["constant"]) == {"same"}
    whole = made[3]
    assert whole.between(hostile[3].min(), hostile[3].max()).all()
    pd.to_datetime(made["american"].dropna(), format="%m/%d/%Y")


def test_its_rows_can_be_scored_and_are_possible(fitted_hostile, hostile):
    made = fitted_hostile.sample(20)
    for table in (made, hostile):
        log_prob = fitted_hostile.log_prob(table)
        assert log_prob.shape == (len(table),) and np.isfinite(log_prob).all()


def test_a_run_comes_back_with_the_same_rows_and_scores(fitted_hostile, hostile, tmp_path):
    fitted_hostile.save(tmp_path / "run")
    back = TableSynthesizer.load(tmp_path / "run", device="cpu")
    pd.testing.assert_frame_equal(back.sample(12, random_state=2), fitted_hostile.sample(12, random_state=2))
    assert (back.log_prob(hostile) == fitted_hostile.log_prob(hostile)).all()
    # Compared as JSON: a label may be NaN, which never equals itself.
    assert back.schema_.to_dict() == fitted_hostile.schema_.to_dict()
    assert back.history_ == fitted_hostile.history_
    assert back.report_ == json.loads(json.dumps(fitted_hostile.report_))
    assert (back.model_name_, back.model_reason_) == (fitted_hostile.model_name_, fitted_hostile.model_reason_)
    assert back.get_params()["random_state"] == 0
    pd.testing.assert_frame_equal(back.sample(5), fitted_hostile.sample(5))


def test_no_cell_value_is_in_the_manifest_report_or_history(fitted_hostile, tmp_path):
    fitted_hostile.save(tmp_path / "run")
    for name in ("manifest.json", "report.json", "history.json", "config.yaml"):
        text = (tmp_path / "run" / name).read_text()
        assert "tower" not in text and "mid, high" not in text


def test_missing_values_come_as_often_as_in_the_table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": np.where(rng.random(400) < 0.3, None, "x"), "b": rng.integers(0, 5, 400)})
    frame.loc[rng.random(400) < 0.2, "b"] = None
    made = tiny().fit(frame).sample(1000)
    assert made["a"].isna().mean() == pytest.approx(0.3, abs=0.08)
    assert made["b"].isna().mean() == pytest.approx(0.2, abs=0.08)


# ---- sampling


def test_rows_do_not_depend_on_the_batch_size_and_fewer_are_the_first_of_more(fitted):
    many = fitted.sample(300, random_state=1, batch_size=300)
    pd.testing.assert_frame_equal(fitted.sample(300, random_state=1, batch_size=7), many)
    pd.testing.assert_frame_equal(fitted.sample(100, random_state=1), many.iloc[:100])
    assert [len(part) for part in fitted.iter_samples(9, batch_size=2)] == [8, 1]
    assert len(fitted.sample()) == 1 and len(fitted.sample(0)) == 0


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_rows_are_written_to_a_file_as_they_are_sampled(fitted, ending, tmp_path):
    path = tmp_path / f"rows.{ending}"
    stats = fitted.sample_to(path, 30, random_state=4, batch_size=11)
    assert stats["rows"] == 30
    pd.testing.assert_frame_equal(read_table(path), fitted.sample(30, random_state=4), check_dtype=ending == "parquet")
    with pytest.raises(InputError):
        fitted.sample_to(path, 30)
    assert fitted.sample_to(path, 2, overwrite=True)["rows"] == 2


def test_a_temperature_near_zero_gives_one_row(fitted):
    cold = fitted.sample(20, temperature=1e-6)
    for name in ("sex", "smoker", "diabetes"):
        assert cold[name].nunique() == 1


def test_a_row_outside_the_schema_has_no_probability(fitted, ehr):
    some = ehr.iloc[:3].copy()
    some["sex"] = some["sex"].astype(object)
    some.iloc[1, some.columns.get_loc("sex")] = "something else"
    assert np.isneginf(fitted.log_prob(some)).tolist() == [False, True, False]
    with pytest.raises(SchemaError, match="missing: 'bmi'"):
        fitted.log_prob(ehr.drop(columns="bmi"))


# ---- what cannot be used


def test_too_few_rows_and_too_wide_rows_are_refused_and_nothing_is_written(ehr, tiny_llama, tmp_path):
    with pytest.raises(InputError, match="at least 20 rows"):
        tiny(run_dir=tmp_path / "run").fit(ehr.iloc[:19])
    wide = pd.DataFrame({"note": [f"{'word ' * 900}{row}" for row in range(30)], "x": range(30)})
    with pytest.raises(InputError, match="the model's context is 2,048"):
        tiny(tiny_llama(), run_dir=tmp_path / "run").fit(wide)
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_not_finite_leaves_the_estimator_unfitted(ehr, tmp_path):
    recipe = {**TINY, "train": {"learning_rate": 1e30, "max_grad_norm": 1e30}}
    synthesizer = tiny(recipe=recipe, max_epochs=20)
    with pytest.raises(TrainingError, match="try a lower learning_rate"):
        synthesizer.fit(ehr)
    assert not hasattr(synthesizer, "schema_")


# ---- run folders


def test_an_altered_run_is_refused(fitted, tmp_path):
    fitted.save(tmp_path / "run")
    with pytest.raises(RunFolderError, match="overwrite"):
        fitted.save(tmp_path / "run")
    fitted.save(tmp_path / "run", overwrite=True)
    path = tmp_path / "run" / "grammar.json"
    path.write_text(path.read_text().replace("1", "2", 1))
    with pytest.raises(RunFolderError, match=r"grammar\.json"):
        TableSynthesizer.load(tmp_path / "run")


def test_a_run_with_a_pickle_or_a_missing_file_is_refused(fitted, tmp_path):
    fitted.save(tmp_path / "run")
    (tmp_path / "run" / "extra.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(RunFolderError, match=r"extra\.pkl"):
        TableSynthesizer.load(tmp_path / "run")
    (tmp_path / "run" / "extra.pkl").unlink()
    (tmp_path / "run" / "model.safetensors").unlink()
    with pytest.raises(RunFolderError, match=r"model\.safetensors"):
        TableSynthesizer.load(tmp_path / "run")


def test_fitting_into_a_run_folder_leaves_a_complete_run(ehr, fitted, tmp_path):
    run = tmp_path / "run"
    made = tiny(random_state=3, run_dir=run).fit(ehr)
    pd.testing.assert_frame_equal(made.sample(10), fitted.sample(10))
    pd.testing.assert_frame_equal(TableSynthesizer.load(run).sample(10), fitted.sample(10))
    assert not (run / "checkpoints").exists()
    with pytest.raises(RunFolderError):
        tiny(run_dir=run).fit(ehr)
    tiny(run_dir=run, overwrite=True, max_epochs=1).fit(ehr)
    assert TableSynthesizer.load(run).report_["n_steps"] < made.report_["n_steps"]


def test_a_refused_fit_leaves_the_checkpoints_of_the_run_it_was_to_replace(ehr, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    run = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("llmsynth.lm.listeners.Checkpointer.on_checkpoint_due", lambda self, trainer: self.save(trainer))
        patch.setattr(TableSynthesizer, "_describe", die)
        tiny(run_dir=run).fit(ehr)
    steps = sorted(path.name for path in (run / "checkpoints").iterdir())
    assert len(steps) == 2
    with pytest.raises(InputError, match="unknown target column"):
        tiny(run_dir=run, overwrite=True, target="no such column").fit(ehr)
    with pytest.raises(InputError, match="at least 20 rows"):
        tiny(run_dir=run, overwrite=True).fit(ehr.iloc[:19])
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == steps
    assert tiny(run_dir=run, resume=True).fit(ehr).report_["n_steps"] == int(steps[-1][5:])


@pytest.mark.parametrize("model", ["compact", "pretrained"])
def test_columns_of_one_value_each_come_back_although_there_is_nothing_to_train(model, tiny_llama, tmp_path):
    n = 30
    table = pd.DataFrame(
        {
            "key": np.arange(n) + 1000,
            "day": pd.to_datetime(["2024-01-02"] * n),
            "ward": pd.Categorical(["west"] * n),
            "same": "yes",
        }
    )
    name = "compact" if model == "compact" else tiny_llama()
    made = tiny(
        name, recipe={**TINY, "compact": {**TINY_COMPACT, "warm_up": True}}, schema={"same": {"kind": "categorical"}}
    )
    made.fit(table)
    pd.testing.assert_frame_equal(made.sample(5).drop(columns="key"), table.head(5).drop(columns="key"))
    assert made.report_["n_steps"] == 1 and made.report_["holdout_nats_per_row"] == 0
    assert made.log_prob(table).tolist() == [0.0] * n
    made.save(tmp_path / "run")
    pd.testing.assert_frame_equal(TableSynthesizer.load(tmp_path / "run").sample(5), made.sample(5))


@pytest.mark.parametrize("where", ["_describe", "_write"])
def test_a_signal_once_all_is_learned_waits_until_the_run_is_written(where, ehr, tmp_path, monkeypatch):
    class Stopped(BaseException):
        pass

    def stop(number, frame):
        raise Stopped

    original = getattr(TableSynthesizer, where)

    def signalled(self, *args):
        signal.raise_signal(signal.SIGTERM)
        return original(self, *args)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        monkeypatch.setattr(TableSynthesizer, where, signalled)
        with pytest.raises(Stopped):
            tiny(max_epochs=1, run_dir=tmp_path / "run").fit(ehr)
        assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGTERM, before)
    assert len(TableSynthesizer.load(tmp_path / "run").sample(3)) == 3


SCRIPT = """
import json, sys
import torch
from llmsynth import TableSynthesizer
from llmsynth.datasets import load_ehr
torch.set_num_threads(int(sys.argv[3]))
TableSynthesizer("compact", run_dir=sys.argv[1], **json.loads(sys.argv[2])).fit(load_ehr(80, random_state=0))
"""


def test_a_killed_fit_goes_on_to_the_same_weights_as_an_uninterrupted_one(ehr, tmp_path):
    run = tmp_path / "run"
    compact = {**TINY["compact"], "dropout": 0.1, "warm_up": True, "warm_up_rows": 64, "warm_up_epochs": 1}
    recipe = {"compact": compact, "train": {"checkpoint_minutes": 1e-6, "ema_decay": 0.9, "patience": 99}}
    options = {"recipe": recipe, "max_epochs": 20, "random_state": 3}
    threads = torch.get_num_threads()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(run), json.dumps(options), str(threads)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        deadline = time.monotonic() + 240
        while not any(run.glob("checkpoints/step-0000001*")):
            assert process.poll() is None, "the fit ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with pytest.raises(RunFolderError):
        TableSynthesizer("compact", run_dir=run, **options).fit(ehr)
    with pytest.raises(ConfigError, match=r"train\.max_epochs: 20 -> 21"):
        TableSynthesizer("compact", run_dir=run, resume=True, **{**options, "max_epochs": 21}).fit(ehr)
    resumed = TableSynthesizer("compact", run_dir=run, resume=True, **options).fit(ehr)
    whole = TableSynthesizer("compact", **options).fit(ehr)
    ours, theirs = (synthesizer._engine.model.state_dict() for synthesizer in (resumed, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    nats = [[entry["nats_per_row"] for entry in synthesizer.history_] for synthesizer in (resumed, whole)]
    assert nats[0] == nats[1]
    pd.testing.assert_frame_equal(TableSynthesizer.load(run).sample(10), whole.sample(10))


@pytest.mark.skipif(not exact(), reason="this processor has no exact products of 8-bit integers")
def test_a_fit_in_integers_goes_on_after_a_stop_and_is_float32_once_it_is_loaded(
    ehr, tmp_path, monkeypatch, tiny_llama
):
    run, few, step = tmp_path / "run", ehr.head(80), Trainer._step

    def stopped(trainer):
        if trainer.counters.step == 4:
            raise RuntimeError("stopped")
        return step(trainer)

    def fit(in_integers, **how):
        pretrained = {"lora": {"r": 2}, "head_rank": 2, "int8_training": in_integers}
        recipe = {"pretrained": pretrained, "train": {"checkpoint_minutes": 1e-6, "learning_rate": 0.05}}
        return TableSynthesizer(str(tiny_llama()), recipe=recipe, max_epochs=2, random_state=3, **how).fit(few)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="stopped"):
        patch.setattr(Trainer, "_step", stopped)
        fit(True, run_dir=run)
    resumed, whole, plain = fit(True, run_dir=run, resume=True), fit(True), fit(False)
    weights = [dict(one._engine.model.trainable()) for one in (resumed, whole, plain)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])
    loaded = TableSynthesizer.load(run)
    assert loaded._engine.config.pretrained.int8_training is True
    assert not any(isinstance(layer, Int8Linear) for layer in loaded._engine.model.modules())
    assert loaded.log_prob(few) == pytest.approx(resumed.log_prob(few))
    pd.testing.assert_frame_equal(loaded.sample(10), resumed.sample(10))


# ---- rows that weigh more than others


def unequal(n=600, share=0.1):
    """A rare class that moves a number, and weights."""
    rng = np.random.default_rng(0)
    ill = np.arange(n) < share * n
    frame = pd.DataFrame(
        {"x": np.where(ill, rng.normal(60, 5, n), rng.normal(40, 5, n)).round(), "y": rng.integers(0, 4, n)}
    )
    frame["ill"], frame["w"] = np.where(ill, "yes", "no"), np.where(ill, 8.0, 1.0)
    return frame.sample(frac=1.0, random_state=0, ignore_index=True)


SMALL = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64, "warm_up": False}
PLAIN = {"compact": SMALL, "train": {"calibrate": False, "holdout_fraction": 0}}  # nothing that mends wrong shares


@pytest.mark.parametrize(("how", "factor"), [({"boost": {"ill == 'yes'": 5}}, 5), ({"weight_column": "w"}, 8)])
def test_the_share_of_heavy_rows_is_the_real_one(how, factor):
    frame, n = unequal(1500), 4000
    frame = frame if "weight_column" in how else frame.drop(columns="w")
    synthesizer = tiny(max_epochs=25, recipe=PLAIN, random_state=0, **how).fit(frame)
    made = (synthesizer.sample(n, random_state=1)["ill"] == "yes").mean()
    assert abs(made - 0.1) < 3 * np.sqrt(0.1 * 0.9 * (1 / n + 1 / len(frame)))
    weights = synthesizer.report_["weights"]
    assert weights["boosted_rows"] == (150 if "boost" in how else 0)
    assert weights["effective_rows"] == pytest.approx((1350 + 150 * factor) ** 2 / (1350 + 150 * factor**2), abs=0.1)


def test_a_pretrained_model_takes_boosts_and_weights_too(tiny_llama):
    frame, boost = unequal(60), {"ill == 'yes'": 5}
    plain, *weighed = (
        tiny(tiny_llama(), max_epochs=1, random_state=0, **how).fit(frame.drop(columns="w" if "boost" in how else []))
        for how in ({"boost": {}}, {"boost": boost}, {"weight_column": "w"})
    )
    assert plain.report_["weights"] is None
    assert [one.report_["weights"]["boosted_rows"] for one in weighed] == [6, 0]
    some = frame.drop(columns="w").head(9)
    for one in weighed:
        rows = one.sample(8, random_state=0, where="ill == 'yes'")
        assert (rows["ill"] == "yes").all() and list(rows.columns) == ["x", "y", "ill"]
        assert not np.allclose(one.log_prob(some), plain.log_prob(some), atol=1e-4)


def test_the_weight_column_is_neither_learned_nor_sampled_but_may_come_along(tmp_path):
    frame = unequal(120)
    synthesizer = tiny(weight_column="w", target="ill", run_dir=tmp_path / "run").fit(frame)
    assert synthesizer.schema_.names == ("x", "y", "ill")
    assert list(synthesizer.sample(3).columns) == ["x", "y", "ill"]
    for one in (synthesizer, TableSynthesizer.load(tmp_path / "run")):
        assert one.log_prob(frame) == pytest.approx(one.log_prob(frame.drop(columns="w")))
        assert one.predict_proba(frame).shape == (120, 2)
        assert list(one.impute(frame.mask(frame["y"] == 1)).columns) == ["x", "y", "ill"]
        assert list(one.sample_like(frame[["x", "w"]]).columns) == ["x", "y", "ill"]
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["train"]["weight_column"] == "w" and config["train"]["boost"] == {}


def test_a_schema_file_that_describes_the_weight_column_may_be_given(tmp_path):
    frame = unequal(120)
    (tmp_path / "schema.yaml").write_text(schema_yaml(infer_schema(frame)))
    synthesizer = tiny(weight_column="w", schema=tmp_path / "schema.yaml").fit(frame)
    assert synthesizer.schema_.names == ("x", "y", "ill")
    with pytest.raises(SchemaError, match="weight column 'w' is a column of the schema"):
        tiny(weight_column="w", schema=infer_schema(frame)).fit(frame)


def test_weights_come_from_recipes_too_and_arguments_win():
    frame = unequal(120)
    recipe = {**TINY, "train": {"boost": {"ill == 'yes'": 5}, "weight_column": "w"}}
    assert tiny(recipe=recipe).fit(frame).report_["weights"]["boosted_rows"] == 12
    assert tiny(recipe=recipe, boost={}).fit(frame).report_["weights"]["boosted_rows"] == 0
    twice = tiny(boost=[("ill == 'yes'", 5), ("y >= 2", 2)], weight_column="w").fit(frame)
    assert twice._engine.config.train.boost == {"ill == 'yes'": 5.0, "y >= 2": 2.0}
    assert clone(twice).get_params() == twice.get_params()


def test_a_fit_goes_on_only_with_the_same_weights(tmp_path):
    frame = unequal(120)
    one, other = tiny(weight_column="w").fit(frame), tiny(weight_column="w").fit(frame.assign(w=frame["w"] + 1))
    without = tiny().fit(frame.drop(columns="w"))
    assert len({s.report_["table_hash"] for s in (one, other, without)}) == 3
    assert without.report_["weights"] is None


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"weight_column": "weight"}, "unknown weight column 'weight'"),
        ({"weight_column": "ill"}, "weight column 'ill': expected numbers"),
        ({"weight_column": "y"}, r"each of 120 rows, got \d+ zero"),
        ({"weight_column": "w", "target": "w"}, "unknown target column 'w'"),
        ({"boost": {"il == 'yes'": 5}}, "unknown column 'il'; did you mean 'ill'"),
        ({"boost": {"ill == 'yes'": 0}}, "boost of \"ill == 'yes'\": expected more than 0, got 0"),
        ({"boost": {"ill == 'yes'": float("nan")}}, "expected a finite number, got nan"),
        ({"boost": [("ill == 'yes'", 2), ("ill == 'yes'", 3)]}, "given twice"),
        ({"boost": {"x < 30 and ill == 'yes'": 2}}, "none of the 108 rows to train on fulfils"),
    ],
)
def test_wrong_weights_are_one_error_and_nothing_is_written(tmp_path, how, words):
    with pytest.raises(InputError, match=words):
        tiny(run_dir=tmp_path / "run", **how).fit(unequal(120))
    assert not (tmp_path / "run").exists()


def test_rows_that_obey_rules_are_not_quasi_random(ehr):
    ruled = tiny(max_epochs=1, schema=infer_schema(ehr, target="diabetes", rules=["age <= glucose"])).fit(ehr)
    assert len(ruled.sample(3, quasi_random=False)) == 3
    with pytest.raises(InputError, match="quasi_random: expected a schema without rules, got 1"):
        ruled.sample(3, quasi_random=True)


def test_a_recipe_may_ask_for_quasi_random_rows(fitted, ehr):
    spread = tiny(recipe=TINY | {"sample": {"quasi_random": True}}, random_state=3).fit(ehr)
    pd.testing.assert_frame_equal(spread.sample(20), fitted.sample(20, quasi_random=True))
    pd.testing.assert_frame_equal(spread.sample(20, quasi_random=False), fitted.sample(20))
