"""Codes of the compact model: every code has one path, every legal path is a code, and all rows keep one length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.grammar.compact import FLAT_LIMIT, code_grammar

MANY = settings(max_examples=60, deadline=None)
shapes = st.tuples(st.integers(0, 40), st.integers(0, 300)).filter(lambda shape: sum(shape) > 0)


def legal_paths(automaton):
    """All token sequences that end in an accepting state."""
    found, pending = [], [(0, ())]
    while pending:
        state, path = pending.pop()
        if automaton.accepting[state]:
            found.append(path)
        for token in np.flatnonzero(automaton.legal[state]).tolist():
            pending.append((int(automaton.next_state[state, token]), (*path, token)))
    return found


@MANY
@given(shape=shapes, missing=st.booleans(), cell_tokens=st.sampled_from([1, 2]))
def test_codes_and_legal_paths_are_one_to_one(shape, missing, cell_tokens):
    grammar = code_grammar(*shape, missing=missing, cell_tokens=cell_tokens)
    codes = np.arange(-int(missing), sum(shape))
    paths = grammar.encode(codes)
    assert (grammar.decode(paths) == codes).all()
    assert grammar.automaton.accepting[grammar.automaton.walk(paths)[:, -1]].all()
    legal = np.array(legal_paths(grammar.automaton))
    assert legal.shape[0] == codes.size
    assert sorted(grammar.decode(legal).tolist()) == codes.tolist()


@MANY
@given(shape=shapes, missing=st.booleans())
def test_all_values_of_a_column_have_the_same_length(shape, missing):
    grammar = code_grammar(*shape, missing=missing)
    lengths = (grammar.encode(np.arange(-int(missing), sum(shape))) >= 0).sum(axis=1)
    assert set(lengths) == {1 if shape[1] <= FLAT_LIMIT else 2}


@MANY
@given(shape=shapes, missing=st.booleans(), cell_tokens=st.sampled_from([1, 2]))
def test_the_automaton_is_well_formed(shape, missing, cell_tokens):
    automaton = code_grammar(*shape, missing=missing, cell_tokens=cell_tokens).automaton
    assert not automaton.legal[automaton.accepting].any()
    assert (automaton.n_choices[~automaton.accepting] > 0).all()
    assert automaton.token_ids.tolist() == list(range(automaton.n_local))
    assert automaton.legal.any(axis=0).all(), "a token that no state allows"


def test_neighbouring_cells_share_their_coarse_token():
    grammar = code_grammar(3, 256, missing=True)
    coarse = grammar.encode(np.arange(3, 259))[:, 0]
    assert (np.diff(coarse) >= 0).all() and np.bincount(coarse)[4:].tolist() == [16] * 16
    assert grammar.automaton.n_local == 3 + 1 + 16 + 16 + 1


@pytest.mark.parametrize("code", [-2, 5])
def test_a_code_that_does_not_exist_is_refused(code):
    with pytest.raises(ValueError, match=r"codes must lie in \[-1, 4\]"):
        code_grammar(5, 0, missing=True).encode(np.array([0, code]))
