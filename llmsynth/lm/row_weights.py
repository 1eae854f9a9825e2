"""Rows that training visits more often than others, and the corrections that keep what is learned right.

Row i has the weight ``w_i = v_i b_i``: v from a weight column, b the product of the factors of the boost conditions
that the row fulfils. An epoch of n visits goes to rows in proportion to w. Left alone that would teach the model a
table in which heavy rows are more frequent. Two corrections keep the likelihood that of the rows as they are:

- *Usual visits.* Of the b_i visits per unit of v, the smallest b of all rows is a usual visit: any column order, loss
  divided by how often the row is visited in this way (importance sampling). So the expected gradient is that of the
  unweighted likelihood, exactly. Without a boost all visits are usual ones; with a boost but no weight column the
  usual visits go to all rows evenly, and cost no variance.
- *Extra visits.* The rest of b_i. The columns that the conditions name come first in the row, and only the tokens after
  them count. b depends on nothing but given cells then, and a weight that is a function of what is given leaves every
  optimal P(next | given) where it is: it only says where to be accurate. So a class boosted by 5 is learned, once
  it is given, as if it had five times as many rows, and its share is learned from the usual visits alone. This is the
  order in which rows of a condition are sampled, too.

Why not put the boosted columns first in a fixed share of all visits: rows that nobody boosted would lose visits in the
table's own order, which is the one that unconditional sampling uses. Why not count the tokens before: they would need
to be divided by b again and add nothing but noise.

Extra visits take at most half of an epoch, whatever the factor; beyond that the usual visits of heavy rows grow and are
divided down. Where a condition cuts through a numeric cell, all rows of the cell get the cell's mean factor: the model
is given cells, so the weight has to be a function of cells.

It knows arrays and batches; it refuses to know data frames, conditions and schedules.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.errors import InputError
from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.dataset import Batch, BatchBuilder, draw_orders
from llmsynth.lm.model import LanguageModel, batch_losses, column_losses

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
MOST_EXTRA = 0.5
"""Largest share of visits that are extra: unconditional sampling needs the others."""
MOST_SPREAD = 1e6
"""Largest weight over the smallest; beyond, corrected losses of the light rows would be noise."""


@dataclass(frozen=True, eq=False)
class RowWeights:
    """How much each row of a table weighs.

    Parameters
    ----------
    column : ndarray of float64, shape (n_rows,), or None
        The weight column; above 0.
    factor : ndarray of float64, shape (n_rows,)
        Boost of each row, a function of the codes of the columns in `places`; above 0.
    boosted : ndarray of bool, shape (n_rows,)
        Rows that fulfil a boost condition.
    places : tuple of int
        Columns that the boost conditions name.

    Raises
    ------
    InputError
        If the largest weight is more than a million times the smallest.
    """

    column: FloatArray | None
    factor: FloatArray
    boosted: BoolArray
    places: tuple[int, ...] = ()
    given: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        """Scale the column so that no sum of weights can overflow."""
        given = np.ones(self.factor.size) if self.column is None else self.column / self.column.max()
        object.__setattr__(self, "given", given)
        with np.errstate(divide="ignore"):
            spread = float((given * self.factor).max() / (given * self.factor).min())
        if not spread <= MOST_SPREAD:
            raise InputError(
                f"row weights: expected the largest to be at most {MOST_SPREAD:,.0f} times the smallest, got "
                f"{spread:.3g} times; rows so light are as good as absent. Narrow the weight column or the boosts"
            )

    @property
    def total(self) -> FloatArray:
        """Weight of each row, up to a common factor, shape (n_rows,)."""
        return np.asarray(self.given * self.factor)

    @property
    def effective_rows(self) -> float:
        """Rows of equal weight that these are worth, (sum w)^2 / sum w^2 (Kish 1965)."""
        return float(self.total.sum() ** 2 / (self.total**2).sum())

    def to_dict(self) -> dict[str, int | float]:
        """For a report: counts only."""
        return {"boosted_rows": int(self.boosted.sum()), "effective_rows": round(self.effective_rows, 1)}


class Visits:
    """Which rows an epoch visits, in which orders, and how much their tokens count.

    A visit is a number: the row's, or the row's plus the number of rows in the table for an extra visit.

    Parameters
    ----------
    weights : RowWeights
        Of the whole table.
    rows : ndarray of int64
        The rows that are trained on.

    Attributes
    ----------
    numbers : ndarray of int64
        Visits that may come.
    mass : ndarray of float64
        How often each comes, up to a common factor.
    """

    def __init__(self, weights: RowWeights, rows: IntArray) -> None:
        self.n_table, self.n_visits, self.places = weights.factor.size, rows.size, list(weights.places)
        given, factor = weights.given[rows], weights.factor[rows]
        total, extra = given * factor, given * (factor - factor.min())
        extra *= min(1.0, MOST_EXTRA * total.sum() / max(extra.sum(), 1e-300))
        usual = total - extra
        self._scale = np.zeros(2 * self.n_table)
        self._scale[rows] = total.mean() / usual
        # Extra visits are divided by the weight column only; they count 1 in the mean.
        self._scale[rows + self.n_table] = extra.sum() / max((extra / given).sum(), 1e-300) / given
        numbers, mass = np.concatenate([rows, rows + self.n_table]), np.concatenate([usual, extra])
        self.numbers, self.mass = numbers[mass > 0], mass[mass > 0]

    def draw(self, rng: np.random.Generator) -> IntArray:
        """Visits of one epoch, as many as there are rows.

        Systematic resampling: a visit that is due x times comes x times, rounded down or up.
        """
        order = rng.permutation(self.numbers.size)
        edges = np.cumsum(self.mass[order])
        points = (rng.random() + np.arange(self.n_visits)) / self.n_visits
        chosen = np.searchsorted(edges / edges[-1], points, side="right")
        return self.numbers[order[np.minimum(chosen, order.size - 1)]]

    def orders(
        self, rng: np.random.Generator, visits: IntArray, n_columns: int, natural_order_share: float
    ) -> IntArray:
        """Column orders of visits, shape (n_visits, n_columns); boosted columns are among the first of extra ones."""
        first = np.zeros((visits.size, n_columns), dtype=bool)
        first[:, self.places] = (visits >= self.n_table)[:, None]
        return draw_orders(rng, visits.size, n_columns, natural_order_share, first)

    def token_weights(self, visits: IntArray, orders: IntArray) -> FloatArray:
        """How much the tokens of each column count, shape (n_visits, n_columns)."""
        weights = np.tile(self._scale[visits][:, None], (1, orders.shape[1]))
        if self.places:
            rank = np.argsort(orders, axis=1)
            before = rank <= rank[:, self.places].max(axis=1, keepdims=True)
            weights[before & (visits >= self.n_table)[:, None]] = 0.0
        return weights

    def batch(self, builder: BatchBuilder, visits: IntArray, orders: IntArray) -> Batch:
        """The batch of some visits, with weights."""
        weights = torch.from_numpy(self.token_weights(visits, orders).astype(np.float32))
        return replace(builder.build(visits % self.n_table, orders), weights=weights)


def training_losses(model: LanguageModel, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """What training minimises, of each row, and an estimate of nats per row over all rows alike, of each row too.

    Returns
    -------
    losses, nats : FloatTensor, shape (rows,)
        Of several members the sum of their losses, and the mean of their nats.
        The mean of `nats` is the estimate, which is for people to look at.
    """
    parts = [_member_losses(member, batch) for member in model.members]
    losses, nats = (torch.stack(found) for found in zip(*parts, strict=True))
    return losses.sum(dim=0), nats.mean(dim=0)


def _member_losses(model: LanguageModel, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    if batch.weights is None:
        losses = batch_losses(model, batch)
        return losses, losses
    weights = batch.weights.to(model.device)
    by_column = column_losses(model, batch, range(len(batch.targets)))
    # A usual visit has one weight for all columns; an extra one has a 0 among its weights and is no sample of the rows.
    usual = weights.amin(dim=1)
    usual = usual / usual.mean() if bool(usual.any()) else torch.ones_like(usual)
    return (by_column * weights).sum(dim=1), by_column.sum(dim=1) * usual
