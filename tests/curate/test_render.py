"""What people read of an augmentation."""

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from llmsynth.curate.gain import measure_gain
from llmsynth.curate.rare_class import RareClass
from llmsynth.curate.render import render_copies, render_gain
from llmsynth.evaluate.near_copies import NearCopies
from tests.curate.test_gain import QUICK


def printed(table):
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


@pytest.fixture
def gain(rows, generators):
    return measure_gain(rows, RareClass("y", "y", "yes", 0.5), generators.fit, n_seeds=2, learners=QUICK)


def test_every_way_has_a_line_with_intervals_and_the_gain_over_it(gain):
    text = printed(render_gain(gain))
    for title in gain.titles.values():
        assert title in text
    arm = gain.arms["none"].average_precision_gain
    assert f"{arm.mean:+.3f} [{arm.low:+.3f}, {arm.high:+.3f}]" in text
    assert "three trees" in text and "90 rows of the class are added" in text


def test_copies_stand_beside_those_of_held_out_rows(gain):
    handed_out = NearCopies(5000, 2500, 40, 7, 1, 0.03, 0.025, 0.01)
    text = printed(render_copies(handed_out, gain))
    assert "about 150 (3.0 %)" in text and "1 of 40" in text and "2.5 %" in text
    assert "test rows of 2 splits" in text and "test rows" not in printed(render_copies(handed_out, None))


def test_without_enough_rows_there_is_a_dash(gain):
    nothing = NearCopies(50, 50, 9, 2, 0, math.nan, math.nan, math.nan, "needs more")
    assert " - " in printed(render_copies(nothing, None))


def test_where_held_out_rows_are_copies_it_is_said_that_only_copies_count() -> None:
    usual = NearCopies(10, 10, 40, 1, 0, 0.1, 0.02, 0.5)
    tied = replace(usual, holdout_copies=2, holdout_near=0.05, limit=0.0)
    assert "only equal rows" in printed(render_copies(tied, None))
    assert "only equal rows" not in printed(render_copies(usual, None))
