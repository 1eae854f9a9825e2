"""The README's table says what the result files say."""

import json

import pytest

from eval import data, fidelity, render_readme

MARKS = "\n".join(render_readme.GENERATORS)
README = f"# Title\n\n{render_readme.BEGIN}\nstale\n{render_readme.END}\n\n{MARKS}\n\nThe rest.\n"


@pytest.fixture
def results(monkeypatch, tmp_path, tiny, stub, quick):
    monkeypatch.setattr(data, "load", lambda dataset: tiny)
    folder = tmp_path / "results"
    fidelity.run("insurance", fit=stub.fit, learners=quick, folder=folder)
    return folder


def test_the_table_holds_measured_figures_beside_targets_and_the_hold_out(results):
    text = render_readme.table(render_readme.read(results))
    row = next(line for line in text.splitlines() if "Shape error" in line)
    content = json.loads((results / "insurance.json").read_text())
    assert f"{100 * content['means']['shape_error']:.2f} %" in row and "<= 4.50 %" in row
    assert f"{100 * content['runs'][0]['metrics']['holdout']['shape_error']['value']:.2f} %" in row
    assert "eval.render_readme" in text.splitlines()[-1]


def test_beside_the_hold_out_stands_the_figure_of_as_many_rows(results):
    (path,) = results.glob("insurance.json")
    content = json.loads(path.read_text())
    for run in content["runs"]:
        run["metrics"]["at_holdout_rows"]["shape_error"]["value"] = 0.4321
        run["metrics"]["at_holdout_rows"].pop("trend_error", None)
    path.write_text(json.dumps(content))
    text = render_readme.table(render_readme.read(results))
    rows = {line.split(" | ")[1]: line.split(" | ") for line in text.splitlines()[2:-2]}
    header = text.splitlines()[0].split(" | ")
    fair, real = header.index("of as many rows as held out"), header.index("real hold-out")
    assert rows["Shape error"][fair] == "43.21 %" and rows["Shape error"][real].endswith(" %")
    assert rows["Trend error"][fair] == "" and rows["TSTR R2"][fair] == "" and rows["TSTR R2"][real]


def test_only_the_part_between_the_markers_changes_and_a_check_says_when_it_is_old(results, tmp_path, capsys):
    readme = tmp_path / "README.md"
    readme.write_text(README)
    assert render_readme.main(["--check"], readme=readme, folder=results) == 1
    assert "out of date" in capsys.readouterr().err
    assert render_readme.main([], readme=readme, folder=results) == 0
    assert render_readme.main(["--check"], readme=readme, folder=results) == 0
    text = readme.read_text()
    assert text.startswith("# Title\n\n") and text.endswith("\n\nThe rest.\n") and "stale" not in text


def test_a_readme_without_markers_is_an_error():
    with pytest.raises(SystemExit, match="markers"):
        render_readme.rendered("# Title", [])


def test_no_results_and_a_peers_result_are_printed_too():
    assert "No results" in render_readme.table([])
    peer = {
        "benchmark": "insurance-great",
        "commit": None,
        "dirty": True,
        "machine": {"cpu": "X", "cores": 2},
        "targets": [],
        "metrics": {"scores": {"shape_error": {"value": 0.25}, "trend_error": {"value": None}}},
        "c2st_equal": {"n_rows": 200, "score": 0.125},
    }
    text = render_readme.table([peer])
    assert "25.00 %" in text and "0.125" in text and "X, 2 cores" in text


def test_commits_of_points_measured_before_are_named():
    scaled = {
        "benchmark": "scaling",
        "commit": "b" * 40,
        "dirty": False,
        "machine": {"cpu": "X", "cores": 2},
        "targets": [{"what": "x", "measured": 1.0, "relation": "<=", "target": 2.0, "reached": True}],
        "points": {"rows": {"fit": [{"size": 1, "commit": "a" * 40}, {"size": 2, "commit": "c" * 40 + "+"}]}},
    }
    assert f"commit {'a' * 12}, {'b' * 12}, {'c' * 12}+ (+: with uncommitted" in render_readme.table([scaled])


def test_numbers_read_well():
    shown = [render_readme.number(value, "rows") for value in (3100.4, 0.9123456, 12.345, 0.0, None)]
    assert shown == ["3,100", "0.912", "12.3", "0", "-"]


def test_the_readme_says_what_the_results_say():
    text = render_readme.README.read_text(encoding="utf-8")
    assert render_readme.BEGIN in text and render_readme.GENERATORS[0] in text
    assert render_readme.with_generators(render_readme.rendered(text, render_readme.read())) == text


def test_a_result_that_counts_its_runs_has_no_hold_out():
    speed = {"what": "rows per second", "measured": 2978.0, "relation": ">=", "target": 6000.0, "reached": False}
    profile = {"benchmark": "step-profile", "commit": "0" * 40, "dirty": False, "runs": 7, "targets": [speed]}
    assert "2,978" in render_readme.table([profile | {"machine": {"cpu": "X", "cores": 2}}])
