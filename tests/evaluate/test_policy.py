"""Conditions are on ends of intervals, and what is not understood is an error that helps."""

from pathlib import Path

import pytest

from llmsynth.errors import ConfigError
from llmsynth.evaluate.policy import Limit, Policy, parse_policy, read_policy

KNOWN = ("utility.tstr_ratio", "privacy.mia", "fidelity.pair_tv")


def _policy(require: str, more: str = "") -> Policy:
    return parse_policy(f"[[condition]]\nrequire = '{require}'\n{more}", "p.toml", KNOWN)


def test_a_condition_is_a_metric_an_end_and_a_limit() -> None:
    (one,) = _policy("utility.tstr_ratio.lower >= 0.9", 'severity = "review"\nneeds = "target"\nwhy = "w"').conditions
    assert (one.path, one.part, one.end, one.at_most, one.limit) == (
        "utility.tstr_ratio", "", "lower", False, Limit(0.9),
    )  # fmt: skip
    assert (one.severity, one.needs, one.why, one.pillar) == ("review", "target", "w", "utility")


def test_a_condition_may_read_a_part_whose_name_has_dots() -> None:
    (one,) = _policy("privacy.mia.a.b × c.upper<=5e-2").conditions
    assert (one.path, one.part, one.end, one.limit.number) == ("privacy.mia", "a.b × c", "upper", 0.05)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("reference.upper", Limit(0.0, "upper")),
        ("reference.upper + 0.02", Limit(0.02, "upper")),
        ("reference.lower - .5", Limit(-0.5, "lower")),
        ("reference.lower*1.5", Limit(0.0, "lower", 1.5)),
    ],
)
def test_the_limit_may_be_that_of_held_out_rows(text: str, limit: Limit) -> None:
    assert _policy(f"fidelity.pair_tv.lower <= {text}").conditions[0].limit == limit


@pytest.mark.parametrize(
    ("require", "message"),
    [
        ("utility.tstr_ratio >= 0.9", "never a point estimate; write utility.tstr_ratio.lower"),
        ("utility.tstr_ratio.value >= 0.9", "write utility.tstr_ratio.lower"),
        ("privacy.mia.auc >= 0.9", "write privacy.mia.auc.lower"),
        ("utility.tstr_ration.lower >= 0.9", "unknown metric 'utility.tstr_ration'; did you mean 'utility.tstr_ratio'"),
        ("nothing", "expected METRIC.lower"),
        ("privacy.mia.upper < 0.9", "<= or >="),
        ("privacy.mia.upper == 0.9", "<= or >="),
        ("privacy.mia.upper <= low", "expected a number"),
        ("privacy.mia.upper <= nan", "expected a number"),
        ("privacy.mia.upper <= reference", "expected a number"),
        ("privacy.mia.upper <= reference.value", "reference.lower or reference.upper"),
        ("privacy.mia.upper <= 0.9 0.8", "expected a number"),
        ("privacy.mia.upper <= 1e999", "expected a finite limit"),
        ("privacy.mia.upper <= reference.upper * 1e999", "expected a finite limit"),
    ],
)
def test_what_is_not_understood_is_an_error_that_names_the_condition(require: str, message: str) -> None:
    with pytest.raises(ConfigError, match=r"p\.toml, condition 1") as caught:
        _policy(require)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[condition", "is no TOML"),
        ("", "at least one"),
        ("condition = 5", "at least one"),
        ("condition = [5]", "expected a table"),
        ("titel = 'x'", "unknown key 'titel'; did you mean 'title'"),
        ("[[condition]]\nseverity = 'block'", "expected require"),
        ("[[condition]]\nrequire = 5", "require: expected a text"),
        ("[[condition]]\nrequire = 'privacy.mia.upper <= 1'\nseverity = 'stop'", "block, review, got 'stop'"),
        ("[[condition]]\nrequire = 'privacy.mia.upper <= 1'\nneeds = 'luck'", "needs: expected one of target"),
        ("[[condition]]\nrequire = 'privacy.mia.upper <= 1'\noptional = 'x'", "optional: expected true or false"),
        ("[[condition]]\nrequire = 'privacy.mia.upper <= 1'\nwy = 'x'", "unknown key 'wy'; did you mean 'why'"),
        ("fewest_rows = true\n[[condition]]\nrequire = 'privacy.mia.upper <= 1'", "fewest_rows: expected"),
        ("fewest_rows = -1\n[[condition]]\nrequire = 'privacy.mia.upper <= 1'", "fewest_rows: expected"),
        ("title = 5\n[[condition]]\nrequire = 'privacy.mia.upper <= 1'", "title: expected a text"),
        ("a = " + "[" * 5000, "is no TOML"),
    ],
)
def test_a_policy_that_is_not_understood_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_policy(text, "p.toml", KNOWN)
    assert message in str(caught.value) and str(caught.value).startswith("p.toml")


def test_files_that_cannot_be_read_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_policy(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_policy(tmp_path / "latin.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * 1_100_000)
    with pytest.raises(ConfigError, match="at most"):
        read_policy(tmp_path / "large.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_policy(tmp_path)


def test_the_shipped_policy_is_understood_and_says_why_of_every_line() -> None:
    policy = read_policy()
    assert policy.fewest_rows == 100 and {condition.pillar for condition in policy.conditions} == {
        "fidelity", "utility", "privacy",
    }  # fmt: skip
    assert all(condition.why for condition in policy.conditions)
