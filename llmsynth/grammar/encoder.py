"""Between a table's plain arrays and a row grammar's tokens, for both language models.

A `RowEncoder` holds, per modelled column, the codec (values <-> codes) and the column grammar (codes <-> tokens). Which
grammar is the only thing that differs between the models: the compact one names codes by tokens of its own, the
pretrained one spells them through its tokenizer.

Columns that no model learns (identifiers, constants, all missing) are left out here; the sampler adds them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.errors import InputError
from llmsynth.grammar.column_grammar import ColumnGrammar
from llmsynth.grammar.compact import category_grammar, code_grammar, frequent_codes
from llmsynth.grammar.row import EncodedColumn, RowGrammar, compact_row_grammar
from llmsynth.grammar.text_grammar import TextGrammar, category_trie, compact_text, free_text, text_tokens
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary
from llmsynth.table.codec import OUTSIDE, ColumnCodec, NumberCodec, build_codec, codec_from_dict
from llmsynth.table.dtypes import Physical
from llmsynth.table.schema import Column, Schema

FloatArray = npt.NDArray[np.float64]
DEFAULT_MAX_LENGTH = 256
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, eq=False)
class RowEncoder:
    """Codecs and grammar of all modelled columns.

    Parameters
    ----------
    columns : tuple of Column
        The modelled columns, in table order.
    codecs : tuple of (ColumnCodec or None)
        One per column; None for free text.
    texts : tuple of (list of int, str, or None)
        What `free_text` (token ids) or `compact_text` (characters) learned from a text column; the codes that a column
        of many rare categories writes with a token each (`compact.frequent_codes`); None elsewhere.
    grammar : RowGrammar
        Tokens.
    """

    columns: tuple[Column, ...]
    codecs: tuple[ColumnCodec | None, ...]
    texts: tuple[list[int] | str | None, ...]
    grammar: RowGrammar

    def encode(self, table: Mapping[str, Physical]) -> tuple[list[EncodedColumn], FloatArray, npt.NDArray[np.bool_]]:
        """Tokens of a table's rows.

        Parameters
        ----------
        table : mapping of str to Physical
            Plain arrays by column name.

        Returns
        -------
        encoded : list of EncodedColumn
            One per column. Rows that are not legal are written with their column's first legal value.
        open_nats : ndarray of float64, shape (n,)
            Minus the log share of the drawn remainders.
        legal : ndarray of bool, shape (n,)
            False where some value lies outside the schema: such a row has probability zero.
        """
        encoded, open_nats, legal = self.encode_columns(table)
        total: FloatArray = open_nats.sum(axis=1)
        everywhere: npt.NDArray[np.bool_] = np.logical_and.reduce(legal, axis=1)
        return encoded, total, everywhere

    def encode_columns(
        self, table: Mapping[str, Physical]
    ) -> tuple[list[EncodedColumn], FloatArray, npt.NDArray[np.bool_]]:
        """`encode` by column, for tables that may lack some.

        Returns
        -------
        encoded : list of EncodedColumn
            One per column; a column that the table lacks is written with its first legal value in every row.
        open_nats : ndarray of float64, shape (n, n_columns)
            0 for columns that the table lacks.
        legal : ndarray of bool, shape (n, n_columns)
            True for columns that the table lacks.
        """
        n = len(next(iter(table.values()))) if table else 0
        open_nats, legal = np.zeros((n, len(self.columns))), np.ones((n, len(self.columns)), dtype=bool)
        encoded = []
        for place, (column, codec) in enumerate(zip(self.columns, self.codecs, strict=True)):
            physical = table.get(column.name)
            if physical is None:
                values = np.zeros(n, dtype=np.int64) if codec is not None else np.full(n, "", dtype=object)
            elif codec is None:
                values, legal[:, place] = _texts(physical, column)
            else:
                codes = codec.encode(physical)
                good = (codes != OUTSIDE) & (column.nullable | (codes >= 0))
                values, legal[:, place] = np.where(good, codes, 0), good
                open_nats[:, place] = -np.where(good, codec.log_share(physical, values), 0.0)
            encoded.append(self.grammar.encode_column(place, values))
        return encoded, open_nats, legal

    def decode(self, values: Sequence[npt.NDArray[Any]], uniforms: Sequence[FloatArray]) -> dict[str, Physical]:
        """Plain arrays from decoded values (codes, or strings and None) and uniform numbers for the remainders."""
        table = {}
        for column, codec, value, draw in zip(self.columns, self.codecs, values, uniforms, strict=True):
            table[column.name] = decode_column(codec, value, draw)
        return table

    @property
    def features(self) -> list[npt.NDArray[np.float32] | None]:
        """Quantile encodings of each column's codes; None where values are not numbers."""
        return [None if codec is None else codec.features() for codec in self.codecs]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form. It holds cell edges, atoms and text vocabularies, read from the data."""
        codecs = [None if codec is None else codec.to_dict() for codec in self.codecs]
        return {"version": 1, "codecs": codecs, "texts": list(self.texts)}


def decode_column(codec: ColumnCodec | None, values: npt.NDArray[Any], uniforms: FloatArray) -> Physical:
    """Plain arrays of one column from codes, or from strings and None where there is no codec."""
    if codec is not None:
        return codec.decode(np.asarray(values, dtype=np.int64), uniforms)
    missing = np.array([text is None for text in values], dtype=bool)
    texts = np.array(["" if text is None else text for text in values], dtype=object)
    return Physical(values=texts, missing=missing)


def _texts(physical: Physical, column: Column) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    limit = column.max_length or DEFAULT_MAX_LENGTH
    fits = np.array([len(text) <= limit for text in physical.values], dtype=bool)
    if not _holds_surrogates(column):
        fits &= np.array([_SURROGATE.search(text) is None for text in physical.values], dtype=bool)
    good = np.where(physical.missing, column.nullable, fits & ~physical.invalid)
    values = np.array(["" if not ok else text for text, ok in zip(physical.values, good, strict=True)], dtype=object)
    values[physical.missing & good] = None
    return values, good


def _holds_surrogates(column: Column) -> bool:
    """Whether the data type can say a lone surrogate; strings stored as UTF-8 cannot."""
    return column.dtype == "object"


def build_compact_encoder(
    schema: Schema, table: Mapping[str, Physical], *, cell_tokens: int = 2, max_cells: int = 256
) -> RowEncoder:
    """Encoder of the compact model, read from the training rows.

    Raises
    ------
    InputError
        If the schema has no column that a model can learn.
    """
    columns, codecs = _codecs(schema, table, max_cells)
    texts: list[list[int] | str | None] = []
    for column, codec in zip(columns, codecs, strict=True):
        learned: list[int] | str | None = None
        if codec is None:
            grammar = compact_text(_present(table[column.name]), column.max_length or DEFAULT_MAX_LENGTH, False)
            learned = "".join(surface for surface in grammar.alphabet.surfaces if surface)
        elif not isinstance(codec, NumberCodec):
            singles = frequent_codes(codec.encode(table[column.name]), codec.n_codes)
            learned = None if singles is None else singles.tolist()
        texts.append(learned)
    return _compact(columns, codecs, texts, cell_tokens)


def build_pretrained_encoder(
    schema: Schema, table: Mapping[str, Physical], vocabulary: TokenizerVocabulary, *, max_cells: int = 256
) -> RowEncoder:
    """Encoder of a pretrained model, read from the training rows.

    Raises
    ------
    InputError
        If the schema has no column that a model can learn.
    """
    columns, codecs = _codecs(schema, table, max_cells)
    texts: list[list[int] | str | None] = [
        text_tokens(vocabulary, _present(table[column.name])) if codec is None else None
        for column, codec in zip(columns, codecs, strict=True)
    ]
    return _pretrained(columns, codecs, texts, vocabulary)


def encoder_from_dict(
    schema: Schema, data: Mapping[str, Any], *, vocabulary: TokenizerVocabulary | None, cell_tokens: int = 2
) -> RowEncoder:
    """Inverse of `RowEncoder.to_dict`; `vocabulary` is None for the compact model."""
    columns = tuple(column for column in schema.columns if column.modelled)
    codecs = tuple(
        None if stored is None else codec_from_dict(column, stored)
        for column, stored in zip(columns, data["codecs"], strict=True)
    )
    if vocabulary is None:
        return _compact(columns, codecs, data["texts"], cell_tokens)
    return _pretrained(columns, codecs, data["texts"], vocabulary)


def _codecs(
    schema: Schema, table: Mapping[str, Physical], max_cells: int
) -> tuple[tuple[Column, ...], tuple[ColumnCodec | None, ...]]:
    columns = tuple(column for column in schema.columns if column.modelled)
    if not columns:
        raise InputError(
            f"nothing to learn: all {len(schema.columns)} columns are identifiers, constants or empty. "
            "Give the table a column that varies, or override a column's kind in the schema file"
        )
    codecs = tuple(
        None if column.kind == "text" else build_codec(column, table[column.name], max_cells=max_cells)
        for column in columns
    )
    return columns, codecs


def _present(physical: Physical) -> list[str]:
    return [str(text) for text in physical.values[~physical.missing]]


def _compact(
    columns: Sequence[Column],
    codecs: Sequence[ColumnCodec | None],
    texts: Sequence[list[int] | str | None],
    cell_tokens: int,
) -> RowEncoder:
    grammars: list[ColumnGrammar] = []
    for column, codec, learned in zip(columns, codecs, texts, strict=True):
        if codec is None:
            limit = column.max_length or DEFAULT_MAX_LENGTH
            holds = _holds_surrogates(column)
            grammars.append(compact_text((), limit, column.nullable, characters=str(learned), surrogates=holds))
        elif isinstance(codec, NumberCodec):
            n_cells = codec.cells.n_cells
            n_atoms = codec.n_codes - n_cells
            grammars.append(code_grammar(n_atoms, n_cells, missing=column.nullable, cell_tokens=cell_tokens))
        else:
            singles = None if learned is None else np.array(learned, dtype=np.int64)
            grammars.append(category_grammar(codec.n_codes, singles, missing=column.nullable))
    row = compact_row_grammar([column.name for column in columns], grammars)
    return RowEncoder(tuple(columns), tuple(codecs), tuple(texts), row)


def _pretrained(
    columns: Sequence[Column],
    codecs: Sequence[ColumnCodec | None],
    texts: Sequence[list[int] | str | None],
    vocabulary: TokenizerVocabulary,
) -> RowEncoder:
    grammars: list[ColumnGrammar] = []
    for column, codec, learned in zip(columns, codecs, texts, strict=True):
        if codec is None:
            limit = column.max_length or DEFAULT_MAX_LENGTH
            tokens = [int(token) for token in learned or ()]
            holds = _holds_surrogates(column)
            grammars.append(free_text(vocabulary, (), limit, column.nullable, tokens=tokens, surrogates=holds))
        else:
            spelled = isinstance(codec, NumberCodec)
            grammars.append(category_trie(vocabulary, codec.texts, column.nullable, characterwise=spelled))
    row = RowGrammar(
        names=tuple(column.name for column in columns),
        columns=tuple(grammars),
        first_spans=tuple(tuple(vocabulary.name_span(column.name, True)) for column in columns),
        later_spans=tuple(tuple(vocabulary.name_span(column.name, False)) for column in columns),
        start_id=vocabulary.bos_id if vocabulary.bos_id is not None else grammars[0].automaton.token_ids[0],
        vocabulary_size=0,
    )
    return RowEncoder(tuple(columns), tuple(codecs), tuple(texts), row)


__all__ = ["RowEncoder", "TextGrammar", "build_compact_encoder", "build_pretrained_encoder", "encoder_from_dict"]
