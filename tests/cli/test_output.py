"""What is printed where."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.cli.output import Output, check_output_file, check_writable, printable, write_json, write_text
from llmsynth.errors import InputError


@given(st.text())
def test_nothing_unprintable_reaches_the_terminal(text: str) -> None:
    shown = printable(text)
    assert all(char.isprintable() for char in shown)
    shown.encode("utf-8")


def test_results_for_people_go_to_standard_output_and_notes_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.note("reading")
    output.result({"rows": 3}, "3 rows")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("3 rows\n", "reading\n")


def test_with_json_standard_output_is_one_strict_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.note("reading")
    output.result({"nats": math.inf, "n": np.int64(3), "where": Path("x"), "all": [math.nan, 1.0]}, "3 rows")
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"nats": None, "n": 3, "where": "x", "all": [None, 1.0]}
    assert captured.err == "reading\n3 rows\n"


def test_of_several_processes_one_speaks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in "01":
        monkeypatch.setenv("RANK", rank)
        Output(as_json=True).note("reading")
        Output(as_json=True).result({"rows": 3}, "3 rows")
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"rows": 3} and captured.err == "reading\n3 rows\n"


def test_quiet_prints_only_the_json_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (False, True):
        output = Output(quiet=True, as_json=as_json)
        output.note("reading")
        output.result({"a": 1}, "x")
    captured = capsys.readouterr()
    assert (json.loads(captured.out), captured.err) == ({"a": 1}, "")


def test_a_table_is_printed_without_reading_markup_into_names(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("column")
    table.add_row(Text("[red]age[/red]"))
    Output().result({}, table)
    assert "[red]age[/red]" in capsys.readouterr().out


def test_an_output_file_is_checked_before_anything_else_and_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_output_file(tmp_path / "a" / "b.csv", overwrite=False)
    (tmp_path / "old.csv").write_text("x")
    with pytest.raises(InputError, match=r"old\.csv: exists already; .*--overwrite"):
        check_output_file(tmp_path / "old.csv", overwrite=False)
    check_output_file(tmp_path / "old.csv", overwrite=True)
    with pytest.raises(InputError, match="is a folder"):
        check_output_file(tmp_path, overwrite=True)
    with pytest.raises(InputError, match=r"old\.csv: is a file"):
        check_writable(tmp_path / "old.csv" / "b")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="is not writable"):
        check_output_file(tmp_path / "b.csv", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]


def test_a_text_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a" / "b.txt", "\ud800")
    assert [(path.name, path.read_text()) for path in (tmp_path / "a").iterdir()] == [("b.txt", "old")]


def test_written_json_is_strict(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": math.nan})
    assert (tmp_path / "a.json").read_text() == '{\n "x": null\n}\n'


def test_names_that_the_terminal_cannot_show_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("column")
    table.add_row(Text("größe"))
    for shown in ("größe", table):
        written = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
        Output().result({}, shown)
        sys.stdout.flush()
        assert rb"gr\xf6\xdfe" in written.getvalue()
