"""`llmsynth schema`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

Cli = Callable[..., Result]


def test_the_file_that_is_written_is_read_back(llmsynth: Cli, table: Path) -> None:
    result = llmsynth("schema", table, "-o", "schema.yaml", "--target", "smoker")
    assert result.exit_code == 0, result.output
    assert "smoker" in result.stdout and "Wrote schema.yaml" in result.stdout
    again = llmsynth("schema", table, "--schema", "schema.yaml", "--json", "--quiet")
    columns = json.loads(again.stdout)["columns"]
    assert [(column["name"], column["kind"]) for column in columns] == [
        ("age", "integer"),
        ("smoker", "categorical"),
        ("glucose", "integer"),
    ]


def test_without_a_file_the_columns_are_only_shown(llmsynth: Cli, table: Path) -> None:
    assert "glucose" in llmsynth("schema", table).stdout
    assert [path.name for path in table.parent.iterdir()] == ["table.csv"]


def test_an_existing_file_needs_overwrite(llmsynth: Cli, table: Path) -> None:
    Path("schema.yaml").write_text("old")
    result = llmsynth("schema", table, "-o", "schema.yaml")
    assert result.exit_code == 2 and "--overwrite" in result.stderr
    assert Path("schema.yaml").read_text() == "old"


def test_an_unknown_property_is_an_error_with_the_nearest_one(llmsynth: Cli, table: Path) -> None:
    Path("mine.yaml").write_text("columns:\n  age:\n    minimun: 3\n")
    result = llmsynth("schema", table, "--schema", "mine.yaml", "-o", "schema.yaml")
    assert result.exit_code == 2 and "minimum" in result.stderr
    assert not Path("schema.yaml").exists()


def test_a_column_name_cannot_write_to_the_terminal(llmsynth: Cli, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\x1b[31mred\x07,[bold]b[/bold]\n1,2\n2,3\n")
    result = llmsynth("schema", "t.csv")
    assert result.exit_code == 0, result.output
    assert "\x1b[31mred" not in result.stdout and "\x07" not in result.stdout
    assert "[bold]b[/bold]" in result.stdout
