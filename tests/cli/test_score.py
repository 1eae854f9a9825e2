"""`llmsynth score`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from typer.testing import Result

from llmsynth.cli.score import as_csv, described, listed, most_surprising, summary

if TYPE_CHECKING:
    from tests.cli.conftest import FakeFacade

Cli = Callable[..., Result]


def test_impossible_rows_are_counted_and_not_averaged() -> None:
    counts = summary(np.array([1.0, 3.0, np.inf]))
    assert counts == {"rows": 3, "impossible_rows": 1, "nats_per_row": 2.0, "standard_error": 1.0}
    assert described(counts) == (
        "2.00 nats per row (standard error 1.00) over 2 rows. 1 rows hold a value that the model cannot produce."
    )


def test_one_row_has_no_standard_error_and_no_possible_row_has_no_mean() -> None:
    assert summary(np.array([2.0]))["standard_error"] is None
    assert summary(np.array([np.inf]))["nats_per_row"] is None
    assert described(summary(np.array([np.inf]))) == "None of the 1 rows can be produced by this model."


def test_written_nats_keep_full_precision_and_infinite_ones_their_reason() -> None:
    nats = pd.DataFrame([[-0.1, -0.2], [-np.inf, -1.0], [-np.inf, -np.inf]], columns=["a", 'b"'])
    assert as_csv(nats).splitlines() == [
        "row,nats,reason",
        "0,0.30000000000000004,",
        "1,inf,outside the schema: 'a'",
        """2,inf,"outside the schema: 'a', 'b""'\"""",
    ]


def test_nats_per_row_are_printed_and_written(llmsynth: Cli, facade: FakeFacade, run_folder: Path, table: Path) -> None:
    result = llmsynth("score", run_folder, table, "-o", "nats.csv", "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert (data["rows"], data["impossible_rows"], data["nats_per_row"]) == (80, 1, 40.0)
    lines = Path("nats.csv").read_text().splitlines()
    assert (lines[0], lines[1], len(lines)) == ("row,nats,reason", "0,1.0,", 81)
    assert lines[80] == "79,inf,outside the schema: 'age'"


def test_an_existing_file_needs_overwrite(llmsynth: Cli, facade: FakeFacade, run_folder: Path, table: Path) -> None:
    result = llmsynth("score", run_folder, table, "-o", table)
    assert result.exit_code == 2 and "--overwrite" in result.stderr


def test_the_most_surprising_rows_and_columns_are_listed(
    llmsynth: Cli, facade: FakeFacade, run_folder: Path, table: Path
) -> None:
    data = json.loads(llmsynth("score", run_folder, table, "--surprising", 2, "--json").stdout)
    first, second = data["surprising"]
    assert (first["row"], first["nats"], first["columns"][0]["column"]) == (79, None, "age")
    assert (second["row"], second["nats"]) == (78, 79.0)
    assert second["columns"][0]["column"] == "smoker" and second["columns"][0]["nats"] == 70.0
    shown = llmsynth("score", run_folder, table, "--surprising", 2).stdout.splitlines()
    assert shown[1].startswith("row 79: impossible nats; age = ") and "smoker = " in shown[2]


def test_values_are_found_where_a_file_turned_labels_into_texts() -> None:
    nats = pd.DataFrame([[-1.0, -5.0]], columns=pd.Index([0, "b"], dtype=object))
    for labels in ([0, "b"], ["0", "b"]):
        (found,) = most_surprising(pd.DataFrame([["x", "y"]], columns=pd.Index(labels, dtype=object)), nats, 1)
        assert [(one["column"], one["value"]) for one in found["columns"]] == [("b", "y"), ("0", "x")]


def test_a_missing_cell_is_no_text() -> None:
    nats = pd.DataFrame([[-1.0, -5.0]], columns=["a", "b"])
    (found,) = most_surprising(pd.DataFrame({"a": ["nan"], "b": [None]}), nats, 1)
    assert [one["value"] for one in found["columns"]] == [None, "nan"]
    assert listed([found]) == ["row 0: 6.00 nats; b is missing (5.00), a = 'nan' (1.00)"]
