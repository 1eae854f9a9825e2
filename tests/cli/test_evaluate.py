"""`llmsynth evaluate`, `gate` and `report`: files, verdicts, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from typer.testing import Result

from llmsynth.evaluate.fidelity import invalid_rows

Cli = Callable[..., Result]
KEYS = {"real": "train.csv", "synthetic": "made.csv", "holdout": "held.csv"}
LOOSE = "[[condition]]\nrequire = 'fidelity.ks.lower <= 1'\nwhy = 'no distance is more than 1'\n"
STRICT = "[[condition]]\nrequire = 'fidelity.ks.upper <= 0'\nseverity = '{}'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(KEYS.values()):
        rng = np.random.default_rng(seed)
        age = rng.integers(20, 80, 150)
        sick = np.where(rng.random(150) < age / 100, "yes", "no")
        pd.DataFrame({"age": age, "sick": sick, "bmi": rng.normal(25, 4, 150).round(1)}).to_csv(
            tmp_path / name, index=False
        )
    (tmp_path / "loose.toml").write_text(LOOSE)
    for severity in ("review", "block"):
        (tmp_path / f"{severity}.toml").write_text(STRICT.format(severity))
    return tmp_path


pytestmark = pytest.mark.usefixtures("few_metrics")


def _arguments(folder: Path, **changes: object) -> list[object]:
    files = {**KEYS, **changes}
    named = [part for option, name in files.items() if name is not None for part in (f"--{option}", folder / str(name))]
    return ["evaluate", *named, "--level", "quick", "--policy", folder / "loose.toml", "-o", folder / "judged"]


def test_four_files_are_written_and_the_verdict_is_printed(llmsynth: Cli, folder: Path) -> None:
    result = llmsynth(*_arguments(folder), "--target", "sick", "--quasi-identifier", "age", "--sensitive", "bmi")
    assert result.exit_code == 0, result.output
    assert "Verdict: RELEASE" in result.stdout and "report.html" in result.stdout and "fidelity" in result.stdout
    saved = json.loads((folder / "judged" / "report.json").read_text())
    assert saved["roles"] == {"target": "sick", "quasi_identifiers": ["age"], "sensitive": ["bmi"], "unit": None}
    assert saved["level"] == "quick" and saved["provenance"]["created"].startswith("20")
    assert (folder / "judged" / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert (folder / "judged" / "report.md").read_text().startswith("# RELEASE")
    assert ElementTree.parse(folder / "judged" / "junit.xml").getroot().tag == "testsuites"


def test_counts_of_a_generator_elsewhere_are_taken(
    llmsynth: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmsynth.evaluate.evaluation.metrics", lambda level: (invalid_rows.METRIC,))
    result = llmsynth(*_arguments(folder), "--generation", "raw=200,rejected=50")
    assert result.exit_code == 0, result.output
    found = json.loads((folder / "judged" / "report.json").read_text())["results"]["fidelity.invalid_rows"]
    assert found["score"]["value"] == 0.25 and found["parts"]["repaired"]["value"] == 0.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("200", "raw=1000"),
        ("raw=x", "raw=1000"),
        ("raw=9,regected=1", "'rejected'"),
        ("rejected=1", "raw"),
        ("raw=9,rejected=10", "raw 9"),
    ],
)
def test_counts_that_cannot_be_are_bad_input(llmsynth: Cli, folder: Path, text: str, said: str) -> None:
    result = llmsynth(*_arguments(folder), "--generation", text)
    assert result.exit_code == 2 and said in result.stderr.replace("\n", " ")
    assert not (folder / "judged").exists()


def test_a_policy_that_asks_for_what_does_not_exist_leaves_no_half_written_folder(llmsynth: Cli, folder: Path) -> None:
    (folder / "odd.toml").write_text("[[condition]]\nrequire = 'fidelity.ks.agee.lower <= 1'\n")
    result = llmsynth(*_arguments(folder), "--policy", folder / "odd.toml")
    assert result.exit_code == 2 and "did you mean 'age'" in result.stderr
    assert not (folder / "judged").exists()


def test_a_target_that_the_holdout_lacks_is_named_and_its_conditions_are_unknown(llmsynth: Cli, folder: Path) -> None:
    (folder / "odd.toml").write_text("[[condition]]\nrequire = 'utility.tstr_gap.lower <= 1'\nneeds = 'target'\n")
    pd.read_csv(folder / "held.csv").drop(columns="sick").to_csv(folder / "less.csv", index=False)
    asked = _arguments(folder, holdout="less.csv")
    result = llmsynth(*asked, "--policy", folder / "odd.toml", "--target", "sick", "--json", "-q")
    found = json.loads(result.stdout)["findings"][-1]
    assert found["outcome"] == "unknown" and "target 'sick' is not in every table" in found["found"]


def test_json_is_one_object_and_quiet_says_nothing(llmsynth: Cli, folder: Path) -> None:
    result = llmsynth(*_arguments(folder), "--json", "--quiet")
    data = json.loads(result.stdout)
    assert data["command"] == "evaluate" and data["verdict"] == "RELEASE" and data["rows"]["train"] == 150
    assert result.stderr == ""


def test_several_synthetic_tables_are_draws(llmsynth: Cli, folder: Path) -> None:
    result = llmsynth(*_arguments(folder), "--synthetic", folder / "held.csv", "--quiet")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"real": "none.csv"}, [], "none.csv"),
        ({}, ["--target", "sik"], "target: expected a column of the real table, got 'sik'"),
        ({}, ["--level", "fast"], "--level: expected one of quick, standard, full, got 'fast'"),
        ({}, ["--policy", "none.toml"], "none.toml: no such file"),
        ({}, ["--schema", "none.yaml"], "none.yaml"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    llmsynth: Cli, folder: Path, changes: dict[str, str], options: list[str], message: str
) -> None:
    result = llmsynth(*_arguments(folder, **changes), *options)
    assert result.exit_code == 2 and message in result.stderr and result.stderr.count("\n") == 1
    assert not (folder / "judged").exists()


def test_the_folder_is_checked_before_anything_is_read(llmsynth: Cli, folder: Path) -> None:
    (folder / "judged").mkdir()
    (folder / "judged" / "report.md").write_text("mine")
    result = llmsynth(*_arguments(folder, real="none.csv"))
    assert result.exit_code == 2 and "report.md: exists already" in result.stderr
    assert llmsynth(*_arguments(folder), "--overwrite", "--quiet").exit_code == 0
    assert (folder / "judged" / "report.md").read_text() != "mine"


@pytest.mark.parametrize(
    ("policy", "code", "verdict"), [("loose", 0, "RELEASE"), ("review", 1, "REVIEW"), ("block", 2, "BLOCK")]
)
def test_the_gate_ends_with_a_code_for_each_verdict(
    llmsynth: Cli, folder: Path, policy: str, code: int, verdict: str
) -> None:
    assert llmsynth(*_arguments(folder), "--quiet").exit_code == 0
    result = llmsynth("gate", folder / "judged" / "report.json", "--policy", folder / f"{policy}.toml")
    assert result.exit_code == code and f"Verdict: {verdict}" in result.stdout
    asked = llmsynth("gate", folder / "judged/report.json", "--policy", folder / f"{policy}.toml", "--json", "-q")
    assert json.loads(asked.stdout)["exit_code"] == code == asked.exit_code


def test_without_a_holdout_the_gate_ends_with_3(llmsynth: Cli, folder: Path) -> None:
    result = llmsynth(*_arguments(folder, holdout=None))
    assert result.exit_code == 0 and "Verdict: NOT EVALUABLE" in result.stdout and "no hold-out" in result.stdout
    assert llmsynth("gate", folder / "judged" / "report.json", "--policy", folder / "loose.toml").exit_code == 3


def test_a_missing_column_and_a_holdout_of_training_rows_block(llmsynth: Cli, folder: Path) -> None:
    pd.read_csv(folder / "made.csv").drop(columns="bmi").to_csv(folder / "less.csv", index=False)
    result = llmsynth(*_arguments(folder, synthetic="less.csv"), "--json", "--quiet")
    assert json.loads(result.stdout)["verdict"] == "BLOCK" and "'bmi'" in result.stdout
    result = llmsynth(*_arguments(folder, holdout="train.csv"), "--json", "--quiet", "--overwrite")
    assert json.loads(result.stdout)["verdict"] == "BLOCK" and "not held out" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected REPORT"),
        (["none.json"], "none.json: no such file"),
        (["loose.toml"], "not readable JSON"),
        (["--polcy", "x"], "No such option"),
        (["--explain", "--policy", "none.toml"], "none.toml"),
        (["--explain", "--junit", "j.xml"], "--junit: expected a report to judge"),
    ],
)
def test_a_usage_error_of_the_gate_is_64_and_no_verdict(
    llmsynth: Cli, folder: Path, arguments: list[str], message: str
) -> None:
    result = llmsynth("gate", *arguments)
    assert result.exit_code == 64 and message in result.stderr


def test_the_gate_writes_test_cases_and_explains_its_policy(llmsynth: Cli, folder: Path) -> None:
    llmsynth(*_arguments(folder), "--quiet")
    llmsynth("gate", folder / "judged" / "report.json", "--policy", folder / "loose.toml", "--junit", folder / "j.xml")
    names = [case.attrib["name"] for case in ElementTree.parse(folder / "j.xml").getroot().iter("testcase")]
    assert "fidelity.ks.lower <= 1" in names
    result = llmsynth("gate", "--explain", "--policy", folder / "loose.toml")
    assert result.exit_code == 0
    for said in (
        "Always:",
        "fidelity.ks.lower <= 1",
        "else BLOCK; NOT EVALUABLE if it is not computed",
        "no distance is more than 1",
    ):
        assert said in result.stdout
    shipped = json.loads(llmsynth("gate", "--explain", "--json", "-q").stdout)
    assert shipped["policy"] == "llmsynth default" and all(one["why"] for one in shipped["conditions"])


def test_a_saved_report_is_rendered_and_compared_without_tables(llmsynth: Cli, folder: Path) -> None:
    llmsynth(*_arguments(folder), "--quiet")
    saved = folder / "judged" / "report.json"
    frame = pd.read_csv(folder / "made.csv")
    frame.assign(age=frame["age"] + 40).to_csv(folder / "made.csv", index=False)
    worse = [*_arguments(folder)[:-1], folder / "worse"]
    assert llmsynth(*worse, "--quiet").exit_code == 0
    for name in KEYS.values():
        (folder / name).unlink()
    result = llmsynth("report", "render", saved, "-o", folder / "shown", "--policy", folder / "loose.toml")
    assert result.exit_code == 0 and "Verdict: RELEASE" in result.stdout
    for name in ("report.html", "report.md"):
        assert (folder / "shown" / name).read_text() == (folder / "judged" / name).read_text()
    result = llmsynth("report", "diff", saved, folder / "worse" / "report.json", "--policy", folder / "loose.toml")
    assert result.exit_code == 0 and "worse" in result.stdout and "Kolmogorov" in result.stdout
    data = json.loads(
        llmsynth("report", "diff", saved, saved, "--policy", folder / "loose.toml", "--json", "--quiet").stdout
    )
    assert data["changes"] == [] and data["same_tables"] == {"train": True, "holdout": True}
    assert llmsynth("report", "diff", saved, folder / "none.json").exit_code == 2
