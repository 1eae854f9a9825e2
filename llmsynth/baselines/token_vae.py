"""A variational autoencoder over the columns of a row: one token of a few numbers for each column.

    levels, scores --tokenizer--> tokens --encoder--> mean, log variance --decoder--> --detokenizer--> levels, scores

As in TabSyn (Zhang et al., ICLR 2024, arXiv 2310.09656): a category's token is a learned vector, that of a number a
learned vector times the number plus another; encoder and decoder are transformers over a row's tokens with attention
between columns; every column has its own linear map back. Here a column may have both a level and a score
(`mixed_codes`), so its token is their sum, and the decoder gives both back.

Some rows of the training have some of their cells hidden: the encoder reads one token of the column in their place, the
decoder gets noise, and neither is judged on them. So the latent numbers of a column come to tell of that column, and
partial rows can be encoded. The paper encodes partial rows with means and modes in the holes, which its encoder then
believes: in a small test 72 % of the filled cells of a category were right so, 80 % with hidden cells.

Other departures, for a CPU: one encoder with two heads instead of two encoders (half the work), no class token (the
diffusion has no use for it). All columns are tokenised by one look-up, and brought back by one batched product for each
power of two of their numbers of levels, instead of a loop over columns. The sizes are smaller by default
(`DiffusionOptions`).

Knows levels and scores. Refuses to know what they stand for, and how the model is trained (`vae_training`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Attention between the columns of a row and a feed-forward layer, each after a layer norm and added.

    Rows come last, (columns, width, rows): tokens of four numbers leave nothing to vectorise over but rows.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm_attention, self.norm_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.question_key_value, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(columns, width, rows) to the same."""
        normed = _normed(self.norm_attention, x)
        question, key, value = _linear(self.question_key_value, normed).chunk(3, dim=1)
        alike = (question.unsqueeze(1) * key.unsqueeze(0)).sum(2)  # (asking column, asked column, rows); one head
        weights = torch.softmax(alike * question.shape[1] ** -0.5, dim=1)
        x = x + _linear(self.out, (weights.unsqueeze(2) * value.unsqueeze(0)).sum(1))
        return x + _linear(self.down, functional.relu(_linear(self.up, _normed(self.norm_forward, x))))


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    n = x.shape[0]
    return torch.baddbmm(layer.bias[None, :, None].expand(n, -1, 1), layer.weight[None].expand(n, -1, -1), x)


def _normed(layer: nn.LayerNorm, x: Tensor) -> Tensor:
    centred = x - x.mean(1, keepdim=True)
    scale = torch.rsqrt(centred.square().mean(1, keepdim=True) + layer.eps)
    return centred * scale * layer.weight[:, None] + layer.bias[:, None]


class Blocks(nn.Sequential):
    """Transformer layers over tokens (rows, columns, width)."""

    def forward(self, tokens: Tensor) -> Tensor:
        """(rows, columns, width) to the same."""
        x: Tensor = super().forward(tokens.permute(1, 2, 0).contiguous())  # type: ignore[no-untyped-call]
        return x.permute(2, 0, 1)


class Tokenizer(nn.Module):
    """Token of a cell: a vector for its level, plus its score times a vector of the column."""

    offsets: Tensor

    def __init__(self, n_levels: Sequence[int], width: int) -> None:
        super().__init__()
        starts = torch.tensor([0, *n_levels]).cumsum(0)
        self.register_buffer("offsets", starts[:-1], persistent=False)
        self.levels = nn.Parameter(torch.randn(int(starts[-1]), width))
        self.slopes = nn.Parameter(torch.randn(len(n_levels), width))
        self.hidden = nn.Parameter(torch.randn(len(n_levels), width))

    def forward(self, levels: Tensor, scores: Tensor, hidden: Tensor | None = None) -> Tensor:
        """(rows, columns) each to (rows, columns, width); hidden cells all have their column's one token."""
        tokens = functional.embedding(levels + self.offsets, self.levels) + scores.unsqueeze(-1) * self.slopes
        return tokens if hidden is None else torch.where(hidden.unsqueeze(-1), self.hidden, tokens)


