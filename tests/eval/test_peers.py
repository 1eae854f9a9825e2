"""The runners of the peers: pinned, callable without the peer, and true to the contract. No peer is installed here."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

PEERS = Path(__file__).parents[2] / "eval" / "peers"
FOLDERS = sorted(path.parent for path in PEERS.glob("*/peer.yaml"))
BY_NAME = pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])


@pytest.fixture(autouse=True)
def runners_path(monkeypatch):
    monkeypatch.syspath_prepend(str(PEERS))


@pytest.fixture
def shared():
    import shared

    return shared


@pytest.fixture
def timing():
    import timing

    return timing


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 60),
            "weight": rng.normal(70, 9, 60).round(1),
            "city": rng.choice(["Ulm", "Bonn", "None"], 60),
            "seen": pd.date_range("1969-12-01", periods=60, freq="D").strftime("%Y-%m-%d"),
        }
    )
    frame.loc[[3, 8], "weight"] = np.nan
    frame.loc[5, "city"] = None
    return frame


def runner_of(folder):
    given = yaml.safe_load((folder / "peer.yaml").read_text(encoding="utf-8"))
    return given, folder / given.get("runner", "run.py")


def test_there_are_peers():
    assert {"be_great", "sdv", "mostlyai", "realtabformer", "forest_diffusion"} <= {folder.name for folder in FOLDERS}


@BY_NAME
def test_every_package_of_a_peer_is_pinned(folder):
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    given, _ = runner_of(folder)
    pins = [line for line in lines if line and not line.startswith("#")]
    pins += [*given.get("first", []), *given.get("alone", [])]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+", pin)] == []


@BY_NAME
def test_a_runner_says_how_it_is_called_without_the_peer(folder):
    given, runner = runner_of(folder)
    for own in given["methods"].values():
        command = [sys.executable, "-I", "-S", str(runner), *own, "--help"]  # no site packages: not even pandas
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for argument in ("TRAIN.csv", "OUT_FOLDER", "--rows", "--seed", "--budget-minutes", "--target", "--meta"):
            assert argument in said


@BY_NAME
def test_a_runner_says_how_it_keeps_to_the_budget(folder):
    _, runner = runner_of(folder)
    assert "udget: " in runner.read_text(encoding="utf-8").split('"""')[1]


def call(shared, tmp_path, table, fit, *more):
    table.to_csv(tmp_path / "train.csv", index=False)
    out = tmp_path / "out"
    arguments = [str(tmp_path / "train.csv"), str(out), "--rows", "7", "--budget-minutes", "0.01", *more]
    shared.main("what it is", fit, ["numpy"], ["numpy"], arguments=arguments)
    rows = pd.read_csv(out / "synthetic.csv", keep_default_na=False, na_values=[""])
    return json.loads((out / "answer.json").read_text(encoding="utf-8")), rows


def test_an_answer_has_what_the_contract_names(shared, tmp_path, table):
    def fit(train, job, clock):
        assert (job.rows, job.seed, job.budget_seconds, job.sampling_seconds) == (7, 3, 0.6, 1.2)
        assert job.roles == {"age": "numerical", "city": "categorical"} and job.target == "weight"
        pd.testing.assert_frame_equal(train.astype(object), table.astype(object), check_dtype=False)
        return shared.Fitted(lambda n: train.iloc[:n, ::-1], {"trees": 2}, ["a note"])

    meta = tmp_path / "meta.json"
    meta.write_text(json.dumps({"dataset": "d", "numerical": ["age"], "categorical": ["city"], "rows": 60}))
    answer, rows = call(shared, tmp_path, table, fit, "--seed", "3", "--target", "weight", "--meta", str(meta))
    assert set(answer["seconds"]) == {"fit", "sample"} and all(second >= 0 for second in answer["seconds"].values())
    assert answer["versions"] == {"numpy": np.__version__}
    assert answer["settings"] == {"trees": 2} and answer["notes"] == ["a note"] and answer["rows"] == 7
    assert list(rows) == list(table) and len(rows) == 7


def test_roles_may_be_given_by_column(shared, tmp_path):
    meta = tmp_path / "meta.json"
    meta.write_text(json.dumps({"age": "numerical", "city": "categorical", "seen": "datetime"}))
    assert shared.roles(meta) == {"age": "numerical", "city": "categorical", "seen": "datetime"}


@pytest.mark.parametrize(("task", "expected"), [("binclass", "categorical"), ("regression", "numerical")])
def test_the_task_says_what_the_target_is(shared, tmp_path, task, expected):
    meta = tmp_path / "meta.json"
    meta.write_text(json.dumps({"task": task, "target": "y", "numerical": ["x"], "categorical": []}))
    assert shared.roles(meta) == {"x": "numerical", "y": expected}


def test_roles_that_nobody_names_are_read_off_the_values(shared, table):
    found = {column: shared.role(table, column, {"age": "categorical"}) for column in table}
    assert found == {"age": "categorical", "weight": "numerical", "city": "categorical", "seen": "datetime"}


def test_dates_of_a_peer_are_written_as_the_table_writes_them(shared, tmp_path, table):
    table["at"] = table["seen"] + " 12:30:00"
    dates = table.assign(seen=pd.to_datetime(table["seen"]), at=pd.to_datetime(table["at"]))
    _, rows = call(shared, tmp_path, table, lambda *given: shared.Fitted(dates.head))
    assert rows["seen"].tolist() == table["seen"].head(7).tolist()
    assert rows["at"].tolist() == table["at"].head(7).tolist()


