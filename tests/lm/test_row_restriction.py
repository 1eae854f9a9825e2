"""Restrictions row by row: along every path the factors multiply to the share of its code."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llmsynth.grammar.category_trie import category_trie
from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary
from llmsynth.lm.row_restriction import CodeTree, RowRestriction

N = 60


@pytest.fixture(params=["flat", "two tokens", "trie"])
def grammar(request, small_tokenizer):
    if request.param == "flat":
        return code_grammar(N, 0, missing=True)
    if request.param == "two tokens":
        return code_grammar(7, N - 7, missing=True)
    vocabulary = TokenizerVocabulary(small_tokenizer("byte_level_split_digits"))
    return category_trie(vocabulary, [f"{code:03d}" for code in range(N)], True, characterwise=True)


def test_probabilities_of_codes_are_those_of_the_model_times_their_shares(grammar):
    """Every code's path is walked in every row; forced tokens are passed over, as in the decoder."""
    rng = np.random.default_rng(0)
    share = rng.random((5, N + 1)) * (rng.random((5, N + 1)) < 0.4)
    share[3] = 0.0
    share[3, -1] = 0.25
    set_of_row = np.array([0, 1, 2, 3, -1, 4])
    tree = CodeTree.of(grammar, N, missing=True)
    restriction = RowRestriction(tree, share, set_of_row)
    automaton = grammar.automaton
    logits = torch.from_numpy(rng.normal(size=automaton.next_state.shape))
    logits[torch.from_numpy(automaton.next_state < 0)] = -torch.inf
    paths = grammar.encode(np.append(np.arange(N), -1))
    for row, number in enumerate(set_of_row):
        plain, kept = np.zeros(N + 1), np.zeros(N + 1)
        for code in range(N + 1):
            state = 0
            kept[code] = restriction.log_constant[row]
            for token in paths[code][paths[code] >= 0]:
                if automaton.forced[state] < 0:
                    here = logits[state][None]
                    restricted, mass = restriction.apply(here, np.array([state]), np.array([row]))
                    plain[code] += float(torch.log_softmax(here, -1)[0, token])
                    # What is picked from, times what was left: the model's probability times the factor.
                    kept[code] += float(torch.log_softmax(restricted, -1)[0, token]) + float(mass[0])
                    if np.isneginf(float(restricted[0, token])):
                        break
                state = int(automaton.next_state[state, token])
        wanted = plain + np.log(np.maximum(1e-300, share[number])) if number >= 0 else plain
        inside = share[number] > 0 if number >= 0 else np.ones(N + 1, dtype=bool)
        assert np.allclose(kept[inside], wanted[inside])
        assert np.isneginf(kept[~inside]).all()


def test_a_row_whose_logits_exclude_its_set_is_left_free_and_weighs_nothing():
    grammar = code_grammar(7, 53, missing=False)
    share = np.zeros((1, N + 1))
    share[0, 30] = 1.0
    tree = CodeTree.of(grammar, N, missing=False)
    restriction = RowRestriction(tree, share, np.zeros(2, dtype=np.int64))
    first = grammar.encode(np.array([30]))[0, 0]
    n_states, n_local = grammar.automaton.next_state.shape
    logits = (
        torch.zeros(2, n_local).double().masked_fill(torch.from_numpy(grammar.automaton.next_state[0] < 0), -torch.inf)
    )
    logits[1, first] = -torch.inf
    kept, mass = restriction.apply(logits, np.zeros(2, dtype=int), np.arange(2))
    assert torch.isfinite(kept[0]).sum() == 1 and np.isfinite(mass[0])
    assert torch.equal(torch.isfinite(kept[1]), torch.isfinite(logits[1])) and np.isneginf(mass[1])
    # It went on outside of its set: there no token leads back.
    other = next(
        s
        for s in range(1, n_states)
        if s != grammar.automaton.next_state[0, first] and grammar.automaton.n_choices[s] > 1
    )
    inside = (
        torch.zeros(1, n_local)
        .double()
        .masked_fill(torch.from_numpy(grammar.automaton.next_state[other] < 0), -torch.inf)
    )
    kept, mass = restriction.apply(inside, np.array([other]), np.array([1]))
    assert torch.equal(torch.isfinite(kept), torch.isfinite(inside)) and np.isneginf(mass[0])


def test_a_row_whose_set_is_empty_is_left_free_and_weighs_nothing():
    grammar = code_grammar(5, 0, missing=False)
    share = np.array([[0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]], dtype=float)
    restriction = RowRestriction(CodeTree.of(grammar, 5, missing=False), share, np.array([0, 1]))
    assert restriction.log_constant.tolist() == [-np.inf, 0.0]
    kept, mass = restriction.apply(torch.zeros(2, 5).double(), np.zeros(2, dtype=int), np.arange(2))
    assert torch.isfinite(kept[0]).all() and mass[0] == pytest.approx(0)
    assert torch.isfinite(kept[1]).tolist() == [False, True, False, False, False]
