"""Grammars printed as regular expressions, for engines that constrain generation by text (vLLM, outlines, xgrammar).

It knows what each column grammar writes as text. It refuses to know any engine: only literals, classes, groups,
alternation and counted repetition are used, the subset that all of them share. Such engines do not see tokens, so a
number may be tokenised differently there, and lone surrogates, which are no text at all, cannot be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmsynth.errors import ConfigError
from llmsynth.grammar.category_trie import CategoryTrie
from llmsynth.grammar.column_grammar import ColumnGrammar
from llmsynth.grammar.number_grammar import DigitGrammar
from llmsynth.grammar.row import RowGrammar
from llmsynth.grammar.text_paths import TextGrammar
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

_META = frozenset("\\.^$*+?{}[]|()")
_CONTROL = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def to_regex(grammar: ColumnGrammar, vocabulary: TokenizerVocabulary) -> str:
    """Regular expression of everything a column can write, its terminator included.

    Parameters
    ----------
    grammar : CategoryTrie, DigitGrammar or TextGrammar
        A column grammar over the tokens of `vocabulary`.
    vocabulary : TokenizerVocabulary
        The pretrained model's tokens.

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        For a grammar of the compact model, which writes no text.
    """
    if isinstance(grammar, CategoryTrie):
        return _any_of([_literal(text) for text in written_texts(grammar, vocabulary)])
    if isinstance(grammar, DigitGrammar):
        return _digits(grammar, vocabulary)
    if isinstance(grammar, TextGrammar) and grammar.vocabulary is not None:
        return _free_text(grammar, vocabulary)
    raise ConfigError(f"{type(grammar).__name__} writes tokens of its own, not text; it has no regular expression")


def row_regex(grammar: RowGrammar, vocabulary: TokenizerVocabulary, order: Sequence[int] | None = None) -> str:
    """Regular expression of whole rows with the columns in one order.

    Parameters
    ----------
    grammar : RowGrammar
        Of a pretrained model.
    vocabulary : TokenizerVocabulary
        The pretrained model's tokens.
    order : sequence of int, optional
        Columns in the order they are written; table order if not given.

    Returns
    -------
    str
    """
    parts = []
    for place, column in enumerate(range(grammar.n_columns) if order is None else order):
        span = grammar.later_spans[column] if place else grammar.first_spans[column]
        parts += [_literal(vocabulary.texts([span])[0] or ""), to_regex(grammar.columns[column], vocabulary)]
    return "".join(parts)


def written_texts(grammar: CategoryTrie, vocabulary: TokenizerVocabulary) -> list[str]:
    """What the model writes for each code, terminator included; the missing value's text comes last."""
    ids = [grammar.automaton.token_ids[path[path >= 0]].tolist() for path in grammar.paths]
    return [text or "" for text in vocabulary.texts(ids)]


def _literal(text: str) -> str:
    return "".join(f"\\{character}" if character in _META else _CONTROL.get(character, character) for character in text)


def _any_of(alternatives: Sequence[str]) -> str:
    return alternatives[0] if len(alternatives) == 1 else f"({'|'.join(alternatives)})"


def _digits(grammar: DigitGrammar, vocabulary: TokenizerVocabulary) -> str:
    surfaces = vocabulary.surfaces(grammar.automaton.token_ids.tolist())
    written = [_literal(surface or "") for surface in surfaces]
    automaton = grammar.automaton
    known: dict[int, str] = {}

    def after(state: int) -> str:
        # The automaton has no cycle, and a state leads to few others: the two bounds, and "anything goes".
        if automaton.accepting[state]:
            return ""
        if state not in known:
            row = automaton.next_state[state]
            known[state] = _any_of(
                [
                    _one_of([written[token] for token in np.flatnonzero(row == target)]) + after(int(target))
                    for target in np.unique(row[row >= 0])
                ]
            )
        return known[state]

    return after(0)


def _one_of(characters: list[str]) -> str:
    if len(characters) == 1:
        return characters[0]
    runs: list[str] = []
    for character in sorted(characters):
        if runs and ord(character) == ord(runs[-1][-1]) + 1:
            runs[-1] += character
        else:
            runs.append(character)
    return "[" + "".join(run if len(run) < 3 else f"{run[0]}-{run[-1]}" for run in runs) + "]"


def _free_text(grammar: TextGrammar, vocabulary: TokenizerVocabulary) -> str:
    end, escape = (_literal(vocabulary.surface(t) or "") for t in (vocabulary.terminator_id, vocabulary.escape_id))
    escaped = [f"{escape}[{end}{escape}]"]
    if any(part.escaped for part in grammar.alphabet.parts):
        escaped.append(f"{escape}(0[0-9a-f]|10)[0-9a-f]{{4}}")
    text = f" ([^{end}{escape}]|{'|'.join(escaped)}){{0,{grammar.max_length}}}{end}"
    return _any_of([text, f"{escape}{end}"]) if grammar.alphabet.missing else text
