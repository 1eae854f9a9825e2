"""Grammars of texts: closed lists, and any text up to a length, through a tokenizer or character by character.

It knows how a column's local vocabulary is chosen. It refuses to know how texts become paths (`text_paths`) and what
the automaton looks like (`bounded_text`). `category_trie` is offered here too: all text grammars have one address.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from llmsynth.errors import ConfigError
from llmsynth.grammar.bounded_text import SpelledPart, TextAlphabet, bounded_text, n_text_cells
from llmsynth.grammar.category_trie import CategoryTrie, category_trie
from llmsynth.grammar.escape import SPELLING_BYTES, Spelling, byte_spelling, hex_spelling
from llmsynth.grammar.text_paths import TextGrammar
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary, piece_pattern

__all__ = ["CategoryTrie", "TextGrammar", "category_trie", "compact_text", "free_text", "text_tokens"]

TOKEN_CELLS = 32_000_000
"""States x local tokens of a text column (128 MB as int32); rarer tokens of the training texts are left out beyond."""
MAX_CELLS = 128_000_000
"""States x local tokens beyond which a text column is refused (512 MB as int32)."""
MAX_CHARACTERS = 512
"""Characters of the compact model that get a token of their own, the most frequent ones."""


def text_tokens(vocabulary: TokenizerVocabulary, training_texts: Iterable[str | None]) -> list[int]:
    """Tokens that the training texts use and whose own text is certain, the most frequent first.

    This is all that `free_text` learns from data. It tells which words occur in the column, not who wrote them, and
    lies outside any privacy guarantee.

    Parameters
    ----------
    vocabulary : TokenizerVocabulary
        The pretrained model's tokens.
    training_texts : iterable of str or None
        None is ignored.

    Returns
    -------
    list of int
    """
    texts = [f" {text}" for text in training_texts if text is not None]
    letters = set().union(*texts)
    known = vocabulary.char_ids(sorted(letters))
    fixed = {vocabulary.terminator_id, vocabulary.escape_id}
    unusual = {character for character in letters if known.get(character) is None or known[character] in fixed}
    pattern = piece_pattern(unusual)
    pieces: Counter[str] = Counter()
    for text in texts:
        pieces.update(pattern.findall(text))
    words = [piece for piece in pieces if piece not in unusual]
    counts: Counter[int] = Counter(known.values())
    for word, ids in zip(words, vocabulary.encode_batch(words), strict=True):
        for token in ids:
            counts[token] += pieces[word]
    surfaces = dict(zip(counts, vocabulary.surfaces(list(counts)), strict=True))
    usable = [token for token, surface in surfaces.items() if surface is not None and token not in fixed]
    return sorted(usable, key=lambda token: (-counts[token], token))


def free_text(
    vocabulary: TokenizerVocabulary,
    training_texts: Iterable[str | None],
    max_length: int,
    missing: bool,
    *,
    tokens: Sequence[int] | None = None,
    surrogates: bool = True,
) -> TextGrammar:
    """Build the grammar of free text through a pretrained model's tokenizer.

    Parameters
    ----------
    vocabulary : TokenizerVocabulary
        The pretrained model's tokens.
    training_texts : iterable of str or None
        Their tokens become legal; any other text is written with ASCII characters, bytes and escapes.
    max_length : int
        Characters, at least 0.
    missing : bool
        Whether the value may be missing.
    tokens : sequence of int, optional
        An earlier grammar's `learned_tokens`, instead of `training_texts`.
    surrogates : bool
        Whether lone surrogates can be written; not every data type holds them.

    Returns
    -------
    TextGrammar

    Raises
    ------
    ConfigError
        If `max_length` is negative, or so large that not even single characters fit into 128 million cells.
    """
    fixed = [vocabulary.terminator_id, vocabulary.escape_id]
    characters = vocabulary.char_ids(map(chr, range(128)))
    byte_ids = vocabulary.byte_ids
    basic = [token for token in characters.values() if token not in fixed]
    every_character = len(characters) == 128 and len(byte_ids) == len(SPELLING_BYTES)
    spelled = _spellings(vocabulary, every_character, surrogates)
    block = 2 + sum(spelling.n_states - 1 for spelling in spelled)
    n_basic = len(fixed) + len(basic) + len(byte_ids)
    _check_size(n_basic, block, max_length)
    room = max(TOKEN_CELLS // (block * (max_length + 1)) - n_basic, 0)
    frequent = list(tokens) if tokens is not None else text_tokens(vocabulary, training_texts)
    extra = _extra(vocabulary, frequent, {*fixed, *basic, *byte_ids.values()})[:room]
    token_ids = np.array([*fixed, *basic, *extra, *byte_ids.values()], dtype=np.int64)
    plain = [surface or "" for surface in vocabulary.surfaces([*basic, *extra])]
    alphabet = TextAlphabet(
        token_ids=token_ids,
        surfaces=("", "", *plain, *("" for _ in byte_ids)),
        parts=_parts(vocabulary, {token: place for place, token in enumerate(token_ids.tolist())}, spelled),
        end=0,
        escape=1,
        literals=tuple((place, vocabulary.surface(token) or "") for place, token in enumerate(fixed)),
        missing=(1, 0) if missing else (),  # texts begin with a space, so none begins with the escape
        spaced=True,
    )
    return TextGrammar(bounded_text(alphabet, max_length), alphabet, max_length, vocabulary)


def _spellings(vocabulary: TokenizerVocabulary, every_character: bool, surrogates: bool) -> list[Spelling]:
    found = []
    if vocabulary.byte_spelling is not None:
        found.append(byte_spelling(vocabulary.byte_ids, surrogates=surrogates) or vocabulary.byte_spelling)
    if not every_character:
        found.append(hex_spelling(surrogates=surrogates))
    return found


def _parts(
    vocabulary: TokenizerVocabulary, local: dict[int, int], spellings: Sequence[Spelling]
) -> tuple[SpelledPart, ...]:
    parts = []
    ids = vocabulary.byte_ids
    for spelling in spellings:
        tokens = [ids.get(byte) for byte in SPELLING_BYTES] if spelling.is_bytes else list(vocabulary.hex_ids)
        symbols = np.array([-1 if token is None else local[token] for token in tokens], dtype=np.int64)
        parts.append(SpelledPart(spelling, symbols, escaped=not spelling.is_bytes))
    return tuple(parts)


def _extra(vocabulary: TokenizerVocabulary, frequent: Sequence[int], taken: set[int]) -> list[int]:
    """Tokens that may stand for themselves besides the basic ones: text is certain, no digit joined to anything."""
    surfaces = vocabulary.surfaces(list(frequent))
    digits = set("0123456789")
    return [
        token
        for token, surface in zip(frequent, surfaces, strict=True)
        if surface and token not in taken and digits.isdisjoint(surface)
    ]


def compact_text(
    training_texts: Iterable[str | None],
    max_length: int,
    missing: bool,
    *,
    characters: str | None = None,
    surrogates: bool = True,
) -> TextGrammar:
    """Build the grammar of character text for the compact model; its tokens are numbered from 0.

    Parameters
    ----------
    training_texts : iterable of str or None
        Their 512 most frequent characters get a token each; any other character is written as an escape and six digits.
    max_length : int
        Characters, at least 0.
    missing : bool
        Whether the value may be missing.
    characters : str, optional
        An earlier grammar's `learned_characters`, instead of `training_texts`.
    surrogates : bool
        Whether lone surrogates can be written; not every data type holds them.

    Returns
    -------
    TextGrammar

    Raises
    ------
    ConfigError
        If `max_length` is negative, or so large that the arrays pass 128 million cells.
    """
    if characters is None:
        counts = Counter(character for text in training_texts if text is not None for character in text)
        known = [character for character in counts if not "\ud800" <= character <= "\udfff"]
        frequent = sorted(known, key=lambda character: (-counts[character], character))[:MAX_CHARACTERS]
        characters = "".join(sorted(frequent))
    n = len(characters)
    n_local = n + 18 + int(missing)
    digits = np.arange(n + 2, n + 18, dtype=np.int64)
    alphabet = TextAlphabet(
        token_ids=np.arange(n_local, dtype=np.int64),
        surfaces=(*characters, *("" for _ in range(n_local - n))),
        parts=(SpelledPart(hex_spelling(surrogates=surrogates), digits, escaped=True),),
        end=n,
        escape=n + 1,
        literals=(),
        missing=(n + 18,) if missing else (),
        spaced=False,
    )
    _check_size(n_local, alphabet.block, max_length)
    return TextGrammar(bounded_text(alphabet, max_length), alphabet, max_length, None)


def _check_size(n_local: int, block: int, max_length: int) -> None:
    if max_length < 0:
        raise ConfigError(f"max_length must be at least 0, not {max_length}")
    n_cells = n_text_cells(n_local, block, max_length)
    if n_cells > MAX_CELLS:
        raise ConfigError(
            f"texts of {max_length} characters need {n_cells} cells, more than {MAX_CELLS}; "
            "set a smaller max_length in the schema"
        )
