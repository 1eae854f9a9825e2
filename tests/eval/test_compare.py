"""Tables say what result files say: means and spreads over seeds, ranks over tables, failures as failures."""

import dataclasses
import json
import math
from types import SimpleNamespace

import pytest

from eval import compare, render_readme
from eval.benchmark import entries

REFERENCE = {"shape_error": 0.01, "trend_error": 0.02, "c2st_score": 0.97, "tstr": 0.9, "near_train": 0.02}


def result(
    dataset, method, seed=0, *, kind="ours", c2st=0.5, tstr=0.8, shape=0.1, minutes=6.0, half=False, error=None,
    settings=None,
):  # fmt: skip
    """A result file in short."""
    scores = {
        key: {"value": shape} for key in ("shape_error", "trend_error", "copies", "near_train", "closer_to_train")
    }
    scores |= {"c2st_score": {"value": c2st}, "tstr": {"value": tstr}}
    summary = {
        "scores": scores,
        "holdout": {key: {"value": one} for key, one in REFERENCE.items()},
        "at_holdout_rows": {},
    }
    fit = {"commit": "0" * 40, "dirty": False, "machine": {"cpu": "X", "cores": 2}}
    found = {
        "title": method,
        "kind": kind,
        "task": "binclass",
        "protocol_split": True,
        "status": "failed" if error else "done",
        "settings": {
            "dataset": dataset,
            "method": method,
            "seed": seed,
            "budget_minutes": minutes,
            "half": half,
            "rows": 100,
            "scoring": {"version": 4, "grid": 36},
        },
        "rows": {"train": 100, "holdout": 50, "synthetic": 100},
        "peak_rss_mib": 100.0 + seed,
        "fit": fit | {"answer": {"seconds": {"fit": 10.0 * (seed + 1), "sample": 2.0}, "settings": settings}},
        "metrics": {
            "summary": summary,
            "protocol": {"mle": {"value": 0.7}, "dcr_share": {"value": 0.6}, "alpha_precision": {"value": 0.9}},
            "rare": {},
        },
    }
    if error:
        del found["metrics"]
        found |= {"failure": {"stage": "fit or sample", "error": error, "seconds": 30.0}, "fit": fit}
    return found


@pytest.fixture
def folder(tmp_path):
    results = [
        result("one", "good", c2st=0.9, tstr=0.88),
        result("one", "good", 1, c2st=0.8, tstr=0.86),
        result("one", "poor", kind="peer", c2st=0.3, tstr=0.7),
        result("one", "broken", kind="peer", error="ValueError"),
        result("one", "memoriser", kind="control", c2st=0.7),
        result("one", "poor", kind="peer", half=True),
        result("two", "good", c2st=0.2, tstr=0.5),
        result("two", "poor", kind="peer", c2st=0.6, tstr=0.6),
    ]
    for number, one in enumerate(results):
        place = tmp_path / one["settings"]["dataset"] / f"{number}.json"
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps(one))
    (tmp_path / ".rows" / "one").mkdir(parents=True)
    (tmp_path / ".rows" / "one" / "fit.json").write_text("{}")
    return tmp_path


def entry(tables, dataset, method):
    return next(one for one in tables[dataset] if one.method == method)


def test_entries_are_means_over_seeds_controls_first_and_failures_last(folder):
    tables = entries.read(folder)
    assert [one.method for one in tables["one"]] == ["memoriser", "good", "poor", "broken"]
    good = entry(tables, "one", "good")
    assert good.mean("c2st_score") == pytest.approx(0.85) and good.spread("c2st_score") == pytest.approx(0.0707107)
    assert good.seconds("fit") == 15.0 and good.rows_per_second == 50.0 and good.peak_mib == 101.0
    assert entry(tables, "one", "broken").failed and math.isnan(entry(tables, "one", "poor").spread("tstr"))
    assert entry(tables, "one", "poor").mean("protocol_dcr_share") == 0.6  # from the split in two halves alone
    assert math.isnan(good.mean("protocol_dcr_share"))
    assert entries.reference(tables["one"], "tstr") == 0.9


