"""Saved aggregates are enough to rebuild a report, judge it and show it; what is no whole report is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import InputError
from llmsynth.evaluate.evaluation import evaluate
from llmsynth.evaluate.gate import judge
from llmsynth.evaluate.policy import parse_policy
from llmsynth.evaluate.rendering import render_html, render_junit, render_markdown
from llmsynth.evaluate.report_from_statistics import report_from_statistics
from tests.evaluate.reports import report

POLICY = parse_policy("[[condition]]\nrequire = 'fidelity.ks.upper <= 0.5'", known=["fidelity.ks"])
RARE = "Smygehuk"


def _table(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    city = rng.choice(["Lund", "Oslo"], n)
    city[0] = RARE
    return pd.DataFrame({"age": rng.integers(20, 80, n), "city": city, "id": [f"p-{seed}-{i}" for i in range(n)]})


def test_a_report_made_from_tables_is_the_same_after_a_round_trip_through_a_file(tmp_path: Path) -> None:
    first = evaluate(_table(200, 0), _table(150, 1), _table(120, 2), level="quick", target="city")
    path = tmp_path / "report.json"
    path.write_text(json.dumps(first.to_dict(), allow_nan=False))
    again = report_from_statistics(path)
    assert again.to_dict() == first.to_dict() == report_from_statistics(first.to_dict()).to_dict()
    assert judge(again, POLICY) == judge(first, POLICY)
    for form in (render_html, render_markdown):
        assert form(again, judge(again, POLICY)) == form(first, judge(first, POLICY))
    assert render_junit(judge(again, POLICY)) == render_junit(judge(first, POLICY))
    assert RARE not in path.read_text() and "p-0-" not in path.read_text() and "p-1-" not in path.read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not readable JSON"),
        ("{", "not readable JSON"),
        ("[" * 100_000, "not readable JSON"),
        ("[]", "other JSON"),
        ("null", "other JSON"),
        ('{"format": "llmsynth.report", "version": 99}', "expected a report of version 1, got 99"),
        ('{"format": "llmsynth.report", "version": 1}', "'results' is missing"),
        ('{"format": "llmsynth.report", "version": 1, "results": {"a": 5}}', "whole report"),
        (json.dumps({**report().to_dict(), "columns": 5}), "whole report"),
    ],
)
def test_what_is_no_whole_report_is_an_error_that_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InputError, match=r"r\.json") as caught:
        report_from_statistics(tmp_path / "r.json")
    assert message in str(caught.value)


def test_files_that_cannot_be_read_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        report_from_statistics(tmp_path / "none.json")
    with pytest.raises(InputError, match="is a folder"):
        report_from_statistics(tmp_path)
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match="not readable JSON"):
        report_from_statistics(tmp_path / "latin.json")
