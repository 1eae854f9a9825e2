"""`llmsynth compare`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import Result

from llmsynth.baselines.methods import METHODS
from llmsynth.cli.compare import method_options
from llmsynth.comparison.contenders import Request
from llmsynth.errors import ConfigError, InputError
from tests.comparison.conftest import summary_dict

Cli = Callable[..., Result]
ASKED = ("--target", "smoker", "--methods", "independent,noise", "-o", "out")


@pytest.fixture(autouse=True)
def judged(monkeypatch: pytest.MonkeyPatch, few_metrics: None) -> list[Any]:
    """Canned figures instead of classifiers; returns what was judged."""
    found: list[Any] = []

    def summarize(*tables: Any, **how: Any) -> Any:
        found.append((*tables, how))
        return SimpleNamespace(to_dict=lambda: summary_dict(len(tables[2])))

    monkeypatch.setattr("llmsynth.comparison.trial.summarize", summarize)
    return found


def test_files_are_written_and_the_table_and_advice_are_printed(llmsynth: Cli, table: Path) -> None:
    result = llmsynth("compare", table, *ASKED)
    assert result.exit_code == 0, result.output
    assert {path.name for path in Path("out").iterdir()} == {
        "methods", "reports", "comparison.json", "comparison.csv", "comparison.md", "comparison.svg",
    }  # fmt: skip
    assert {path.name for path in Path("out/reports").iterdir()} == {
        f"{name}.{kind}" for name in ("independent", "noise") for kind in ("json", "html")
    }
    assert "Verdict on the rows" in result.stdout and "independent NOT EVALUABLE" in " ".join(result.stdout.split())
    for words in ("real hold-out", "independent *", "noise !", "Recommendation: ", "Left out: noise: unsafe"):
        assert words in result.stdout
    assert "[1/2] independent: fitting" in result.stderr


def test_json_is_one_object_and_quiet_says_nothing_else(llmsynth: Cli, table: Path) -> None:
    result = llmsynth("compare", table, *ASKED, "--json", "--quiet", "--seed", 5, "--seeds", 2)
    assert result.exit_code == 0 and result.stderr == ""
    data = json.loads(result.stdout)
    assert data["seeds"] == [5, 6] and data["recommendation"]["method"] == "independent"
    assert data["rows"] == {"train": 64, "holdout": 16, "synthetic": 64} and data["max_minutes"] == 2.0
    saved = json.loads(Path("out/comparison.json").read_text())
    assert saved["methods"] == data["methods"]


def test_options_reach_the_methods(llmsynth: Cli, table: Path, judged: list[Any]) -> None:
    more = (
        "--option",
        "noise.number_noise=0",
        "--option",
        "noise.level_flip=0",
        "-n",
        30,
        "--keep-rows",
        "--max-minutes",
        1,
    )
    result = llmsynth("compare", table, *ASKED, *more, "--json", "--quiet", "--holdout-fraction", 0.3)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["options"] == {"noise": {"number_noise": 0, "level_flip": 0}} and data["max_minutes"] == 1
    assert [len(frame) for frame in judged[0][:3]] == [56, 30, 24]
    assert {path.name for path in Path("out/rows").iterdir()} == {"independent.csv", "noise.csv"}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--methods", "independent,copla"), "copla"),
        (("--methods", "independent,nois"), "did you mean 'noise'"),
        (("--target", "smokre"), "'smoker'"),
        (("--option", "noise.level_flips=1"), "level_flip"),
        (("--option", "noise"), "METHOD.NAME=VALUE"),
        (("--max-minutes", "-1"), "max_minutes"),
        (("--resume", "--overwrite"), "either"),
    ],
)
def test_bad_input_is_told_before_anything_is_fitted(
    llmsynth: Cli, table: Path, judged: list[Any], wrong: tuple[str, ...], told: str
) -> None:
    result = llmsynth("compare", table, *ASKED, *wrong)
    assert result.exit_code == 2 and told in result.stderr
    assert judged == [] and not Path("out").exists()


def test_the_folder_is_looked_at_before_the_table_is_read(llmsynth: Cli, table: Path) -> None:
    Path("file").write_text("")
    result = llmsynth("compare", "absent.csv", "-o", "file/out")
    assert result.exit_code == 2 and "is a file" in result.stderr
    assert llmsynth("compare", table, *ASKED, "--quiet").exit_code == 0
    result = llmsynth("compare", "absent.csv", "-o", "out")
    assert result.exit_code == 2 and "--resume" in result.stderr
    assert llmsynth("compare", table, *ASKED, "--quiet", "--overwrite").exit_code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_an_unwritable_folder_is_bad_input(llmsynth: Cli, table: Path) -> None:
    Path("locked").mkdir(mode=0o500)
    result = llmsynth("compare", table, "-o", "locked/out")
    assert result.exit_code == 2 and "not writable" in result.stderr


def interrupt_noise(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the fit of "noise" be interrupted; returns how methods are fitted otherwise."""
    fit = Request.fit

    def interrupted(self: Request, contender: Any, rows: Any) -> Any:
        if self.name == "noise":
            raise KeyboardInterrupt
        return fit(self, contender, rows)

    monkeypatch.setattr(Request, "fit", interrupted)
    return fit


def test_after_ctrl_c_the_same_command_goes_on_with_resume(
    llmsynth: Cli, table: Path, judged: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = interrupt_noise(monkeypatch)
    result = llmsynth("compare", table, *ASKED)
    assert result.exit_code == 130 and "go on with the same command and --resume" in result.stderr
    assert "independent" in Path("out/comparison.md").read_text()
    monkeypatch.setattr(Request, "fit", fit)
    result = llmsynth("compare", table, *ASKED, "--resume")
    assert result.exit_code == 0 and "[1/2] independent: kept" in result.stderr and len(judged) == 2


def test_after_ctrl_c_with_overwrite_the_advice_can_be_followed(
    llmsynth: Cli, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = interrupt_noise(monkeypatch)
    result = llmsynth("compare", table, *ASKED, "--overwrite")
    assert result.exit_code == 130 and "--resume instead of --overwrite" in result.stderr
    monkeypatch.setattr(Request, "fit", fit)
    assert llmsynth("compare", table, *ASKED, "--resume").exit_code == 0


def test_only_if_all_methods_fail_the_command_fails(
    llmsynth: Cli, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(self: Request, contender: Any, rows: Any) -> Any:
        raise InputError("no")

    monkeypatch.setattr(Request, "fit", fit)
    result = llmsynth("compare", table, *ASKED)
    assert result.exit_code == 1 and "all 2 methods failed" in result.stderr
    assert "None of the methods can be recommended" in result.stdout


def test_help_names_every_method(llmsynth: Cli) -> None:
    text = " ".join(llmsynth("compare", "--help").output.split())
    for name in ("lm", "compact", *METHODS):
        assert f"{name} (" in text or f"{name}," in text or f"{name}." in text, name


def test_option_values_are_json_or_texts() -> None:
    assert method_options(["a.b=true", "a.c=x=y", "d.e=1.5"]) == {"a": {"b": True, "c": "x=y"}, "d": {"e": 1.5}}
    assert method_options(None) is None
    for wrong in ("a=1", "a.b", ".b=1", "a.=1"):
        with pytest.raises(ConfigError, match=r"METHOD\.NAME=VALUE"):
            method_options([wrong])
