"""What `llmsynth report diff` tells."""

from __future__ import annotations

from llmsynth.cli.report import _counted
from llmsynth.evaluate.report_diff import report_diff
from tests.evaluate.reports import figure, measured, report


def test_figures_that_only_one_report_has_are_not_counted_as_moved_apart() -> None:
    before = report()
    worse = measured(0.5, 0.4, 0.6, parts={"age": figure(0.03, 0.02, 0.05)})
    after = report({"fidelity.ks": worse, "privacy.mia": before.results["privacy.mia"]})
    found = report_diff(before, after)
    assert _counted(found) == f"1 of {found.compared} figures moved apart, 1 for the worse; 1 lost"