def test_figures_that_depend_on_the_number_of_rows_are_taken_at_the_hold_out_s(folder):
    whole = result("one", "large", c2st=0.1)
    whole["metrics"]["summary"]["at_holdout_rows"] = {"c2st_score": {"value": 0.4}, "tstr": {"value": 0.0}}
    (folder / "one" / "large.json").write_text(json.dumps(whole))
    large = entry(entries.read(folder), "one", "large")
    assert large.mean("c2st_score") == 0.4 and large.mean("tstr") == 0.8


def test_figures_of_one_subsample_beside_others_of_several_are_named(folder):
    for name, count in (("old", {}), ("new", {"subsamples": 3})):
        one = result("one", name)
        one["metrics"]["summary"]["at_holdout_rows"] = {"c2st_score": {"value": 0.4} | count}
        (folder / "one" / f"{name}.json").write_text(json.dumps(one))
    text = compare.compare(folder).read_text()
    assert "by one subsample, others by 3: old 6 min." in text
    (folder / "one" / "new.json").unlink()
    assert "by one subsample" not in compare.compare(folder).read_text()


def test_ranks_leave_controls_out_and_put_failures_last(folder):
    (everywhere,) = entries.blocks(entries.at(entries.read(folder), 6.0))
    found = entries.ranks(everywhere)
    assert "memoriser" not in found
    # one: good first and poor second by C2ST and TSTR, level by Shape and Trend; two: the other way round
    assert found["good"] == [pytest.approx((1.5 + 1.5 + 1 + 1) / 4), pytest.approx((1.5 + 1.5 + 2 + 2) / 4)]
    tables = entries.read(folder)
    assert entries.ranks({"one": tables["one"]})["broken"] == [3.0]


def test_methods_are_ranked_beside_those_on_the_same_tables_only(folder):
    (folder / "three").mkdir()
    for name in ("a", "b", "good"):  # a and b better than `good` on the two tables they were run on
        for table in ("two", "three") if name != "good" else ("three",):
            one = result(table, name, c2st=0.1 if name == "good" else 0.95, tstr=0.9)
            (folder / table / f"{name}.json").write_text(json.dumps(one))
    (folder / "three" / "b.json").write_text(json.dumps(result("three", "b", error="ValueError")))
    tables = entries.at(entries.read(folder), 6.0)
    everywhere, widest = entries.blocks(tables)
    assert set(everywhere) == {"one", "two", "three"} and set(entries.ranks(everywhere)) == {"good"}
    assert set(widest) == {"two", "three"} and set(entries.ranks(widest)) == {"good", "a", "b"}
    assert [one.method for one in everywhere["one"]] == ["memoriser", "good"]
    text = compare.rankings(entries.read(folder))
    assert "### 6 minutes: two, three\n" in text or "### 6 minutes: three, two\n" in text
    shorter = compare.rankings(entries.read(folder), all_tables_only=True)
    assert "| a |" in text and "| a |" not in shorter and "| good |" in shorter
    assert "Not run on all of these tables: a, " in shorter
    assert "Not run on all of these tables: broken, poor." in text and "| 1 (1 failed) |" in text


def test_of_two_tables_there_is_one_block(folder):
    assert len(entries.blocks(entries.at(entries.read(folder), 6.0))) == 1


def test_what_is_not_like_the_others_is_left_out(folder):
    other = result("one", "other")
    other["settings"] |= {"rows": 50}
    coarse = result("one", "coarse")
    coarse["settings"]["scoring"] |= {"grid": 4}
    for one in (other, coarse):
        (folder / "one" / f"{one['title']}.json").write_text(json.dumps(one))
    assert not {"other", "coarse"} & {one.method for one in entries.read(folder)["one"]}


def test_what_is_lost_is_judged_by_as_many_real_rows(folder):
    short = result("one", "short", tstr=0.7)
    short["metrics"]["summary"]["holdout"]["tstr"] = {"value": 0.75}
    short["rows"]["synthetic"] = 40
    (folder / "one" / "short.json").write_text(json.dumps(short))
    found = entry(entries.read(folder), "one", "short")
    assert found.tstr_lost == pytest.approx(0.05) and found.few and found.drawn == 40
    assert "| 40 † |" in compare.compare(folder).read_text()


