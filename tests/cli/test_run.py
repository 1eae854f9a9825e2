"""`llmsynth run`: hold out, fit, sample, judge."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from typer.testing import Result

from llmsynth.cli.run import split
from llmsynth.errors import TableError
from llmsynth.evaluate.evaluation import evaluate
from llmsynth.evaluate.holdout_overlap import OverlapWarning
from llmsynth.evaluate.score import unknown
from llmsynth.evaluate.summary import METRICS, Summary
from llmsynth.table.files import write_table

if TYPE_CHECKING:
    from tests.cli.conftest import FakeFacade

Cli = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("few_metrics")


def test_the_split_loses_no_row_and_depends_on_the_seed_alone(table: Path) -> None:
    frame = pd.read_csv(table)
    rows, held_out = split(table, None, 0.2, 0)
    assert (len(rows), len(held_out)) == (64, 16)
    both = pd.concat([rows, held_out]).sort_values(list(frame.columns)).to_numpy()
    assert np.array_equal(both, frame.sort_values(list(frame.columns)).to_numpy())
    assert split(table, None, 0.2, 0)[1].equals(held_out)
    assert not split(table, None, 0.2, 1)[1].equals(held_out)


def test_too_few_rows_to_judge_with_is_an_error_that_says_what_to_do(table: Path) -> None:
    with pytest.raises(TableError, match=r"at least 10 are needed.*--holdout FILE"):
        split(table, None, 0.1, 0)


def test_a_holdout_of_other_columns_is_an_error(table: Path) -> None:
    pd.read_csv(table).drop(columns="age").to_csv(table.parent / "other.csv", index=False)
    with pytest.raises(TableError, match="1 are missing: 'age'"):
        split(table, table.parent / "other.csv", 0.2, 0)


def test_of_several_processes_one_samples_and_writes(
    llmsynth: Cli, facade: FakeFacade, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    result = llmsynth("run", table, "--target", "smoker", "-o", "result", "--json")
    assert (result.exit_code, result.output) == (0, "")
    assert [name for name, _ in facade.calls] == ["init"]
    assert {path.name for path in Path("result").iterdir()} <= {"run"}


def test_a_holdout_of_too_few_rows_is_an_error_before_anything_is_fitted(table: Path, tmp_path: Path) -> None:
    frame, few = pd.read_csv(table), tmp_path / "few.csv"
    for n in (1, 9, 10):
        frame.head(n).to_csv(few, index=False)
        if n < 10:
            with pytest.raises(TableError, match=f"few.csv: {n} rows are too few to judge with; expected at least 10"):
                split(table, few, 0.2, 0)
        else:
            assert len(split(table, few, 0.2, 0)[1]) == 10


def test_labels_that_are_no_texts_may_be_texts_in_the_file_of_the_holdout(tmp_path: Path) -> None:
    frame = pd.DataFrame({0: range(40), 1.5: range(40)})
    rows = write_table(frame.head(20), tmp_path / "rows.parquet")
    held_out = write_table(frame.tail(20), tmp_path / "holdout.csv")
    assert list(split(rows, held_out, 0.2, 0)[1].columns) == [0, 1.5]


def test_a_holdout_that_shares_rows_with_the_table_is_refused_before_anything_is_fitted(
    llmsynth: Cli, facade: FakeFacade, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"a": np.arange(200) * 1.5, "b": ["x", "y"] * 100})
    rows, same = (write_table(frame, tmp_path / name) for name in ("rows.csv", "same.csv"))
    part = write_table(pd.concat([frame.head(30), frame.tail(60) + frame.tail(60)]), tmp_path / "part.csv")
    result = llmsynth("run", rows, "--holdout", same, "-o", "result")
    assert result.exit_code == 2 and "shares 200 of 200" in result.stderr and "take them out" in result.stderr
    assert facade.calls == [] and not Path("result").exists()
    with pytest.warns(OverlapWarning, match=r"part.csv: shares 30 of 90 rows with rows.csv"):
        assert len(split(rows, part, 0.2, 0)[1]) == 90
    repeated = pd.DataFrame({"a": [1, 2, 3, 4] * 50})  # of four values every split shares all
    for name in (rows, same):
        write_table(repeated, name, overwrite=True)
    assert len(split(rows, same, 0.2, 0)[1]) == 200


def test_one_command_writes_run_rows_and_figures(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    result = llmsynth("run", table, "--target", "smoker", "-o", "result", "--seed", 2)
    assert result.exit_code == 0, result.output
    names = {"run", "synthetic.csv", "summary.json", "summary.csv", "report"}
    assert {path.name for path in Path("result").iterdir()} == names
    assert len(pd.read_csv("result/synthetic.csv")) == 64
    summary = json.loads(Path("result/summary.json").read_text())["summary"]
    assert summary["rows"] == {"train": 64, "synthetic": 64, "holdout": 16}
    assert summary["target"] == "smoker"
    assert summary["measured"]["fit_seconds"] == 1.5 and summary["measured"]["rows_per_second"] > 0
    with Path("result/summary.csv").open() as file:
        metrics = [row["metric"] for row in csv.DictReader(file)]
    assert "Shape error" in metrics and "holdout nats per row" in metrics
    for words in ("Shape error", "real hold-out", "held-out nats per row", "rows per second"):
        assert words in result.stdout


def test_the_report_is_that_of_evaluate_on_the_same_rows(
    llmsynth: Cli, facade: FakeFacade, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", _unjudged)
    from llmsynth.evaluate.report import Report

    roles = ("--sensitive", "smoker", "--quasi-identifier", "age")
    result = llmsynth("run", table, "--target", "smoker", "-o", "result", "--report", "quick", *roles)
    assert result.exit_code == 0, result.output
    assert {path.name for path in Path("result/report").iterdir()} == {
        "report.json", "report.html", "report.md", "junit.xml",
    }  # fmt: skip
    report = Report.from_dict(json.loads(Path("result/report/report.json").read_text()))
    assert report.rows == {"train": 64, "synthetic": 64, "holdout": 16} and report.level == "quick"
    assert report.roles == {"target": "smoker", "quasi_identifiers": ["age"], "sensitive": ["smoker"], "unit": None}
    rows, held_out = split(table, None, 0.2, 0)
    made = pd.read_csv("result/synthetic.csv")
    expected = evaluate(rows, made, held_out, target="smoker", level="quick")
    assert report.results["fidelity.ks"].score == expected.results["fidelity.ks"].score
    verdict = json.loads(Path("result/summary.json").read_text())["verdict"]
    assert f"Verdict: {verdict['verdict']}" in result.stdout and verdict["reasons"][0] in " ".join(
        result.stdout.split()
    )


def test_without_a_report_there_is_no_verdict(
    llmsynth: Cli, facade: FakeFacade, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", _unjudged)
    result = llmsynth("run", table, "-o", "result", "--report", "none")
    assert result.exit_code == 0 and "Verdict" not in result.stdout
    assert not Path("result/report").exists() and "verdict" not in json.loads(Path("result/summary.json").read_text())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--report", "fast"), "--report: expected one of quick, standard, full, none, got 'fast'"),
        (("--sensitive", "smokre"), "--sensitive: expected a column of the table, got 'smokre'"),
        (("--quasi-identifier", "aeg"), "'age'"),
        (("--policy", "absent.toml"), "absent.toml"),
    ],
)
def test_what_the_report_needs_is_looked_at_before_anything_is_fitted(
    llmsynth: Cli, facade: FakeFacade, table: Path, options: tuple[str, ...], told: str
) -> None:
    result = llmsynth("run", table, "-o", "result", *options)
    assert result.exit_code == 2 and told in " ".join(result.stderr.split())
    assert facade.calls == [] and not Path("result").exists()


def test_the_weight_column_is_not_judged(
    llmsynth: Cli, facade: FakeFacade, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []
    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", lambda *t, **o: judged.extend(t) or _unjudged())
    boost = ["--boost", "smoker == 'yes'", "5"]
    result = llmsynth("run", table, "-o", "result", "--weight-column", "glucose", *boost, "--quiet")
    assert result.exit_code == 0, result.output
    assert [list(frame.columns) for frame in judged] == [["age", "smoker"]] * 3
    assert facade.said("init")["boost"] == [("smoker == 'yes'", 5.0)]


@pytest.mark.parametrize("name", ["run/manifest.json", "synthetic.csv", "summary.json", "report/report.html"])
def test_existing_output_is_found_first(llmsynth: Cli, facade: FakeFacade, table: Path, name: str) -> None:
    (Path("result") / name).parent.mkdir(parents=True)
    (Path("result") / name).write_text("{}")
    result = llmsynth("run", table, "-o", "result")
    assert result.exit_code == 2 and "--overwrite" in result.stderr
    assert facade.calls == [] and (Path("result") / name).read_text() == "{}"


def _unjudged(*tables: object, **options: object) -> Summary:
    scores = {metric.key: unknown("not judged") for metric in METRICS}
    return Summary(scores, scores, {}, 1, 1, 1, None, None, {}, 0, "nothing")


def test_a_second_run_with_overwrite_replaces_everything(
    llmsynth: Cli, facade: FakeFacade, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", _unjudged)
    assert llmsynth("run", table, "-o", "result", "-n", 20, "--quiet").exit_code == 0
    assert llmsynth("run", table, "-o", "result", "-n", 30, "--quiet", "--overwrite").exit_code == 0
    assert len(pd.read_csv("result/synthetic.csv")) == 30


def test_a_run_that_replaces_another_keeps_nothing_of_it_and_says_how_to_go_on(
    llmsynth: Cli, facade: FakeFacade, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*tables: object, **options: object) -> Summary:
        raise KeyboardInterrupt

    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", _unjudged)
    assert llmsynth("run", table, "-o", "result", "-n", 20, "--quiet").exit_code == 0
    assert Path("result/report/report.json").is_file() and Path("result/summary.csv").is_file()
    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", interrupted)
    stopped = llmsynth("run", table, "-o", "result", "-n", 30, "--overwrite")
    assert "go on with the same command and --resume in place of --overwrite." in stopped.stderr
    assert [path.name for path in Path("result").rglob("*") if path.suffix in (".json", ".csv", ".html", ".md")
            and path.parent.name != "run"] == ["synthetic.csv"]  # fmt: skip
    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", _unjudged)
    facade.calls.clear()
    assert llmsynth("run", table, "-o", "result", "-n", 30, "--resume", "--report", "none").exit_code == 0
    assert "fit" not in [name for name, _ in facade.calls] and len(pd.read_csv("result/synthetic.csv")) == 30


def test_an_unknown_target_leaves_no_folder(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    result = llmsynth("run", table, "-o", "result", "--target", "smokre")
    assert result.exit_code == 2 and "'smoker'" in result.stderr
    assert not Path("result").exists()


def test_an_interrupted_run_goes_on_with_the_same_command_and_resume(
    llmsynth: Cli, facade: FakeFacade, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", _unjudged)
    facade.failure, facade.checkpoint = KeyboardInterrupt(), True
    result = llmsynth("run", table, "-o", "result")
    assert result.exit_code == 130 and "Go on with the same command and --resume" in result.stderr
    facade.failure, facade.checkpoint = None, False
    refused = llmsynth("run", table, "-o", "result")
    assert refused.exit_code == 2 and "go on with --resume" in refused.stderr
    facade.calls.clear()
    result = llmsynth("run", table, "-o", "result", "--resume", "--quiet")
    assert result.exit_code == 0, result.output
    assert facade.said("init")["resume"] is True
    assert len(pd.read_csv("result/synthetic.csv")) == 64


def test_a_run_interrupted_after_its_fit_goes_on_with_the_rows_of_that_fit(
    llmsynth: Cli, facade: FakeFacade, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*tables: object, **options: object) -> Summary:
        raise KeyboardInterrupt

    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", interrupted)
    result = llmsynth("run", table, "-o", "result", "-n", 30)
    assert result.exit_code == 130
    assert "The fit is complete; go on with the same command and --resume." in result.stderr
    drawn = Path("result/synthetic.csv").read_bytes()
    monkeypatch.setattr("llmsynth.evaluate.summary.summarize", _unjudged)
    facade.calls.clear()
    for options, named in [
        (["--seed", 5], "the rows differ"),
        (["--target", "age", "--max-minutes", 2], "target, train.max_minutes differ"),
        (["--schema", "other.yaml"], "schema differ"),
    ]:
        Path("other.yaml").write_text("columns:\n  age:\n    kind: categorical\n")
        refused = llmsynth("run", table, "-o", "result", "--resume", *options)
        assert refused.exit_code == 2 and f"not of this command: {named}" in " ".join(refused.stderr.split())
        assert Path("result/synthetic.csv").read_bytes() == drawn
    result = llmsynth("run", table, "-o", "result", "-n", 30, "--resume")
    assert result.exit_code == 0, result.output
    assert "The fit in result/run is complete; going on with its rows." in result.stderr
    assert [name for name, _ in facade.calls if name != "init"] == ["load"] * 4 + ["sample"]
    assert Path("result/synthetic.csv").read_bytes() == drawn and Path("result/summary.json").is_file()
    before = Path("result/summary.json").read_bytes()
    refused = llmsynth("run", table, "-o", "result", "-n", 20, "--resume", "--report", "none")
    assert refused.exit_code == 2 and "is of 1 rows, and 20 are asked for now" in " ".join(refused.stderr.split())
    assert Path("result/synthetic.csv").read_bytes() == drawn and Path("result/summary.json").read_bytes() == before
