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


def test_mined_rules_are_written_as_comments_that_can_be_taken_back(llmsynth: Cli, tmp_path: Path) -> None:
    rows = "".join(f"{i % 9},{i % 9 + i % 4},{'xyz'[i % 3]}\n" for i in range(90))
    (tmp_path / "t.csv").write_text("low,high,c\n" + rows)
    result = llmsynth("schema", "t.csv", "--mine-rules", "-o", "s.yaml", "--json")
    assert result.exit_code == 0, result.output
    (found,) = [one for one in json.loads(result.stdout)["suggestions"] if "low <=" in one["rule"]]
    assert found["rows"] == 90 and found["expected_contradictions"] > 7
    text = Path("s.yaml").read_text()
    assert '\n  # - "low <= high"  # holds in all 90 rows' in text
    assert (
        json.loads(llmsynth("schema", "t.csv", "--schema", "s.yaml", "--json", "--quiet").stdout).get("rules") is None
    )
    Path("s.yaml").write_text(text.replace('# - "low', '- "low'))
    again = json.loads(llmsynth("schema", "t.csv", "--schema", "s.yaml", "--json", "--quiet").stdout)
    assert again["rules"] == ['"low <= high"']


def test_a_rule_that_rows_contradict_is_one_error_with_their_number(llmsynth: Cli, table: Path) -> None:
    Path("mine.yaml").write_text("rules:\n  - glucose < age\n")
    result = llmsynth("schema", table, "--schema", "mine.yaml", "-o", "schema.yaml")
    assert result.exit_code == 2 and "glucose < age: 80 of 80 rows contradict it" in result.stderr
    assert not Path("schema.yaml").exists()
