"""The stub is a language model: uniform, independent or scripted, trained like any other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llmsynth.config import TrainConfig
from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.lm.dataset import BatchBuilder, natural_orders
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.model import batch_losses
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.plan import TrainPlan
from llmsynth.lm.stub import StubModel
from llmsynth.lm.trainer import Trainer


@pytest.fixture
def grammar():
    return compact_row_grammar(["a", "b"], [code_grammar(3, 0, missing=False), code_grammar(1, 40, missing=True)])


def rows_of(model, n, seed=0):
    return RowDecoder(model, model.number_offsets, [ColumnSampling()] * 2).decode(n, seed)


def test_without_a_script_every_legal_token_is_equally_likely(grammar):
    encoded = [grammar.encode_column(0, np.array([0, 2])), grammar.encode_column(1, np.array([-1, 30]))]
    batch = BatchBuilder(grammar, encoded).build(np.arange(2), natural_orders(2, 2))
    losses = batch_losses(StubModel(grammar), batch)
    # Column b: an atom or missing among 2 + 6 coarse tokens, and a cell among 7 fine ones behind its coarse one.
    assert losses.tolist() == pytest.approx([np.log(3 * 8), np.log(3 * 8 * 7)], abs=1e-5)


def test_started_from_rows_it_has_their_frequencies(grammar):
    codes = [np.repeat([0, 1, 2], [700, 200, 100]), np.repeat([-1, 0, 7], [100, 500, 400])]
    encoded = [grammar.encode_column(place, column) for place, column in enumerate(codes)]
    written = rows_of(StubModel(grammar, encoded), 4000)
    assert np.bincount(written[0]) / 4000 == pytest.approx([0.7, 0.2, 0.1], abs=0.03)
    assert (written[1] == 0).mean() == pytest.approx(0.5, abs=0.03)


def test_a_script_sees_column_position_and_state(grammar):
    seen = []

    def script(column, position, state):
        seen.append((column, position.tolist(), state.tolist()))
        wanted = torch.zeros(state.shape[0], grammar.columns[column].automaton.n_local)
        wanted[:, {0: 1, 1: 2}[column]] = 1e4
        return wanted

    written = rows_of(StubModel(grammar, script=script), 3)
    assert written[0].tolist() == [1, 1, 1]
    # Local token 2 of column b opens the first stretch of cells, in which token 2 may not come: all are alike there.
    assert ((written[1] >= 1) & (written[1] <= 7)).all()
    assert seen[0] == (0, [0, 0, 0], [0, 0, 0]) and seen[1] == (1, [1, 1, 1], [0, 0, 0])
    assert seen[2][:2] == (1, [2, 2, 2])


def test_positions_do_not_count_the_padding_of_other_rows(spelled_row):
    grammar = spelled_row([["n", "yesterday evening"], ["1", "2"]])
    seen = []

    def script(column, position, state):
        if column == 1:
            seen.append(position)
        return torch.zeros(state.shape[0], grammar.columns[column].automaton.n_local)

    written = rows_of(StubModel(grammar, script=script), 20)
    lengths = grammar.positions_per_row([grammar.encode_column(place, column) for place, column in enumerate(written)])
    # The digit is followed by its terminator; the position before it is the third from the end.
    assert torch.cat(seen).tolist() == (lengths - 3).tolist()
    assert len(set(lengths.tolist())) == 2


def test_it_can_be_trained_to_the_frequencies_of_the_table(grammar):
    codes = [np.repeat([0, 1, 2], [60, 30, 10]), np.repeat([-1, 0, 7], [10, 50, 40])]
    encoded = [grammar.encode_column(place, column) for place, column in enumerate(codes)]
    model = StubModel(grammar)
    split = (np.arange(100), np.zeros(0, dtype=np.int64))
    config = TrainConfig(weight_decay=0.0)
    trainer = Trainer(
        model, BatchBuilder(grammar, encoded), split, np.zeros(100), config, TrainPlan(150, 100, 1, 50, 0.3), 0
    )
    trainer.run()
    entropy = sum(-(p * np.log(p)).sum() for p in (np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.5, 0.4])))
    assert trainer.nats(np.arange(100)).mean() == pytest.approx(entropy, abs=0.02)
