from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from llmsynth.baselines.diffusion_options import DiffusionOptions
from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.errors import ConfigError, TrainingError

QUICK = {"vae_epochs": 120, "diffusion_epochs": 150, "batch_size": 256, "hidden_width": 64, "steps": 40}
QUICK |= {
    "vae_learning_rate": 1e-2,
    "diffusion_learning_rate": 3e-3,
    "forward_factor": 8,
    "diffusion_batch_size": 256,
    "n_blocks": 1,
    "impute_rounds": 10,
}


def dependent_table(n: int = 1500) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b"], n, p=[0.7, 0.3])
    size = np.where(kind == "a", 20.0, 60.0) + rng.normal(0, 4, n)
    size[rng.random(n) < 0.1] = np.nan
    gain = np.where(rng.random(n) < np.where(kind == "a", 0.9, 0.2), 0, rng.integers(1000, 9000, n))
    return pd.DataFrame({"kind": kind, "size": size.round(2), "gain": gain})


@pytest.fixture(scope="module")
def fitted() -> BaselineSynthesizer:
    return BaselineSynthesizer("diffusion", options=QUICK).fit(dependent_table())


def test_rows_keep_shares_dependence_heaps_and_missing_cells(fitted: BaselineSynthesizer) -> None:
    rows = fitted.sample(3000, random_state=0)
    is_a = rows["kind"] == "a"
    assert abs(is_a.mean() - 0.7) < 0.05
    assert abs(rows["size"][is_a].median() - 20) < 2 and abs(rows["size"][~is_a].median() - 60) < 3
    assert abs((rows["gain"][is_a] == 0).mean() - 0.9) < 0.07 and abs((rows["gain"][~is_a] == 0).mean() - 0.2) < 0.1
    assert abs(rows["size"].isna().mean() - 0.1) < 0.04


def test_filled_cells_follow_the_given_ones_which_stay(fitted: BaselineSynthesizer) -> None:
    table = dependent_table(400)
    holes = table.assign(kind=table["kind"].where(np.arange(400) % 2 == 0))
    filled = fitted.impute(holes, random_state=0)
    assert filled.notna().all().all()
    for name in table:
        given = holes[name].notna()
        pd.testing.assert_series_equal(filled.loc[given, name], table.loc[given, name], check_dtype=False)
    drawn = holes["kind"].isna() & holes["size"].notna()
    assert (filled["kind"] == table["kind"])[drawn].mean() > 0.78


def test_what_was_trained_is_on_record(fitted: BaselineSynthesizer) -> None:
    history = fitted.fitted_.history
    assert history["vae"]["steps"] == 120 * 6 and not history["diffusion"]["hurried"]
    checks = [loss for _, loss in history["diffusion"]["checks"]]
    assert min(checks) == checks[history["diffusion"]["kept"]] < checks[0]


def test_a_budget_ends_the_fit() -> None:
    own = BaselineSynthesizer("diffusion", options={"max_minutes": 0.02, "hidden_width": 64}).fit(dependent_table(200))
    history = own.fitted_.history
    assert history["vae"]["hurried"] and history["diffusion"]["hurried"]
    assert len(own.sample(5)) == 5


@pytest.mark.parametrize(
    "wrong", [{"max_minutes": 0}, {"steps": 0}, {"batch_size": 2.5}, {"vae_share": 1.0}, {"vae_epochs": -1}]
)
def test_impossible_options_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        DiffusionOptions(**wrong)  # type: ignore[arg-type]


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="device"):
        BaselineSynthesizer("diffusion", options={"device": "gpu"}).fit(dependent_table(50))


def test_training_that_diverges_is_refused() -> None:
    options = {**QUICK, "vae_learning_rate": 1e12, "vae_epochs": 5}
    with pytest.raises(TrainingError, match="diverged"):
        BaselineSynthesizer("diffusion", options=options).fit(dependent_table(100))
