"""Texts of options as values."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import Result

from llmsynth.cli.options import given, per_kind
from llmsynth.errors import ConfigError


def test_only_what_was_typed_is_passed_on() -> None:
    assert given(model=None, overwrite=False, seed=0, resume=True) == {"seed": 0, "resume": True}


@pytest.mark.parametrize("command", ["fit t.csv -o r", "run t.csv -o r", "sample r -n 1 -o s.csv", "schema t.csv"])
def test_a_seed_is_not_negative(llmsynth: Callable[..., Result], command: str) -> None:
    result = llmsynth(*command.split(), "--seed", "-1")
    assert result.exit_code == 2 and "'--seed'" in result.stderr


def test_one_number_or_one_per_kind() -> None:
    assert per_kind("temperature", None) is None
    assert per_kind("temperature", "0.9") == 0.9
    assert per_kind("temperature", "decimal=0.9, default=1") == {"decimal": 0.9, "default": 1.0}


@pytest.mark.parametrize("text", ["warm", "decimal=warm", "decimal=1=2", "", "decimal=1,2"])
def test_anything_else_is_one_error_naming_the_option(text: str) -> None:
    with pytest.raises(ConfigError, match="--top-p: expected a number or kind=number pairs"):
        per_kind("top-p", text)


def test_a_kind_is_given_once() -> None:
    with pytest.raises(ConfigError, match=r"--top-p: expected each kind once, got 'text=0\.5, text=0\.9'"):
        per_kind("top-p", "text=0.5, text=0.9")
