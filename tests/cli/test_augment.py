"""`llmsynth augment`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from typer.testing import Result

from llmsynth.curate.rare_class import RareClass
from llmsynth.evaluate.near_copies import NearCopies
from llmsynth.table.infer import infer_schema

Cli = Callable[..., Result]
failures: list[BaseException] = []
"""What measuring the gain ends with."""
ASKED = ("--target", "smoker", "--minority", "yes")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Put stand-ins where the command imports from, and give what they were asked."""
    import llmsynth.augmentation as real

    calls: list[dict[str, Any]] = []
    failures.clear()

    class Synthesizer:
        schema_ = None

        def __init__(self, **settings: Any) -> None:
            self.settings = settings

        @classmethod
        def load(cls, path: Path, **settings: Any) -> Synthesizer:
            return cls(loaded=str(path), **settings)

        def set_params(self, **settings: Any) -> Synthesizer:
            self.settings |= settings
            return self

    def augment(frame: pd.DataFrame, target: str, minority: str, to: float, **settings: Any) -> Any:
        calls.append({"target": target, "minority": minority, "to": to, **settings})
        rare, schema = RareClass.of(frame, target, minority, to), infer_schema(frame)
        is_rare = rare.mask(frame)
        new = frame[is_rare].sample(rare.rows_to_add(is_rare), replace=True, random_state=0)
        near = NearCopies(len(new), len(new), int(is_rare.sum()), 3, 1, 0.5, 0.02, 0.01)
        rows = {"real": len(frame), "real_rare": int(is_rare.sum()), "new": len(new)}
        seconds = {"fit": 1.0, "sample": 0.5, "gain": 0.0, "total": 61.5}
        report = real.AugmentReport(rare.name, rare.value, to, settings.get("boost", 20.0), rows, near, None, seconds)
        joined = pd.concat([frame, new], ignore_index=True)
        settings["on_rows"](joined, schema)
        if failures:
            raise failures[0]
        return real.Augmented(joined, new, report, settings["synthesizer"], schema)

    monkeypatch.setattr(real, "augment", augment)
    monkeypatch.setitem(sys.modules, "llmsynth.synthesizer", SimpleNamespace(TableSynthesizer=Synthesizer))
    return calls


