"""A closed list of texts as a trie over a tokenizer: categories, atoms, and numbers written as text.

It knows texts and their tokens. It refuses to know what a text means: codes are positions in the list.

Texts are written as the model would read them as long as that is unambiguous. Only if one text's path equals or begins
another's ("a" beside "a, b", where the comma also ends a value) are comma and backslash written with a backslash before
them, and only if that does not help, or the arrays would be too large, is each character written on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from llmsynth.errors import ConfigError
from llmsynth.grammar.automaton import IntArray, TokenAutomaton
from llmsynth.grammar.column_grammar import pack_paths
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary
from llmsynth.grammar.trie import SortedPaths, build_trie, sort_paths

MAX_TOKEN_CELLS = 16_000_000
"""States x local tokens above which a trie is spelled one character a token (64 MB as int32)."""
MAX_CELLS = 200_000_000
"""States x local tokens above which a trie is refused (800 MB as int32)."""
MISSING_WORD = " missing"

Ids = list[list[int]]


@dataclass(frozen=True, eq=False)
class CategoryTrie:
    """Codes 0 .. n_codes - 1 (and -1 for missing) as paths of a tokenizer's tokens.

    Parameters
    ----------
    automaton : TokenAutomaton
        Accepts exactly the rows of `paths`.
    texts : tuple of str
        Text of each code.
    missing : bool
        Whether the value may be missing.
    paths : ndarray of int32, shape (n_codes + missing, width)
        Local tokens of each code, padded with -1; the missing value's path comes last.
    leaf_code : ndarray of int64, shape (n_states,)
        Code of each accepting state (-1 for the missing value); -2 for the other states.
    """

    automaton: TokenAutomaton
    texts: tuple[str, ...]
    missing: bool
    paths: npt.NDArray[np.int32]
    leaf_code: IntArray

    def encode(self, values: IntArray) -> IntArray:
        """Paths of codes, int64 of shape (n, width). Raises ValueError for a code that is not in the list."""
        codes = np.asarray(values, dtype=np.int64)
        lowest = -1 if self.missing else 0
        if codes.size and (codes.min() < lowest or codes.max() >= len(self.texts)):
            raise ValueError(f"codes must lie in [{lowest}, {len(self.texts) - 1}]")
        return self.paths[codes].astype(np.int64)

    def decode(self, paths: IntArray) -> IntArray:
        """Codes of complete paths, shape (n,). Raises ValueError for a path that is illegal or stops early."""
        codes = self.leaf_code[self.automaton.walk(paths)[:, -1]]
        if (codes < -1).any():
            raise ValueError(f"path {int(np.flatnonzero(codes < -1)[0])} stops before its value is complete")
        return codes


def category_trie(
    vocabulary: TokenizerVocabulary, texts: Sequence[str], missing: bool, *, characterwise: bool = False
) -> CategoryTrie:
    """Build the grammar of a closed list of texts.

    Parameters
    ----------
    vocabulary : TokenizerVocabulary
        The pretrained model's tokens.
    texts : sequence of str
        Distinct texts; the code of a text is its position. Any characters, the empty text too.
    missing : bool
        Whether the missing value gets a path (code -1).
    characterwise : bool
        Write every character as a token of its own, as numbers need.

    Returns
    -------
    CategoryTrie

    Raises
    ------
    ConfigError
        If texts repeat, there is nothing to write, or the arrays would pass 200 million cells.
    """
    if len(set(texts)) != len(texts):
        raise ConfigError(f"{len(texts)} category texts were given but only {len(set(texts))} are distinct")
    if not texts and not missing:
        raise ConfigError("a column needs at least one category, or missing values")
    n_padded = len(texts) * max(map(len, texts), default=0)
    if n_padded > MAX_CELLS:
        raise _too_large(texts, n_padded)
    found = _first_fitting(vocabulary, texts, missing, characterwise)
    automaton, leaves = build_trie(found)
    leaf_code = np.full(automaton.n_states, -2, dtype=np.int64)
    leaf_code[leaves] = np.arange(leaves.size)
    if missing:
        leaf_code[leaves[-1]] = -1
    paths = np.empty(found.tokens.shape, dtype=np.int32)
    paths[found.order] = found.tokens
    return CategoryTrie(automaton, tuple(texts), missing, paths, leaf_code)


def _first_fitting(
    vocabulary: TokenizerVocabulary, texts: Sequence[str], missing: bool, characterwise: bool
) -> SortedPaths:
    """Sorted paths in the most natural spelling that keeps texts apart and the arrays small."""
    spellings = [_spelled] if characterwise else [_natural, _escaped, _spelled]
    for spelling in spellings[:-1]:
        paths = _sorted(vocabulary, spelling(vocabulary, texts, missing))
        if paths.n_cells > MAX_TOKEN_CELLS:
            break
        if paths.prefix_free:
            return paths
    paths = _sorted(vocabulary, _spelled(vocabulary, texts, missing))
    if paths.n_cells > MAX_CELLS:
        raise _too_large(texts, paths.n_cells)
    return paths


def _sorted(vocabulary: TokenizerVocabulary, ids: Ids) -> SortedPaths:
    return sort_paths(pack_paths([[*path, vocabulary.terminator_id] for path in ids]))


def _too_large(texts: Sequence[str], n_cells: int) -> ConfigError:
    return ConfigError(
        f"{len(texts)} categories of up to {max(map(len, texts))} characters need {n_cells} cells, more than "
        f"{MAX_CELLS}; fold rare categories (fold_below), or treat the column as text or as an identifier"
    )


def _natural(vocabulary: TokenizerVocabulary, texts: Sequence[str], missing: bool) -> Ids:
    """As the model reads them."""
    return vocabulary.encode_batch([f" {text}" for text in texts] + [MISSING_WORD] * missing)


def _escaped(vocabulary: TokenizerVocabulary, texts: Sequence[str], missing: bool) -> Ids:
    """As the model reads them, with the escape before each terminator and escape inside."""
    end, escape = vocabulary.terminator_id, vocabulary.escape_id
    written = {end: (escape, end), escape: (escape, escape)}
    ids = vocabulary.encode_batch([f" {text}" for text in texts])
    split = [[i for token in path for i in written.get(token, (token,))] for path in ids]
    return split + _missing_mark(vocabulary, missing)


def _spelled(vocabulary: TokenizerVocabulary, texts: Sequence[str], missing: bool) -> Ids:
    """Character by character, with the escape before each terminator and escape inside."""
    end, escape = vocabulary.terminator_id, vocabulary.escape_id
    alphabet = sorted(set().union(*texts) | {" "})
    vocabulary.char_ids(alphabet)
    spelled = {character: vocabulary.spell(character) for character in alphabet}
    for character, ids in spelled.items():
        if ids in ([end], [escape]):
            spelled[character] = [escape, *ids]
    paths = [list(chain.from_iterable(map(spelled.__getitem__, f" {text}"))) for text in texts]
    return paths + _missing_mark(vocabulary, missing)


def _missing_mark(vocabulary: TokenizerVocabulary, missing: bool) -> Ids:
    """A path no text has, since texts begin with a space: an escape before the end."""
    return [[vocabulary.escape_id]] if missing else []