def test_slow_sampling_ends_with_the_rows_it_has(shared, tmp_path, table):
    def draw(n):
        time.sleep(0.2)
        return table.head(1)

    answer, rows = call(shared, tmp_path, table, lambda *given: shared.Fitted(draw, at_once=1))
    assert 0 < len(rows) == answer["rows"] < 7
    assert answer["notes"] == [f"{len(rows)} rows of 7: 1 s for sampling were over"]


def test_a_peer_that_swallows_the_alarm_is_not_asked_again(shared, tmp_path, table):
    def draw(n):
        try:
            time.sleep(5)
        except Exception:
            return table.head(2)

    started = time.perf_counter()
    answer, rows = call(shared, tmp_path, table, lambda *given: shared.Fitted(draw, at_once=4))
    assert len(rows) == answer["rows"] == 2
    assert time.perf_counter() - started < 4


def test_no_row_at_all_is_a_failure(shared, tmp_path, table):
    with pytest.raises(SystemExit, match="drew no row of 7"):
        call(shared, tmp_path, table, lambda *given: shared.Fitted(lambda n: table.head(0)))
    assert not (tmp_path / "out" / "answer.json").exists()


def test_a_fit_over_the_budget_is_noted(shared, tmp_path, table):
    def fit(train, job, clock):
        time.sleep(0.8)
        return shared.Fitted(train.head)

    answer, _ = call(shared, tmp_path, table, fit)
    assert answer["notes"] == ["the fit took 1 s, the budget was 1 s"]


def test_a_bar_ends_the_loop_when_time_is_over_but_not_before_one_round(timing):
    clock, counted = SimpleNamespace(left=lambda: left), [0]
    make = timing.Clock.bar(clock, counted)
    left = 1.0
    for done in make(range(5), disable=True):
        left = 1.0 if done < 2 else -1.0
    assert counted == [3]
    bar = make(range(5))
    bar.set_description("loss")
    assert list(bar) == [0] and counted == [1]


def test_steps_of_a_probe_say_how_many_fit_and_stop_in_time(timing, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", SimpleNamespace(TrainerCallback=object))
    clock = SimpleNamespace(now=4.0, spent=lambda: clock.now, left=lambda: 60 - clock.now)
    probe = timing.Steps(clock, reserve=50)
    callback, control = probe.callback(), SimpleNamespace(should_training_stop=False)
    callback.on_train_begin(None, None, control)
    for stopped in (False, False, True):
        clock.now += 2.5
        callback.on_step_end(None, None, control)
        assert control.should_training_stop == stopped
    assert (probe.made, probe.seconds) == (3, 7.5)
    assert probe.within() == 17  # 60 - 11.5 - 4 seconds of preparation, 2.5 a step


def test_a_peer_without_an_end_is_fitted_on_the_rows_that_the_budget_holds(timing):
    whole = pd.DataFrame({"x": range(20_000)})
    seen = []

    def fit(rows, per_row):
        seen.append(len(rows))
        clock.now += per_row * len(rows)
        return len(rows)

    clock = SimpleNamespace(spent=lambda: clock.now, left=lambda: 60 - clock.now)
    for per_row, expected in ((1e-4, 20_000), (1e-2, 4_000), (1.0, 500)):
        clock.now = 0.0
        model, rows = timing.fit_most_rows(lambda rows, cost=per_row: fit(rows, cost), whole, clock, 0)
        assert model == rows == seen[-1]
        assert rows == expected
        assert clock.now < 60 or rows == 500


def test_a_plain_table_has_numbers_and_levels_only_and_comes_back(table):
    from plain_table import PlainTable

    plain = PlainTable(table, {})
    codes = plain.codes()
    assert plain.notes == ["missing numbers of 1 columns: the median, and a column that says where"]
    assert not plain.frame.isna().any().any() and not codes.isna().any().any()
    assert {str(dtype) for dtype in codes.dtypes} == {"float64"}
    assert plain.levels["city"] == ["(missing)", "Bonn", "None", "Ulm"]
    assert codes["seen"][0] == -31 * 86_400
    back = plain.restore(plain.uncode(codes + 0.0))
    assert list(back) == list(table)
    assert back["seen"].tolist() == table["seen"].tolist()
    assert back["age"].tolist() == table["age"].tolist()
    assert back["city"].fillna("?").tolist() == table["city"].fillna("?").tolist()
    np.testing.assert_allclose(back["weight"].astype(float), table["weight"], equal_nan=True)


def test_a_plain_table_gives_numbers_the_decimals_of_the_column(table):
    from plain_table import PlainTable

    plain = PlainTable(table, {})
    back = plain.restore(plain.frame.assign(age=plain.frame["age"] + 0.3, weight=plain.frame["weight"] + 0.0321))
    assert back["age"].tolist() == table["age"].tolist()
    assert (back["weight"].dropna() * 10 % 1).round(6).isin([0, 1]).all()


def test_forest_diffusion_spends_the_seconds_on_copies_then_levels_then_rounds():
    import importlib.util

    spec = importlib.util.spec_from_file_location("forest_diffusion_run", PEERS / "forest_diffusion" / "run.py")
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    found = [tuple(run.sizes(seconds, 1.0, 0.1).values()) for seconds in (1e6, 200, 60, 4)]
    assert found == [(50, 100, 100), (50, 30, 100), (30, 10, 100), (10, 10, 20)]
