"""`llmsynth fit`: what reaches the facade, and every bad input as one line with nothing written."""

from __future__ import annotations

import errno
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import Result

from llmsynth.errors import TrainingError

if TYPE_CHECKING:
    from tests.cli.conftest import FakeFacade

Cli = Callable[..., Result]


def test_only_what_was_typed_reaches_the_facade(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    result = llmsynth("fit", table, "-o", "run", "--max-minutes", "2", "--target", "smoker", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert facade.said("init") == {
        "run_dir": Path("run"), "progress": True, "max_minutes": 2.0, "target": "smoker", "random_state": 3,
    }  # fmt: skip
    assert "Model: compact (as asked)" in result.stdout
    assert "12.25 nats per row" in result.stdout
    assert "Next: llmsynth sample run" in result.stdout
    assert "max_minutes left no time" not in result.stdout


def test_a_figure_of_some_held_out_rows_says_so(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    facade.evaluated_rows = 32
    result = llmsynth("fit", table, "-o", "run", "--max-minutes", "1")
    assert "That is of 32 of the 90 held-out rows: max_minutes left no time for more." in result.stdout


def test_json_goes_to_standard_output_and_words_to_the_other(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    result = llmsynth("fit", table, "-o", "run", "--json")
    data = json.loads(result.stdout)
    assert data["command"] == "fit" and data["report"]["holdout_nats_per_row"] == 12.25
    assert "Read 80 rows and 3 columns." in result.stderr


def test_quiet_prints_nothing_and_shows_no_progress(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    result = llmsynth("fit", table, "-o", "run", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert facade.said("init")["progress"] is False


def test_a_recipe_is_read_before_the_table(llmsynth: Cli, facade: FakeFacade, table: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("model: compact\ntrain:\n  patience: 5\n")
    assert llmsynth("fit", table, "-o", "run", "--recipe", "mine.yaml").exit_code == 0
    assert facade.said("init")["recipe"].train.patience == 5


def test_weights_and_boosts_reach_the_facade_as_they_were_typed(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    boosts = ["--boost", "smoker == 'yes'", 5, "--boost", 'age > 60 and smoker == "no"', 0.5]
    result = llmsynth("fit", table, "-o", "run", *boosts, "--weight-column", "glucose", "--quiet")
    assert result.exit_code == 0, result.output
    said = facade.said("init")
    assert said["boost"] == [("smoker == 'yes'", 5.0), ('age > 60 and smoker == "no"', 0.5)]
    assert said["weight_column"] == "glucose"


@pytest.mark.parametrize(
    ("boost", "words"),
    [
        (["smoker == 'yes'"], "--boost: expected a condition and a factor"),
        (["smoker == 'yes'", "much"], "--boost: expected a number after the condition, got 'much'"),
    ],
)
def test_a_boost_without_a_number_is_an_error(
    llmsynth: Cli, facade: FakeFacade, table: Path, boost: list[str], words: str
) -> None:
    _one_line_error(llmsynth("fit", table, "-o", "run", "--boost", *boost), words)
    assert facade.calls == [] and not Path("run").exists()


def _missing(folder: Path) -> None:
    (folder / "table.csv").unlink()


def _empty(folder: Path) -> None:
    (folder / "table.csv").write_text("")


def _header_only(folder: Path) -> None:
    (folder / "table.csv").write_text("age,sex\n")


def _duplicate_columns(folder: Path) -> None:
    (folder / "table.csv").write_text("age,age\n1,2\n")


def _ragged(folder: Path) -> None:
    (folder / "table.csv").write_text("age,sex\n1,m\n2,f,9\n3,m\n")


def _infinite(folder: Path) -> None:
    (folder / "table.csv").write_text("age,sex\n1.5,m\ninf,f\n")


def _compressed_rubbish(folder: Path) -> None:
    (folder / "table.csv").rename(folder / "plain.csv")
    (folder / "table.csv").write_bytes(gzip.compress(b"\x00\xff" * 100))


BAD_TABLES = {
    _missing: "does not exist",
    _empty: "is empty",
    _header_only: "header",
    _duplicate_columns: "'age'",
    _ragged: "line 3",
    _infinite: "'age'",
    _compressed_rubbish: "UTF-8",
}


def _entries(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def _one_line_error(result: Result, words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("llmsynth: error: ") and words in last, result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("spoil", BAD_TABLES, ids=lambda spoil: spoil.__name__.strip("_"))
def test_a_bad_table_is_one_error_and_nothing_is_written(
    llmsynth: Cli, facade: FakeFacade, table: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(table.parent)
    before = _entries(table.parent)
    _one_line_error(llmsynth("fit", "table.csv", "-o", "deep/run"), BAD_TABLES[spoil])
    assert _entries(table.parent) == before


def test_an_unknown_target_is_an_error_with_the_nearest_name(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    _one_line_error(llmsynth("fit", table, "-o", "run", "--target", "smokre"), "'smoker'")
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train:\n  max_minute: 3\n", "unknown option train.max_minute; did you mean 'max_minutes'?"),
        ("train: {patience: soon}\n", "train.patience: expected a whole number, got 'soon'"),
        ("a: &x [1]\nb: *x\n", "anchors"),
        ("model: !!python/object/apply:os.system [ls]\n", "line 1"),
    ],
)
def test_a_bad_recipe_is_an_error(
    llmsynth: Cli, facade: FakeFacade, table: Path, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    _one_line_error(llmsynth("fit", table, "-o", "run", "--recipe", "mine.yaml"), words)
    assert not Path("run").exists() and facade.calls == []


def test_an_unwritable_folder_is_found_before_the_table_is_read(
    llmsynth: Cli, facade: FakeFacade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    _one_line_error(llmsynth("fit", "no-such-table.csv", "-o", "run"), "is not writable")


def test_existing_output_needs_overwrite(llmsynth: Cli, facade: FakeFacade, table: Path, run_folder: Path) -> None:
    before = (run_folder / "manifest.json").read_bytes()
    _one_line_error(llmsynth("fit", table, "-o", run_folder), "--overwrite")
    assert (run_folder / "manifest.json").read_bytes() == before and facade.calls == []
    assert llmsynth("fit", table, "-o", run_folder, "--overwrite").exit_code == 0
    assert (run_folder / "manifest.json").read_bytes() != before


def test_a_training_that_fails_says_so_and_leaves_nothing(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    facade.failure = TrainingError("step 3: the loss is not finite")
    result = llmsynth("fit", table, "-o", "run")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "llmsynth: error: step 3: the loss is not finite"
    assert not Path("run").exists()


def test_an_interrupted_training_tells_how_to_go_on(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    facade.failure, facade.checkpoint = KeyboardInterrupt(), True
    result = llmsynth("fit", table, "-o", "run")
    assert result.exit_code == 130
    assert "Go on with the same command and --resume" in result.stderr
    facade.failure, facade.checkpoint = None, False
    _one_line_error(llmsynth("fit", table, "-o", "run"), "unfinished run; go on with --resume")


def test_checkpoints_of_a_run_that_is_replaced_are_not_taken_for_ones_of_this_fit(
    llmsynth: Cli, facade: FakeFacade, table: Path
) -> None:
    facade.failure, facade.checkpoint = KeyboardInterrupt(), True
    assert llmsynth("fit", table, "-o", "run").exit_code == 130
    facade.checkpoint = False
    result = llmsynth("fit", table, "-o", "run", "--overwrite")
    assert result.exit_code == 130 and "nothing was saved; start the same command again" in result.stderr
    result = llmsynth("fit", table, "-o", "run", "--resume")
    assert "Go on with the same command and --resume" in result.stderr


def test_an_interrupt_before_the_first_checkpoint_says_that_nothing_was_saved(
    llmsynth: Cli, facade: FakeFacade, table: Path
) -> None:
    facade.failure = KeyboardInterrupt()
    result = llmsynth("fit", table, "-o", "run")
    assert result.exit_code == 130 and "nothing was saved" in result.stderr and "--resume" not in result.stderr
    assert not Path("run").exists()


def test_an_interrupt_after_the_run_was_written_says_that_it_is_complete(
    llmsynth: Cli, facade: FakeFacade, table: Path
) -> None:
    facade.late_failure = KeyboardInterrupt()
    result = llmsynth("fit", table, "-o", "run")
    assert result.exit_code == 130 and "the run in run is complete" in result.stderr


def test_a_full_disk_has_its_own_exit_code(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    facade.failure = OSError(errno.ENOSPC, "No space left on device", "run/.new/model.safetensors")
    result = llmsynth("fit", table, "-o", "run")
    assert result.exit_code == 74
    assert "no space left" in result.stderr


def test_an_internal_error_shows_no_cell(llmsynth: Cli, facade: FakeFacade, table: Path) -> None:
    facade.failure = ValueError("could not convert 'Jane Doe'")
    result = llmsynth("fit", table, "-o", "run")
    assert result.exit_code == 70
    assert "Jane" not in result.output and "ValueError" in result.stderr
