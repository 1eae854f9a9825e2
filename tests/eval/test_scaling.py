"""Exponents are those of the costs, points above the limit say so, and an interrupted run goes on."""

import json
import math
import subprocess
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import pytest

from eval import child, record, scaling, scaling_stages
from eval.scaling import Sizes

SIZES = Sizes((100, 200, 400, 800), (), ())


class Machine:
    """Answers calls with made-up costs: fit is linear, sample quadratic in rows, evaluate stops at 400 rows."""

    def __init__(self):
        self.calls = []

    def __call__(self, function, *, limit_seconds=None, folder, run_folder=None, level=None, **table):
        stage = function.partition(":")[2]
        if stage == "write":
            self.rows = table["n_rows"]
            return child.Ran(None, 1.0, 1.0)
        self.calls.append((stage, self.rows, level))
        if stage == "fit":
            Path(run_folder).mkdir()
        seconds = {"fit": 0.2 * self.rows, "sample": 0.001 * self.rows**2, "judge": 20.0}[stage]
        if level == "quick" and self.rows == 400:
            raise subprocess.TimeoutExpired("x", limit_seconds)
        if level == "standard" and self.rows == 200:
            raise subprocess.CalledProcessError(-9, "x")
        return child.Ran(
            {"seconds": seconds, "processor_seconds": 2 * seconds, "rows": self.rows}, seconds + 5.0, 100.0 + self.rows
        )


def test_exponents_targets_and_reasons(tmp_path):
    machine = Machine()
    path = scaling.run(SIZES, limit_seconds=400.0, call=machine, folder=tmp_path)
    result = json.loads(path.read_text())
    points, exponents = result["points"]["rows"], result["exponents"]["rows"]
    assert exponents["fit"]["seconds"] == pytest.approx(1.0, abs=1e-4)
    assert points["fit"][0]["processor_seconds"] == 40.0 and exponents["fit"]["peak_mib"] < 1
    assert exponents["sample"]["processor_seconds"] == exponents["sample"]["seconds"] == pytest.approx(2.0, abs=1e-4)
    assert [one["seconds"] for one in points["fit"]] == [20.0, 40.0, 80.0, 160.0]
    assert points["sample"][3]["seconds"] == 640.0  # a line through the point before expected 320 s
    quick, standard = points["evaluate quick"], points["evaluate standard"]
    assert quick[2]["not_run"] == "stopped at the limit of 400 s" and "smaller" in quick[3]["not_run"]
    assert standard[1]["not_run"] == "failed with exit code -9" and "smaller" in standard[2]["not_run"]
    reached = {target["what"]: target["reached"] for target in result["targets"]}
    assert reached["fit, exponent of seconds in rows"] and not reached["sample, exponent of seconds in rows"]
    assert not reached["evaluate standard, exponent of seconds in rows"]  # one point has no exponent
    assert not reached["sample, exponent of processor seconds in rows"]
    assert len(reached) == 12


def test_what_is_expected_to_be_too_long_is_not_started(tmp_path):
    machine = Machine()
    path = scaling.run(SIZES, limit_seconds=100.0, call=machine, folder=tmp_path)
    points = json.loads(path.read_text())["points"]["rows"]
    assert points["fit"][3]["not_run"] == "not run: about 160 s were expected, more than the limit of 100 s"
    assert ("fit", 800, None) not in machine.calls
    assert points["sample"][3]["not_run"].startswith("not run")


def test_quick_points_are_medians_of_three_and_points_are_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "commit", lambda: ("aaa", False))
    machine = Machine()
    sizes = Sizes((10, 20), (), ())
    scaling.run(sizes, call=machine, folder=tmp_path)
    assert machine.calls.count(("fit", 10, None)) == 3 and machine.calls.count(("judge", 10, "quick")) == 1
    again = Machine()
    scaling.run(Sizes((10, 20, 40), (), ()), call=again, folder=tmp_path)
    assert {rows for _, rows, _ in again.calls} == {40}
    other = Machine()
    scaling.run(sizes, call=other, folder=tmp_path, limit_seconds=99.0)
    assert {rows for _, rows, _ in other.calls} == {10, 20}


