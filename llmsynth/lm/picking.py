"""One token per row from logits, by inverse-distribution sampling with a draw that is given.

Logits come with rounding errors, and how far a draw is from being decided by them is measured here. Where probabilities
are those of the model, that is the distance in cumulative probability. A temperature below 1 multiplies the errors, but
not at the ends of the distribution, where probabilities are next to 0 or 1 whatever the error, and a nucleus adds edges
of its own. There a quarter of the distance in log odds is taken: errors of d in the logits move log odds of any set of
tokens by at most 2 d, and a cumulative probability by at most a quarter of that.

It knows probabilities and draws. It refuses to know columns, models and where draws come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.errors import InputError
from llmsynth.grammar.automaton import IntArray

MOST_ODDS = 36.0
"""Log odds beyond which a probability in double precision is 0 or 1."""


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
        Distance from the draw to the nearest edge between two tokens, in cumulative probability. With a temperature
        below 1 or a nucleus, a quarter of the distance in log odds, and not more than that from the edge of the nucleus
        to another choice of tokens.

    Raises
    ------
    InputError
        If a row has no legal token, or logits that are no numbers.
    """
    probability = _probability(logits.double() if how.temperature == 1.0 else logits.double() / how.temperature)
    nucleus = None
    if how.top_p < 1.0:
        ordered, order = probability.sort(dim=-1, descending=True)
        before = ordered.cumsum(dim=-1) - ordered
        dropped = before >= how.top_p
        nucleus = _nucleus_margin(ordered, before, dropped, how.top_p)
        probability = probability.masked_fill(dropped.gather(1, order.argsort(dim=-1)), 0.0)
    cumulative = probability.cumsum(dim=-1)
    target = torch.from_numpy(draws).to(cumulative.device)[:, None] * cumulative[:, -1:]
    # `right` skips tokens of probability zero even when the draw lands exactly on their edge.
    found = torch.searchsorted(cumulative, target, right=True)
    beyond = found >= cumulative.shape[-1]
    if bool(beyond.any()):  # the product was rounded up to all of the probability: the last legal token
        _refuse_rows_without_token(probability)
        last_legal = probability.shape[-1] - 1 - (probability.flip(-1) > 0).int().argmax(dim=-1, keepdim=True)
        found = torch.where(beyond, last_legal, found)
    below, above = cumulative.gather(1, (found - 1).clamp(min=0)), cumulative.gather(1, found)
    if how.temperature < 1.0 or how.top_p < 1.0:
        edges = torch.cat([torch.where(found > 0, below, 0.0), above], dim=1) / cumulative[:, -1:]
        at = torch.from_numpy(draws).to(edges)[:, None]
        margin = _odds_apart(edges, at).amin(dim=1)
        margin = margin if nucleus is None else torch.minimum(margin, nucleus)
    else:
        below = torch.where(found > 0, target - below, 2.0)
        margin = torch.minimum(below, torch.where(above < cumulative[:, -1:], above - target, 2.0)).squeeze(1)
    return found.squeeze(1).cpu().numpy().astype(np.int64), margin.cpu().numpy()


def _nucleus_margin(ordered: torch.Tensor, before: torch.Tensor, dropped: torch.Tensor, top_p: float) -> torch.Tensor:
    """How far the nucleus is from one token less, one more, or another last token, shape (m,).

    Parameters
    ----------
    ordered, before : Tensor, shape (m, n_local)
        Falling probabilities, and the sum of those before each.
    dropped : Tensor of bool, shape (m, n_local)
        Outside the nucleus.
    """
    last = (~dropped).sum(dim=1, keepdim=True).clamp(min=1) - 1
    first = (last + 1).clamp(max=ordered.shape[1] - 1)
    there = (first > last) & (ordered.gather(1, first) > 0)
    edges = torch.cat([before.gather(1, last), torch.where(there, before.gather(1, first), 1.0)], dim=1)
    cut = torch.full_like(edges[:, :1], top_p)
    swap = torch.where(there, torch.log(ordered.gather(1, last) / ordered.gather(1, first)) / 4, torch.inf)
    return torch.minimum(_odds_apart(edges, cut).amin(dim=1), swap.squeeze(1))


def _odds_apart(edges: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """A quarter of the distance in log odds; of edges at 0 and 1, which part no tokens, as far as doubles can tell."""
    odds = (torch.logit(share.clamp(0.0, 1.0)).clamp(-MOST_ODDS, MOST_ODDS) for share in (edges, at))
    apart = (next(odds) - next(odds)).abs().clamp(max=MOST_ODDS) / 4
    return torch.where((edges > 0) & (edges < 1), apart, MOST_ODDS / 4)


def _refuse_rows_without_token(probability: torch.Tensor) -> None:
    n_empty = int(probability.isnan().any(dim=-1).sum())
    if n_empty:
        raise InputError(
            f"no value is left for a column in {n_empty:,} of {probability.shape[0]:,} rows: conditions and rules "
            "together exclude all it can hold, or the model's weights are not finite. Loosen them, or fit again"
        )


def _probability(logits: torch.Tensor) -> torch.Tensor:
    """Softmax over tokens, laid out row by row; where rows are innermost many of them are computed at once."""
    if logits.T.is_contiguous():
        return torch.softmax(logits.T, dim=0).T.contiguous()
    return torch.softmax(logits, dim=-1)
