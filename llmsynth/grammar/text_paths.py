"""Strings to local tokens and back, for the automata of `bounded_text`.

It knows how a text is cut, escaped and read. It refuses to know how the local vocabulary was chosen (`text_grammar`).
Nothing is ever split on text: a comma inside a value is written behind the escape, so the end of a value is a state of
the automaton, not a character.

A text has one path by `encode`, and other legal paths that decode to it as well (" he" + "llo"): what a model samples
is always a text, and the likelihood of a text is that of its encoded path.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.errors import TableError
from llmsynth.grammar.automaton import IntArray, TokenAutomaton
from llmsynth.grammar.bounded_text import SpelledPart, TextAlphabet
from llmsynth.grammar.column_grammar import pack_paths
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary, piece_pattern

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class TextGrammar:
    """Strings (and None for missing) as paths.

    Parameters
    ----------
    automaton : TokenAutomaton
        Accepts all texts of at most `max_length` characters.
    alphabet : TextAlphabet
        What the local tokens mean.
    max_length : int
        Characters.
    vocabulary : TokenizerVocabulary or None
        Cuts texts into tokens; None writes character by character.
    """

    automaton: TokenAutomaton
    alphabet: TextAlphabet
    max_length: int
    vocabulary: TokenizerVocabulary | None

    @property
    def learned_tokens(self) -> list[int]:
        """Vocabulary ids that stand for themselves: what `free_text` needs to be rebuilt without the table."""
        pairs = zip(self.alphabet.token_ids.tolist(), self.alphabet.surfaces, strict=True)
        return [token for token, surface in pairs if surface]

    @property
    def learned_characters(self) -> str:
        """Characters with a token of their own: what `compact_text` needs to be rebuilt without the table."""
        return "".join(surface for surface in self.alphabet.surfaces if len(surface) == 1)

    def encode(self, values: npt.NDArray[Any]) -> IntArray:
        """Paths of texts.

        Parameters
        ----------
        values : ndarray of object, shape (n,)
            Strings, or None for missing.

        Returns
        -------
        ndarray of int64, shape (n, width)

        Raises
        ------
        TableError
            If a text is longer than `max_length`, or missing where it may not be.
        """
        known: dict[str | None, int] = {}
        index = np.fromiter((known.setdefault(value, len(known)) for value in values), np.int64, count=len(values))
        self._check(list(known), index)
        paths = _Writer(self.alphabet, self.vocabulary).write([text for text in known if text is not None])
        if None in known:
            paths.insert(known[None], list(self.alphabet.missing))
        return pack_paths(paths)[index]

    def _check(self, texts: list[str | None], index: IntArray) -> None:
        wrong = [place for place, text in enumerate(texts) if text is not None and len(text) > self.max_length]
        if wrong:
            rows = np.flatnonzero(np.isin(index, wrong))
            raise TableError(
                f"{rows.size} texts (first in row {int(rows[0])}) are longer than the column's {self.max_length} "
                "characters; raise max_length in the schema"
            )
        if None in texts and not self.alphabet.missing:
            row = int(np.flatnonzero(index == texts.index(None))[0])
            raise TableError(f"row {row} has no text, but the column may not be missing; set nullable in the schema")

    def decode(self, paths: IntArray) -> Texts:
        """Texts of complete paths, object array of shape (n,). Raises ValueError for an illegal or unfinished path."""
        last = self.automaton.walk(paths)[:, -1]
        if not self.automaton.accepting[last].all():
            raise ValueError(f"path {int(np.flatnonzero(~self.automaton.accepting[last])[0])} stops before its end")
        reader = _Reader(self.alphabet)
        lengths = (paths >= 0).sum(axis=1)
        texts = np.empty(paths.shape[0], dtype=object)
        texts[:] = [reader.read(row[:n]) for row, n in zip(paths.tolist(), lengths.tolist(), strict=True)]
        return texts


class _Writer:
    """Texts to local tokens."""

    def __init__(self, alphabet: TextAlphabet, vocabulary: TokenizerVocabulary | None) -> None:
        self._alphabet = alphabet
        self._vocabulary = vocabulary
        self._local = {int(token): local for local, token in enumerate(alphabet.token_ids) if alphabet.surfaces[local]}
        self._characters = {surface: i for i, surface in enumerate(alphabet.surfaces) if len(surface) == 1}
        self._literals = {character: token for token, character in alphabet.literals}

    def write(self, texts: Sequence[str]) -> list[list[int]]:
        """Complete paths of texts, the end token included."""
        lead, end = " " if self._alphabet.spaced else "", self._alphabet.end
        letters = set(lead).union(*texts)
        written = {character: self._spell(character) for character in letters}
        cut: list[Sequence[str]] = [lead + text for text in texts]
        if self._vocabulary is not None:
            pattern = piece_pattern(letters - self._characters.keys())
            cut = [pattern.findall(lead + text) for text in texts]
            words = list({piece for pieces in cut for piece in pieces} - letters)
            for word, ids in zip(words, self._vocabulary.encode_batch(words), strict=True):
                written[word] = self._word(word, ids, written)
        return [[*chain.from_iterable(map(written.__getitem__, pieces)), end] for pieces in cut]

    def _word(self, word: str, ids: Iterable[int], written: dict[str, list[int]]) -> list[int]:
        """Local tokens of a word of usual characters: the tokenizer's where they are known, else characters."""
        assert self._vocabulary is not None
        path: list[int] = []
        for token in ids:
            if token in self._local:
                path.append(self._local[token])
            elif (surface := self._vocabulary.surface(token)) is not None:
                path += chain.from_iterable(written.get(character, ()) for character in surface)
        same = "".join(map(self._alphabet.surfaces.__getitem__, path)) == word
        return path if same else [token for character in word for token in written[character]]

    def _spell(self, character: str) -> list[int]:
        if character in self._characters:
            return [self._characters[character]]
        if character in self._literals:
            return [self._alphabet.escape, self._literals[character]]
        for part in self._alphabet.parts:
            symbols = part.spelling.spell(character)
            if symbols is not None:
                return [self._alphabet.escape] * part.escaped + [int(part.tokens[symbol]) for symbol in symbols]
        raise ValueError("no spelling of this alphabet writes every character")


