"""The verdict: bounds decide, what is not known never passes, and the tables themselves are checked."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from llmsynth.errors import ConfigError, InputError
from llmsynth.evaluate.findings import shown
from llmsynth.evaluate.gate import EXIT_CODES, Verdict, judge
from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.policy import Policy, parse_policy
from llmsynth.evaluate.report import Report
from tests.evaluate.reports import figure, measured, report

KNOWN = ("fidelity.ks", "fidelity.pair_tv", "utility.tstr_ratio", "privacy.mia", "privacy.pii")


def _policy(*requirements: str, severity: str = "block", needs: str = "", fewest_rows: int = 100) -> Policy:
    conditions = [
        f'[[condition]]\nrequire = "{one}"\nseverity = "{severity}"\nwhy = "because"\n'
        + (f'needs = "{needs}"\n' if needs else "")
        for one in requirements
    ]
    return parse_policy(f"fewest_rows = {fewest_rows}\n" + "".join(conditions), "p.toml", KNOWN)


def _judged(*requirements: str, severity: str = "block", needs: str = "", **changes: Any) -> Verdict:
    return judge(report(**changes), _policy(*requirements, severity=severity, needs=needs))


def matches(train_hits: int, holdout_hits: int, n_train: int | None = 500) -> dict[str, Measured]:
    """The results of a report with so many of 500 and 300 rows among the synthetic ones."""
    details = {"train_hits": train_hits, "n_train": n_train, "holdout_hits": holdout_hits, "n_holdout": 300}
    return dict(report().results) | {
        "privacy.exact_matches": measured(0.0, -0.1, 0.1, details=details | {"design_effect": 1.0})
    }


@pytest.mark.parametrize(
    ("require", "severity", "decision"),
    [
        ("utility.tstr_ratio.lower >= 0.9", "block", "RELEASE"),
        ("utility.tstr_ratio.lower >= 0.95", "block", "BLOCK"),
        ("utility.tstr_ratio.lower >= 0.95", "review", "REVIEW"),
        ("utility.tstr_ratio.upper >= 0.95", "block", "RELEASE"),
        ("privacy.mia.tpr_at_1fpr.upper <= 0.05", "block", "RELEASE"),
        ("privacy.mia.tpr_at_1fpr.upper <= 0.02", "block", "BLOCK"),
        ("privacy.pii.upper <= 1", "block", "NOT EVALUABLE"),
        ("privacy.pii.upper <= 1", "review", "REVIEW"),
        ("fidelity.pair_tv.lower <= 1", "block", "NOT EVALUABLE"),
        ("fidelity.ks.lower <= reference.upper", "block", "RELEASE"),
        ("fidelity.ks.upper <= reference.upper", "block", "BLOCK"),
        ("fidelity.ks.upper <= reference.upper + 0.02", "block", "RELEASE"),
        ("fidelity.ks.upper <= reference.upper * 2", "block", "RELEASE"),
        ("utility.tstr_ratio.upper <= reference.upper", "block", "NOT EVALUABLE"),
    ],
)
def test_ends_of_intervals_decide(require: str, severity: str, decision: str) -> None:
    assert _judged(require, severity=severity).decision == decision


def test_the_gravest_finding_decides_and_its_reason_comes_first() -> None:
    verdict = _judged("privacy.pii.upper <= 1", "fidelity.ks.upper <= 0.01", "utility.tstr_ratio.lower >= 0")
    assert verdict.decision == "BLOCK" and verdict.exit_code == 2
    assert "95 % interval 0.01 to 0.04; the upper end must be at most 0.01" in verdict.reasons[0]
    assert "no text column" in verdict.reasons[1] and len(verdict.reasons) == 2
    assert verdict.of_pillar("fidelity") == "BLOCK" and verdict.of_pillar("utility") == "RELEASE"
    assert verdict.of_pillar("privacy") == "NOT EVALUABLE"


def test_at_most_five_reasons_are_given() -> None:
    paths = [f"fidelity.{letter}" for letter in "abcdefg"]
    text = "".join(f"[[condition]]\nrequire = '{path}.upper <= 0.01'\n" for path in paths)
    verdict = judge(report(dict.fromkeys(paths, measured(0.02, 0.01, 0.04))), parse_policy(text, known=paths))
    assert len(verdict.reasons) == 5 and "3 more" in verdict.reasons[-1]


def test_a_figure_that_fails_two_conditions_is_one_reason() -> None:
    verdict = judge(report(), _policy("fidelity.ks.upper <= 0.01", "fidelity.ks.upper <= 0.02"))
    assert len(verdict.reasons) == 1 and "at most 0.01" in verdict.reasons[0]


def test_every_part_may_be_asked_each_beside_its_own_holdout() -> None:
    parts = {f"column {place}": figure(0.02, 0.01, 0.04) for place in range(20)} | {"age": figure(0.4, 0.3, 0.5)}
    references = dict.fromkeys(parts, figure(0.01, 0.0, 0.05))
    found = report({"fidelity.ks": measured(0.04, 0.03, 0.05, parts=parts, part_references=references)})
    for limit in ("0.2", "reference.upper + 0.1"):
        verdict = judge(found, _policy(f"fidelity.ks.*.lower <= {limit}"))
        assert verdict.decision == "BLOCK" and "1 of 21 parts fail: 'age' 0.3 to 0.5" in verdict.reasons[0]
    assert "all 21 parts hold" in judge(found, _policy("fidelity.ks.*.lower <= 0.3")).findings[-1].found
    assert judge(found, _policy("fidelity.ks.lower <= 0.2")).decision == "RELEASE"
    assert judge(report(), _policy("privacy.pii.*.upper <= 1")).decision == "NOT EVALUABLE"


def test_a_condition_that_needs_a_role_is_asked_only_where_it_was_named() -> None:
    asked = {"require": "privacy.pii.upper <= 1"}
    assert _judged(asked["require"], needs="target").decision == "NOT EVALUABLE"
    verdict = _judged(asked["require"], needs="sensitive")
    assert verdict.decision == "RELEASE" and verdict.findings[-1].outcome == "not asked"


def test_an_optional_condition_is_not_asked_where_the_metric_has_no_figure_and_says_why() -> None:
    def outcome(path: str) -> tuple[str, str]:
        text = f"[[condition]]\nrequire = '{path}.upper <= 0.5'\noptional = true\n"
        finding = judge(report(), parse_policy(text, known=KNOWN)).findings[-1]
        return finding.outcome, finding.found

    assert outcome("privacy.pii")[0] == "not asked" and "no text column" in outcome("privacy.pii")[1]
    assert outcome("fidelity.pair_tv")[0] == "unknown"  # not computed at this level, which excuses nothing
    assert outcome("utility.tstr_ratio")[0] == "failed"


def test_a_part_that_does_not_exist_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="no part 'tpr_at_1fp'; did you mean 'tpr_at_1fpr'"):
        _judged("privacy.mia.tpr_at_1fp.upper <= 1")
    assert _judged("privacy.pii.email.upper <= 1").decision == "NOT EVALUABLE"


@pytest.mark.parametrize(
    ("changes", "decision", "reason"),
    [
        ({"alignment": {"missing": {"synthetic": ["age"]}}}, "BLOCK", "lack column 'age'"),
        ({"alignment": {"missing": {"holdout": ["age"]}}}, "REVIEW", "hold-out lacks column 'age'"),
        ({"alignment": {"missing": {"synthetic 2": ["age"]}}}, "BLOCK", "lack column 'age'"),
        ({"alignment": {"unreadable": {"age": 3, "b": 4}}}, "REVIEW", "7 synthetic cells"),
        ({"alignment": {"holdout_unreadable": {"age": 3, "b": 4}}}, "REVIEW", "7 held-out cells"),
        ({"tables": {"holdout_overlap": {"rows": 90, "expected": 2.0, "beyond_chance": True}}}, "BLOCK", "90 rows"),
        ({"alignment": {"extra": {"synthetic": ["name", "day"]}}}, "REVIEW", "has columns 'name', 'day': judged nowh"),
        ({"results": matches(2, 250)}, "BLOCK", "250 of 300 held-out rows are among the synthetic ones, and 2 of 500"),
        ({"results": matches(0, 300)}, "BLOCK", "the tables were given in another order"),
        ({"rows": {"train": 500, "synthetic": 99, "holdout": 300}}, "REVIEW", "99 synthetic"),
        ({"rows": {"train": 500, "synthetic": 400, "holdout": 20}}, "REVIEW", "20 holdout"),
        ({"rows": {"train": 500, "synthetic": 400, "holdout": 0}}, "NOT EVALUABLE", "no hold-out"),
        ({"rows": {"train": 0, "synthetic": 0, "holdout": 0}}, "NOT EVALUABLE", "no hold-out"),
    ],
)
def test_the_tables_are_checked_whatever_the_policy_says(changes: dict[str, Any], decision: str, reason: str) -> None:
    verdict = _judged("fidelity.ks.upper <= 1", **changes)
    assert verdict.decision == decision and reason in verdict.reasons[0]


@pytest.mark.parametrize("hits", [(0, 0), (500, 300), (500, 0), (40, 30), (0, 2)])
def test_held_out_rows_among_the_synthetic_ones_by_chance_are_no_objection(hits: tuple[int, int]) -> None:
    assert _judged("fidelity.ks.upper <= 1", results=matches(*hits)).decision == "RELEASE"
    assert _judged("fidelity.ks.upper <= 1", results=matches(0, 300, n_train=None)).decision == "RELEASE"


@pytest.mark.parametrize(("count", "decision"), [(100, "RELEASE"), (99, "REVIEW")])
def test_as_many_rows_as_the_policy_asks_for_are_enough(count: int, decision: str) -> None:
    rows = {"train": 500, "synthetic": count, "holdout": 300}
    assert _judged("fidelity.ks.upper <= 1", rows=rows).decision == decision


def test_a_tables_name_of_ten_thousand_characters_is_cut_in_reasons() -> None:
    (reason,) = _judged("fidelity.ks.upper <= 1", alignment={"missing": {"synthetic": ["x" * 10_000]}}).reasons
    assert len(reason) < 100


def test_every_verdict_has_its_exit_code() -> None:
    assert EXIT_CODES == {"RELEASE": 0, "REVIEW": 1, "BLOCK": 2, "NOT EVALUABLE": 3}


def test_figures_are_shown_short() -> None:
    assert [shown(1234.5), shown(0.123456), shown(0.5, percent=True), shown(float("inf"))] == [
        "1,234", "0.123", "50.00 %", "inf",
    ]  # fmt: skip
    assert [shown(999.6), shown(4e-5, percent=True), shown(-0.0), shown(-0.0, percent=True)] == [
        "1,000", "0.004 %", "0", "0.00 %",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "end", "limit", "told"),
    [
        ("privacy.mia", 0.55004, 0.55, "0.55004 to 0.58; the lower end must be at most 0.55"),
        ("privacy.exact_matches", 0.000502, 0.0005, "0.0502 % to 0.0900 %; the lower end must be at most 0.0500 %"),
    ],
)
def test_an_end_and_its_limit_are_told_with_enough_digits_to_differ(
    path: str, end: float, limit: float, told: str
) -> None:
    policy = parse_policy(f'[[condition]]\nrequire = "{path}.lower <= {limit}"\n')
    upper = 0.58 if path == "privacy.mia" else 0.0009
    assert told in judge(report({path: measured(end, end, upper)}), policy).findings[-1].found


@pytest.mark.parametrize("end", ["lower", "upper"])
def test_infinite_ends_are_judged_alike_fresh_and_saved(end: str) -> None:
    first = report({"fidelity.ks": measured(math.inf, 0.1, math.inf)})
    policy = _policy(f"fidelity.ks.{end} <= 0.5")
    again = Report.from_dict(json.loads(json.dumps(first.to_dict(), allow_nan=False)))
    assert judge(again, policy) == judge(first, policy)


@pytest.mark.parametrize("tables", [{}, {"holdout_overlap": {}}])
def test_a_holdout_whose_overlap_is_not_told_is_not_evaluable(tables: dict[str, Any]) -> None:
    verdict = _judged("fidelity.ks.upper <= 1", tables=tables)
    assert verdict.decision == "NOT EVALUABLE" and "shares with the training rows" in verdict.reasons[0]


@pytest.mark.parametrize("optional", ["true", "false"])
def test_a_role_that_was_named_but_is_not_in_every_table_is_unknown_and_not_unasked(optional: str) -> None:
    text = f'[[condition]]\nrequire = "privacy.pii.lower <= 1"\nneeds = "target"\noptional = {optional}\n'
    alignment = {**report().alignment, "missing": {"holdout": ["income"]}}
    found = judge(report(alignment=alignment), parse_policy(text, "p", KNOWN)).findings[-1]
    assert (found.outcome, found.decision) == ("unknown", "NOT EVALUABLE")
    assert "because target 'income' is not in every table" in found.found


def test_a_saved_report_gets_the_same_verdict() -> None:
    first = report({"fidelity.ks": measured(0.1, 0.05, 0.2, parts={"a": figure(0.1)})})
    policy = _policy("fidelity.ks.lower <= 0.01", "privacy.mia.upper <= 1")
    assert judge(Report.from_dict(first.to_dict()), policy) == judge(first, policy)


SPOILED: dict[str, Any] = {
    "alignment": {},
    "rows": {},
    "roles": {},
    "tables": {"holdout_overlap": [1]},
    "provenance": {"seconds": [1]},
    "columns": [{"name": "x", "kind": "category", "categories": {"names": ["a"], "real": [1], "synthetic": []}}],
}


@pytest.mark.parametrize("part", SPOILED)
def test_a_part_of_another_shape_is_an_error_and_not_a_crash(part: str) -> None:
    with pytest.raises(InputError, match="whole report"):
        Report.from_dict({**report().to_dict(), part: SPOILED[part]})


@pytest.mark.parametrize(
    "figures", [{"value": 10**400}, {"n_rows": math.inf}, {"lower": 0.9, "upper": 0.1}, {"value": "nan"}], ids=str
)
def test_a_figure_that_cannot_be_is_an_error_and_not_a_crash(figures: dict[str, Any]) -> None:
    saved = report().to_dict()
    saved["results"]["privacy.mia"]["score"] |= figures
    with pytest.raises(InputError, match="whole report"):
        Report.from_dict(saved)


@pytest.mark.parametrize("spoil", ["results", "rows", "seed"])
def test_a_report_that_was_cut_is_an_error_and_not_a_verdict(spoil: str) -> None:
    saved = report().to_dict()
    for broken in ({**saved, spoil: None}, {key: value for key, value in saved.items() if key != spoil}):
        with pytest.raises(InputError, match="whole report"):
            Report.from_dict(broken)
    with pytest.raises(InputError, match="other JSON"):
        Report.from_dict([])  # type: ignore[arg-type]
