"""The restricted output layer: illegal tokens are impossible, and the start is the table's frequencies."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.grammar.text_grammar import compact_text
from llmsynth.lm.heads import ColumnHead, build_heads, log_frequencies


@pytest.fixture
def grammar():
    columns = [code_grammar(3, 0, missing=True), code_grammar(2, 40, missing=True), compact_text(["ab"], 4, True)]
    return compact_row_grammar("abc", columns)


@pytest.fixture
def encoded(grammar):
    texts = np.empty(100, dtype=object)
    texts[:] = ["ab"] * 60 + ["a"] * 30 + [None] * 10
    codes = [np.repeat([0, 2], [75, 25]), np.repeat([-1, 0, 7, 41], 25)]
    return [
        *(grammar.encode_column(place, column) for place, column in enumerate(codes)),
        grammar.encode_column(2, texts),
    ]


@pytest.mark.parametrize("shape", ["per state", "one for all"])
def test_illegal_tokens_have_no_probability_and_legal_ones_add_up_to_one(grammar, shape):
    for column in grammar.columns:
        automaton = column.automaton
        rows = automaton.n_states if shape == "per state" else 1
        head = ColumnHead(automaton, np.zeros((rows, automaton.n_local), dtype=np.float32))
        assert head.per_state == (shape == "per state" or automaton.n_states == 1)
        states = torch.from_numpy(np.flatnonzero(automaton.n_choices > 0))
        logits = head.add_bias(torch.randn(states.shape[0], automaton.n_local), states)
        probability = torch.softmax(logits, dim=1).detach().numpy()
        legal = automaton.legal[states.numpy()]
        assert (probability[~legal] == 0).all() and (probability[legal] > 0).all()
        assert probability.sum(axis=1) == pytest.approx(np.ones(len(states)), abs=1e-5)


def test_the_start_is_the_smoothed_frequencies_of_each_state(grammar, encoded):
    automaton = grammar.columns[0].automaton
    start = np.exp(log_frequencies(automaton, encoded[0])[0])
    assert start.sum() == pytest.approx(1, abs=1e-5)
    assert start[[0, 2]] == pytest.approx([0.75, 0.25], abs=0.01)
    assert (start[[1, 3]] > 0).all() and (start[[1, 3]] < 0.01).all()


def test_the_second_token_of_a_cell_has_the_frequencies_behind_its_first(grammar, encoded):
    automaton = grammar.columns[1].automaton
    start = np.exp(log_frequencies(automaton, encoded[1]))
    last = encoded[1].paths[encoded[1].values.tolist().index(41)]
    state = int(automaton.next_state[0, last[0]])
    assert start[state, last[1]] > 0.9
    assert start[state][automaton.legal[state]].sum() == pytest.approx(1, abs=1e-5)


def test_a_large_automaton_has_one_bias_for_all_states(monkeypatch, grammar, encoded):
    monkeypatch.setattr("llmsynth.lm.heads.MAX_STATE_BIAS", 5)
    heads = build_heads(grammar, encoded)
    assert [head.bias.shape[0] for head in heads] == [1, 1, 1]
    letters = np.exp(heads[2].bias.detach().numpy()[0])
    assert letters[0] == max(letters), "the most frequent character is the likeliest token"


def test_without_rows_all_biases_are_zero(grammar):
    assert all(not head.bias.any() for head in build_heads(grammar, None))


def test_the_bias_is_trained_and_gradients_of_illegal_tokens_are_zero(grammar):
    for place, column in enumerate(grammar.columns):
        head = build_heads(grammar, None)[place]
        state = torch.zeros(4, dtype=torch.long)
        token = torch.full((4,), int(np.flatnonzero(column.automaton.legal[0])[0]))
        logits = head.add_bias(torch.zeros(4, column.automaton.n_local), state)
        torch.nn.functional.cross_entropy(logits, token).backward()
        gradient = head.bias.grad.numpy()
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0
        if head.per_state:
            assert (gradient[~column.automaton.legal] == 0).all()
