"""Laws of whole rows: what is encoded is accepted in any order, what can be written is typed, probabilities add up."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.encoder import build_compact_encoder, build_pretrained_encoder
from llmsynth.grammar.row import RowGrammar, compact_row_grammar
from llmsynth.grammar.text_grammar import category_trie
from llmsynth.lm.dataset import BatchBuilder
from llmsynth.lm.model import batch_losses
from llmsynth.lm.stub import StubModel
from llmsynth.sample.sampler import Sampler
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read_row(grammar, order, tokens):
    """Values of a row of tokens, or an AssertionError where a token may not come."""
    assert tokens[0] == grammar.start_id
    here, values = 1, {}
    for place in order:
        span = grammar.first_spans[place] if here == 1 else grammar.later_spans[place]
        assert tuple(tokens[here : here + len(span)]) == span
        here += len(span)
        automaton = grammar.columns[place].automaton
        local = {token: number for number, token in enumerate(automaton.token_ids.tolist())}
        state, path = 0, []
        while not automaton.accepting[state]:
            path.append(local[tokens[here]])
            state = automaton.next_state[state, path[-1]]
            assert state >= 0
            here += 1
        values[place] = grammar.columns[place].decode(np.array([path]))[0]
    assert here == len(tokens)
    return [values[place] for place in range(grammar.n_columns)]


@pytest.fixture(scope="module")
def plain(mixed_table):
    frame = mixed_table(60)
    schema = infer_schema(frame)
    return schema, physical_table(frame, schema)


@pytest.fixture(scope="module", params=["compact", "byte_level", "llama_sentencepiece"])
def encoder(request, plain, small_tokenizer):
    from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

    if request.param == "compact":
        return build_compact_encoder(*plain)
    return build_pretrained_encoder(*plain, TokenizerVocabulary(small_tokenizer(request.param)))


@FEW
@given(data=st.data())
def test_the_grammar_accepts_every_encoded_row_in_every_column_order(encoder, plain, data):
    encoded, _, _ = encoder.encode(plain[1])
    grammar = encoder.grammar
    row = data.draw(st.integers(0, 59))
    order = data.draw(st.permutations(range(grammar.n_columns)))
    batch = BatchBuilder(grammar, encoded).build(np.array([row]), np.array([order]))
    path = encoded[order[-1]].paths[encoded[order[-1]].index[row]]
    last = grammar.columns[order[-1]].automaton.token_ids[path[path >= 0][-1]]
    values = read_row(grammar, order, [*batch.tokens[0].tolist(), int(last)])
    expected = [column.values[column.index[row]] for column in encoded]
    # One text may have several spellings, but what was encoded is read back as it was.
    assert values == expected


def test_everything_that_can_be_written_is_a_row_of_the_schema(encoder, plain, mixed_table):
    schema, table = plain
    sampler = Sampler(StubModel(encoder.grammar), encoder, schema, (-1,) * len(encoder.columns), 40)
    frame = pd.concat(list(sampler.iterate(80, 1)), ignore_index=True)
    training = mixed_table(60)
    assert len(frame) == 80 and list(map(repr, frame.columns)) == list(map(repr, training.columns))
    assert frame.dtypes.tolist() == training.dtypes.tolist()
    physical = physical_table(frame, schema)  # raises where a cell lies outside the schema
    _, open_nats, legal = encoder.encode(physical)
    assert legal.all() and np.isfinite(open_nats).all()
    for column, codec in zip(encoder.columns, encoder.codecs, strict=True):
        if not encoder.grammar.first_spans[0] and codec is not None and codec.n_codes < 20:
            written = set(codec.encode(physical[column.name]).tolist())
            assert written >= set(codec.encode(table[column.name]).tolist()), "some legal value is never written"


def every_row(grammar, sizes):
    """All rows of a grammar of codes, encoded."""
    codes = np.array(list(product(*[range(low, high) for low, high in sizes])))
    return [grammar.encode_column(place, codes[:, place]) for place in range(len(sizes))], codes.shape[0]


def total_probability(model, encoded, order):
    n = encoded[0].index.size
    batch = BatchBuilder(model.grammar, encoded).build(np.arange(n), np.tile(order, (n, 1)))
    with torch.no_grad():
        return float(torch.exp(-batch_losses(model, batch).double()).sum())


def noise(grammar, seed):
    """A script: other random logits for each column, state and position."""
    generator = torch.Generator().manual_seed(seed)
    tables = [
        torch.randn(64, column.automaton.n_states, column.automaton.n_local, generator=generator)
        for column in grammar.columns
    ]
    return lambda column, position, state: 2 * tables[column][position % 64, state]


@FEW
@given(
    shapes=st.lists(st.tuples(st.integers(1, 3), st.sampled_from([0, 2, 33]), st.booleans()), min_size=1, max_size=3),
    data=st.data(),
)
def test_the_probabilities_of_all_rows_of_codes_add_up_to_one(shapes, data):
    columns = [code_grammar(atoms, cells, missing=missing) for atoms, cells, missing in shapes]
    grammar = compact_row_grammar([str(place) for place in range(len(shapes))], columns)
    encoded, _ = every_row(grammar, [(-int(missing), atoms + cells) for atoms, cells, missing in shapes])
    order = np.array(data.draw(st.permutations(range(len(shapes)))))
    for model in (StubModel(grammar), StubModel(grammar, script=noise(grammar, data.draw(st.integers(0, 99))))):
        assert total_probability(model, encoded, order) == pytest.approx(1, abs=1e-4)


def test_the_probabilities_of_all_spelled_rows_add_up_to_one(vocabulary):
    lists = [["yes", "no", "yesterday", ","], ["1", "12", "123", "-1"], ["", "東京"]]
    columns = tuple(category_trie(vocabulary, texts, place == 1) for place, texts in enumerate(lists))
    spans = [tuple(tuple(vocabulary.name_span(name, first)) for name in "abc") for first in (True, False)]
    grammar = RowGrammar(("a", "b", "c"), columns, spans[0], spans[1], 0, 0)
    encoded, n = every_row(grammar, [(0, 4), (-1, 4), (0, 2)])
    assert n == 40
    for order in ([0, 1, 2], [2, 0, 1]):
        model = StubModel(grammar, script=noise(grammar, 1))
        assert total_probability(model, encoded, np.array(order)) == pytest.approx(1, abs=1e-4)
