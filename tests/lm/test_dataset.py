"""Rows packed into batches: tokens, slots, numbers and targets, in any column order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.grammar.text_grammar import compact_text
from llmsynth.lm.dataset import BatchBuilder, draw_orders, epoch_batches, natural_orders

MANY = settings(max_examples=25, deadline=None)


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@pytest.fixture(scope="module")
def compact():
    grammar = compact_row_grammar(
        ["a", "n", "t"],
        [code_grammar(3, 0, missing=True), code_grammar(2, 40, missing=True), compact_text(["ab"], 9, True)],
    )
    texts = objects(["a", None, "abababab", "", "é"])
    encoded = [
        grammar.encode_column(0, np.array([0, -1, 2, 1, 0])),
        grammar.encode_column(1, np.array([0, -1, 41, 2, 20])),
        grammar.encode_column(2, texts),
    ]
    return BatchBuilder(grammar, encoded, (-1, 0, -1))


@pytest.fixture(scope="module")
def spelled(spelled_row):
    grammar = spelled_row([["yes", "no", "yesterday"], ["1", "12"], ["", "東", "a b"]], missing=(1,))
    codes = [np.array([0, 1, 2, 0, 2]), np.array([-1, 0, 1, 1, 0]), np.array([0, 1, 2, 2, 1])]
    return BatchBuilder(grammar, [grammar.encode_column(place, column) for place, column in enumerate(codes)])


@pytest.fixture(scope="module", params=["compact", "spelled"])
def builder(request):
    return request.getfixturevalue(request.param)


def sentence(builder, row, order):
    """One row from the definition: (token, slot it answers, number, target) per position."""
    grammar = builder.grammar
    found = [(grammar.start_id, 0, 0, None)]
    for rank, place in enumerate(order):
        column, automaton = builder.encoded[place], grammar.columns[place].automaton
        span = (grammar.first_spans if rank == 0 else grammar.later_spans)[place]
        found += [(token, 0, 0, None) for token in span]
        distinct = column.index[row]
        path = column.paths[distinct, : column.lengths[distinct]].tolist()
        state = 0
        for step, local in enumerate(path):
            slot = 1 + grammar.place_offsets[place] + min(step, grammar.n_places(place) - 1)
            number = 0
            if builder.number_offsets[place] >= 0 and step == len(path) - 1 and column.values[distinct] >= 0:
                number = 1 + builder.number_offsets[place] + column.values[distinct]
            target = (place, state, local) if automaton.n_choices[state] > 1 else None
            found.append((int(automaton.token_ids[local]), int(slot), int(number), target))
            state = int(automaton.next_state[state, local])
    return found


@MANY
@given(data=st.data())
def test_a_batch_is_what_its_definition_says(builder, data):
    rows = np.array(data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=6)))
    orders = np.array([data.draw(st.permutations(range(3))) for _ in rows])
    batch = builder.build(rows, orders)
    expected = [sentence(builder, row, order) for row, order in zip(rows, orders, strict=True)]
    width = max(1, max(map(len, expected)) - 1)
    assert batch.tokens.shape == batch.slots.shape == batch.numbers.shape == (len(rows), width)
    assert batch.n_rows == len(rows) and batch.n_tokens == sum(len(row) - 1 for row in expected)
    targets = set()
    for line, row in enumerate(expected):
        padded = row + [(0, 0, 0, None)] * (width + 1 - len(row))
        assert batch.tokens[line].tolist() == [token for token, *_ in padded[:width]]
        assert batch.slots[line].tolist() == [slot for _, slot, *_ in padded[1:]]
        assert batch.numbers[line].tolist() == [number for _, _, number, _ in padded[:width]]
        targets |= {(line * width + at - 1, line, *found[3]) for at, found in enumerate(row) if found[3] is not None}
    built = {
        (int(flat), int(row), place, int(state), int(token))
        for place, target in enumerate(batch.targets)
        for flat, row, state, token in zip(target.flat, target.row, target.state, target.token, strict=True)
    }
    assert built == targets


@MANY
@given(seed=st.integers(0, 2**32), n_columns=st.integers(1, 12))
def test_orders_are_permutations_of_a_prefix_and_the_rest_each_in_table_order(seed, n_columns):
    orders = draw_orders(np.random.default_rng(seed), 50, n_columns, 0.3)
    assert (np.sort(orders, axis=1) == np.arange(n_columns)).all()
    assert ((np.diff(orders, axis=1) < 0).sum(axis=1) <= 1).all()


def test_the_natural_order_has_its_share_and_any_column_may_come_first():
    rng = np.random.default_rng(0)
    assert (draw_orders(rng, 200, 5, 1.0) == natural_orders(200, 5)).all()
    orders = draw_orders(rng, 4000, 5, 0.5)
    natural = (orders == np.arange(5)).all(axis=1).mean()
    # Of the other half, a prefix of the first k columns is natural too: 1/6 + 1/30 + ... of it in the mean.
    assert 0.5 < natural < 0.75
    assert set(orders[:, 0].tolist()) == set(range(5)) and set(draw_orders(rng, 99, 5, 0.0)[:, -1].tolist()) > {4}


@pytest.mark.parametrize("by_length", [False, True])
def test_an_epoch_visits_every_row_once_in_batches_of_the_size(by_length):
    rows = np.arange(100, 203)
    lengths = np.random.default_rng(1).integers(3, 30, 300) if by_length else None
    batches = list(epoch_batches(np.random.default_rng(0), rows, 8, lengths))
    assert sorted(np.concatenate(batches).tolist()) == rows.tolist()
    assert sorted(map(len, batches)) == [7] + [8] * 12
    other = list(epoch_batches(np.random.default_rng(1), rows, 8, lengths))
    assert [batch.tolist() for batch in batches] != [batch.tolist() for batch in other]
    again = list(epoch_batches(np.random.default_rng(0), rows, 8, lengths))
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in again]


def test_rows_of_like_length_come_together():
    lengths = np.random.default_rng(1).integers(3, 300, 512)
    batches = list(epoch_batches(np.random.default_rng(0), np.arange(512), 8, lengths))
    spread = np.mean([np.ptp(lengths[batch]) for batch in batches])
    assert (
        spread < 30
        and np.mean([np.ptp(lengths[b]) for b in epoch_batches(np.random.default_rng(0), np.arange(512), 8)]) > 150
    )