def test_points_of_older_commits_are_kept_when_asked_for_and_say_so(monkeypatch, tmp_path):
    sizes = Sizes((100,), (), ())
    monkeypatch.setattr(record, "commit", lambda: ("aaa", False))
    scaling.run(sizes, call=Machine(), folder=tmp_path)
    monkeypatch.setattr(record, "commit", lambda: ("bbb", False))
    machine = Machine()
    path = scaling.run(Sizes((100, 200), (), ()), older=True, call=machine, folder=tmp_path)
    fit = json.loads(path.read_text())["points"]["rows"]["fit"]
    assert [point["commit"] for point in fit] == ["aaa", "bbb"] and {rows for _, rows, _ in machine.calls} == {200}
    other = Machine()
    scaling.run(sizes, older=True, limit_seconds=99.0, call=other, folder=tmp_path)
    assert {rows for _, rows, _ in other.calls} == {100}
    monkeypatch.setattr(record, "commit", lambda: ("ccc", False))
    plain = Machine()
    scaling.run(sizes, limit_seconds=99.0, call=plain, folder=tmp_path)
    assert {rows for _, rows, _ in plain.calls} == {100}


def test_points_with_uncommitted_changes_are_measured_again_and_marked(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "commit", lambda: ("aaa", True))
    sizes = Sizes((100,), (), ())
    for _ in range(2):
        machine = Machine()
        path = scaling.run(sizes, call=machine, folder=tmp_path)
        assert {rows for _, rows, _ in machine.calls} == {100}
    result = json.loads(path.read_text())
    assert result["points"]["rows"]["fit"][0]["commit"] == "aaa+"


def test_an_interrupted_run_makes_the_model_again_that_sampling_needs(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "commit", lambda: ("aaa", False))

    class Breaks(Machine):
        def __call__(self, function, **how):
            if function.endswith(":sample"):
                raise KeyboardInterrupt
            return super().__call__(function, **how)

    with pytest.raises(KeyboardInterrupt):
        scaling.run(Sizes((100,), (), ()), call=Breaks(), folder=tmp_path)
    machine = Machine()
    path = scaling.run(Sizes((100,), (), ()), call=machine, folder=tmp_path)
    assert "seconds" in json.loads(path.read_text())["points"]["rows"]["sample"][0]


def test_fewer_rows_leave_out_what_needs_more():
    few = Sizes().at_most(3_000)
    assert list(few.rows) == [1_000, 3_000] and list(few.categories) == [10, 100, 1_000]
    assert few.rows_of_columns == few.rows_of_categories == 3_000 and Sizes().at_most(None) == Sizes()


def test_the_upper_half_decides_and_one_point_does_not():
    points = [{"size": 10**k, "seconds": max(1.0, 10.0 ** (k - 3))} for k in range(1, 7)]
    assert scaling.exponent(points, "seconds") == pytest.approx(1.0)
    assert math.isnan(scaling.exponent(points[:1], "seconds"))


def test_made_tables_have_the_columns_and_categories_asked_for():
    wide = scaling_stages.made(50, 45, None, 0)
    assert wide.shape == (50, 45) and wide.columns.is_unique and wide.columns[0] == "outcome"
    narrow = scaling_stages.made(60, 5, 40, 0)
    assert narrow.shape == (60, 6) and narrow["name"].nunique() == 40
    assert len({narrow[name].dtype.kind for name in narrow.columns[1:5]}) > 1  # some of every kind
    with pytest.raises(ValueError, match="at least one row for each of 70"):
        scaling_stages.made(60, 5, 70, 0)


def test_stages_do_what_they_say(tmp_path, monkeypatch):
    seen = []

    def evaluate(real, synthetic, holdout, **how):
        seen.append((len(real), len(synthetic), len(holdout), how["level"]))
        assert how["target"] in real and not real.equals(synthetic)
        return SimpleNamespace(results=[1, 2])

    assert signature(scaling_stages.evaluate).parameters.keys() >= {"target", "level"}  # the real one
    monkeypatch.setattr(scaling_stages, "evaluate", evaluate)
    scaling_stages.write(str(tmp_path), 60, 3, 12)
    fitted = scaling_stages.fit(str(tmp_path), str(tmp_path / "run"))
    assert fitted["rows"] == 60 and fitted["columns"] == 4 and fitted["steps"] >= 1 and fitted["seconds"] > 0
    assert 0 < fitted["processor_seconds"] < 60
    drawn = scaling_stages.sample(str(tmp_path), str(tmp_path / "run"))
    assert drawn["rows"] == 60 and drawn["columns"] == 4
    assert scaling_stages.judge(str(tmp_path), "quick")["metrics"] == 2 and seen == [(60, 60, 18, "quick")]
