"""`llmsynth sample`."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import Result

from llmsynth.cli.output import Output
from llmsynth.cli.sample import _progress
from llmsynth.sample.report import ConditionReport, RuleReport, SampleReport

if TYPE_CHECKING:
    from tests.cli.conftest import FakeFacade

Cli = Callable[..., Result]


def _one_line_error(result: Result, words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("llmsynth: error: ") and words in result.stderr, result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_rows_are_written_and_counted(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    result = llmsynth(
        "sample", run_folder, "-n", 7, "-o", "s.csv", "--seed", 4, "--batch-size", 32, "--top-p", "text=0.9,default=1",
        "--quasi-random",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Wrote 7 rows to s.csv" in result.stdout
    assert len(Path("s.csv").read_text().splitlines()) == 8
    top_p = {"text": 0.9, "default": 1.0}
    assert facade.said("sample_to") == {"random_state": 4, "batch_size": 32, "top_p": top_p, "quasi_random": True}


def test_what_a_recipe_asks_for_can_be_turned_off(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    assert llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv", "--independent").exit_code == 0
    assert facade.said("sample_to") == {"quasi_random": False}


def test_conditions_are_passed_on_and_may_be_repeated(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    conditions = ['age >= 60 and smoker == "yes"', "bmi between 25 and 30"]
    result = llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv", "--where", conditions[0], "--where", conditions[1])
    assert result.exit_code == 0, result.output
    assert facade.said("sample_to") == {"where": conditions}


CONDITION = ConditionReport(0.02312, 0.00041, 3912.4, 4096, 7, 2, 1900.5)


def test_a_condition_is_reported_on_the_error_stream_and_to_machines(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path
) -> None:
    facade.report = SampleReport(CONDITION)
    call = ("sample", run_folder, "-n", 7, "--where", "age >= 60", "--overwrite", "-o", "s.csv")
    result = llmsynth(*call)
    line = "condition: probability 0.0231 ± 0.0004, effective sample size 3,912 of 4,096 drawn"
    assert result.stderr.splitlines() == [line] and line not in result.stdout
    assert llmsynth(*call, "--quiet").stderr == ""
    data = json.loads(llmsynth(*call, "--quiet", "--json").stdout)
    assert data["condition"] == asdict(CONDITION) and data["rows"] == 7
    facade.report = SampleReport()
    result = llmsynth(*call, "--json")
    assert "condition" not in json.loads(result.stdout) and "condition" not in result.stderr


def test_the_work_for_rules_is_reported_on_the_error_stream_and_to_machines(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path
) -> None:
    facade.report = SampleReport(rules=RuleReport(("a <= b",), ("unique (a, b)",), 7, 12, 2, 4, 0, {"a <= b": 3}))
    result = llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv", "--json")
    assert result.exit_code == 0, result.output
    assert (
        "rules: 1 restrict while decoding, 1 are checked; 2 of 7 rows (28.6%) drawn again, 12 draws, at most 4 for a "
        "row; 0 violations" in result.stderr
    )
    rules = json.loads(result.stdout)["rules"]
    assert rules["checked"] == ["unique (a, b)"] and rules["n_drawn"] == 12 and rules["refused"] == {"a <= b": 3}


def test_shares_of_classes_are_passed_on(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    result = llmsynth(
        "sample", run_folder, "-n", 7, "-o", "s.csv", "--balance", "smoker", "--proportions", "yes=0.5, no=0.5"
    )
    assert result.exit_code == 0, result.output
    assert facade.said("sample_to") == {"balance": "smoker", "proportions": {"yes": 0.5, "no": 0.5}}
    for text in ("yes", "", "yes=0.5,yes=0.5", "yes=0.5\nno=0.5", 'yes=half,"no=0.5'):
        _one_line_error(llmsynth("sample", run_folder, "-n", 7, "-o", "t.csv", "--proportions", text), "class=share")


def test_given_rows_are_completed(llmsynth: Cli, facade: FakeFacade, run_folder: Path, table: Path) -> None:
    result = llmsynth("sample", run_folder, "--given", table, "--draws", 3, "-o", "s.csv", "--seed", 4)
    assert result.exit_code == 0, result.output
    assert facade.said("sample_like") == {"n_draws": 3, "random_state": 4}
    assert len(Path("s.csv").read_text().splitlines()) == 241 and "Wrote 240 rows" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "expected either -n N"),
        (("-n", 3, "--given", "table.csv"), "expected either -n N"),
        (("--given", "table.csv", "--where", "age > 3", "--quasi-random"), "got --quasi-random, --where"),
        (("--given", "nothing.csv"), "nothing.csv"),
        (("-n", 3, "--draws", 2), "--draws: expected --given FILE"),
    ],
)
def test_rows_are_either_drawn_or_completed(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, table: Path, arguments: tuple[object, ...], words: str
) -> None:
    _one_line_error(llmsynth("sample", run_folder, "-o", "s.csv", *arguments), words)
    assert facade.calls == [] and not Path("s.csv").exists()


@pytest.mark.parametrize(
    "command",
    [("sample", "-n", 3, "-o", "s.csv"), ("score", "table.csv"), ("impute", "table.csv", "-o", "s.csv")],
    ids=lambda command: str(command[0]),
)
def test_code_that_comes_with_a_model_is_run_only_when_the_flag_is_typed(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, table: Path, command: tuple[object, ...]
) -> None:
    name, *rest = command
    llmsynth(name, run_folder, *rest)
    assert facade.said("load") == {}
    facade.calls.clear()
    llmsynth(name, run_folder, *rest, "--trust-remote-code", "--overwrite")
    assert facade.said("load") == {"trust_remote_code": True}


def test_machines_get_rows_and_rate(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    data = json.loads(llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv", "--json", "--quiet").stdout)
    assert (data["command"], data["rows"], data["file"]) == ("sample", 7, "s.csv")
    assert data["rows_per_second"] > 0


def test_an_existing_file_needs_overwrite(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    Path("s.csv").write_text("old")
    _one_line_error(llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv"), "--overwrite")
    assert Path("s.csv").read_text() == "old" and facade.calls == []
    assert llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "s.xlsx"), "s.xlsx: expected a name ending in"),
        (("-o", "s.csv", "--temperature", "hot"), "--temperature: expected a number"),
        (("-o", "new/s.csv", "--temperature", "0"), "temperature: expected a value in (0, 100], got 0.0"),
        (("-o", "new/s.csv", "--top-p", "text=nan"), "top_p.text: expected a finite number, got nan"),
    ],
)
def test_impossible_options_are_found_before_the_model_is_loaded(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    _one_line_error(llmsynth("sample", run_folder, "-n", 7, *arguments), words)
    assert facade.calls == [] and not Path("new").exists()


@pytest.mark.parametrize("number", ["-1", "many", "1.5"])
def test_a_number_of_rows_is_whole_and_not_negative(llmsynth: Cli, run_folder: Path, number: str) -> None:
    assert llmsynth("sample", run_folder, "-n", number, "-o", "s.csv").exit_code == 2


def test_a_missing_run_is_one_error(llmsynth: Cli, facade: FakeFacade) -> None:
    _one_line_error(llmsynth("sample", "nothing", "-n", 7, "-o", "s.csv"), "nothing: no such run folder")


def test_a_pickle_in_the_run_is_one_error(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    (run_folder / "pytorch_model.bin").write_bytes(b"x")
    _one_line_error(llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv"), "pytorch_model.bin: files ending in .bin")
    assert not Path("s.csv").exists()


def test_a_broken_manifest_is_one_error(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    (run_folder / "manifest.json").write_text('{"format": "llmsy')
    _one_line_error(llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv"), "manifest.json: is not readable JSON")


def test_a_full_disk_has_its_own_exit_code(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    facade.failure = OSError(errno.ENOSPC, "No space left on device", "s.csv")
    assert llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv").exit_code == 74


def test_slow_draws_say_how_far_they_are(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 4.0, 11.0, 12.0, 30.0, 60.0])
    monkeypatch.setattr("llmsynth.cli.sample.time.perf_counter", lambda: next(times))
    told = _progress(Output(), 5000)
    for n_rows in (1000, 2000, 2500, 3000, 5000):
        told(n_rows)
    said = capsys.readouterr().err.splitlines()
    assert said == ["2,000 of 5,000 rows, 182 rows/s", "3,000 of 5,000 rows, 100 rows/s"]


def test_an_interrupted_draw_says_that_nothing_was_written(llmsynth: Cli, facade: FakeFacade, run_folder: Path) -> None:
    facade.failure = KeyboardInterrupt()
    result = llmsynth("sample", run_folder, "-n", 7, "-o", "s.csv")
    assert result.exit_code == 130 and "nothing was written to s.csv" in result.stderr and not Path("s.csv").exists()
