"""`llmsynth impute`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from typer.testing import Result

from llmsynth.sample.report import RuleReport, SampleReport

if TYPE_CHECKING:
    from tests.cli.conftest import FakeFacade

Cli = Callable[..., Result]


@pytest.fixture
def gaps(tmp_path: Path) -> Path:
    pd.DataFrame({"a": [1.0, None, 3.0], "b": [None, 5.0, 6.0]}).to_csv(tmp_path / "gaps.csv", index=False)
    return tmp_path / "gaps.csv"


def test_a_filled_table_is_written(llmsynth: Cli, facade: FakeFacade, run_folder: Path, gaps: Path) -> None:
    result = llmsynth("impute", run_folder, gaps, "-o", "f.csv", "--method", "mode", "--seed", 3, "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert (data["rows"], data["draws"], data["cells"], data["file"]) == (3, 1, 2, "f.csv")
    assert facade.said("impute") == {"n_draws": 1, "method": "mode", "random_state": 3}
    assert not pd.read_csv("f.csv").isna().any().any()


def test_several_imputations_stand_below_each_other(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, gaps: Path
) -> None:
    result = llmsynth("impute", run_folder, gaps, "-o", "f.csv", "--draws", 2)
    assert result.exit_code == 0 and "Filled 2 missing cells of 3 rows, 2 times each; wrote f.csv." in result.stdout
    assert pd.read_csv("f.csv")["draw"].tolist() == [0, 0, 0, 1, 1, 1]


def test_cells_are_counted_that_were_filled_and_columns_named_that_were_not(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, gaps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesizer = sys.modules["llmsynth.synthesizer"].TableSynthesizer  # type: ignore[attr-defined]
    fill = synthesizer.impute
    monkeypatch.setattr(synthesizer, "impute", lambda *given, **how: fill(*given, **how).assign(c=None))
    pd.read_csv(gaps).assign(c=None).to_csv("three.csv", index=False)
    for draws in (1, 2):
        result = llmsynth("impute", run_folder, "three.csv", "-o", f"{draws}.csv", "--draws", draws, "--json")
        assert result.exit_code == 0, result.output
        data = json.loads(result.stdout)
        assert (data["cells"], data["left_empty"]) == (2, ["c"])
        assert "left empty, since no value of them is known: 'c'" in result.stderr


def test_the_column_of_draws_takes_no_name_that_a_column_has(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, tmp_path: Path
) -> None:
    pd.DataFrame({"draw": [5.0, None], "draw number": [6.0, 6.0]}).to_csv("drawn.csv", index=False)
    result = llmsynth("impute", run_folder, "drawn.csv", "-o", "f.csv", "--draws", 2)
    assert result.exit_code == 0, result.output
    made = pd.read_csv("f.csv")
    assert list(made.columns) == ["draw", "draw number", "draw number 2"]
    assert made["draw number"].tolist() == [6.0] * 4 and made["draw number 2"].tolist() == [0, 0, 1, 1]


def test_weights_that_came_along_are_said_to_be_left_out(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, gaps: Path
) -> None:
    assert "left out" not in llmsynth("impute", run_folder, gaps, "-o", "all.csv").stderr
    facade.weights = "a"
    result = llmsynth("impute", run_folder, gaps, "-o", "f.csv", "--draws", 2)
    assert "left out, since weights are no part of a row: 'a'" in result.stderr, result.output
    assert list(pd.read_csv("f.csv").columns) == ["b", "draw"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--method", "mean"), "--method: expected draw or mode"), (("-o", "f.xlsx"), "expected a name ending in")],
)
def test_impossible_options_are_found_before_the_model_is_loaded(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, gaps: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = llmsynth("impute", run_folder, gaps, "-o", "f.csv", *arguments)
    assert result.exit_code == 2 and words in result.stderr, result.output
    assert facade.calls == []


def test_the_work_for_rules_is_reported(llmsynth: Cli, facade: FakeFacade, run_folder: Path, gaps: Path) -> None:
    facade.report = SampleReport(rules=RuleReport(("a <= b",), (), 3, 4, 1, 2))
    result = llmsynth("impute", run_folder, gaps, "-o", "f.csv", "--json")
    assert result.exit_code == 0, result.output
    assert "rules: 1 restrict while decoding, 0 are checked; 1 of 3 rows (33.3%) drawn again" in result.stderr
    assert json.loads(result.stdout)["rules"]["n_drawn"] == 4


def test_columns_that_the_table_does_not_have_are_named_and_counted(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, gaps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesizer = sys.modules["llmsynth.synthesizer"].TableSynthesizer  # type: ignore[attr-defined]
    fill = synthesizer.impute
    monkeypatch.setattr(synthesizer, "impute", lambda *given, **how: fill(*given, **how).assign(c=1.0, d=2.0))
    for draws in (1, 2):
        result = llmsynth("impute", run_folder, gaps, "-o", f"{draws}.csv", "--draws", draws, "--json")
        assert result.exit_code == 0, result.output
        data = json.loads(result.stdout)
        assert (data["cells"], data["absent"]) == (2 + 2 * 3, ["c", "d"])
        assert "columns that the table does not have, filled as a whole: 'c', 'd'" in result.stderr
