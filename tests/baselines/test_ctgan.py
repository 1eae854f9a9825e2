from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from llmsynth.baselines import ctgan
from llmsynth.baselines.ctgan import CtganOptions
from llmsynth.baselines.ctgan_networks import build_generator
from llmsynth.baselines.ctgan_training import Recipe
from llmsynth.baselines.mode_collapse import ModeCollapseWarning
from llmsynth.baselines.mode_encoding import RowEncoding
from llmsynth.baselines.row_space import RowSpace
from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.errors import ConfigError

QUICK = {"epochs": 1, "min_steps": 0, "batch_size": 100, "hidden": 32, "noise": 16}


def table(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    low = rng.random(n) < 0.5
    return pd.DataFrame(
        {"height": np.where(low, rng.normal(10, 1, n), rng.normal(90, 3, n)).round(2), "group": np.where(low, "a", "b")}
    )


def test_a_few_hundred_steps_learn_which_group_is_high() -> None:
    options = {**QUICK, "epochs": 60, "learning_rate": 2e-3}
    rows = BaselineSynthesizer("ctgan", options=options).fit(table(500)).sample(1000, random_state=1)
    assert ((rows["group"] == "a") == (rows["height"] < 50)).mean() > 0.9


def test_a_lost_mode_is_warned_of_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(rows: object, encoding: RowEncoding, index: object, recipe: Recipe, *rest: object) -> torch.nn.Module:
        space = RowSpace(encoding, torch.device("cpu"))
        generator = build_generator(recipe.noise + space.condition_width, recipe.hidden, space.width)
        with torch.no_grad():
            generator[-1].weight.zero_()
            generator[-1].bias[space.n_places + space.segments.starts] = 50.0
        return generator

    monkeypatch.setattr(ctgan, "train", stuck)
    with pytest.warns(ModeCollapseWarning, match=r"'height' \(\d\), 'group' \(1\)"):
        own = BaselineSynthesizer("ctgan", options=QUICK).fit(table())
    assert own.fitted_.lost["group"] == 1  # type: ignore[attr-defined]
    assert any("'group'" in notice for notice in own.report_["notices"])
    assert set(own.sample(200)["group"]) == {"a", "b"}  # what a row was asked for is kept all the same


@pytest.mark.filterwarnings("ignore::llmsynth.baselines.mode_collapse.ModeCollapseWarning")
def test_a_table_of_continuous_numbers_alone_needs_no_condition() -> None:
    numbers = table()[["height"]].assign(other=np.random.default_rng(1).normal(size=300))
    own = BaselineSynthesizer("ctgan", options=QUICK).fit(numbers)
    assert own.fitted_.law is None  # type: ignore[attr-defined]
    assert own.sample(5).shape == (5, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pac": 7}, "batch_size: expected a multiple of pac"),
        ({"epochs": 0}, "epochs: expected a whole number of 1"),
        ({"tau": 0.0}, "tau"),
        ({"max_width": 1}, "max_width"),
        ({"max_minutes": -1.0}, "max_minutes"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CtganOptions(**options)  # type: ignore[arg-type]
