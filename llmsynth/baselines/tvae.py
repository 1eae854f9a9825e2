"""TVAE (Xu et al., NeurIPS 2019, arXiv 1907.00503, section 4.5), written anew: a variational autoencoder for tables.

Shares the encoding with CTGAN. Kept from the paper: encoder and decoder of two layers of 128, embedding of 128, a
standard deviation per number, loss factor 2. Changed, all together measured beside the ctgan package in `eval/`:

- repeated values, missing cells and numbers of few values are modes of their own (`number_modes`, `mode_encoding`);
- the place of a number counts in the loss only where its mode has a width;
- rows are drawn from the decoder's distributions, so rare levels come as often as the decoder believes;
- all columns at once (`segments`); a small table takes at least `min_steps` steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from llmsynth.baselines.devices import pick_device, refuse_diverged, torch_generator
from llmsynth.baselines.features import Drawn
from llmsynth.baselines.method import Features, Fitted, Method, Task, Tensors
from llmsynth.baselines.mode_collapse import ROWS_DRAWN, lost_modes, warn_of_collapse
from llmsynth.baselines.mode_encoding import RowEncoding, Rows, fit_row_encoding, load_row_encoding
from llmsynth.baselines.option_checks import check_at_least, check_whole
from llmsynth.baselines.row_space import RowSpace
from llmsynth.baselines.training_time import TrainingTime
from llmsynth.seeded_torch import seeded

ROWS_AT_ONCE = 2_000
"""Rows that go through the decoder together."""


@dataclass(frozen=True)
class TvaeOptions:
    """Options of TVAE."""

    epochs: int = 300
    """Passes over the table."""
    batch_size: int = 500
    """Rows in a step."""
    min_steps: int = 2000
    """Steps to take at least, in more epochs if the table is small; 0 for none."""
    max_minutes: float | None = None
    """Minutes after which training ends; None for no limit."""
    embedding: int = 128
    """Width of the latent space."""
    hidden: int = 128
    """Width of the hidden layers."""
    learning_rate: float = 1e-3
    """By Adam."""
    l2: float = 1e-5
    """Weight decay."""
    loss_factor: float = 2.0
    """Weight of the reconstruction against the divergence."""
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
            embedding=self.embedding,
            hidden=self.hidden,
            max_modes=self.max_modes,
        )
        check_whole(0, min_steps=self.min_steps)
        check_whole(2, max_width=self.max_width)
        check_at_least(0.0, l2=self.l2, max_minutes=self.max_minutes or 0.0)
        check_at_least(1e-12, learning_rate=self.learning_rate, loss_factor=self.loss_factor)


def _two_layers(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, n_out)
    )


class Decoder(nn.Module):
    """From embeddings to raw rows, with a standard deviation for every place."""

    def __init__(self, embedding: int, hidden: int, width: int, n_places: int) -> None:
        super().__init__()
        self.layers = _two_layers(embedding, hidden, width)
        self.sigmas = nn.Parameter(torch.full((n_places,), 0.1))

    def forward(self, embeddings: Tensor) -> Tensor:
        """(batch, embedding) to (batch, width): places before tanh, logits."""
        raw: Tensor = self.layers(embeddings)
        return raw

    def limited_sigmas(self) -> Tensor:
        """The standard deviations, kept between 0.01 and 1."""
        return self.sigmas.clamp(0.01, 1.0)


def reconstruction(raw: Tensor, places: Tensor, codes: Tensor, sigmas: Tensor, space: RowSpace) -> Tensor:
    """Negative log-likelihood of rows, up to a constant, shape (batch,)."""
    logits = raw[:, space.n_places :]
    loss = -space.segments.log_probabilities(logits, codes).sum(1)
    if space.n_places:
        misses = (places - torch.tanh(raw[:, : space.n_places])) / sigmas
        counted = space.segments.one_hot(codes) @ space.wide
        loss = loss + (counted * (misses**2 / 2 + sigmas.log())).sum(1)
    return loss


@dataclass(frozen=True, eq=False)
class Tvae:
    """A fitted TVAE.

    Attributes
    ----------
    encoding : RowEncoding
        Modes and levels of every column.
    decoder : Decoder
        The decoder, on the CPU.
    lost : dict of str to int
        By column: categories or modes of more than 1 % of the training rows in none of 10,000 drawn rows.
    notices : tuple of str
        The same in words.
    """

    encoding: RowEncoding
    decoder: Decoder
    embedding: int
    lost: dict[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def sample(self, n: int, rng: np.random.Generator) -> list[Drawn]:
        """See `Fitted.sample`."""
        return self.encoding.decode(self.draw(n, rng), rng)

    def draw(self, n: int, rng: np.random.Generator) -> Rows:
        """Draw rows before they are decoded."""
        space = RowSpace(self.encoding, torch.device("cpu"))
        noise = torch_generator(int(rng.integers(2**63)))
        parts = []
        for start in range(0, n, ROWS_AT_ONCE):
            size = min(ROWS_AT_ONCE, n - start)
            with torch.no_grad():
                raw = self.decoder(torch.randn(size, self.embedding, generator=noise))
                around = torch.randn(size, space.n_places, generator=noise) * self.decoder.limited_sigmas()
            places = (torch.tanh(raw[:, : space.n_places]) + around).clamp(-1, 1)
            parts.append((places.numpy(), space.segments.draw(raw[:, space.n_places :], noise).numpy()))
        places_of_all, codes = (np.concatenate([part[which] for part in parts]) for which in (0, 1))
        return Rows(places_of_all, codes)

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Fitted.state`."""
        tensors, meta = self.encoding.state()
        tensors |= {f"decoder.{name}": own.numpy() for name, own in self.decoder.state_dict().items()}
        return tensors, {**meta, "lost": self.lost, "notices": list(self.notices)}


