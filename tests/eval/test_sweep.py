"""Sweep: every cell once, cheapest first, and what is asked reaches the processes of the methods."""

import json
import os

import pytest

from eval import sweep
from eval.benchmark.methods import methods
from eval.sweep import Plan


def test_cells_come_cheapest_first_and_every_pair_once(tmp_path):
    asked = []

    def cell(dataset, name, *, seed, minutes, half, folder):
        asked.append((minutes, seed, dataset, name))
        assert half and folder == tmp_path
        path = tmp_path / f"{len(asked)}.json"
        path.write_text('{"status": "failed"}')
        return path

    plan = Plan(("b", "a"), ("copula", "tree"), (5.0, 1.0), (0, 1), half=True)
    assert len(sweep.run(plan, folder=tmp_path, cell=cell)) == len(set(asked)) == len(asked) == 16
    assert [one[0] for one in asked] == [1.0] * 8 + [5.0] * 8
    assert asked[:4] == [(1.0, 0, table, name) for table in ("b", "a") for name in ("copula", "tree")]


def test_what_ended_by_itself_is_not_run_with_more_minutes(tmp_path):
    asked = []

    def cell(dataset, name, *, seed, minutes, half, folder):
        asked.append((name, minutes))
        settings = {"max_minutes": minutes} if name == "ctgan" else {}
        fit = {"answer": {"seconds": {"fit": 50.0}, "settings": settings}}
        result = {"status": "done", "settings": {"budget_minutes": minutes}, "rows": {"train": 10}, "fit": fit}
        path = tmp_path / f"{len(asked)}.json"
        path.write_text(json.dumps(result))
        return path

    assert len(sweep.run(Plan(("one",), ("copula", "ctgan"), (1.0, 5.0)), folder=tmp_path, cell=cell)) == 3
    assert asked == [("copula", 1.0), ("ctgan", 1.0), ("ctgan", 5.0)]


def test_all_methods_are_the_default():
    cells = Plan(("insurance",), minutes=(1.0,)).cells()
    assert [one["name"] for one in cells] == list(methods())


def test_threads_reach_the_methods_and_options_the_plan(monkeypatch, tmp_path):
    seen = {}
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(sweep, "run", lambda plan, folder: seen.update(plan=plan, folder=folder) or [])
    assert sweep.main(["--tables", "magic", "--methods", "tree", "--budget-minutes", "1", "--threads", "1",
                       "-o", str(tmp_path)]) == []  # fmt: skip
    assert seen == {"plan": Plan(["magic"], ["tree"], [1.0], (0,), half=False), "folder": tmp_path}
    assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "1"


@pytest.mark.parametrize("wrong", [["--budget-minutes", "0"], ["--threads", "0"], ["--methods", "none"]])
def test_what_cannot_be_is_refused(wrong, capsys):
    with pytest.raises(SystemExit):
        sweep.main(wrong)
    assert "error:" in capsys.readouterr().err
