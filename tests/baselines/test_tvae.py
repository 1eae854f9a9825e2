from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from llmsynth.baselines.mode_encoding import fit_row_encoding
from llmsynth.baselines.row_space import RowSpace
from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.baselines.tvae import TvaeOptions, reconstruction
from llmsynth.errors import ConfigError
from tests.baselines.test_mode_encoding import features


def two_clusters(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    low = rng.random(n) < 0.4
    return pd.DataFrame(
        {
            "height": np.where(low, rng.normal(10, 1, n), rng.normal(90, 3, n)).round(2),
            "group": np.where(low, "a", "b"),
        }
    )


def test_a_table_of_two_clusters_is_learned() -> None:
    quick = {
        "epochs": 100,
        "min_steps": 0,
        "batch_size": 100,
        "embedding": 4,
        "learning_rate": 5e-3,
        "loss_factor": 5.0,
    }
    table = two_clusters()
    rows = BaselineSynthesizer("tvae", options=quick).fit(table).sample(2000, random_state=1)
    low = rows["height"] < 50
    assert low.mean() == pytest.approx((table["height"] < 50).mean(), abs=0.08)
    assert ((rows["group"] == "a") == low).mean() > 0.85  # apart from each other the columns would agree by 0.54
    assert rows["height"][low].mean() == pytest.approx(10, abs=1)
    assert rows["height"][~low].mean() == pytest.approx(90, abs=2)


def test_the_reconstruction_is_the_likelihood_of_the_row() -> None:
    own, rng = features(), np.random.default_rng(0)
    encoding = fit_row_encoding(own, rng, max_modes=3, max_width=256)
    space, rows = RowSpace(encoding, torch.device("cpu")), encoding.encode(own, rng)
    raw = torch.randn(4, space.width, generator=torch.Generator().manual_seed(0))
    places, codes = torch.from_numpy(rows.places[:4]).float(), torch.from_numpy(rows.codes[:4])
    normal = torch.distributions.Normal(torch.tanh(raw[:, :1]), 0.3)
    expected = -normal.log_prob(places)[:, 0] - np.log(2 * np.pi) / 2
    for at, part in enumerate(raw[:, 1:].split(encoding.widths.tolist(), 1)):
        expected = expected - torch.distributions.Categorical(logits=part).log_prob(codes[:, at])
    torch.testing.assert_close(reconstruction(raw, places, codes, torch.tensor([0.3]), space), expected)


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ConfigError, match="embedding: expected a whole number"):
        TvaeOptions(embedding=0)
