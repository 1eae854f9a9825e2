"""Real rows first, then new ones, and a report on them; with a stand-in that trains in no time."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from llmsynth import augmentation
from llmsynth.augmentation import AugmentReport, augment, default_minutes
from llmsynth.config import FitConfig, TrainConfig
from llmsynth.errors import InputError, MissingExtraError
from llmsynth.evaluate.near_copies import NearCopies
from llmsynth.table.infer import infer_schema


class Stub(BaseEstimator):
    """Repeats rows of the class that it was fitted on, moved a little."""

    fitted: list

    def __init__(
        self, max_minutes=None, random_state=None, target=None, run_dir=None, resume=False, overwrite=False,
        progress=False, boost=None, schema=None, weight_column=None,
    ):  # fmt: skip
        self.max_minutes = max_minutes
        self.random_state = random_state
        self.target = target
        self.run_dir = run_dir
        self.resume = resume
        self.overwrite = overwrite
        self.progress = progress
        self.boost = boost
        self.schema = schema
        self.weight_column = weight_column

    def fit_config(self):
        return FitConfig(train=TrainConfig(boost=self.boost or {}, weight_column=self.weight_column))

    def fit(self, table):
        self.schema_, self.table_ = infer_schema(table, target=self.target), table
        Stub.fitted.append(self)
        return self

    def sample(self, n_samples, random_state=None, *, where):
        ((label, value),) = where.items()
        rng = np.random.default_rng(random_state)
        own = self.table_[self.table_[label] == value]
        new = own.iloc[rng.integers(0, len(own), n_samples)].reset_index(drop=True)
        return new.assign(x=(new["x"] + rng.normal(0, 0.1, n_samples)).round(3))


@pytest.fixture(autouse=True)
def stub(monkeypatch):
    Stub.fitted = []
    monkeypatch.setattr(augmentation, "TableSynthesizer", Stub)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    rare = np.arange(120) % 4 == 0
    frame = pd.DataFrame(
        {
            "x": rng.normal(rare, 1).round(3),
            "n": pd.array(rng.integers(0, 5, 120), dtype="Int64"),
            "c": pd.Categorical(rng.choice(["a", "b"], 120)),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 120), unit="D"),
            "y": np.where(rare, "yes", "no"),
        },
        index=range(1000, 1120),
    )
    frame.loc[frame.index[::7], ["n", "c", "when"]] = None
    return frame


def test_real_rows_come_first_as_they_are_then_the_fewest_new_ones_that_meet_the_share(table):
    done = augment(table, "y", "yes", 0.5, n_seeds=0)
    pd.testing.assert_frame_equal(done.table.head(120), table.reset_index(drop=True))
    pd.testing.assert_frame_equal(done.table.tail(60).reset_index(drop=True), done.new_rows)
    assert (done.new_rows["y"] == "yes").all() and len(done.new_rows) == 60
    assert (done.table["y"] == "yes").mean() == 0.5
    assert done.table.dtypes.equals(table.dtypes)
    assert done.report.rows == {"real": 120, "real_rare": 30, "new": 60} and done.report.share == (0.25, 0.5)
    assert done.report.gain is None and done.report.seconds["gain"] == 0.0


def test_a_category_that_only_new_rows_have_is_added_and_no_cell_is_lost(table, monkeypatch):
    def folded(self, n_samples, random_state=None, *, where):
        new = sample(self, n_samples, random_state, where=where)
        return new.assign(c=pd.Categorical(["(other)"] * n_samples, ["a", "(other)"]))

    sample = Stub.sample
    monkeypatch.setattr(Stub, "sample", folded)
    joined = augment(table, "y", "yes", to=0.4, n_seeds=0, synthesizer=Stub(random_state=0)).table
    new = joined.iloc[len(table) :]
    assert (new["c"] == "(other)").all() and joined["c"].cat.categories.tolist() == ["a", "b", "(other)"]
    assert joined["c"].isna().sum() == table["c"].isna().sum()
    assert joined["n"].dtype == "Int64"


def test_a_folded_category_is_not_taken_for_the_highest():
    real = pd.CategoricalDtype(["low", "high"], ordered=True)
    made = pd.CategoricalDtype(["(other)", "low", "high"], ordered=True)
    assert augmentation._both(real, made) == made
    unlike = augmentation._both(real, pd.CategoricalDtype(["high", "(other)", "low"], ordered=True))
    assert unlike == pd.CategoricalDtype(["low", "high", "(other)"]) and not unlike.ordered


def test_the_default_is_a_minute_for_each_fit_and_fits_know_the_target(table):
    augment(table, "y", "yes", n_seeds=2, random_state=3)
    first, *others = Stub.fitted
    assert [len(one.table_) for one in Stub.fitted] == [120, 90, 90]
    assert all((one.max_minutes, one.target, one.run_dir) == (1.0, "y", None) for one in Stub.fitted)
    assert first.random_state == 3 and len({one.random_state for one in others}) == 2


def test_generators_fitted_here_are_boosted_and_begin_with_the_target_and_the_table_keeps_its_order(table):
    done = augment(table[["y", "x", "n"]].iloc[:, [1, 0, 2]], "y", "yes", n_seeds=2)
    assert [list(one.table_.columns) for one in Stub.fitted] == [["y", "x", "n"]] * 3
    assert all(one.boost == {'y == "yes"': 3.0} for one in Stub.fitted)  # a quarter of the rows
    assert list(done.table.columns) == list(done.new_rows.columns) == ["x", "y", "n"]
    assert done.schema.names == ("x", "y", "n") and done.synthesizer.schema_.names == ("y", "x", "n")
    assert done.report.boost == 3.0 and done.report.to_dict()["boost"] == 3.0


def test_a_boost_can_be_asked_for_and_turned_off_and_own_boosts_stay(table):
    cases = ((1, None, None, 1.0), (7, None, {'y == "yes"': 7.0}, 7.0), ("auto", {"x > 0": 2.0}, {"x > 0": 2.0}, None))
    for asked, own, used, reported in cases:
        done = augment(table, "y", "yes", n_seeds=1, synthesizer=Stub(boost=own), boost=asked)
        assert done.report.boost == reported and all(one.boost == used for one in Stub.fitted[-2:])


def test_a_fitted_synthesizer_keeps_its_order_and_has_no_boost_added(table):
    ready = Stub(target="y").fit(table.iloc[:, ::-1])
    done = augment(table, "y", "yes", synthesizer=ready, n_seeds=1)
    assert list(Stub.fitted[-1].table_.columns) == list(table.columns)[::-1] and Stub.fitted[-1].boost is None
    assert list(done.table.columns) == list(table.columns) and done.report.boost is None


def test_a_table_with_weights_is_refused_before_anything_is_fitted(table):
    with pytest.raises(InputError, match="new rows have no weights"):
        augment(table, "y", "yes", synthesizer=Stub(weight_column="x"))
    assert Stub.fitted == []


def test_wide_and_long_tables_get_more_minutes_within_bounds():
    frames = [pd.DataFrame(np.zeros(shape, np.int8)) for shape in ((100, 3), (20_000, 48), (400_000, 10))]
    assert [default_minutes(frame) for frame in frames] == [1.0, 2.4, 5.0]


def test_a_fitted_synthesizer_draws_the_rows_and_is_not_fitted_again(table):
    ready = Stub(max_minutes=7.0, target="y", run_dir="somewhere").fit(table)
    done = augment(table, "y", "yes", synthesizer=ready, n_seeds=1)
    assert done.synthesizer is ready and done.report.seconds["fit"] == 0.0
    assert [len(one.table_) for one in Stub.fitted] == [120, 90]
    assert (Stub.fitted[1].max_minutes, Stub.fitted[1].run_dir) == (7.0, None)


def test_rows_are_given_away_before_their_gain_is_measured(table, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    given = []
    monkeypatch.setattr("llmsynth.augmentation.measure_gain", interrupted)
    with pytest.raises(KeyboardInterrupt):
        augment(table, "y", "yes", n_seeds=1, on_rows=lambda *made: given.append(made))
    ((rows, schema),) = given
    pd.testing.assert_frame_equal(rows, augment(table, "y", "yes", n_seeds=0).table)
    assert list(schema.labels) == list(table.columns)


def test_the_report_has_copies_and_gain_and_is_the_same_for_the_same_seed(table):
    reports = [augment(table, "y", "yes", 0.4, n_seeds=2, random_state=seed).report.to_dict() for seed in (5, 5, 6)]
    for report in reports:
        report.pop("seconds")
        report["gain"].pop("seconds")
    first, again, other = reports
    assert first == again and first != other
    assert first["near_copies"]["n_new"] == 30 and first["near_copies"]["n_holdout"] == 30
    assert set(first["gain"]["arms"]) == {"none", "class_weights", "random_oversampling", "smote", "generated"}
    assert len(first["gain"]["arms"]["smote"]["average_precision"]["values"]) == 2


def test_copies_among_the_new_rows_are_counted(table, monkeypatch):
    def copying(self, n_samples, random_state=None, *, where):
        own = self.table_[self.table_["y"] == "yes"]
        return own.iloc[np.arange(n_samples) % len(own)].reset_index(drop=True)

    monkeypatch.setattr(Stub, "sample", copying)
    found = augment(table, "y", "yes", n_seeds=0).report.near_copies
    assert found.copies == 60 and found.near == 1.0 and found.holdout_copies == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"minority": "no"}, "nothing to add"),
        ({"to": 1.5}, "between 0 and 1"),
        ({"n_seeds": -1}, "n_seeds: expected 0 or more"),
        ({"target": "z"}, "unknown column 'z'"),
        ({"n_seeds": "5"}, "n_seeds: expected a whole number, got '5'"),
        ({"to": "0.5"}, "to: expected a finite number, got '0.5'"),
        ({"boost": 0.5}, "boost: expected 'auto' or a number from 1, got 0.5"),
        ({"boost": 2, "synthesizer": Stub(boost={"x > 0": 2.0})}, "boosts of its own"),
    ],
)
def test_bad_input_is_an_error_before_anything_is_fitted(table, change, message):
    with pytest.raises(InputError, match=message):
        augment(table, **{"target": "y", "minority": "yes", **change})
    assert Stub.fitted == []


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (pd.Timestamp("2020-01-01"), "2020-01-01 00:00:00"),
        (np.datetime64("2020-01-01"), "2020-01-01"),
        (pd.Timedelta("2h"), "0 days 02:00:00"),
        (pd.Interval(0, 1), "(0, 1]"),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (2.5, 2.5),
        ("yes", "yes"),
    ],
)
def test_a_class_of_any_type_is_written_as_json(value, written):
    near = NearCopies(*[0.0] * len(dataclasses.fields(NearCopies)))
    rows = {"real": 10, "real_rare": 1, "new": 5}
    report = AugmentReport("y", value, 0.5, None, rows, near, None, {"total": 1.0})
    assert json.loads(json.dumps(report.to_dict()))["minority"] == written


def test_without_imbalanced_learn_nothing_is_fitted_unless_the_gain_is_left_out(table, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "imblearn.over_sampling", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        augment(table, "y", "yes")
    assert Stub.fitted == []
    assert len(augment(table, "y", "yes", n_seeds=0).new_rows) == 60


def test_a_synthesizer_of_another_table_is_refused(table):
    ready = Stub(target="y").fit(table.drop(columns="c"))
    with pytest.raises(InputError, match="the 4 columns that the synthesizer was fitted on"):
        augment(table, "y", "yes", synthesizer=ready)
    ready = Stub(target="y").fit(table.assign(more=1))
    with pytest.raises(InputError, match="1 are absent: more"):
        augment(table, "y", "yes", synthesizer=ready)


def test_progress_is_said_when_the_synthesizer_shows_it(table, capsys):
    augment(table, "y", "yes", n_seeds=1, synthesizer=Stub(progress=True))
    said = capsys.readouterr().err
    assert "Fitting on all 120 rows, 30 of them of the class." in said and "split 1 of 1" in said
    augment(table, "y", "yes", n_seeds=1)
    assert capsys.readouterr().err == ""