def test_what_ends_by_itself_stands_for_longer_budgets(folder):
    trees, few = {"model": "m", "trees": 30}, {"rows": 90}
    done, cut = {"planned_epochs": 300, "epochs": 300}, {"planned_epochs": 300, "epochs": 34}
    short = {"plain": None, "forest": trees, "gan": done, "cut gan": cut, "cut": few, "timed": {"max_minutes": 1.0}}
    for name, settings in short.items():
        one = result("one", name, minutes=1.0, c2st=0.4, settings=settings)
        one["fit"]["answer"]["seconds"]["fit"] = 40.0
        (folder / "one" / f"{name}.json").write_text(json.dumps(one))
    again = result("one", "forest", minutes=6.0, c2st=0.6, settings=trees)
    (folder / "one" / "again.json").write_text(json.dumps(again))
    late = result("two", "late", minutes=1.0, settings=None)
    late["fit"]["answer"]["seconds"]["fit"] = 61.0  # stopped by the budget
    (folder / "two" / "late.json").write_text(json.dumps(late))
    tables = entries.read(folder)
    assert entries.budgets(tables) == [1.0, 6.0]
    assert {one.method for one in entries.at(tables, 1.0)["one"]} == set(short)
    longer = {one.method: one for one in entries.at(tables, 6.0)["one"]}
    assert {"plain", "gan", "forest"} <= set(longer) and not {"cut gan", "cut", "timed"} & set(longer)
    assert longer["forest"].minutes == 6.0 and longer["plain"].minutes == 1.0
    early = json.loads((folder / "one" / "timed.json").read_text())
    early["fit"]["answer"]["seconds"]["fit"] = 29.0  # of 60, with a setting that might have used them
    assert not entries.ended_alone(json.loads((folder / "two" / "late.json").read_text()))
    assert entries.ended_alone(early)
    early["fit"]["answer"]["seconds"]["fit"] = 31.0
    assert not entries.ended_alone(early)
    assert "late" not in {one.method for one in entries.at(tables, 6.0)["two"]}
    assert "### 6 minutes: one, two" in compare.rankings(tables)


def test_a_fit_with_the_budget_itself_counts_before_shorter_ones_of_more_seeds(folder):
    for seed, minutes in ((0, 1.0), (1, 1.0), (0, 6.0)):
        one = result("one", "forest", seed, minutes=minutes)
        (folder / "one" / f"forest-{minutes}-{seed}.json").write_text(json.dumps(one))
    longer = {one.method: one for one in entries.at(entries.read(folder), 6.0)["one"]}
    assert longer["forest"].minutes == 6.0 and len(longer["forest"].runs) == 1


def test_a_language_model_that_ends_early_does_not_stand_for_longer_budgets():
    one = result("one", "compact", minutes=1.0, settings={"model": "compact", "max_minutes": 1.0, "recipe": {}})
    one["fit"]["answer"]["seconds"]["fit"] = 20.0
    assert not entries.ended_alone(one)
    one["fit"]["answer"]["settings"] = {"max_minutes": 1.0}
    assert entries.ended_alone(one)


def test_figures_of_few_rows_share_the_last_ranks_but_for_tstr(folder):
    best = result("one", "few", shape=0.0, c2st=1.0, tstr=0.99)
    best["rows"]["synthetic"] = 40
    other = result("two", "few", shape=0.0, c2st=1.0, tstr=0.99)
    for name, one in (("one", best), ("two", other)):
        (folder / name / "few.json").write_text(json.dumps(one))
    block = entries.blocks(entries.at(entries.read(folder), 6.0))[0]
    n_rivals = sum(one.kind != "control" for one in block["one"])
    first, second = (entries.ranks({name: block[name]})["few"][0] for name in ("one", "two"))
    assert second == 1.0 < first < n_rivals
    assert "(1 †)" in compare.ranking(block)


def test_a_seed_that_failed_has_the_last_rank(folder):
    for seed in (2, 3):
        (folder / "one" / f"good-{seed}.json").write_text(json.dumps(result("one", "good", seed, error="ended")))
    block = {"one": entries.at(entries.read(folder), 6.0)["one"]}
    rivals = [one for one in block["one"] if one.kind != "control"]
    assert entry(entries.read(folder), "one", "good").seeds == 4
    (mean,) = entries.ranks(block)["good"]
    alone = {"one": [one for one in block["one"] if one.method != "good"] + [replaced(block["one"])]}
    (clean,) = entries.ranks(alone)["good"]
    assert mean == pytest.approx((2 * clean + 2 * len(rivals)) / 4)
    assert "2 seeds failed" in compare.ranking(block)