def test_of_several_processes_one_writes(
    llmsynth: Cli, asked: list[dict[str, Any]], table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    result = llmsynth("augment", table, *ASKED, "--to", 0.8, "-o", "more.csv", "--report", "r.json")
    assert (result.exit_code, result.output) == (0, "") and len(asked) == 1
    assert not Path("more.csv").exists() and not Path("r.json").exists()


def test_rows_are_there_even_if_measuring_their_gain_is_interrupted(
    llmsynth: Cli, asked: list[dict[str, Any]], table: Path
) -> None:
    failures.append(KeyboardInterrupt())
    result = llmsynth("augment", table, *ASKED, "--to", "0.7", "-o", "more.csv", "--report", "report.json")
    assert result.exit_code == 130 and "Wrote more.csv; measuring what the new rows gain." in result.stderr
    assert (pd.read_csv("more.csv")["smoker"] == "yes").mean() >= 0.7 and not Path("report.json").exists()


def test_the_table_is_written_and_the_report_printed(llmsynth: Cli, asked: list[dict[str, Any]], table: Path) -> None:
    result = llmsynth("augment", table, *ASKED, "--to", "0.7", "-o", "more.csv", "--report", "report.json")
    assert result.exit_code == 0, result.output
    real, more = pd.read_csv(table), pd.read_csv("more.csv")
    pd.testing.assert_frame_equal(more.head(len(real)), real)
    share = (more["smoker"] == "yes").mean()
    assert share >= 0.7 and (more.iloc[:-1]["smoker"] == "yes").mean() < 0.7
    assert "Training visited the class 20 times as often." in result.stdout
    assert "-> 70" in result.stdout and "near-copies" in result.stdout and "62 s" in result.stdout
    report = json.loads(Path("report.json").read_text())["report"]
    assert report["near_copies"]["copies"] == 3 and report["gain"] is None and report["to"] == 0.7


def test_options_reach_the_fits(llmsynth: Cli, asked: list[dict[str, Any]], table: Path) -> None:
    more = ("--max-minutes", 2, "--model", "compact", "--seed", 7, "--seeds", 3, "--device", "cpu")
    result = llmsynth("augment", table, *ASKED, "--to", 0.9, "-o", "more.csv", *more, "--quiet", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["report"]["rows"]["real"] == 80
    (call,) = asked
    assert (call["n_seeds"], call["random_state"], call["to"]) == (3, 7, 0.9)
    wanted = {"progress": False, "max_minutes": 2.0, "model": "compact", "device": "cpu"}
    assert call["synthesizer"].settings == wanted


def test_without_a_budget_each_fit_has_a_minute_and_a_recipe_keeps_its_own(
    llmsynth: Cli, asked: list[dict[str, Any]], table: Path
) -> None:
    llmsynth("augment", table, *ASKED, "--to", 0.9, "-o", "a.csv")
    llmsynth("augment", table, *ASKED, "--to", 0.9, "-o", "b.csv", "--recipe", "compact-cpu")
    assert asked[0]["synthesizer"].settings["max_minutes"] == 1.0
    assert "max_minutes" not in asked[1]["synthesizer"].settings


def test_the_boost_of_the_class_can_be_set_and_not_beside_a_run(
    llmsynth: Cli, asked: list[dict[str, Any]], table: Path, run_folder: Path
) -> None:
    more = (*ASKED, "--to", 0.9, "-o", "a.csv")
    result = llmsynth("augment", table, *more, "--boost", 1)
    assert asked[0]["boost"] == 1.0 and "as often" not in result.stdout
    assert llmsynth("augment", table, *more, "--overwrite", "--boost", 0.5).exit_code == 2
    refused = llmsynth("augment", table, *more, "--overwrite", "--boost", 3, "--run", run_folder)
    assert refused.exit_code == 2 and "--boost" in refused.stderr and len(asked) == 1
    budget = ("--seeds", 0, "--max-epochs", 2)
    refused = llmsynth("augment", table, *more, "--overwrite", *budget, "--run", run_folder)
    assert refused.exit_code == 2 and "expected no max_epochs beside it" in refused.stderr and len(asked) == 1


def test_a_run_is_used_as_it_is(llmsynth: Cli, asked: list[dict[str, Any]], table: Path, run_folder: Path) -> None:
    result = llmsynth("augment", table, *ASKED, "--to", 0.9, "-o", "a.csv", "--run", run_folder, "--max-epochs", 2)
    assert result.exit_code == 0, result.output
    assert asked[0]["synthesizer"].settings == {"loaded": str(run_folder), "progress": True, "max_epochs": 2}
    refused = llmsynth("augment", table, *ASKED, "-o", "b.csv", "--run", run_folder, "--model", "compact")
    assert refused.exit_code == 2 and "--run" in refused.stderr and not Path("b.csv").exists()


def test_files_are_checked_before_anything_is_fitted(llmsynth: Cli, asked: list[dict[str, Any]], table: Path) -> None:
    cases = (("-o", table), ("-o", "a.csv", "--report", table), ("-o", "a.xlsx"), ("-o", "a.csv", "--report", "a.csv"))
    for files in cases:
        result = llmsynth("augment", table, *ASKED, *files)
        assert result.exit_code == 2, files
    assert asked == []
    assert llmsynth("augment", table, *ASKED, "--to", 0.9, "-o", table, "--overwrite").exit_code == 0


def test_a_class_with_its_share_is_bad_input(llmsynth: Cli, asked: list[dict[str, Any]], table: Path) -> None:
    result = llmsynth("augment", table, *ASKED, "--to", "0.01", "-o", "more.csv")
    assert result.exit_code == 2 and "nothing to add" in result.stderr
    assert not Path("more.csv").exists()
