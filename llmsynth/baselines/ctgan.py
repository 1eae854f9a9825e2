"""CTGAN (Xu et al., NeurIPS 2019, arXiv 1907.00503), written anew: a conditional GAN for tables.

Kept from the paper: mode-specific normalisation, conditional vector, training-by-sampling, PacGAN, WGAN-GP,
Gumbel-softmax, the sizes and rates. Changed, all together measured beside the ctgan package in `eval/`:

- repeated values, missing cells and numbers of few values are modes of their own (`number_modes`, `mode_encoding`);
- a place is 0 where its mode has no width, in generated rows as in real ones, so the critic cannot tell by that;
- real and generated rows of a critic's step share their conditions;
- rows are drawn with averaged weights (`weight_average`);
- batch normalisation uses means taken under the conditions of sampling, not of the batch (`settle_norms`);
- a drawn row shows the level that its condition asked for;
- all columns at once, no graph of the generator in the critic's step (`ctgan_training`);
- a small table takes at least `min_steps` steps.

Conditions on rows are refused: a conditional vector makes a level likely, it does not draw from the conditional law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from llmsynth.baselines.conditional_vectors import ConditionLaw, index_rows
from llmsynth.baselines.ctgan_networks import build_generator
from llmsynth.baselines.ctgan_training import Recipe, settle_norms, train
from llmsynth.baselines.devices import pick_device, refuse_diverged, torch_generator
from llmsynth.baselines.features import Drawn
from llmsynth.baselines.method import Features, Fitted, Method, Task, Tensors
from llmsynth.baselines.mode_collapse import ROWS_DRAWN, lost_modes, warn_of_collapse
from llmsynth.baselines.mode_encoding import RowEncoding, Rows, fit_row_encoding, load_row_encoding
from llmsynth.baselines.option_checks import check_at_least, check_whole
from llmsynth.baselines.row_space import RowSpace
from llmsynth.baselines.training_time import TrainingTime
from llmsynth.errors import ConfigError
from llmsynth.seeded_torch import seeded

ROWS_AT_ONCE = 2_000
"""Rows that go through the generator together."""


@dataclass(frozen=True)
class CtganOptions:
    """Options of CTGAN."""

    epochs: int = 300
    """Times that as many rows are drawn as the table has."""
    batch_size: int = 500
    """Rows in a step, a multiple of `pac`."""
    min_steps: int = 2000
    """Steps to take at least, in more epochs if the table is small; 0 for none."""
    max_minutes: float | None = None
    """Minutes after which training ends; None for no limit."""
    pac: int = 10
    """Rows the critic judges together."""
    critic_steps: int = 1
    """Steps of the critic per step of the generator."""
    noise: int = 128
    """Width of the generator's noise."""
    hidden: int = 256
    """Width of the hidden layers."""
    learning_rate: float = 2e-4
    """Of both networks, by Adam."""
    weight_decay: float = 1e-6
    """Of both networks."""
    penalty: float = 10.0
    """Weight of the gradient penalty."""
    tau: float = 0.2
    """Temperature of the Gumbel-softmax, above 0."""
    max_modes: int = 10
    """Gaussians per number at most."""
    max_width: int = 256
    """Levels of a column with a code of their own; rarer ones share one and are drawn by frequency. At least 2."""
    device: str = "auto"
    """Where to train: auto, cpu or cuda. Rows are drawn on the CPU."""

    def __post_init__(self) -> None:
        """Check."""
        check_whole(
            1,
            epochs=self.epochs,
            batch_size=self.batch_size,
            pac=self.pac,
            critic_steps=self.critic_steps,
            noise=self.noise,
            hidden=self.hidden,
            max_modes=self.max_modes,
        )
        check_whole(0, min_steps=self.min_steps)
        check_whole(2, max_width=self.max_width)
        check_at_least(0.0, weight_decay=self.weight_decay, penalty=self.penalty, max_minutes=self.max_minutes or 0.0)
        check_at_least(1e-12, learning_rate=self.learning_rate, tau=self.tau)
        if self.batch_size % self.pac:
            raise ConfigError(
                f"batch_size: expected a multiple of pac ({self.pac}), got {self.batch_size}; change one of them"
            )

    def recipe(self) -> Recipe:
        """The part that training needs."""
        return Recipe(
            TrainingTime(self.epochs, self.min_steps, self.max_minutes),
            self.batch_size,
            self.pac,
            self.critic_steps,
            self.noise,
            self.hidden,
            self.learning_rate,
            self.weight_decay,
            self.penalty,
            self.tau,
        )