def test_results_of_an_older_version_are_named(folder):
    assert "as the version before had them" not in compare.compare(folder).read_text()
    newer = result("one", "newer")
    newer["settings"]["scoring"]["version"] += 1
    (folder / "one" / "newer.json").write_text(json.dumps(newer))
    text = compare.compare(folder).read_text()
    (line,) = [line for line in text.splitlines() if "as the version before had them" in line]
    assert line.startswith("α-precision and β-recall") and "good 6 min" in line and "newer" not in line


def replaced(block):
    good = next(one for one in block if one.method == "good")
    return dataclasses.replace(good, failures=())


def test_a_figure_that_only_some_seeds_have_says_so(folder):
    gone = result("one", "good", 2)
    gone["metrics"]["protocol"]["alpha_precision"] = {"value": None, "reason": "2 rows"}
    (folder / "one" / "good-1.json").write_text(json.dumps(gone))
    found = entry(entries.read(folder), "one", "good")
    assert compare.cell(found, entries.FIGURES["protocol_alpha_precision"]).endswith("(2 of 3)")
    assert "of 3)" not in compare.cell(found, entries.FIGURES["shape_error"])


def test_seeds_of_ours_of_several_commits_are_named(folder):
    later = result("one", "good", 1)
    later["fit"]["commit"] = "e" * 40
    (folder / "one" / "good-1.json").write_text(json.dumps(later))
    assert "fitted at different commits: good 6 min." in compare.compare(folder).read_text()


def test_a_failure_that_only_has_a_code_says_what_was_printed_last(folder):
    silent = result("one", "silent", error="exit code 1")
    silent["failure"]["lines"] = ["step 3", "no row was drawn "]
    (folder / "one" / "silent.json").write_text(json.dumps(silent))
    assert "| exit code 1: no row was drawn | 30 |" in compare.compare(folder).read_text()


def test_rows_that_were_there_already_have_no_speed(folder):
    ready = result("one", "ready")
    ready["fit"]["answer"]["seconds"]["sample"] = 1e-5
    ready["fit"]["answer"]["peak_rss_mib"] = 60.0
    (folder / "one" / "ready.json").write_text(json.dumps(ready))
    found = entry(entries.read(folder), "one", "ready")
    assert math.isnan(found.rows_per_second) and found.peak_mib == 60.0


def test_tables_without_a_run_of_that_budget_are_left_out(folder):
    one = result("one", "good", minutes=15.0)
    (folder / "one" / "long.json").write_text(json.dumps(one))
    tables = entries.read(folder)
    assert set(entries.at(tables, 15.0)) == {"one"} and "### 15 minutes: one\n" in compare.rankings(tables)


def test_the_document_holds_spreads_failures_defects_and_plots(folder):
    path = compare.compare(folder)
    text = path.read_text()
    assert "0.850 ± 0.071" in text and "| ValueError | 30 |" in text and "![Quality against seconds](one.svg)" in text
    assert "*memoriser*" in text and "Not run on all of these tables: broken." in text and "one outlier" in text
    assert "| *what held-out rows have* |  |  |  |  |  |  | 1.00 % |" in text
    drawing = (folder / "one.svg").read_text()
    assert ">good<" in drawing and ">broken<" not in drawing
    compare.compare(folder)
    assert (folder / "one.svg").read_text() == drawing


def test_results_of_an_earlier_runner_are_marked(folder, monkeypatch):
    for name, runner in (("2", "now"), ("7", "before")):
        (path,) = folder.glob(f"*/{name}.json")
        content = json.loads(path.read_text())
        content["fit"]["runner"] = runner
        path.write_text(json.dumps(content))
    monkeypatch.setattr(
        compare, "_methods", lambda: {"poor": SimpleNamespace(digest="now"), "good": SimpleNamespace(digest="")}
    )
    text = compare.compare(folder).read_text()
    assert text.count("Of an earlier state of the peer's runner: poor 6 min.") == 1
    assert "| poor | 1.5 | 2 (1 ‡) |" in text and "| good | 1.5 | 2 |" in text


