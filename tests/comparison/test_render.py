"""Text and picture of a comparison made by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from llmsynth.comparison.plot import plot
from llmsynth.comparison.recommend import RULES
from llmsynth.comparison.render import render, to_csv, to_markdown, verdict
from llmsynth.comparison.result import Comparison, Facts
from llmsynth.comparison.trial import Outcome, Trial
from tests.comparison.conftest import made, summary_dict


@pytest.fixture
def comparison() -> Comparison:
    trials = (
        made("copula", 2.0, c2st_score=0.95, tstr=0.93), made("compact", 118.0),
        made("noise", 0.2, safe=False, c2st_score=0.94),
        made("independent", 0.1, c2st_score=0.3, tstr=0.5), Trial("lm", True, (), "the model cannot be had"),
    )  # fmt: skip
    facts = Facts({"train": 4000, "holdout": 1000, "synthetic": 4000}, "20% of the rows, by seed 0", "y", (0,), 2.0)
    return Comparison(trials, facts)


def printed(comparison: Comparison, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(render(comparison), *verdict(comparison), sep="\n")
    return console.file.getvalue().splitlines()


def test_the_printed_table_fits_a_hundred_columns_with_every_figure(comparison: Comparison) -> None:
    lines = printed(comparison, 100)
    rows = {line.split()[0]: line for line in lines[3:9]}
    assert list(rows) == ["real", "compact", "copula", "noise", "independent", "lm"]
    assert "copula *" in rows["copula"] and "noise !" in rows["noise"] and "0.930" in rows["copula"]
    assert "…" not in "".join(lines[:9])
    text = " ".join(lines)
    assert "Recommendation: A Gaussian copula (copula) is enough here" in text
    assert "Left out: lm: failed: the model cannot be had." in text


def test_markdown_has_table_recommendation_rules_split_and_seeds(comparison: Comparison) -> None:
    text = to_markdown(comparison)
    assert "| **copula** | 2.00 % |" in text and "| real hold-out | 2.00 % |" in text
    for words in (
        *RULES,
        comparison.recommendation.text,
        "4,000 rows to learn, 1,000 held out",
        "Seeds: 0",
        "2 minutes",
    ):
        assert words in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1 and len(table) == 8


HOSTILE = "y\n\n## Recommendation\n\nUse **noise** <img src=x> | [x](http://evil) \x1b[31m"


@pytest.mark.parametrize("all_failed", [False, True])
def test_names_of_strangers_change_neither_the_page_nor_the_terminal(all_failed: bool) -> None:
    trials = (Trial("lm", True, (), f"no {HOSTILE}"),)
    if not all_failed:
        trials = (replace(made("copula"), notices=(f"copula: {HOSTILE}",)), *trials)
    facts = Facts({"train": 4, "holdout": 1, "synthetic": 4}, "x", HOSTILE, (0,), 2.0, {"copula": {"a": HOSTILE}})
    text = to_markdown(Comparison(trials, facts))
    assert text.count("\n## Recommendation") == 1 and "<img" not in text and "**noise**" not in text
    assert "](http" not in text and "\x1b" not in text
    lines = verdict(Comparison(trials, facts))
    assert not any("\n" in line or "\x1b" in line for line in lines)


def test_why_a_figure_is_missing_is_told_of_every_method_and_seed() -> None:
    def seed(number: int, *keys: str) -> Outcome:
        summary = summary_dict()
        for key in keys:
            summary["scores"][key] |= {"value": None, "reason": f"no {key} here"}
        return Outcome(number, 1.0, 0.1, 10, summary)

    trials = (
        Trial("copula", True, (seed(0, "copies"), seed(1, "copies"))),
        Trial("tree", True, (seed(0, "copies"), seed(1, "copies", "tstr"))),
    )
    facts = Facts({"train": 4, "holdout": 1, "synthetic": 4}, "x", None, (0, 1), 2.0)
    assert Comparison(trials, facts).notes() == ["no copies here", "tree: no tstr here (1 of 2 seeds)"]


def test_csv_has_a_line_per_method_and_one_of_the_holdout_with_full_precision(comparison: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(comparison))))
    assert [row["method"] for row in rows] == ["real hold-out", "compact", "copula", "noise", "independent", "lm"]
    assert float(rows[0]["tstr"]) == 0.95 and float(rows[2]["fit_seconds"]) == 2.0
    assert (rows[5]["status"], rows[5]["tstr"], rows[5]["reason"]) == ("failed", "", "the model cannot be had")


def test_json_has_the_rules_and_no_number_that_is_not_finite(comparison: Comparison) -> None:
    import json

    data = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert data["recommendation"]["method"] == "copula" and data["rules"] == list(RULES)
    assert data["methods"][4]["figures"]["tstr"] is None and data["holdout"]["tstr"] == 0.95


def test_the_picture_names_every_method_with_figures_and_is_the_same_each_time(
    comparison: Comparison, tmp_path: Path
) -> None:
    first, second = plot(comparison, tmp_path / "a.svg"), plot(comparison, tmp_path / "b.svg")
    assert first.read_bytes() == second.read_bytes()
    texts = {node.text for node in ElementTree.parse(first).iter() if node.text}
    assert {"copula", "compact", "noise", "independent", "C2ST score (more is better)"} <= texts
    assert "TSTR AUC (more is better)" in texts and "lm" not in texts


def test_a_comparison_in_which_all_failed_still_has_a_page_and_a_picture(tmp_path: Path) -> None:
    facts = Facts({"train": 40, "holdout": 10, "synthetic": 40}, "given rows", None, (0, 1), None)
    nothing = Comparison((Trial("lm", True, (), "no model"),), facts)
    assert "None of the methods can be recommended" in to_markdown(nothing) and "no model" in to_csv(nothing)
    assert plot(nothing, tmp_path / "a.svg").stat().st_size > 0
    assert printed(nothing, 100)