class _Reader:
    """Complete legal paths to texts."""

    def __init__(self, alphabet: TextAlphabet) -> None:
        self._surfaces = alphabet.surfaces
        self._escape = alphabet.escape
        self._spaced = alphabet.spaced
        self._missing = list(alphabet.missing)
        self._literals = dict(alphabet.literals)
        self._part = {part.escaped: part for part in alphabet.parts}
        self._symbols = {part.escaped: {int(t): s for s, t in enumerate(part.tokens)} for part in alphabet.parts}

    def read(self, path: list[int]) -> str | None:
        """Text of one path."""
        if path == self._missing:
            return None
        pieces: list[str] = []
        place = 0
        while place < len(path) - 1:
            token = path[place]
            if token == self._escape and path[place + 1] in self._literals:
                pieces.append(self._literals[path[place + 1]])
                place += 2
            elif self._surfaces[token]:
                pieces.append(self._surfaces[token])
                place += 1
            else:
                escaped = token == self._escape
                symbols = self._spelled(self._part[escaped], self._symbols[escaped], path[place + escaped :])
                pieces.append(self._part[escaped].spelling.read(symbols))
                place += escaped + len(symbols)
        return "".join(pieces)[int(self._spaced) :]

    def _spelled(self, part: SpelledPart, symbol_of: dict[int, int], rest: list[int]) -> list[int]:
        symbols: list[int] = []
        state = 0
        while state >= 0:
            symbols.append(symbol_of[rest[len(symbols)]])
            state = int(part.spelling.step[state, symbols[-1]])
        return symbols