@pytest.mark.parametrize(
    ("changes", "marked"),
    [
        ({"processor_seconds": 50.0}, True),
        ({"processor_seconds": 84.9}, True),
        ({"processor_seconds": 85.0}, False),
        ({}, False),  # of before it was recorded
        ({"processor_seconds": 50.0, "threads": ""}, False),  # as many as there are: how many were busy is not known
        ({"processor_seconds": 5.0, "wall_seconds": 19.0}, False),  # starting up waits for the disk
    ],
)
def test_runs_that_shared_their_core_are_marked(folder, changes, marked):
    (path,) = folder.glob("one/2.json")
    content = json.loads(path.read_text())
    content["fit"] |= {"threads": "1", "wall_seconds": 100.0} | changes
    content["fit"]["answer"]["settings"] = {"model": "poor", "max_minutes": 6.0}  # plans by its minutes
    path.write_text(json.dumps(content))
    text = compare.compare(folder).read_text()
    assert ("had less than their minutes: poor 6 min." in text) is marked
    assert ("| poor | 1.5 | 2 (1 §) |" in text) is marked


def test_a_fit_that_no_minutes_decide_is_not_marked(folder):
    (path,) = folder.glob("one/2.json")
    content = json.loads(path.read_text())
    content["fit"] |= {"threads": "1", "wall_seconds": 100.0, "processor_seconds": 50.0}
    content["fit"]["answer"]["settings"] = {"rows": 100}
    path.write_text(json.dumps(content))
    assert "had less than their minutes" not in compare.compare(folder).read_text()


def test_notes_of_runners_are_shown(folder):
    some = result("one", "poor", 1, kind="peer", c2st=0.3, tstr=0.7)
    some["fit"]["answer"]["notes"] = ["fitted on 10 of 100 rows"]
    (folder / "one" / "some.json").write_text(json.dumps(some))
    assert "- poor 6 min: fitted on 10 of 100 rows." in compare.compare(folder).read_text()


def test_a_mean_over_fewer_tables_than_there_are_rows_of_says_so(folder):
    (path,) = folder.glob("*/6.json")
    content = json.loads(path.read_text())
    content["metrics"]["summary"]["scores"]["near_train"]["value"] = None
    path.write_text(json.dumps(content))
    (line,) = [line for line in compare.rankings(entries.read(folder)).splitlines() if line.startswith("| good |")]
    assert line.count("10.00 % (1 of 2)") == 1 and line.count("10.00 %") == 4


def test_two_budgets_are_two_entries(folder):
    (folder / "one" / "short.json").write_text(json.dumps(result("one", "good", minutes=0.5)))
    tables = entries.read(folder)
    assert [one.minutes for one in tables["one"] if one.method == "good"] == [6.0, 0.5]
    compare.compare(folder)
    assert ">good 0.5 min<" in (folder / "one.svg").read_text()


def test_nothing_yet_is_said(tmp_path):
    assert "No results" in compare.compare(tmp_path).read_text()
    marks = "\n".join(render_readme.GENERATORS)
    assert "No results" in render_readme.with_generators(f"{marks}\n", tmp_path)


def test_the_readme_holds_the_ranking(folder, tmp_path):
    (tmp_path / "results").mkdir()
    folder.joinpath("one").rename(tmp_path / "results" / "one")
    (tmp_path / "benchmark").symlink_to(tmp_path / "results")
    text = render_readme.with_generators("\n".join(render_readme.GENERATORS), tmp_path)
    row = next(line for line in text.splitlines() if line.startswith("| good |"))
    assert "| 0.850 |" in row and "| 0.030 |" in row  # C2ST score, and TSTR lost: 0.9 - 0.87
    assert "5 runs on X, cores: 2, threads: as many; commit 000000000000" in text


@pytest.mark.parametrize("name", ["benchmark", "untuned"])
def test_the_committed_document_is_what_the_committed_results_say(name):
    folder = compare.FOLDER.with_name(name)
    said = (folder / "README.md").read_text(encoding="utf-8")
    assert said == compare.document(entries.read(folder), chosen=name == "benchmark")
    assert (compare.CHOSEN in said) == (name == "benchmark")