@dataclass(frozen=True, eq=False)
class Ctgan:
    """A fitted CTGAN.

    Attributes
    ----------
    encoding : RowEncoding
        Modes and levels of every column.
    law : ConditionLaw or None
        How often each level was seen; None if every column is a number of many values.
    generator : torch.nn.Module
        The generator, on the CPU.
    lost : dict of str to int
        By column: categories or modes of more than 1 % of the training rows in none of 10,000 rows as generated.
    notices : tuple of str
        The same in words.
    """

    encoding: RowEncoding
    law: ConditionLaw | None
    generator: nn.Module
    noise: int
    lost: dict[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def sample(self, n: int, rng: np.random.Generator) -> list[Drawn]:
        """See `Fitted.sample`."""
        return self.encoding.decode(self.draw(n, rng), rng)

    def draw(self, n: int, rng: np.random.Generator, *, kept: bool = True) -> Rows:
        """Draw rows before they are decoded; if not `kept`, as the generator makes them, whatever it was asked for."""
        space = RowSpace(self.encoding, torch.device("cpu"))
        noise = torch_generator(int(rng.integers(2**63)))
        parts = []
        for start in range(0, n, ROWS_AT_ONCE):
            inputs, asked = self.inputs(space, min(ROWS_AT_ONCE, n - start), noise, rng)
            with torch.no_grad():
                raw = self.generator(inputs)
            codes = space.segments.draw(raw[:, space.n_places :], noise)
            if kept and asked is not None:
                codes[torch.arange(len(codes)), space.discrete[asked[0]]] = asked[1]
            parts.append((torch.tanh(raw[:, : space.n_places]).numpy(), codes.numpy()))
        places, codes_of_all = (np.concatenate([part[which] for part in parts]) for which in (0, 1))
        return Rows(places, codes_of_all)

    def inputs(
        self, space: RowSpace, n: int, noise: torch.Generator, rng: np.random.Generator
    ) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
        """Noise and conditions by frequency, as the generator takes them; and the conditions."""
        asked = None
        if self.law is not None:
            columns, codes = self.law.draw(n, rng, log_frequency=False)
            asked = (torch.from_numpy(columns), torch.from_numpy(codes))
        random = torch.randn(n, self.noise, generator=noise)
        return torch.cat([random, space.condition(asked, n)], 1), asked

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Fitted.state`."""
        tensors, meta = self.encoding.state()
        tensors |= {f"generator.{name}": own.numpy() for name, own in self.generator.state_dict().items()}
        if self.law is not None:
            tensors["law.counts"] = self.law.counts
        return tensors, {**meta, "lost": self.lost, "notices": list(self.notices)}


def fit_ctgan(task: Task, options: CtganOptions) -> Ctgan:
    """Encode, train, and look whether common modes were lost."""
    device, rng = pick_device(options.device), np.random.default_rng(task.seed)
    encoding = fit_row_encoding(task.features, rng, max_modes=options.max_modes, max_width=options.max_width)
    rows = encoding.encode(task.features, rng)
    discrete = encoding.discrete
    index = index_rows(rows.codes[:, discrete], encoding.widths[discrete]) if discrete else None
    with seeded(task.seed, device):
        generator = train(rows, encoding, index, options.recipe(), task.seed, device, task.progress)
    refuse_diverged("ctgan", generator)
    own = Ctgan(encoding, index.law if index else None, generator, options.noise)
    space = RowSpace(encoding, torch.device("cpu"))
    calm = own.inputs(space, ROWS_DRAWN, torch_generator(task.seed), rng)[0]
    settle_norms(generator, calm)
    lost = lost_modes(rows.codes, own.draw(ROWS_DRAWN, rng, kept=False).codes, task.features)
    return Ctgan(encoding, own.law, generator, options.noise, lost, warn_of_collapse("ctgan", lost))


def _load(features: Features, options: CtganOptions, tensors: Tensors, meta: Mapping[str, Any]) -> Fitted:
    encoding = load_row_encoding(tensors, meta)
    law, discrete = None, encoding.discrete
    if discrete:
        law = ConditionLaw(tensors["law.counts"], encoding.widths[discrete])
    space = RowSpace(encoding, torch.device("cpu"))
    generator = build_generator(options.noise + space.condition_width, options.hidden, space.width)
    prefix = "generator."
    generator.load_state_dict(
        {name.removeprefix(prefix): torch.from_numpy(own) for name, own in tensors.items() if name.startswith(prefix)}
    )
    return Ctgan(encoding, law, generator.eval(), options.noise, dict(meta["lost"]), tuple(meta["notices"]))


METHOD = Method(
    name="ctgan",
    summary="conditional GAN for tables (Xu et al. 2019)",
    options=CtganOptions,
    fit=fit_ctgan,
    load=_load,
)
