"""Options of two values that may be repeated."""

from __future__ import annotations

import itertools

import pytest

from llmsynth.cli.pairs import from_pairs, joined
from llmsynth.errors import ConfigError


def pairs_of(*arguments: str) -> list[tuple[str, float]] | None:
    found = joined(arguments)
    return from_pairs("--boost", [after for here, after in itertools.pairwise(found) if here == "--boost"])


def test_both_values_come_through_each_time() -> None:
    arguments = ["t.csv", "--boost", "a == 'b'", "5", "-o", "r", "--boost", 'a == "--boost"', "1e-1"]
    assert pairs_of(*arguments) == [("a == 'b'", 5.0), ('a == "--boost"', 0.1)]
    assert pairs_of("--boost=a == 'b'", "5", "--seed", "1") == [("a == 'b'", 5.0)]
    assert pairs_of("--boost", "-5 < a", "2") == [("-5 < a", 2.0)]


def test_other_arguments_stay_as_they_are() -> None:
    arguments = ["t.csv", "-o", "r", "--boosted", "x", "--", "--boost", "a", "5"]
    assert joined(arguments) == arguments
    assert joined(["--boost", "a", "5", "-o", "r"])[2:] == ["-o", "r"]


def test_nothing_given_is_nothing() -> None:
    assert from_pairs("--boost", None) is None and from_pairs("--boost", []) is None


@pytest.mark.parametrize("arguments", [["--boost"], ["--boost", "a == 1"], ["--boost=a == 1"]])
def test_a_value_that_is_absent_is_an_error(arguments: list[str]) -> None:
    with pytest.raises(ConfigError, match="--boost: expected a condition and a factor"):
        pairs_of(*arguments)


@pytest.mark.parametrize("factor", ["--seed", "five", ""])
def test_a_factor_that_is_no_number_is_an_error(factor: str) -> None:
    with pytest.raises(ConfigError, match=f"--boost: expected a number after the condition, got '{factor}'"):
        pairs_of("--boost", "a == 1", factor)
