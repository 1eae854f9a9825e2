"""Curves: every cell is one run of the benchmark, the rule is read off the results, pages say what the result says."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from eval import curves, tables
from eval import run as one_run
from eval.benchmark import curve_pages, small_tables
from eval.benchmark.entries import read as read_entries
from eval.curves import Plan


def people(n, seed):
    rng = np.random.default_rng(seed)
    pay, job = rng.uniform(0, 9, n).round(4), rng.choice(["clerk", "cook"], n)
    return pd.DataFrame({"pay": pay, "job": job, "rich": rng.choice(["no", "yes"], n)})


def table_of(n):
    return tables.Table("toy", "Toy", "binclass", "rich", ("pay",), ("job",), people(n, 0), people(n // 2, 1))


def result(dataset, n_rows, method, *, by_row=None, c2st=0.5, tstr=0.7, seed=0, kind="ours", error=None):
    """A result file in short."""
    found = {
        "kind": kind,
        "status": "failed" if error else "done",
        "settings": {"dataset": dataset, "method": method, "seed": seed, "budget_minutes": 1.0, "train_rows": n_rows},
        "rows": {"train": n_rows, "holdout": 4, "synthetic": n_rows},
        "fit": {"commit": "0" * 40, "dirty": False, "machine": {"cpu": "X", "cores": 2}},
    }
    if error:
        return found | {"failure": {"stage": "environment", "error": error, "seconds": 0.0}}
    scores = {"tstr": {"value": tstr}, "copies": {"value": 0.0}}
    summary = {"scores": scores, "holdout": {"tstr": {"value": 0.9}, "copies": {"value": 0.01}}}
    found["metrics"] = {"summary": summary, "c2st_holdout": {"value": c2st}}
    if by_row is not None:
        found["holdout_nats"] = {"by_row": by_row, "impossible_rows": sum(one is None for one in by_row)}
    return found


def place(*results):
    found = {}
    for one in results:
        found.setdefault((one["settings"]["dataset"], one["settings"]["train_rows"]), {}).setdefault(
            one["settings"]["method"], []
        ).append(one)
    return found


def test_the_rule_compares_rows_that_are_possible_under_all_models():
    found = place(
        result("a", 100, "compact", by_row=[5.0, 6.0, 7.0, 100.0]),
        result("a", 100, "smollm2-135m", by_row=[5.5, 6.0, 6.8, None]),  # worse, but for the row it does not know
        result("a", 100, "copula", by_row=[None, 7.0, 8.0, 101.0]),
    )
    (line,) = small_tables.rule(found, lambda name, n_rows: "compact")
    assert line["nats"] == {"compact": pytest.approx(6.0), "smollm2-135m": pytest.approx(6.1)}
    assert line["best"] == "compact" and line["auto_is_best"] is True and line["behind"] == 0.0
    assert line["copula"]["rows"] == 3 and line["copula"]["auto_is_better"] is True
    assert line["copula"]["nats"]["compact"] == pytest.approx(113 / 3)
    assert line["copula"]["medians"] == {"compact": 7.0, "copula": 8.0} and line["copula"]["likelier"] == 1.0
    half = stats.t.ppf(0.975, 2) * np.std([1.0, 1.0, 1.0], ddof=1) / math.sqrt(3)
    assert line["copula"]["gain"] == pytest.approx({"mean": 1.0, "lower": 1.0 - half, "upper": 1.0 + half})
    worse = place(
        result("a", 100, "compact", by_row=[5.0, 9.0, None, None]),
        result("a", 100, "copula", by_row=[None, 7.0, 8.0, None]),
    )
    (line_of_worse,) = small_tables.rule(worse, lambda name, n_rows: "compact")
    assert line_of_worse["copula"]["likelier"] == pytest.approx(1 / 3)
    (line,) = small_tables.rule(found, lambda name, n_rows: "smollm2-135m")
    assert line["auto_is_best"] is False and line["behind"] == pytest.approx(0.1)
    assert line["standard_error"] == pytest.approx(np.std([0.5, 0.0, -0.2], ddof=1) / math.sqrt(3))


def test_an_interval_is_over_held_out_rows_whose_seeds_are_no_more_rows():
    gains = np.array([2.0, -1.0, 0.5])
    found = place(
        *(result("a", 100, "compact", by_row=[5.0, 6.0, 7.0], seed=seed) for seed in range(3)),
        *(result("a", 100, "copula", by_row=[*(np.array([5.0, 6.0, 7.0]) + gains)], seed=seed) for seed in range(3)),
    )
    (line,) = small_tables.rule(found, lambda name, n_rows: "compact")
    half = stats.t.ppf(0.975, 2) * gains.std(ddof=1) / math.sqrt(3)  # of three rows, not of nine
    mean = gains.mean()
    assert line["copula"]["gain"] == pytest.approx({"mean": mean, "lower": mean - half, "upper": mean + half})
    assert small_tables.targets_at([line], 100) == (0, 0, 1, 0, 1)


def test_one_model_alone_is_not_judged_and_seeds_are_paired():
    found = place(
        result("a", 50, "compact", by_row=[1.0], seed=0),
        result("a", 50, "compact", by_row=[9.0], seed=1),
        result("a", 50, "compact-cold", by_row=[2.0], seed=0),
        result("b", 50, "compact", by_row=[1.0]),
        result("b", 50, "compact-cold", error="ValueError"),
    )
    first, second = small_tables.rule(found, lambda name, n_rows: "compact")
    assert first["nats"] == {"compact": 1.0, "compact-cold": 2.0}
    assert second["auto_is_best"] is None and second["copula"] is None


def test_ranks_put_failures_last_and_leave_out_controls_and_larger_tables():
    found = place(
        result("a", 50, "compact", c2st=0.9, tstr=0.5),
        result("a", 50, "tree", c2st=0.8, tstr=0.6),
        result("a", 50, "be-great", kind="peer", error="FileNotFoundError"),
        result("a", 50, "memoriser", kind="control", c2st=1.0, tstr=1.0),
        result("a", 2000, "tree", c2st=1.0, tstr=1.0),
    )
    cells = {where: small_tables.cell(results) for where, results in found.items()}
    assert small_tables.ranks(cells) == {"compact": 1.5, "tree": 1.5, "be-great": 3.0}
    assert cells["a", 50]["real"] == {"tstr": 0.9, "copies": 0.01}
    assert cells["a", 50]["methods"]["be-great"]["failures"] == ["FileNotFoundError"]


@pytest.fixture
def little(monkeypatch, quick):
    """Runs on a toy table, in this process but for the fits."""

    def cell(dataset, name, **how):
        return one_run.run(dataset, name, learners=quick, **how)

    return {"load": lambda name: table_of(60), "cell": cell}


def test_cells_are_runs_that_are_kept_and_pages_follow_the_result(little, tmp_path, capsys):
    plan = Plan(["toy"], [20, 40, 600], ["memoriser", "copula"], [0], 0.05)
    folder = tmp_path / "curves"
    path = curves.run(plan, folder=folder, **little)
    files = {one.name: one.stat().st_mtime_ns for one in (folder / "toy").iterdir()}
    assert set(files) == {f"{m}-0.05m-n{n}-s0.json" for m in plan.methods for n in (20, 40)}
    content = json.loads(path.read_text())
    assert [(one["dataset"], one["rows"]) for one in content["cells"]] == [("toy", 20), ("toy", 40)]
    cell = content["cells"][0]
    copula = json.loads((folder / "toy" / "copula-0.05m-n20-s0.json").read_text())
    assert copula["rows"] == {"train": 20, "holdout": 30, "synthetic": 30}
    assert len(copula["holdout_nats"]["by_row"]) == 30
    assert cell["methods"]["copula"]["nats"] == pytest.approx(copula["holdout_nats"]["nats_per_row"], rel=1e-3)
    assert cell["methods"]["memoriser"]["copies"] == 1.0 and cell["real"]["copies"] == 0.0
    assert content["rule"][0]["auto"] == "compact" and content["rule"][0]["auto_is_best"] is None
    page = (folder / "README.md").read_text()
    assert page == curve_pages.document(content) and "| *memoriser* | 1.000 | 1.000 |" in page
    drawing = (folder / "curves.svg").read_bytes()
    curves.run(plan, folder=folder, **little)
    assert {one.name: one.stat().st_mtime_ns for one in (folder / "toy").iterdir()} == files
    assert (folder / "curves.svg").read_bytes() == drawing and "kept" in capsys.readouterr().err
    assert read_entries(folder) == {}  # the comparison of whole tables does not mix them in


def test_rows_of_a_smaller_table_are_among_those_of_a_larger_one():
    table = table_of(2400)
    small, large = tables.cut(table, 30, 1), tables.cut(table, 60, 1)
    assert small.train.equals(large.train.head(30)) and small.holdout.equals(large.holdout)
    assert len(small.holdout) == tables.MOST_HELD_OUT and small.cut and not table.cut
    assert not tables.cut(table, 30, 2).train.equals(small.train)
    with pytest.raises(SystemExit, match="expected 1 to 2,400 rows"):
        tables.cut(table, 2401, 0)


def test_the_committed_page_is_what_the_committed_result_says():
    path = curves.FOLDER.parent / "curves.json"
    if path.is_file():
        content = json.loads(path.read_text(encoding="utf-8"))
        assert (curves.FOLDER / "README.md").read_text(encoding="utf-8") == curve_pages.document(content)
