"""One token per row from logits, by inverse-distribution sampling with a draw that is given.

It knows probabilities and draws. It refuses to know columns, models and where draws come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.grammar.automaton import IntArray


@dataclass(frozen=True)
class ColumnSampling:
    """How one column's tokens are picked.

    Parameters
    ----------
    temperature : float
        Logits are divided by it; 1 is the learned distribution.
    top_p : float
        Keep the likeliest tokens that together reach this probability, in (0, 1].
    """

    temperature: float = 1.0
    top_p: float = 1.0


def pick(
    logits: torch.Tensor, draws: npt.NDArray[np.float64], how: ColumnSampling
) -> tuple[IntArray, npt.NDArray[np.float64]]:
    """Inverse-distribution sampling: the token at which the cumulative probability passes the draw.

    Parameters
    ----------
    logits : Tensor, shape (m, n_local)
        Minus infinity where illegal.
    draws : ndarray of float64, shape (m,)
        In [0, 1).
    how : ColumnSampling
        Temperature and top-p.

    Returns
    -------
    tokens : ndarray of int64, shape (m,)
    margin : ndarray of float64, shape (m,)
        Distance from the draw to the nearest edge between two tokens, in cumulative probability.
    """
    probability = _probability(logits.double() if how.temperature == 1.0 else logits.double() / how.temperature)
    if how.top_p < 1.0:
        ordered, order = probability.sort(dim=-1, descending=True)
        dropped = ordered.cumsum(dim=-1) - ordered >= how.top_p
        probability = probability.masked_fill(dropped.gather(1, order.argsort(dim=-1)), 0.0)
    cumulative = probability.cumsum(dim=-1)
    target = torch.from_numpy(draws).to(cumulative.device)[:, None] * cumulative[:, -1:]
    # `right` skips tokens of probability zero even when the draw lands exactly on their edge.
    found = torch.searchsorted(cumulative, target, right=True)
    beyond = found >= cumulative.shape[-1]
    if bool(beyond.any()):  # the product was rounded up to all of the probability: the last legal token
        last_legal = probability.shape[-1] - 1 - (probability.flip(-1) > 0).int().argmax(dim=-1, keepdim=True)
        found = torch.where(beyond, last_legal, found)
    below = torch.where(found > 0, target - cumulative.gather(1, (found - 1).clamp(min=0)), 2.0)
    above = cumulative.gather(1, found)
    margin = torch.minimum(below, torch.where(above < cumulative[:, -1:], above - target, 2.0)).squeeze(1)
    return found.squeeze(1).cpu().numpy().astype(np.int64), margin.cpu().numpy()


def _probability(logits: torch.Tensor) -> torch.Tensor:
    """Softmax over tokens, laid out row by row; where rows are innermost many of them are computed at once."""
    if logits.T.is_contiguous():
        return torch.softmax(logits.T, dim=0).T.contiguous()
    return torch.softmax(logits, dim=-1)
