"""Options of method `diffusion`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from llmsynth.baselines.option_checks import check_whole
from llmsynth.errors import ConfigError


@dataclass(frozen=True)
class DiffusionOptions:
    """Options of method `diffusion`.

    Without a GPU, the budget decides how well a large table is learned; a small one ends its training sooner. Sizes are
    smaller than the paper's for that reason: on Adult and one core, a step of 1,024 rows took 167 ms with its
    autoencoder. For as much arithmetic as two cores do in ten minutes, denoisers of width 256 (50,000 steps of 256
    rows), 384 (32,000, rate 2e-3) and 512 (19,000) had Shape errors of 1.1, 1.1 and 1.3 % and Trend errors of 2.7, 2.8
    and 3.0 %; width 256 at a rate of 3e-3 1.0 and 2.5 %, with a weight of the prior of 0.2 0.9 and 2.4 %.
    """

    max_minutes: float = 15.0
    """Minutes of the whole fit. If they are what ends it, the same seed need not give the same rows again."""
    vae_share: float = 0.2
    """Part of the minutes that the autoencoder may take; the diffusion has the rest."""
    vae_epochs: int | None = None
    """Passes of the autoencoder over the rows; None takes 1,000, and at least 1,500 steps."""
    diffusion_epochs: int | None = None
    """Passes of the diffusion over the rows; None takes 2,000, and at least 3,000 steps."""
    batch_size: int = 1024
    """Rows of a training step of the autoencoder."""
    diffusion_batch_size: int = 256
    """Rows of a training step of the diffusion."""
    prior_weight: float = 0.2
    """Weight of the prior in the autoencoder's loss; falls from 0.01 to 0.00001 in the paper (`vae_training`)."""
    vae_learning_rate: float = 5e-3
    """Peak learning rate of the autoencoder."""
    diffusion_learning_rate: float = 3e-3
    """Peak learning rate of the diffusion."""
    token_width: int = 4
    """Latent numbers of a column."""
    n_blocks: int = 1
    """Transformer layers of encoder and decoder each; 2 in the paper."""
    forward_factor: int = 8
    """Width inside the transformer's feed-forward layers, in token widths; 32 in the paper."""
    hidden_width: int = 256
    """Width of the denoiser; 1,024 in the paper."""
    steps: int = 25
    """Noise levels on the way from noise to a row, two calls of the denoiser each; 50 in the paper. On Adult 20 gave
    the same errors."""
    impute_rounds: int = 10
    """How often each step is taken when missing cells are filled."""
    device: str = "auto"
    """auto (a GPU if there is one), cpu, cuda, cuda:1, ..."""

    def __post_init__(self) -> None:
        whole = (
            "batch_size",
            "diffusion_batch_size",
            "token_width",
            "n_blocks",
            "forward_factor",
            "hidden_width",
            "steps",
            "impute_rounds",
        )
        epochs = {name: getattr(self, name) for name in ("vae_epochs", "diffusion_epochs")}
        check_whole(1, **{name: getattr(self, name) for name in whole})
        check_whole(1, **{name: value for name, value in epochs.items() if value is not None})
        for name in ("max_minutes", "prior_weight", "vae_learning_rate", "diffusion_learning_rate"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
                raise ConfigError(f"{name}: expected a number above 0, got {value!r}")
        if not isinstance(self.vae_share, float) or not 0 < self.vae_share < 1:
            raise ConfigError(f"vae_share: expected a number between 0 and 1, got {self.vae_share!r}")