class Detokenizer(nn.Module):
    """Logits of every column's levels, and every column's score, from its token."""

    def __init__(self, n_levels: Sequence[int], width: int) -> None:
        super().__init__()
        self.n_columns = len(n_levels)
        powers = [(n - 1).bit_length() for n in n_levels]
        self.groups = [[c for c in range(self.n_columns) if powers[c] == power] for power in sorted(set(powers))]
        weights, biases = [], []
        for columns in self.groups:
            widest = max(n_levels[column] for column in columns)
            weights.append(nn.Parameter(torch.randn(len(columns), width, widest) * width**-0.5))
            bias = torch.zeros(len(columns), 1, widest)
            for place, column in enumerate(columns):
                bias[place, :, n_levels[column] :] = -1e4  # no such level
            biases.append(nn.Parameter(bias))
        self.weights, self.biases = nn.ParameterList(weights), nn.ParameterList(biases)
        self.slopes = nn.Parameter(torch.randn(self.n_columns, width) * width**-0.5)
        self.starts = nn.Parameter(torch.zeros(self.n_columns))

    def logits(self, tokens: Tensor) -> list[Tensor]:
        """(rows, columns, width) to one (columns of the group, rows, levels) for each of `groups`."""
        by_column = tokens.transpose(0, 1)
        return [
            torch.baddbmm(bias, by_column[columns], weight)
            for columns, weight, bias in zip(self.groups, self.weights, self.biases, strict=True)
        ]

    def scores(self, tokens: Tensor) -> Tensor:
        """(rows, columns, width) to (rows, columns)."""
        return (tokens * self.slopes).sum(-1) + self.starts


class Cells(NamedTuple):
    """Rows as the autoencoder reads them, three tensors of shape (rows, columns)."""

    levels: Tensor
    """int64."""
    scores: Tensor
    """float32; zero where a cell has none."""
    scored: Tensor
    """float32; one where a cell has a score, else zero."""

    def take(self, rows: Tensor) -> Cells:
        """The rows of these numbers."""
        return Cells(self.levels[rows], self.scores[rows], self.scored[rows])


FLOATS_AT_ONCE = 2**24
"""Largest array that a piece of rows may need when it is encoded or decoded: 64 MiB."""


class TokenVAE(nn.Module):
    """The whole autoencoder.

    Parameters
    ----------
    n_levels : sequence of int
        Levels of each column.
    width : int
        Numbers in a token; 4 in the paper.
    hidden : int
        Width inside the feed-forward layers; 32 times `width` in the paper.
    n_blocks : int
        Transformer layers of encoder and decoder each; 2 in the paper.
    """

    def __init__(self, n_levels: Sequence[int], *, width: int, hidden: int, n_blocks: int) -> None:
        super().__init__()
        self.tokenizer, self.detokenizer = Tokenizer(n_levels, width), Detokenizer(n_levels, width)
        self.encoder = Blocks(*(Block(width, hidden) for _ in range(n_blocks)))
        self.decoder = Blocks(*(Block(width, hidden) for _ in range(n_blocks)))
        self.mean, self.log_variance = nn.Linear(width, width), nn.Linear(width, width)
        n_columns = len(n_levels)
        self.rows_at_once = max(1, FLOATS_AT_ONCE // max(sum(n_levels), n_columns * hidden, n_columns**2))

    def encode(self, levels: Tensor, scores: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Posterior mean and log variance, (rows, columns, width) each; those of hidden cells mean nothing."""
        x = self.encoder(self.tokenizer(levels, scores, hidden))
        return self.mean(x), self.log_variance(x).clamp(-20.0, 4.0)

    def losses(self, cells: Cells, noise: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction loss and divergence from the prior, of the cells that are not hidden.

        Parameters
        ----------
        cells : Cells
        noise : Tensor, shape (rows, columns, width)
            Standard normal. It is all that the decoder gets of hidden cells.
        hidden : Tensor of bool, shape (rows, columns)

        Returns
        -------
        tuple of scalar Tensor
            Mean cross-entropy of a level in nats plus mean squared error of a score; mean divergence of a latent
            number in nats.
        """
        mean, log_variance = self.encode(cells.levels, cells.scores, hidden)
        drawn = mean + torch.exp(0.5 * log_variance) * noise
        tokens = self.decoder(torch.where(hidden.unsqueeze(-1), noise, drawn))
        shown = (~hidden).float()
        n_shown, crossed = shown.sum().clamp(min=1.0), tokens.new_zeros(())
        for columns, logits in zip(self.detokenizer.groups, self.detokenizer.logits(tokens), strict=True):
            wanted, counted = cells.levels[:, columns].transpose(0, 1), shown[:, columns].transpose(0, 1)
            lost = functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none")
            crossed = crossed + (lost * counted.flatten()).sum()
        scored = cells.scored * shown
        squared = ((self.detokenizer.scores(tokens) - cells.scores).square() * scored).sum() / scored.sum().clamp(
            min=1.0
        )
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean(-1)
        return crossed / n_shown + squared, (divergence * shown).sum() / n_shown

    def decode(self, latents: Tensor) -> tuple[list[Tensor], Tensor]:
        """Logits by group and scores of latents (rows, columns, width)."""
        tokens = self.decoder(latents)
        return self.detokenizer.logits(tokens), self.detokenizer.scores(tokens)
