"""The adversarial training of CTGAN: one step of the critic, one of the generator, again and again.

Faster than the obvious loop over columns, with the same mathematics: all segments are activated at once (`segments`),
rows become one-hot matrices only batch by batch, draws of a whole epoch are made together, and the critic's step does
not keep the generator's graph, which it never uses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from llmsynth.baselines.conditional_vectors import Conditions, RowsByCode
from llmsynth.baselines.ctgan_networks import build_critic, build_generator, gradient_penalty
from llmsynth.baselines.devices import torch_generator
from llmsynth.baselines.features import IntArray
from llmsynth.baselines.method import Progress
from llmsynth.baselines.mode_encoding import RowEncoding, Rows
from llmsynth.baselines.row_space import RowSpace
from llmsynth.baselines.training_time import TrainingTime
from llmsynth.baselines.weight_average import WeightAverage


@dataclass(frozen=True)
class Recipe:
    """The numbers of a training; see `CtganOptions`."""

    time: TrainingTime
    batch_size: int
    pac: int
    critic_steps: int
    noise: int
    hidden: int
    learning_rate: float
    weight_decay: float
    penalty: float
    tau: float


class Duel:
    """Generator and critic with their optimisers.

    Parameters
    ----------
    space : RowSpace
    recipe : Recipe
    rng : torch.Generator
        On the space's device.
    """

    def __init__(self, space: RowSpace, recipe: Recipe, rng: torch.Generator) -> None:
        self.space, self.recipe, self.rng = space, recipe, rng
        n_in = recipe.noise + space.condition_width
        self.generator = build_generator(n_in, recipe.hidden, space.width).to(space.device)
        self.critic = build_critic(recipe.pac * (space.width + space.condition_width), recipe.hidden).to(space.device)
        self.average = WeightAverage(self.generator)
        self._generator_steps, self._critic_steps = self._adam(self.generator), self._adam(self.critic)

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        own = self.recipe
        return torch.optim.Adam(
            network.parameters(), own.learning_rate, (0.5, 0.9), weight_decay=own.weight_decay, fused=True
        )

    def _raw(self, condition: Tensor) -> Tensor:
        noise = torch.randn(len(condition), self.recipe.noise, generator=self.rng, device=self.space.device)
        raw: Tensor = self.generator(torch.cat([noise, condition], 1))
        return raw

    def _packs(self, rows: Tensor, condition: Tensor) -> Tensor:
        return torch.cat([rows, condition], 1).view(len(rows) // self.recipe.pac, -1)

    def critic_step(self, real: Tensor, asked: tuple[Tensor, Tensor] | None) -> None:
        """Tell real rows of a condition from generated ones of the same condition a little better."""
        condition = self.space.condition(asked, len(real))
        with torch.no_grad():
            fake = self.space.activate(self._raw(condition), self.recipe.tau, self.rng)
        true, false = self._packs(real, condition), self._packs(fake, condition)
        verdicts = self.critic(torch.cat([false, true]))
        loss = verdicts[: len(false)].mean() - verdicts[len(false) :].mean()
        loss = loss + self.recipe.penalty * gradient_penalty(self.critic, true, false, self.rng)
        self._critic_steps.zero_grad()
        loss.backward()
        self._critic_steps.step()

    def generator_step(self, asked: tuple[Tensor, Tensor] | None) -> None:
        """Please the critic, and show the level that was asked for."""
        condition = self.space.condition(asked, self.recipe.batch_size)
        raw = self._raw(condition)
        fake = self.space.activate(raw, self.recipe.tau, self.rng)
        self.critic.requires_grad_(False)  # its own gradients are not needed here
        loss = self.space.disagreement(raw, asked) - self.critic(self._packs(fake, condition)).mean()
        self._generator_steps.zero_grad()
        loss.backward()
        self._generator_steps.step()
        self.critic.requires_grad_(True)
        self.average.add(self.generator)


class Draws:
    """Conditions and training rows, drawn for an epoch at a time.

    Parameters
    ----------
    index : RowsByCode or None
        None if the table has no column of codes: rows are then drawn evenly.
    n_rows : int
        Training rows.
    rng : numpy.random.Generator
    """

    def __init__(self, index: RowsByCode | None, n_rows: int, rng: np.random.Generator) -> None:
        self._index, self._n_rows, self._rng = index, n_rows, rng

    def conditions(self, n: int) -> Conditions | None:
        """Conditions by the logarithms of the frequencies."""
        return None if self._index is None else self._index.law.draw(n, self._rng, log_frequency=True)

    def rows(self, conditions: Conditions | None, n: int) -> IntArray:
        """Training rows that meet them."""
        if self._index is None or conditions is None:
            return self._rng.integers(0, self._n_rows, n)
        return self._index.draw(conditions, self._rng)


def train(
    rows: Rows,
    encoding: RowEncoding,
    index: RowsByCode | None,
    recipe: Recipe,
    seed: int,
    device: torch.device,
    progress: Progress,
) -> nn.Sequential:
    """Train on encoded rows and return the averaged generator, on the CPU; `settle_norms` makes it ready to draw.

    Parameters
    ----------
    rows : Rows
        Training rows.
    encoding : RowEncoding
    index : RowsByCode or None
        For training-by-sampling; None if the table has no column of codes.
    recipe : Recipe
    seed : int
        Of draws and noise; first weights and dropout follow torch's own generator.
    device : torch.device
    progress : Progress
    """
    space = RowSpace(encoding, device)
    duel = Duel(space, recipe, torch_generator(seed, device))
    draws = Draws(index, len(rows.codes), np.random.default_rng(seed))
    places = torch.from_numpy(rows.places).clamp(-1, 1).to(device, torch.float32)
    codes = torch.from_numpy(rows.codes).to(device)
    size, per_epoch = recipe.batch_size, max(1, len(rows.codes) // recipe.batch_size)
    n_critic = per_epoch * recipe.critic_steps * size
    for _, step in recipe.time.steps(per_epoch, progress):
        if step == 0:
            asked = draws.conditions(n_critic)
            chosen = torch.from_numpy(draws.rows(asked, n_critic)).to(device)
            for_critic, for_generator = _on(asked, device), _on(draws.conditions(per_epoch * size), device)
        for turn in range(step * recipe.critic_steps, (step + 1) * recipe.critic_steps):
            part = slice(turn * size, (turn + 1) * size)
            real = chosen[part]
            duel.critic_step(space.matrix(places[real], codes[real]), _part(for_critic, part))
        duel.generator_step(_part(for_generator, slice(step * size, (step + 1) * size)))
    return duel.average.network.to("cpu")


def _on(asked: Conditions | None, device: torch.device) -> tuple[Tensor, Tensor] | None:
    if asked is None:
        return None
    return torch.from_numpy(asked.columns).to(device), torch.from_numpy(asked.codes).to(device)


def _part(asked: tuple[Tensor, Tensor] | None, part: slice) -> tuple[Tensor, Tensor] | None:
    return None if asked is None else (asked[0][part], asked[1][part])


def settle_norms(generator: nn.Module, inputs: Tensor) -> None:
    """Set the running means of batch normalisation to those of these inputs, and use them from now on.

    Training sees rare levels more often than they are; sampling must not depend on who shares a batch.
    """
    norms = [own for own in generator.modules() if isinstance(own, nn.BatchNorm1d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
    generator.train()
    with torch.no_grad():
        generator(inputs)
    generator.eval()
