"""Only figures whose intervals moved apart have changed; which way is better depends on the metric."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmsynth.evaluate.policy import parse_policy
from llmsynth.evaluate.report_diff import ReportDiff, report_diff
from tests.evaluate.reports import figure, measured, report

POLICY = parse_policy(
    "[[condition]]\nrequire = 'fidelity.ks.upper <= 0.3'\nwhy = 'w'\n"
    "[[condition]]\nrequire = 'utility.tstr_ratio.lower >= 0.5'\nseverity = 'review'",
    known=["fidelity.ks", "utility.tstr_ratio"],
)
NOTHING = ()


def _diff(before: dict[str, Any], after: dict[str, Any]) -> ReportDiff:
    fixed = {"fidelity.ks": measured(0.02, 0.01, 0.04), "utility.tstr_ratio": measured(0.97, 0.93, 1.01)}
    return report_diff(report(fixed | before), report(fixed | after), POLICY)


def test_equal_reports_and_overlapping_intervals_have_no_changes() -> None:
    assert _diff({}, {}).changes == NOTHING
    found = _diff({"fidelity.ks": measured(0.1, 0.05, 0.15)}, {"fidelity.ks": measured(0.2, 0.14, 0.25)})
    assert found.changes == NOTHING and found.compared == 2 and not found.verdict_got_worse


@pytest.mark.parametrize(
    ("path", "after", "way"),
    [
        ("fidelity.ks", measured(0.5, 0.4, 0.6), "worse"),
        ("fidelity.ks", measured(0.001, 0.0, 0.002), "better"),
        ("utility.tstr_ratio", measured(0.5, 0.4, 0.6), "worse"),
        ("utility.tstr_ratio", measured(1.5, 1.4, 1.6), "better"),
        ("fidelity.ks", measured(float("nan")), "lost"),
        ("other.unknown", measured(0.5, 0.4, 0.6), "gained"),
    ],
)
def test_intervals_that_moved_apart_are_changes(path: str, after: Any, way: str) -> None:
    (change,) = _diff({}, {path: after}).changes
    assert (change.path, change.part, change.way) == (path, "", way)


def test_parts_are_compared_too_and_the_worst_come_first() -> None:
    before = {
        "fidelity.ks": measured(0.02, 0.01, 0.04, parts={"a": figure(0.1, 0.05, 0.2), "b": figure(0.5, 0.4, 0.6)})
    }
    after = {"fidelity.ks": measured(0.02, 0.01, 0.04, parts={"b": figure(0.1, 0.05, 0.2), "a": figure(0.5, 0.4, 0.6)})}
    found = _diff(before, after)
    assert [(change.part, change.way) for change in found.changes] == [("a", "worse"), ("b", "better")]
    assert len(found.regressions) == 1


def test_a_change_of_the_verdict_is_said_and_the_result_is_json() -> None:
    found = _diff({}, {"fidelity.ks": measured(0.5, 0.4, 0.6)})
    assert (found.before.decision, found.after.decision) == ("RELEASE", "BLOCK") and found.verdict_got_worse
    saved = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert saved["verdict"] == {"before": "RELEASE", "after": "BLOCK"} and saved["regressions"] == 1
    assert saved["changes"][0]["before"]["upper"] == 0.04


def test_it_is_said_whether_the_tables_are_the_same() -> None:
    def with_hash(train: str) -> Any:
        return report(provenance={"tables": {"train": {"sha256": train}, "synthetic": {"sha256": "s"}}})

    assert report_diff(with_hash("a"), with_hash("a"), POLICY).same_tables == {"train": True}
    assert report_diff(with_hash("a"), with_hash("b"), POLICY).same_tables == {"train": False}
    assert report_diff(with_hash("a"), report(), POLICY).same_tables == {}
