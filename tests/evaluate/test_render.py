"""The printed table says what the summary holds."""

import io
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from llmsynth.evaluate import render, render_comparison, summarize


def table(seed, n=80):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"x": rng.normal(size=n), "c": rng.choice(["a", "b"], n), "key": [f"k{seed}-{i}" for i in range(n)]}
    )


@pytest.fixture(scope="module")
def summary():
    made = summarize(table(0), table(1), table(2, 40), target="c")
    return made.with_measured(holdout_nats_per_row=12.34, rows_per_second=3100.0)


def printed(table):
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_one_summary_prints_its_figures_its_reference_and_what_was_left_out(summary):
    text = printed(render(summary))
    assert "real hold-out" in text and "TSTR AUC" in text and "12.34" in text and "3,100" in text
    assert "Left out: key" in text
    assert "of 40 synthetic rows" in text


def test_two_models_stand_side_by_side_and_odd_names_are_not_markup(summary):
    text = printed(render_comparison({"compact": summary, "[bold]smollm2": summary.with_measured(fit_seconds=60.0)}))
    assert "compact" in text and "[bold]smollm2" in text and "real hold-out" in text


def test_names_of_strangers_reach_the_terminal_without_control_characters(summary):
    odd = replace(summary, skipped={"evil\x1b]0;pwn\x07\n9 rows": "an identifier"}, measured={"fit_seconds": math.nan})
    shown = render_comparison({"syn\x1b[32m\nx": odd})
    assert shown.columns[1].header.plain == "syn\\x1b[32m\\nx"
    assert "Left out: evil\\x1b]0;pwn\\x07\\n9 rows (an identifier)." in shown.caption.plain.splitlines()
    assert "nan" not in printed(shown)


def test_figures_that_could_not_be_computed_are_dashes_with_a_reason():
    text = printed(render(summarize(table(0), table(1))))
    assert "Not computed or to note: no hold-out rows were given." in text
