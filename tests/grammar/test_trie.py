"""Tries built from matrices of tokens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.grammar.column_grammar import pack_paths
from llmsynth.grammar.trie import build_trie, sort_paths

path_lists = st.lists(st.lists(st.integers(3, 7), max_size=4), min_size=1, max_size=12)


def prefix_free(paths):
    return not any(i != j and one == other[: len(one)] for i, one in enumerate(paths) for j, other in enumerate(paths))


@given(paths=path_lists.map(lambda paths: [[*path, 9] for path in paths]))
def test_the_vectorised_trie_is_the_one_a_dictionary_builds(paths):
    found = sort_paths(pack_paths(paths))
    prefixes = {tuple(path[:n]) for path in paths for n in range(len(path) + 1)}
    assert found.n_states == len(prefixes)
    assert found.n_cells == len(prefixes) * len({token for path in paths for token in path})
    assert found.prefix_free == prefix_free(paths)
    if not found.prefix_free:
        return
    automaton, leaves = build_trie(found)
    assert int(automaton.legal.sum()) == len(prefixes) - 1
    for path, leaf in zip(paths, leaves, strict=True):
        state = 0
        for token in path:
            state = automaton.next_state[state, automaton.token_ids.tolist().index(token)]
        assert state == leaf and automaton.accepting[state]
    assert automaton.accepting.sum() == len(paths)


@given(paths=path_lists.filter(lambda paths: all(paths)))
def test_prefixes_are_noticed_wherever_they_stand(paths):
    assert sort_paths(pack_paths(paths)).prefix_free == prefix_free(paths)


def test_paths_that_begin_others_cannot_be_leaves():
    with pytest.raises(ValueError, match="begins another"):
        build_trie(sort_paths(np.array([[1, 2], [1, -1]])))
