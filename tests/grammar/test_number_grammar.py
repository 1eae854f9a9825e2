"""Canonical numbers in a range, digit by digit."""

from __future__ import annotations

import numpy as np
import pytest

from llmsynth.errors import ConfigError
from llmsynth.grammar.number_grammar import LIMIT, MISSING_INDEX, digit_automaton

IDS = {character: 100 + place for place, character in enumerate("0123456789-.")}


def written(grammar, index):
    return "".join(grammar.characters[token] for token in grammar.encode(np.array([index]))[0])


@pytest.mark.parametrize(
    ("index", "decimals", "text"),
    [(0, 0, "0"), (0, 2, "0.00"), (-5, 1, "-0.5"), (1234, 2, "12.34"), (-120, 0, "-120"), (LIMIT, 0, "1" + "0" * 18)],
)
def test_numbers_are_written_in_full(index, decimals, text):
    assert written(digit_automaton(-LIMIT, LIMIT, decimals, IDS, 7), index) == text


def test_a_single_legal_number_is_forced_throughout():
    automaton = digit_automaton(-1205, -1205, 2, IDS, 7).automaton
    assert (automaton.n_choices <= 1).all()
    assert automaton.n_states == len("-12.05") + 2


def test_only_tokens_that_can_occur_are_in_the_vocabulary():
    assert digit_automaton(10, 13, 0, IDS, 7).automaton.token_ids.tolist() == [100, 101, 102, 103, 7]


def test_the_lead_and_the_missing_value_are_tokens_of_their_own():
    grammar = digit_automaton(-1, 5, 0, IDS, 7, lead=8, missing=9)
    values = np.array([-1, MISSING_INDEX, 5])
    paths = grammar.encode(values)
    assert grammar.automaton.token_ids[paths[1][:2]].tolist() == [9, 7]
    assert grammar.automaton.token_ids[paths[0]].tolist() == [8, 110, 101, 7]
    assert (grammar.decode(paths) == values).all()


def test_values_out_of_bounds_are_refused_by_row():
    grammar = digit_automaton(0, 5, 0, IDS, 7)
    for wrong in (6, -1, MISSING_INDEX):
        with pytest.raises(ValueError, match="row 1 is missing or outside"):
            grammar.encode(np.array([3, wrong]))
    with pytest.raises(ValueError, match="before its end"):
        grammar.decode(grammar.encode(np.array([3]))[:, :1])


def test_no_rows_are_no_paths():
    grammar = digit_automaton(0, 5, 0, IDS, 7)
    paths = grammar.encode(np.array([], dtype=np.int64))
    assert paths.shape[0] == 0 and grammar.decode(paths).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5, 4, 0, IDS, 7), "above its upper"),
        ((0, LIMIT + 1, 0, IDS, 7), "within 10\\*\\*18"),
        ((0, 5, 18, IDS, 7), "decimals must be 0 to 17"),
        ((-5, 5, 0, {character: 1 for character in "0"}, 7), "need tokens for"),
        ((0, 9, 0, IDS, 100), "different tokens"),
    ],
)
def test_impossible_ranges_and_tokens_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        digit_automaton(*arguments)
