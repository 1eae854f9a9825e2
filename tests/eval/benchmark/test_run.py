"""One result for each run: kept when it is finished, scored again from its rows, and a failure where there are none."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from eval import run as command
from eval.benchmark import entries
from eval.benchmark.scores import Scoring


@pytest.fixture
def go(tmp_path, table, peer, little, quick):
    def call(do="work", **how):
        given = {"table": table, "scoring_of": little, "learners": quick, "folder": tmp_path / "results"} | how
        path = command.run("toy", "toy", chosen=peer(do), minutes=0.5, **given)
        return path, json.loads(path.read_text())

    return call


def test_a_result_holds_settings_machine_seconds_memory_rows_and_figures(go, table):
    path, result = go()
    assert path.parent.name == "toy" and path.name == "toy-0.5m-s0.json"
    assert result["status"] == "done" and result["kind"] == "peer" and result["title"] == "Toy 1.0"
    assert result["fit"]["answer"]["seconds"] == {"fit": 1.5, "sample": 0.5} and result["peak_rss_mib"] > 1
    assert result["fit"]["processor_seconds"] > 0 and result["fit"]["wall_seconds"] > 0
    assert result["rows"] == {"train": 200, "holdout": 100, "synthetic": 200}
    assert result["settings"]["table"] == table.fingerprint() and result["fit"]["machine"]["cpu"]
    assert {"commit", "dirty", "versions", "machine"} <= set(result)
    assert result["metrics"]["summary"]["scores"]["copies"]["value"] == 1.0  # the toy gives training rows back
    assert result["metrics"]["protocol"]["shape"]["value"] == pytest.approx(1.0)


def test_a_finished_run_is_kept_and_other_scoring_needs_no_fit(go, n_fits, capsys):
    path, first = go()
    stamp = path.stat().st_mtime_ns
    assert go()[0].stat().st_mtime_ns == stamp and n_fits() == 1
    assert "kept" in capsys.readouterr().err
    _, scored = go(scoring_of=Scoring(grid=2, report="none"))
    assert scored["metrics"]["protocol"]["mle"]["points"] == 2 and n_fits() == 1
    assert scored["fit"] == first["fit"]
    go(again="score")
    assert n_fits() == 1
    go(again="fit")
    assert n_fits() == 2


def test_of_a_result_of_the_version_before_only_what_changed_is_computed_again(go, n_fits, monkeypatch):
    path, first = go()
    old = json.loads(path.read_text())
    old["settings"]["scoring"]["version"] -= 1
    old["metrics"]["protocol"] |= {"alpha_precision": {"value": 0.1}, "shape": {"value": 0.2}}
    path.write_text(json.dumps(old))
    _, again = go()
    assert again["settings"] == first["settings"] and n_fits() == 1
    value = first["metrics"]["protocol"]["alpha_precision"]["value"]
    assert again["metrics"]["protocol"]["alpha_precision"]["value"] == value != 0.1
    assert again["metrics"]["protocol"]["shape"]["value"] == 0.2
    for change in ({"version": first["settings"]["scoring"]["version"] - 2}, {"grid": 3}):
        old["settings"]["scoring"] |= change
        path.write_text(json.dumps(old))
        assert go()[1]["metrics"]["protocol"]["shape"] != {"value": 0.2}  # everything is computed again
    old["settings"]["scoring"] = first["settings"]["scoring"] | {"version": first["settings"]["scoring"]["version"] - 1}
    old["fit"]["started"] = "2000-01-01T00:00:00Z"  # of other rows
    path.write_text(json.dumps(old))
    assert go()[1]["metrics"]["protocol"]["shape"] != {"value": 0.2}


@pytest.mark.parametrize(("used", "said"), [(None, False), (99.0, False), (40.0, True)])
def test_a_run_says_whether_it_shared_its_core(go, tmp_path, capsys, monkeypatch, used, said):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    go()
    (kept,) = (tmp_path / "results" / ".rows").rglob("fit.json")
    fit = json.loads(kept.read_text())
    fit |= {"threads": "1", "wall_seconds": 100.0, "processor_seconds": used}
    fit["answer"]["seconds"]["fit"] = 30.0  # as many as it had
    kept.write_text(json.dumps({key: value for key, value in fit.items() if value is not None}))
    go(again="score")
    assert ("SHARED its core, of which it had 40%: run it again" in capsys.readouterr().err) is said


def test_another_seed_number_of_rows_or_table_is_another_run(go, n_fits, tmp_path):
    assert go()[0] != go(seed=1)[0]
    _, fewer = go(rows=50)
    assert fewer["rows"]["synthetic"] == 50 and n_fits() == 3
    from .conftest import table_of

    go(table=table_of(150), rows=50)
    assert n_fits() == 4


def test_an_error_is_recorded_with_its_type_and_without_cells(go, n_fits, table):
    _, result = go("break")
    assert result["status"] == "failed" and "metrics" not in result
    assert result["failure"]["error"] == "ValueError" and result["failure"]["stage"] == "fit or sample"
    assert result["failure"]["seconds"] > 0 and result["failure"]["lines"][-1].startswith("ValueError: cannot read")
    assert str(table.train["pay"][0]) not in json.dumps(result["failure"]["lines"])
    go("break")
    assert n_fits() == 1  # a failure is kept as well
    assert go("work", again="fit")[1]["status"] == "done"


def test_a_hanging_method_is_stopped_and_its_seconds_are_recorded(go):
    _, result = go("hang", limit_seconds=1.5)
    assert result["failure"]["error"] == "stopped: its time was over"
    assert 1.5 <= result["failure"]["seconds"] < 10


@pytest.mark.parametrize(
    ("do", "error"),
    [
        ("die", "ended by signal 9"),
        ("silent", "ended without answer.json and synthetic.csv"),
        ("narrow", "columns are absent: pay, job, rich"),
        ("empty", "no row was made"),
    ],
)
def test_what_cannot_be_scored_is_a_failure(go, do, error):
    assert go(do)[1]["failure"]["error"] == error


def test_an_error_after_the_answer_leaves_the_rows(go):
    _, result = go("late")
    assert result["status"] == "done" and result["fit"]["incomplete"]["error"] == "RuntimeError"


def test_an_environment_that_cannot_be_made_is_a_failure(tmp_path, table, little):
    from eval.benchmark.methods import Method

    def missing():
        raise FileNotFoundError("python3.99")

    method = Method("toy", "Toy", "peer", missing)
    path = command.run("toy", "toy", chosen=method, table=table, scoring_of=little, folder=tmp_path)
    assert json.loads(path.read_text())["failure"]["stage"] == "environment"


def test_a_method_that_could_not_be_run_is_tried_again(tmp_path, table, peer, little, quick):
    from eval.benchmark.methods import Method

    def missing():
        raise FileNotFoundError("python3.99")

    how = {"table": table, "scoring_of": little, "learners": quick, "folder": tmp_path}
    command.run("toy", "toy", chosen=Method("toy", "Toy", "peer", missing), **how)
    assert entries.read(tmp_path) == {}
    path = command.run("toy", "toy", chosen=peer(), **how)
    assert json.loads(path.read_text())["status"] == "done"


def test_a_peer_is_run_again_where_its_runner_or_packages_changed(tmp_path, table, peer, little, quick):
    how = {"table": table, "scoring_of": little, "learners": quick, "folder": tmp_path}
    first = json.loads(command.run("toy", "toy", chosen=dataclasses.replace(peer(), digest="a"), **how).read_text())
    kept, changed = (
        json.loads(command.run("toy", "toy", chosen=dataclasses.replace(peer(), digest=digest), **how).read_text())
        for digest in ("a", "b")
    )
    assert kept == first and first["fit"]["runner"] == "a" and changed["fit"]["runner"] == "b"


def test_the_weights_that_a_peer_asks_for_are_laid_before_it(tmp_path, table, peer, little, quick):
    (tmp_path / "weights-of-some-version").mkdir()
    (tmp_path / "weights-of-some-version" / "config.json").write_text("{}")
    script = tmp_path / "look.py"
    script.write_text(
        "import os; from pathlib import Path;"
        "assert (Path(os.environ['LLMSYNTH_MODELS']) / 'small' / 'config.json').is_file();"
        "raise KeyError('seen')"
    )
    weights = {"small": tmp_path / "weights-of-some-version"}
    method = dataclasses.replace(peer(), runner=lambda: (sys.executable, script, ()), models=lambda: weights)
    path = command.run("toy", "toy", chosen=method, table=table, scoring_of=little, learners=quick, folder=tmp_path)
    assert json.loads(path.read_text())["failure"]["error"] == "KeyError"


def test_halves_are_scored_by_the_share_of_distances_alone(go):
    from .conftest import table_of

    path, result = go(table=table_of(half=True), half=True)
    assert path.name == "toy-0.5m-s0-half.json"
    assert set(result["metrics"]["protocol"]) == {"dcr_share"} and "summary" not in result["metrics"]
    assert result["metrics"]["protocol"]["dcr_share"]["value"] == 1.0


def test_the_rows_are_in_a_folder_that_is_no_part_of_the_repository(go, tmp_path):
    go()
    kept = tmp_path / "results" / ".rows" / "toy" / "toy-0.5m-s0"
    assert {path.name for path in kept.iterdir()} == {"synthetic.csv.gz", "stderr.txt", "fit.json"}
    ignored = (command.record.ROOT / ".gitignore").read_text().splitlines()
    assert "eval/results/benchmark/.rows/" in ignored


def test_the_command_names_what_there_is_and_refuses_what_there_is_not(capsys):
    assert command.main(["--list"]) is None
    printed = capsys.readouterr().out
    assert "insurance" in printed and "memoriser" in printed and "compact" in printed
    for arguments in ([], ["insurance"], ["insurance", "copula", "--budget-minutes", "0"]):
        with pytest.raises(SystemExit):
            command.main(arguments)
    with pytest.raises(SystemExit, match="nope"):
        command.main(["insurance", "nope"]) if command.tables.data.os.environ.get("LLMSYNTH_DATA") else command.method(
            "nope"
        )


def test_a_command_that_is_ended_ends_the_method_s_process_too(tmp_path, table, peer):
    code = (
        "import sys; from eval import run, tables; from eval.benchmark.methods import Method; from pathlib import Path;"
        f"method = Method('toy', 'T', 'peer', lambda: (sys.executable, Path({str(tmp_path / 'run.py')!r}),"
        f" ('--do', 'hang', '--count', {str(tmp_path / 'fits')!r})));"
        "import tests_table; tables.load = lambda *a, **k: tests_table.table; run.method = lambda name: method;"
        f"run.main(['toy', 'toy', '-o', {str(tmp_path / 'results')!r}])"
    )
    table.train.to_pickle(tmp_path / "train.pkl")
    table.holdout.to_pickle(tmp_path / "holdout.pkl")
    (tmp_path / "tests_table.py").write_text(
        "from pathlib import Path; import pandas as pd; from eval.tables import Table\n"
        "parts = [pd.read_pickle(Path(__file__).with_name(one + '.pkl')) for one in ('train', 'holdout')]\n"
        "table = Table('toy', 'Toy', 'binclass', 'rich', ('age', 'pay'), ('job',), *parts)\n"
    )
    peer()
    path = os.pathsep.join([str(tmp_path), str(command.record.ROOT)])
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path})
    deadline = time.monotonic() + 120
    while not (tmp_path / "fits").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    (child,) = psutil.Process(process.pid).children()
    process.terminate()
    assert process.wait(60) == 128 + 15
    with contextlib.suppress(psutil.NoSuchProcess):
        child.wait(10)
    assert not child.is_running()
