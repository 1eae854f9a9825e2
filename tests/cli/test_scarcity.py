"""`llmsynth scarcity`: three lines of figures, or one line that says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import Result

Cli = Callable[..., Result]


@pytest.fixture
def files(tmp_path: Path) -> list[object]:
    found: list[object] = []
    for seed, (option, n) in enumerate((("real", 40), ("synthetic", 200), ("holdout", 100))):
        rng = np.random.default_rng(seed)
        age = rng.integers(20, 80, n)
        rows = pd.DataFrame({"age": age, "sick": np.where(rng.random(n) < age / 100, "yes", "no"), "[b]x": 1})
        rows.to_csv(tmp_path / f"{option}.csv", index=False)
        found += [f"--{option}", tmp_path / f"{option}.csv"]
    return found


def test_figures_of_the_three_trainings_are_printed(llmsynth: Cli, files: list[object]) -> None:
    result = llmsynth("scarcity", *files, "--target", "sick")
    assert result.exit_code == 0, result.output
    for said in ("40 real rows", "200 synthetic rows", "240 both", "accuracy", "F1", "AUC", "100 real rows"):
        assert said in result.stdout


def test_json_has_every_figure_with_its_interval_and_the_seed_decides(llmsynth: Cli, files: list[object]) -> None:
    asked = ("scarcity", *files, "--target", "sick", "--learner", "linear", "--json", "--quiet")
    data = json.loads(llmsynth(*asked).stdout)
    assert data["rows"] == {"real": 40, "synthetic": 200, "holdout": 100} and data["learner"] == "linear"
    for figures in data["trained_on"].values():
        assert set(figures) == {"accuracy", "f1", "auc"}
        assert all(0 <= one["lower"] <= one["value"] <= one["upper"] <= 1 for one in figures.values())
    assert json.loads(llmsynth(*asked, "--seed", "0").stdout) == data


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--target", "sik"], "did you mean 'sick'?"),
        (["--target", "sick", "--learner", "forrest"], "did you mean 'forest'?"),
        (["--target", "[b]x"], "a target with classes"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    llmsynth: Cli, files: list[object], options: list[str], said: str
) -> None:
    result = llmsynth("scarcity", *files, *options)
    assert result.exit_code == 2 and said in result.stderr and result.stderr.count("\n") == 1
