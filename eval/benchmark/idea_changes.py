"""What an idea changes inside the library while one model is fitted: each a context that puts everything back.

A recipe can say sizes, rates and shares; what it cannot say is here: other embeddings, other first weights, other rows
of a warm-up. None of it is an option of the library, since none was worth one (eval/LOG.md has the figures). Knows the
library's rooms. Refuses to know tables, budgets and figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from llmsynth import fitting, warm_up
from llmsynth.config import PretrainedConfig
from llmsynth.grammar import encoder as encoders
from llmsynth.grammar.encoder import RowEncoder
from llmsynth.grammar.row import EncodedColumn, RowGrammar
from llmsynth.lm import engine as engines
from llmsynth.lm.compact import CompactModel
from llmsynth.table.dtypes import to_physical

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
PRETRAINED = "smollm2-135m"
STANDARD_DEVIATION = 0.02
"""Of the weights that are drawn where nothing else is known."""


@contextmanager
def one_embedding_per_column() -> Iterator[None]:
    """Say only which column comes next, not which place of its value."""
    with patch.object(RowGrammar, "place_offsets", property(lambda grammar: np.arange(grammar.n_columns + 1))):
        yield


@contextmanager
def marker_tokens() -> Iterator[None]:
    """Write a token of its own before each value in place of adding an embedding of the next slot."""
    plain, build = encoders.compact_row_grammar, engines.build_compact

    def marked(names: Sequence[str], columns: Sequence[Any]) -> RowGrammar:
        grammar = plain(names, columns)
        spans = tuple((grammar.vocabulary_size + place,) for place in range(grammar.n_columns))
        size = grammar.vocabulary_size + grammar.n_columns
        return replace(grammar, first_spans=spans, later_spans=spans, vocabulary_size=size)

    def without_slots(*args: Any, **kwargs: Any) -> Any:
        model = build(*args, **kwargs)
        model.slot_embedding.weight.requires_grad_(False).zero_()
        return model

    with patch.object(encoders, "compact_row_grammar", marked), patch.object(engines, "build_compact", without_slots):
        yield


@contextmanager
def embeddings_of_names() -> Iterator[None]:
    """Begin columns and categories of the compact model with a pretrained model's embeddings of their names.

    The mean of the embeddings of a name's tokens, of all names together projected on as many principal components as
    the compact model is wide, and scaled to the spread of random weights.
    """
    build = engines.build_compact

    def begun(encoder: RowEncoder, *args: Any, **kwargs: Any) -> Any:
        model = build(encoder, *args, **kwargs)
        for member in model.members:
            _begin_with_names(member, encoder)
        return model

    with patch.object(engines, "build_compact", begun):
        yield


@cache
def _pretrained_embeddings() -> tuple[Any, torch.Tensor]:
    from llmsynth.lm.backbones import load_backbone

    backbone = load_backbone(PRETRAINED, PretrainedConfig(), torch.device("cpu"))
    return backbone.tokenizer, backbone.causal.get_input_embeddings().weight.detach().clone()


def _begin_with_names(model: CompactModel, encoder: RowEncoder) -> None:
    grammar, names, places = encoder.grammar, [], []
    for place, (column, codec) in enumerate(zip(encoder.columns, encoder.codecs, strict=True)):
        names.append(column.name)
        places.append(("slot", [1 + slot for slot in range(*grammar.place_offsets[place : place + 2])]))
        if codec is None or column.categories is None:
            continue
        automaton = grammar.columns[place].automaton
        paths = grammar.columns[place].encode(np.arange(len(column.categories)))
        for value, path in zip(column.categories, paths, strict=True):
            if (path >= 0).sum() == 1:
                names.append(str(value))
                places.append(("token", [int(automaton.token_ids[path[0]])]))
    vectors = projected(np.stack([_embedding(name) for name in names]), model.config.hidden_size)
    with torch.no_grad():
        for (kind, rows), vector in zip(places, torch.from_numpy(vectors).float(), strict=True):
            tables = [model.slot_embedding.weight] if kind == "slot" else [
                model.trunk.get_input_embeddings().weight, model.output_rows
            ]  # fmt: skip
            for table in tables:
                table[rows] = vector


def _embedding(name: str) -> FloatArray:
    tokenizer, weight = _pretrained_embeddings()
    ids = tokenizer(" " + name, add_special_tokens=False)["input_ids"]
    return np.asarray(weight[ids].mean(dim=0).double().numpy())


def projected(vectors: FloatArray, width: int) -> FloatArray:
    """Return vectors on their first principal components, (n, width), with the spread of random weights.

    Where there are fewer components than `width` the others are 0.
    """
    left, sizes, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    kept = (left * sizes)[:, :width]
    kept = np.pad(kept, ((0, 0), (0, width - kept.shape[1])))
    return np.asarray(kept * (STANDARD_DEVIATION / max(float(kept.std()), 1e-12)))


@contextmanager
def warm_up_of_any_model() -> Iterator[None]:
    """Let a pretrained model, too, learn first from rows of the copula and of trees."""
    with patch.object(fitting, "wants_warm_up", lambda engine, n_rows: True):
        yield


def taught_by(rows: pd.DataFrame) -> Callable[[], Any]:
    """Let rows that another model drew be a half of the compact model's warm-up.

    Parameters
    ----------
    rows : DataFrame
        Of a model that saw the training part only; as many are drawn from them with replacement as are wanted.
    """

    @contextmanager
    def change() -> Iterator[None]:
        plain = warm_up.draw_warm_up_rows

        def draw(engine: Any, encoded: list[EncodedColumn], chosen: IntArray, n_rows: int) -> list[IntArray]:
            half = n_rows // 2
            own = plain(engine, encoded, chosen, n_rows - half)
            picked = np.random.default_rng(engine.config.seed).integers(0, len(rows), half)
            theirs = _indices(engine.encoder, encoded, rows.iloc[picked])
            return [np.concatenate(both) for both in zip(own, theirs, strict=True)]

        with patch.object(warm_up, "draw_warm_up_rows", draw):
            yield

    return change


def _indices(encoder: RowEncoder, encoded: Sequence[EncodedColumn], rows: pd.DataFrame) -> list[IntArray]:
    """Rows as indices of the distinct codes that the table has; a code that it lacks becomes the nearest one."""
    table = {column.name: to_physical(rows[column.name], column) for column in encoder.columns}
    found, _, _ = encoder.encode_columns(table)
    return [nearest(real.values, one.values)[one.index] for real, one in zip(encoded, found, strict=True)]


def nearest(known: IntArray, asked: IntArray) -> IntArray:
    """Return for each number the place of the nearest known one; `known` is sorted.

    Examples
    --------
    >>> nearest(np.array([-1, 3, 8]), np.array([3, 5, 6, 99, -7])).tolist()
    [1, 1, 2, 2, 0]
    """
    after = np.clip(np.searchsorted(known, asked), 1, max(1, known.size - 1))
    before = after - 1
    after = np.minimum(after, known.size - 1)
    return np.where(np.abs(known[after] - asked) < np.abs(asked - known[before]), after, before).astype(np.int64)


@contextmanager
def at_temperature(temperature: float) -> Iterator[None]:
    """Divide the compact model's logits by a number, as sampling at that temperature does."""
    plain = CompactModel.logits

    def tempered(model: CompactModel, column: int, hidden: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        return plain(model, column, hidden, state) / temperature

    with patch.object(CompactModel, "logits", tempered):
        yield
