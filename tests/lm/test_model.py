"""The loss is the probability of a row: it adds up to one over all rows, and agrees with reading token by token."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.lm.dataset import BatchBuilder
from llmsynth.lm.model import batch_losses, load_restricted_state, restricted_state

ORDERS = [[0, 1, 2], [2, 1, 0], [1, 0, 2]]


@pytest.fixture(params=["compact", "pretrained"])
def model(request, random_compact, random_llama, spelled_row):
    if request.param == "pretrained":
        return random_llama(
            spelled_row([["yes", "no", "yesterday"], ["1", "12", "-3", "0.5"], ["", "東"]], missing=(1,))
        )
    columns = [code_grammar(2, 0, missing=True), code_grammar(2, 36, missing=True), code_grammar(2, 0, missing=False)]
    return random_compact(compact_row_grammar("abc", columns))


def losses_of(model, encoded, order):
    n = encoded[0].index.size
    batch = BatchBuilder(model.grammar, encoded, model.number_offsets).build(np.arange(n), np.tile(order, (n, 1)))
    with torch.no_grad():
        return batch_losses(model, batch).double().numpy()


@pytest.mark.parametrize("order", ORDERS)
def test_the_probabilities_of_all_rows_add_up_to_one_in_every_column_order(model, every_row, order):
    encoded, codes = every_row(model.grammar)
    losses = losses_of(model, encoded, order)
    assert np.exp(-losses).sum() == pytest.approx(1, abs=1e-4)
    assert losses.std() > 0.1 and len(codes) >= 30


@pytest.mark.parametrize("order", ORDERS)
def test_the_loss_equals_the_one_read_token_by_token(model, every_row, order):
    encoded, codes = every_row(model.grammar)
    losses = losses_of(model, encoded, order)
    for row in (0, len(codes) // 2, len(codes) - 1):
        assert losses[row] == pytest.approx(slow_loss(model, codes[row], order), abs=1e-4)


@torch.no_grad()
def slow_loss(model, codes, order):
    """One row, one prefix at a time, from the definition."""
    grammar, total = model.grammar, 0.0
    tokens, numbers = [grammar.start_id], [0]
    slots = []
    for rank, place in enumerate(order):
        span = (grammar.first_spans if rank == 0 else grammar.later_spans)[place]
        automaton = grammar.columns[place].automaton
        path = grammar.columns[place].encode(codes[place : place + 1])[0]
        path = path[path >= 0].tolist()
        for token in span:
            slots.append(0)
            tokens.append(token)
            numbers.append(0)
        state = 0
        for step, local in enumerate(path):
            slots.append(1 + int(grammar.place_offsets[place]) + min(step, grammar.n_places(place) - 1))
            arrays = [torch.tensor([values]) for values in (tokens, slots, numbers)]
            hidden = model.hidden(*arrays)[:, -1]
            logits = model.logits(place, hidden, torch.tensor([state]))[0].double()
            total -= float(torch.log_softmax(logits, dim=0)[local])
            state = int(automaton.next_state[state, local])
            tokens.append(int(automaton.token_ids[local]))
            known = step == len(path) - 1 and codes[place] >= 0 and model.number_offsets[place] >= 0
            numbers.append(1 + model.number_offsets[place] + int(codes[place]) if known else 0)
    return total


def test_rows_do_not_depend_on_the_rows_beside_them(model, every_row):
    encoded, codes = every_row(model.grammar)
    together = losses_of(model, encoded, ORDERS[0])
    for row in (1, len(codes) - 2):
        alone = losses_of(model, [column.take(np.array([row])) for column in encoded], ORDERS[0])
        assert alone[0] == pytest.approx(together[row], abs=1e-5)


def test_the_state_that_is_trained_can_be_kept_and_put_back(model, every_row):
    encoded, _ = every_row(model.grammar)
    before, kept = losses_of(model, encoded, ORDERS[0]), restricted_state(model)
    with torch.no_grad():
        for _, parameter in model.trainable():
            parameter.mul_(0.5)
    assert np.abs(losses_of(model, encoded, ORDERS[0]) - before).max() > 0.01
    load_restricted_state(model, kept)
    assert (losses_of(model, encoded, ORDERS[0]) == before).all()