def fit_tvae(task: Task, options: TvaeOptions) -> Tvae:
    """Encode, train, and look whether common modes were lost."""
    device, rng = pick_device(options.device), np.random.default_rng(task.seed)
    encoding = fit_row_encoding(task.features, rng, max_modes=options.max_modes, max_width=options.max_width)
    rows = encoding.encode(task.features, rng)
    with seeded(task.seed, device):
        decoder = _train(rows, encoding, task, options, device)
    refuse_diverged("tvae", decoder)
    own = Tvae(encoding, decoder, options.embedding)
    lost = lost_modes(rows.codes, own.draw(ROWS_DRAWN, rng).codes, task.features)
    return Tvae(encoding, decoder, options.embedding, lost, warn_of_collapse("tvae", lost))


def _train(rows: Rows, encoding: RowEncoding, task: Task, options: TvaeOptions, device: torch.device) -> Decoder:
    space, noise = RowSpace(encoding, device), torch_generator(task.seed, device)
    encoder = _two_layers(space.width, options.hidden, 2 * options.embedding).to(device)
    decoder = Decoder(options.embedding, options.hidden, space.width, space.n_places).to(device)
    weights = [*encoder.parameters(), *decoder.parameters()]
    steps = torch.optim.Adam(weights, options.learning_rate, weight_decay=options.l2, fused=True)
    places = torch.from_numpy(rows.places).clamp(-1, 1).to(device, torch.float32)
    codes = torch.from_numpy(rows.codes).to(device)
    n, rng = len(codes), np.random.default_rng(task.seed)
    time = TrainingTime(options.epochs, options.min_steps, options.max_minutes)
    for _, place in time.steps(-(-n // options.batch_size), task.progress):
        if place == 0:
            order = torch.from_numpy(rng.permutation(n)).to(device)
        own = order[place * options.batch_size : (place + 1) * options.batch_size]
        mean, log_variance = encoder(space.matrix(places[own], codes[own])).chunk(2, 1)
        around = torch.randn(mean.shape, generator=noise, device=device) * (log_variance / 2).exp()
        raw, sigmas = decoder(mean + around), decoder.limited_sigmas()
        loss = options.loss_factor * reconstruction(raw, places[own], codes[own], sigmas, space).mean()
        loss = loss - (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean() / 2
        steps.zero_grad()
        loss.backward()
        steps.step()
    return decoder.to("cpu").eval()


def _load(features: Features, options: TvaeOptions, tensors: Tensors, meta: Mapping[str, Any]) -> Fitted:
    encoding = load_row_encoding(tensors, meta)
    space = RowSpace(encoding, torch.device("cpu"))
    decoder = Decoder(options.embedding, options.hidden, space.width, space.n_places)
    prefix = "decoder."
    decoder.load_state_dict(
        {name.removeprefix(prefix): torch.from_numpy(own) for name, own in tensors.items() if name.startswith(prefix)}
    )
    return Tvae(encoding, decoder.eval(), options.embedding, dict(meta["lost"]), tuple(meta["notices"]))


METHOD = Method(
    name="tvae",
    summary="variational autoencoder for tables (Xu et al. 2019)",
    options=TvaeOptions,
    fit=fit_tvae,
    load=_load,
)
