"""Log-probabilities of rows: of all columns, of some of them, of some given others; and class probabilities.

The row grammar makes the product of token probabilities a probability of the row, and training with random column
prefixes lets any set of columns come first. So

- P(A) is read off a row written with the columns of A first,
- P(A | G) off one with the columns of G first and those of A after them; nothing is divided,
- P(y = c | G) off the same with y = c for each class c; over all classes it sums to one.

Within G and within A columns keep the table's order. The model's joint depends on the order in which it is written, as
with any autoregressive model: P(A) P(B | A) and P(A, B) agree only as well as training made them.

It knows encoded rows; it refuses to know data frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.encoder import RowEncoder
from llmsynth.grammar.row import EncodedColumn
from llmsynth.lm.dataset import BatchBuilder
from llmsynth.lm.model import LanguageModel, column_losses
from llmsynth.table.dtypes import Physical

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Scores rows with a language model.

    Parameters
    ----------
    model : LanguageModel
        In evaluation mode.
    encoder : RowEncoder
        The model's encoder.
    number_offsets : sequence of int
        As in `BatchBuilder`.
    batch_size : int
        Rows scored together.
    """

    model: LanguageModel
    encoder: RowEncoder
    number_offsets: Sequence[int]
    batch_size: int = 512

    def log_prob(self, table: Mapping[str, Physical], columns: Sequence[int], given: Sequence[int] = ()) -> FloatArray:
        """Log-probability in nats of each value of `columns`, given `given` and the columns before it.

        Parameters
        ----------
        table : mapping of str to Physical
            Plain arrays by column name; columns that are neither scored nor given may be absent.
        columns, given : sequence of int
            Places of modelled columns, disjoint.

        Returns
        -------
        ndarray of float64, shape (n_rows, len(columns))
            The sum over a row is log P(columns | given). -inf where a value lies outside the schema, and in the whole
            row where a given one does.
        """
        columns, given = sorted(columns), sorted(given)
        encoded, open_nats, legal = self.encoder.encode_columns(table)
        nats = self._nats(encoded, columns, given) + open_nats[:, columns]
        possible = legal[:, columns] & legal[:, given].all(axis=1, keepdims=True)
        return np.where(possible, -nats, -np.inf)

    def class_probabilities(
        self, table: Mapping[str, Physical], target: int, given: Sequence[int]
    ) -> tuple[IntArray, FloatArray]:
        """P(target = c | given) for every code c of a column.

        Parameters
        ----------
        table : mapping of str to Physical
            Holds the given columns.
        target : int
            Place of a column with codes.
        given : sequence of int
            Places of the columns that are known.

        Returns
        -------
        codes : ndarray of int64, shape (n_codes,)
            -1, the missing value, first where the column may be missing.
        probability : ndarray of float64, shape (n_rows, n_codes)
            Rows sum to one; NaN where a given value lies outside the schema.
        """
        codec, column = self.encoder.codecs[target], self.encoder.columns[target]
        assert codec is not None
        codes = np.arange(-1 if column.nullable else 0, codec.n_codes, dtype=np.int64)
        encoded, _, legal = self.encoder.encode_columns(table)
        n = legal.shape[0]
        result = np.empty((n, codes.size))
        for number, code in enumerate(codes):
            encoded[target] = self.encoder.grammar.encode_column(target, np.full(n, code))
            result[:, number] = -self._nats(encoded, [target], sorted(given))[:, 0]
        probability = np.exp(result)
        probability[~legal[:, list(given)].all(axis=1)] = np.nan
        return codes, probability

    def _nats(self, encoded: list[EncodedColumn], columns: Sequence[int], given: Sequence[int]) -> FloatArray:
        """Nats of each chosen column's tokens, shape (n_rows, len(columns))."""
        grammar = self.encoder.grammar
        chosen = [*given, *columns]
        order = np.array([*chosen, *(place for place in range(grammar.n_columns) if place not in chosen)])
        builder = BatchBuilder(grammar, encoded, self.number_offsets)
        lengths = grammar.positions_per_row(encoded)
        rows = np.argsort(lengths, kind="stable")
        result = np.zeros((rows.size, len(columns)))
        with torch.inference_mode():
            for begin in range(0, rows.size, self.batch_size):
                part = rows[begin : begin + self.batch_size]
                batch = builder.build(part, np.tile(order, (part.size, 1)))
                result[part] = column_losses(self.model, batch, columns).double().cpu().numpy()
        return result
