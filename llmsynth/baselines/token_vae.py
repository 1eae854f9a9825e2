"""A variational autoencoder over the columns of a row: one token of a few numbers for each column.

    levels, scores --tokenizer--> tokens --encoder--> mean, log variance --decoder--> --detokenizer--> levels, scores

As in TabSyn (Zhang et al., ICLR 2024, arXiv 2310.09656): a category's token is a learned vector, that of a number a
learned vector times the number plus another; encoder and decoder are transformers over a row's tokens with attention
between columns; every column has its own linear map back. Here a column may have both a level and a score
(`mixed_codes`), so its token is their sum, and the decoder gives both back.

Departures, for a CPU: one encoder with two heads instead of two encoders (half the work), no class token (the diffusion
has no use for it). All columns are tokenised by one look-up, and brought back by one batched product for each power of
two of their numbers of levels, instead of a loop over columns.

Knows levels and scores. Refuses to know what they stand for, and how the model is trained (`vae_training`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Attention between the columns of a row and a feed-forward layer, each after a layer norm and added."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm_attention, self.norm_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.question_key_value, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, columns, width) to the same."""
        question, key, value = self.question_key_value(self.norm_attention(x)).chunk(3, dim=-1)
        weights = torch.softmax(question @ key.transpose(1, 2) * question.shape[-1] ** -0.5, dim=-1)
        x = x + self.out(weights @ value)  # one head
        return x + self.down(functional.relu(self.up(self.norm_forward(x))))


class Tokenizer(nn.Module):
    """Token of a cell: a vector for its level, plus its score times a vector of the column."""

    offsets: Tensor

    def __init__(self, n_levels: Sequence[int], width: int) -> None:
        super().__init__()
        starts = torch.tensor([0, *n_levels]).cumsum(0)
        self.register_buffer("offsets", starts[:-1], persistent=False)
        self.levels = nn.Parameter(torch.randn(int(starts[-1]), width))
        self.slopes = nn.Parameter(torch.randn(len(n_levels), width))

    def forward(self, levels: Tensor, scores: Tensor) -> Tensor:
        """(rows, columns) each to (rows, columns, width)."""
        return functional.embedding(levels + self.offsets, self.levels) + scores.unsqueeze(-1) * self.slopes


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
        self.encoder = nn.Sequential(*(Block(width, hidden) for _ in range(n_blocks)))
        self.decoder = nn.Sequential(*(Block(width, hidden) for _ in range(n_blocks)))
        self.mean, self.log_variance = nn.Linear(width, width), nn.Linear(width, width)

    def encode(self, levels: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and log variance, (rows, columns, width) each."""
        x = self.encoder(self.tokenizer(levels, scores))
        return self.mean(x), self.log_variance(x).clamp(-20.0, 4.0)

    def forward(self, levels: Tensor, scores: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Decoded tokens, posterior mean and log variance; `noise` is standard normal, of the mean's shape."""
        mean, log_variance = self.encode(levels, scores)
        return self.decoder(mean + torch.exp(0.5 * log_variance) * noise), mean, log_variance

    def losses(self, levels: Tensor, scores: Tensor, noise: Tensor, scored: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction loss and divergence from the prior.

        Parameters
        ----------
        levels, scores : Tensor, shape (rows, columns)
        noise : Tensor, shape (rows, columns, width)
        scored : Tensor of float, shape (rows, columns)
            One where a cell has a score, else zero.

        Returns
        -------
        tuple of scalar Tensor
            Mean cross-entropy of a level in nats plus mean squared error of a score; mean divergence of a latent
            number in nats.
        """
        tokens, mean, log_variance = self(levels, scores, noise)
        crossed = tokens.new_zeros(())
        for columns, logits in zip(self.detokenizer.groups, self.detokenizer.logits(tokens), strict=True):
            wanted = levels[:, columns].transpose(0, 1)
            crossed = crossed + functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum")
        squared = ((self.detokenizer.scores(tokens) - scores).square() * scored).sum() / scored.sum().clamp(min=1.0)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean()
        return crossed / levels.numel() + squared, divergence

    def decode(self, latents: Tensor) -> tuple[list[Tensor], Tensor]:
        """Logits by group and scores of latents (rows, columns, width)."""
        tokens = self.decoder(latents)
        return self.detokenizer.logits(tokens), self.detokenizer.scores(tokens)
