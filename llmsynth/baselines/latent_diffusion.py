"""What method `diffusion` learned: an autoencoder of rows and a diffusion of its latent vectors; drawing, completing.

Knows levels, scores and latent vectors. Refuses to know training (`diffusion`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from llmsynth.baselines.diffusion_options import DiffusionOptions
from llmsynth.baselines.features import BoolArray, Drawn, Feature, FloatArray, IntArray
from llmsynth.baselines.latent_score import SIGMA_DATA, Denoiser, complete, sample
from llmsynth.baselines.method import Features, Tensors
from llmsynth.baselines.mixed_codes import MixedColumn
from llmsynth.baselines.token_vae import TokenVAE


@dataclass(frozen=True, eq=False)
class LatentDiffusion:
    """Rows by diffusion in latent space.

    Parameters
    ----------
    columns : tuple of MixedColumn
        Levels and scores of each feature.
    vae : TokenVAE
        Autoencoder.
    denoiser : Denoiser
        Of scaled latent vectors.
    centre, spread : Tensor, shape (n_features * token_width,)
        Latent vectors are scaled by ``(z - centre) / spread * SIGMA_DATA``.
    options : DiffusionOptions
    history : mapping
        Seconds, steps and losses of the two trainings.
    """

    columns: tuple[MixedColumn, ...]
    vae: TokenVAE
    denoiser: Denoiser
    centre: Tensor
    spread: Tensor
    options: DiffusionOptions
    history: Mapping[str, Any]

    @property
    def notices(self) -> tuple[str, ...]:
        """Says so if the budget ended a training."""
        if not any(part["hurried"] for part in self.history.values()):
            return ()
        return (
            f"diffusion: the budget of {self.options.max_minutes:g} minutes decided how long it was trained, so the "
            "same seed may give other rows in another fit; more minutes give better rows",
        )

    @torch.no_grad()
    def sample(self, n: int, rng: np.random.Generator) -> list[Drawn]:
        """See `Fitted.sample`."""
        chance, allowed = self._chance(rng), [column.drawable for column in self.columns]
        parts = []
        for rows in self._pieces(n):
            size = rows.stop - rows.start
            x = sample(self.denoiser, size, self.centre.numel(), steps=self.options.steps, chance=chance)
            parts.append(self._decoded(x, allowed, chance))
        levels, scores = (np.concatenate(one) for one in zip(*parts, strict=True))
        return [column.decode(levels[:, c], scores[:, c], rng) for c, column in enumerate(self.columns)]

    @torch.no_grad()
    def impute(self, rows: Features, known: Sequence[BoolArray], rng: np.random.Generator) -> list[Drawn]:
        """See `Imputing.impute`; by masked resampling. Cells that are not known are hidden from the encoder."""
        chance, given = self._chance(rng), np.stack(known, axis=1)
        allowed = [_present(column, row) for column, row in zip(self.columns, rows, strict=True)]
        encoded = [column.encode(row) for column, row in zip(self.columns, rows, strict=True)]
        levels, scores = (np.stack(part, axis=1) for part in zip(*encoded, strict=True))
        parts = [
            self._completed(levels[piece], scores[piece], given[piece], allowed, chance)
            for piece in self._pieces(len(given))
        ]
        levels, scores = (np.concatenate(one) for one in zip(*parts, strict=True))
        result = []
        for c, (column, row) in enumerate(zip(self.columns, rows, strict=True)):
            cells = column.decode(levels[:, c], scores[:, c], rng)
            values = np.rint(np.minimum(cells.values, 2.0**62)).astype(np.int64)
            result.append(Drawn(np.where(known[c], row.values, values), np.where(known[c], row.missing, cells.missing)))
        return result

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Fitted.state`."""
        tensors: Tensors = {"latent.centre": self.centre.cpu().numpy(), "latent.spread": self.spread.cpu().numpy()}
        for name, module in (("vae.", self.vae), ("denoiser.", self.denoiser)):
            tensors |= {name + key: value.cpu().numpy() for key, value in module.state_dict().items()}
        for place, column in enumerate(self.columns):
            tensors |= column.state(f"column.{place}.")
        return tensors, {"numbers": [column.is_number for column in self.columns], "history": dict(self.history)}

    def _pieces(self, n: int) -> list[slice]:
        """Rows that are drawn in one piece: few where a row needs much memory."""
        size = self.vae.rows_at_once
        return [slice(start, min(n, start + size)) for start in range(0, n, size)]

    def _chance(self, rng: np.random.Generator) -> torch.Generator:
        return torch.Generator(self.centre.device).manual_seed(int(rng.integers(2**63)))

    def _decoded(
        self, x: Tensor, allowed: Sequence[BoolArray], chance: torch.Generator
    ) -> tuple[IntArray, npt.NDArray[np.float32]]:
        """Levels and scores of scaled latent vectors; levels are drawn from the decoder's probabilities."""
        z = (x / SIGMA_DATA * self.spread + self.centre).reshape(len(x), len(self.columns), -1)
        groups, scores = self.vae.decode(z)
        levels = torch.empty(scores.shape, dtype=torch.int64, device=x.device)
        for columns, logits in zip(self.vae.detokenizer.groups, groups, strict=True):
            for column, own in zip(columns, logits, strict=True):
                barred = torch.from_numpy(~allowed[column]).to(x.device)
                own = own[:, : barred.numel()].masked_fill(barred, -torch.inf)
                waits = torch.empty_like(own).exponential_(generator=chance).clamp(min=1e-30)
                levels[:, column] = (own - waits.log()).argmax(1)
        return levels.cpu().numpy(), scores.cpu().numpy()

    def _completed(
        self,
        levels: IntArray,
        scores: FloatArray,
        given: BoolArray,
        allowed: Sequence[BoolArray],
        chance: torch.Generator,
    ) -> tuple[IntArray, npt.NDArray[np.float32]]:
        """Levels and scores of rows with the cells that are not given drawn."""
        device = self.centre.device
        hidden = torch.from_numpy(~given).to(device)
        cells = torch.from_numpy(levels).to(device), torch.from_numpy(scores).float().to(device)
        z, log_variance = self.vae.encode(*cells, hidden)
        z = z + (0.5 * log_variance).exp() * torch.randn(z.shape, generator=chance, device=device)
        x = (z.flatten(1) - self.centre) / self.spread * SIGMA_DATA
        free = hidden.repeat_interleave(z.shape[2], dim=1)
        steps, rounds = self.options.steps, self.options.impute_rounds
        return self._decoded(
            complete(self.denoiser, x, free, steps=steps, rounds=rounds, chance=chance), allowed, chance
        )


def _present(column: MixedColumn, row: Feature) -> BoolArray:
    """Which levels a missing cell may be filled with: those that were seen and are not "missing", if there are any."""
    present = column.drawable.copy()
    if row.is_number:
        present[-1] = False
    elif row.nullable:
        present[:-2] &= column.values != row.n_levels - 1
    return present if present.any() else column.drawable
