"""The grammar of a whole row: forced spans and one automaton per column, in any column order.

A row is ``span value span value ...``. Spans (names and separators) are forced; values follow their column's automaton.
For the compact model there are no spans: the model is told which column and place comes next by an embedding.

Encoding works on distinct values: a column of a hundred thousand rows is a small table of paths and one index per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.grammar.automaton import IntArray, TokenAutomaton
from llmsynth.grammar.column_grammar import ColumnGrammar


@dataclass(frozen=True, eq=False)
class EncodedColumn:
    """One column of a table as paths.

    Parameters
    ----------
    values : ndarray, shape (n_distinct,)
        Distinct values: codes (int64) or strings (object).
    paths : ndarray of int64, shape (n_distinct, width)
        Path of each distinct value, padded with -1.
    states : ndarray of int64, shape (n_distinct, width)
        Automaton state before each token.
    lengths : ndarray of int64, shape (n_distinct,)
        Tokens in each path.
    decisions : ndarray of bool, shape (n_distinct, width)
        Tokens that had an alternative; the others are forced and carry no loss.
    index : ndarray of int64, shape (n_rows,)
        Distinct value of each row.
    """

    values: npt.NDArray[Any]
    paths: IntArray
    states: IntArray
    lengths: IntArray
    decisions: npt.NDArray[np.bool_]
    index: IntArray

    def take(self, rows: IntArray) -> EncodedColumn:
        """The same distinct values, for a choice of rows."""
        return replace(self, index=self.index[rows])


@dataclass(frozen=True, eq=False)
class RowGrammar:
    """Forced spans and automata of all modelled columns, in table order.

    Parameters
    ----------
    names : tuple of str
        Column names.
    columns : tuple of ColumnGrammar
        One grammar per column; ``automaton.token_ids`` are ids of the model's vocabulary.
    first_spans, later_spans : tuple of tuple of int
        Forced tokens before a column's value when it comes first in the row, and when it comes later.
    start_id : int
        Token every row starts with.
    vocabulary_size : int
        Size of the model's vocabulary.
    """

    names: tuple[str, ...]
    columns: tuple[ColumnGrammar, ...]
    first_spans: tuple[tuple[int, ...], ...]
    later_spans: tuple[tuple[int, ...], ...]
    start_id: int
    vocabulary_size: int

    @property
    def n_columns(self) -> int:
        """Number of modelled columns."""
        return len(self.columns)

    @cached_property
    def place_offsets(self) -> IntArray:
        """First slot number of each column, and the total; shape (n_columns + 1,). See `n_places`."""
        places = [max(1, _longest_path(column.automaton, 8)) for column in self.columns]
        return np.concatenate([[0], np.cumsum(places)]).astype(np.int64)

    def n_places(self, column: int) -> int:
        """Distinct slots of a column: its longest path, at most 8 (later characters of a text share the last)."""
        return int(self.place_offsets[column + 1] - self.place_offsets[column])

    @cached_property
    def most_positions(self) -> int:
        """Tokens of the longest row that can be written, start token included; of texts, one token per character."""
        spans = [max(len(first), len(later)) for first, later in zip(self.first_spans, self.later_spans, strict=True)]
        return 1 + sum(spans) + sum(map(_longest_value, self.columns))

    def encode_column(self, column: int, values: npt.NDArray[Any]) -> EncodedColumn:
        """Encode one column's values (codes, or strings and None)."""
        if values.dtype == object:
            index, distinct = _factorize(values)
        else:
            distinct, index = np.unique(values, return_inverse=True)
        grammar = self.columns[column]
        paths = grammar.encode(distinct)
        automaton = grammar.automaton
        states = automaton.walk(paths)[:, :-1] if distinct.size else np.zeros(paths.shape, dtype=np.int64)
        decisions = (paths >= 0) & (automaton.n_choices[states] > 1)
        lengths = (paths >= 0).sum(axis=1).astype(np.int64)
        return EncodedColumn(distinct, paths, states, lengths, decisions, index.astype(np.int64).reshape(-1))

    def positions_per_row(self, encoded: Sequence[EncodedColumn]) -> IntArray:
        """Tokens of each row in table order, the start token included, shape (n_rows,)."""
        total = np.ones(encoded[0].index.shape, dtype=np.int64)
        for place, column in enumerate(encoded):
            span = self.first_spans[place] if place == 0 else self.later_spans[place]
            total += len(span) + column.lengths[column.index]
        return total


def _factorize(values: npt.NDArray[Any]) -> tuple[IntArray, npt.NDArray[Any]]:
    """Index and distinct values of an object array of strings and None, in order of first appearance."""
    seen: dict[Any, int] = {}
    index = np.fromiter((seen.setdefault(value, len(seen)) for value in values), dtype=np.int64, count=values.size)
    distinct = np.empty(len(seen), dtype=object)
    distinct[:] = list(seen)
    return index, distinct


def _longest_value(column: ColumnGrammar) -> int:
    """Tokens of a column's longest value."""
    length = getattr(column, "max_length", None)
    return _longest_path(column.automaton, column.automaton.n_states) if length is None else int(length) + 2


def _longest_path(automaton: TokenAutomaton, limit: int) -> int:
    """Length of the longest path from the start, at most `limit`."""
    frontier = np.array([0])
    for depth in range(limit):
        reached = np.unique(automaton.next_state[frontier])
        frontier = reached[reached >= 0]
        if not frontier.size:
            return depth
    return limit


def compact_row_grammar(names: Sequence[str], columns: Sequence[Any]) -> RowGrammar:
    """Row grammar of the compact model: one vocabulary with a stretch of tokens per column, no spans.

    Parameters
    ----------
    names : sequence of str
        Column names.
    columns : sequence of ColumnGrammar dataclasses
        Their ``automaton.token_ids`` count from 0 and are shifted here. Token 0 of the model starts every row.
    """
    shifted, offset = [], 1
    for grammar in columns:
        automaton = grammar.automaton
        ids = np.arange(offset, offset + automaton.n_local, dtype=np.int64)
        shifted.append(replace(grammar, automaton=replace(automaton, token_ids=ids)))
        offset += automaton.n_local
    none: tuple[tuple[int, ...], ...] = ((),) * len(shifted)
    return RowGrammar(tuple(names), tuple(shifted), none, none, 0, offset)
