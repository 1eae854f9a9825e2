"""Text pieces to the token ids of a pretrained model, for any Hugging Face tokenizer, exactly.

It knows which tokens mean which text and which must never come out of text. It refuses to know columns and values.
Three promises that a tokenizer called directly does not make:

- digits are always one token each, so that a number has one tokenisation whatever the tokenizer merges;
- special tokens inside text are never interpreted, and no special or unknown token is ever returned;
- nothing is added and nothing is lost: no BOS, no EOS, no space before the first word; a character the tokenizer cannot
  write (a lone surrogate, an emoji in a small vocabulary) is written by its code point, see `escape`.

Surfaces are found by decoding between two anchors rather than by reading token names, because every family of
tokenizers has its own way to store a space or a byte in a name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from llmsynth.errors import ConfigError
from llmsynth.grammar.escape import HEX_DIGITS, SPELLING_BYTES, Spelling, byte_spelling, hex_spelling
from llmsynth.grammar.plain_tokenizer import plain_tokenizer

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
_TERMINATORS = (",", ";", "\n", "|")
_ESCAPES = ("\\", "~", "^", "`", "|")
MAX_CACHED_PIECES = 200_000
_NUMBER_CHARACTERS = "0123456789-. "


def piece_pattern(unusual: Collection[str] = ()) -> re.Pattern[str]:
    """Pattern whose matches cut any text, without remainder, into the pieces that are encoded apart.

    A piece is a digit, a word with the one space before it, a run of other spaces, or an `unusual` character.
    Tokenizers put no token across these borders except the digits that are to be kept apart, and the distinct pieces of
    a large table are few.

    Examples
    --------
    >>> piece_pattern(",").findall("a  quick, 12")
    ['a', ' ', ' quick', ',', ' ', '1', '2']
    """
    others = "".join(map(re.escape, sorted(unusual)))
    first = f"[{others}]|" if others else ""
    word = f"[^ 0-9{others}]"
    return re.compile(f"{first}[0-9]| ?{word}+| +(?= {word})| +")


_PIECES = piece_pattern()


class TokenizerVocabulary:
    """The plain text side of a pretrained model's tokenizer.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        Any fast or Python tokenizer. It is read, never changed.

    Raises
    ------
    ConfigError
        If the tokenizer has no single token for a digit, the minus sign, the decimal point, a space, or for any of the
        characters that can end or escape a value.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._plain = plain_tokenizer(tokenizer)
        added = getattr(tokenizer, "added_tokens_decoder", {})
        self.special_ids: frozenset[int] = frozenset(tokenizer.all_special_ids) | {
            int(token) for token, details in added.items() if details.special
        }
        """Ids that text never encodes to: BOS, EOS, padding, chat markers, unknown."""
        self._bos_id: int | None = tokenizer.bos_token_id
        self._eos_id: int | None = tokenizer.eos_token_id
        self._pieces: dict[str, list[int]] = {}
        self._surfaces: dict[int, str | None] = {}
        self._char_ids: dict[str, int | None] = {}
        self._anchor = self._find_anchor()
        lacking = [ch for ch in _NUMBER_CHARACTERS if self.char_id(ch) is None]
        if lacking:
            raise ConfigError(
                f"the tokenizer has no single token for {lacking!r}, so numbers cannot be written with it; "
                "choose another model or model='compact'"
            )

    def _find_anchor(self) -> int:
        for letter in "aex0":
            ids = self._plain.encode_batch([letter])[0]
            if len(ids) == 1 and self._plain.decode_batch([ids])[0] == letter:
                return ids[0]
        raise ConfigError("the tokenizer has no token for a single letter; choose another model or model='compact'")

    @property
    def bos_id(self) -> int | None:
        """Token a row starts with: BOS, or EOS for models that were trained with it between documents, or None."""
        return self._bos_id if self._bos_id is not None else self._eos_id

    # ---- text to tokens

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, digits one by one, with no special token in them.

        Parameters
        ----------
        text : str
            Anything, lone surrogates and NUL included.

        Returns
        -------
        list of int
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of many texts in one call of the tokenizer; see `encode`."""
        split = [_PIECES.findall(text) for text in texts]
        if len(self._pieces) > MAX_CACHED_PIECES:
            self._pieces = {}
        self._learn(set(chain.from_iterable(split)))
        known = self._pieces
        return [list(chain.from_iterable(map(known.__getitem__, pieces))) for pieces in split]

    def _learn(self, pieces: set[str]) -> None:
        new = sorted(pieces - self._pieces.keys())
        clean = [piece for piece in new if piece and not _SURROGATE.search(piece)]
        found = dict(zip(clean, self._plain.encode_batch(clean), strict=True))
        # A byte-level model without some byte, or one that stores a space as another character, loses text silently.
        doubtful = [piece for piece in clean if not self._lossless.issuperset(piece)]
        texts = self.texts([found[piece] for piece in doubtful])
        lost = {piece for piece, text in zip(doubtful, texts, strict=True) if piece != text}
        for piece in new:
            ids = found.get(piece, [])
            if not ids or piece in lost or not self.special_ids.isdisjoint(ids):
                ids = [token for character in piece for token in self.spell(character)]
            self._pieces[piece] = ids

    @cached_property
    def _lossless(self) -> frozenset[str]:
        """The printable ASCII characters that the tokenizer can write."""
        return frozenset(self.char_ids(map(chr, range(32, 127))))

    def spell(self, character: str) -> list[int]:
        """Tokens of one character on its own: its single token, else its bytes, else an escape and six digits."""
        single = self.char_id(character)
        if single is not None:
            return [single]
        if self.byte_spelling is not None:
            symbols = self.byte_spelling.spell(character)
            if symbols is not None:
                return [self.byte_ids[SPELLING_BYTES[symbol]] for symbol in symbols]
        return [self.escape_id, *(self.hex_ids[symbol] for symbol in hex_spelling().spell(character) or ())]

    def char_id(self, character: str) -> int | None:
        """The token that writes exactly this character, or None if there is no such single token."""
        if character not in self._char_ids:
            self._learn_characters([character])
        return self._char_ids[character]

    def char_ids(self, characters: Iterable[str]) -> dict[str, int]:
        """The characters that have a token of their own, with it; one call of the tokenizer for all."""
        wanted = list(dict.fromkeys(characters))
        self._learn_characters([character for character in wanted if character not in self._char_ids])
        found = ((character, self._char_ids[character]) for character in wanted)
        return {character: token for character, token in found if token is not None}

    def _learn_characters(self, characters: list[str]) -> None:
        self._char_ids.update(dict.fromkeys(characters))
        clean = [character for character in characters if not _SURROGATE.search(character)]
        encoded = self._plain.encode_batch(clean)
        single = [(ch, ids[0]) for ch, ids in zip(clean, encoded, strict=True) if len(ids) == 1]
        surfaces = self.surfaces([token for _, token in single])
        for (character, token), surface in zip(single, surfaces, strict=True):
            if surface == character:
                self._char_ids[character] = token

    # ---- tokens to text

    def surface(self, token_id: int) -> str | None:
        """The exact text a token adds wherever it stands, or None where that is not certain (part of a character)."""
        return self.surfaces([token_id])[0]

    def surfaces(self, token_ids: Sequence[int]) -> list[str | None]:
        """The exact text of many tokens in one call; see `surface`."""
        new = [token for token in dict.fromkeys(token_ids) if token not in self._surfaces]
        between = self.texts([[token] for token in new])
        for token, text in zip(new, between, strict=True):
            certain = text is not None and text != "" and _REPLACEMENT not in text and token not in self.special_ids
            self._surfaces[token] = text if certain else None
        return [self._surfaces[token] for token in token_ids]

    def texts(self, sequences: Sequence[Sequence[int]]) -> list[str | None]:
        """What token sequences decode to inside a sentence; None where they change the text around them."""
        anchor = self._anchor
        alone, twice = self._plain.decode_batch([[anchor], [anchor, anchor]])
        tail = twice[len(alone) :]
        texts = self._plain.decode_batch([[anchor, *ids, anchor] for ids in sequences])
        return [
            text[len(alone) : len(text) - len(tail)]
            if len(text) >= len(alone) + len(tail) and text.startswith(alone) and text.endswith(tail)
            else None
            for text in texts
        ]

    # ---- the fixed tokens of a row

    @cached_property
    def terminator_id(self) -> int:
        """The token that ends a value: the comma where the tokenizer has one."""
        return self._first_char_id(_TERMINATORS)

    @cached_property
    def escape_id(self) -> int:
        """The token before a character that does not stand for itself: the backslash where the tokenizer has one."""
        return self._first_char_id(tuple(ch for ch in _ESCAPES if self.char_id(ch) != self.terminator_id))

    def _first_char_id(self, candidates: tuple[str, ...]) -> int:
        found = self.char_ids(candidates)
        if not found:
            raise ConfigError(f"the tokenizer has no single token for any of {candidates!r}; choose another model")
        return next(iter(found.values()))

    @cached_property
    def byte_ids(self) -> dict[int, int]:
        """Tokens of the bytes `SPELLING_BYTES`, as far as the tokenizer has them; empty if they do not join to text."""
        for name_of in (_gpt2_names().__getitem__, "<0x{:02X}>".format):
            named = ((byte, self._plain.token_id(name_of(byte))) for byte in SPELLING_BYTES)
            ids = {byte: token for byte, token in named if token is not None and token not in self.special_ids}
            if self._bytes_join(ids):
                return ids
        return {}

    def _bytes_join(self, ids: dict[int, int]) -> bool:
        spelling = byte_spelling(ids)
        if spelling is None:
            return False
        points = [*range(0x80, 0x800, 31), *range(0x800, 0xD7FF, 997), *range(0x10000, 0x110000, 65521)]
        spelled = {chr(point): spelling.spell(chr(point)) for point in points}
        known = {character: symbols for character, symbols in spelled.items() if symbols is not None}
        texts = self.texts([[ids[SPELLING_BYTES[symbol]] for symbol in symbols] for symbols in known.values()])
        return texts == list(known)

    @cached_property
    def byte_spelling(self) -> Spelling | None:
        """The spelling of characters by their bytes, None where the tokenizer has no byte tokens."""
        return byte_spelling(self.byte_ids)

    @cached_property
    def hex_ids(self) -> list[int]:
        """Tokens of the sixteen hexadecimal digits."""
        found = self.char_ids(HEX_DIGITS)
        if len(found) < len(HEX_DIGITS):
            raise ConfigError(
                "the tokenizer has no single tokens for the letters a to f, so unusual characters cannot be escaped; "
                "choose another model or model='compact'"
            )
        return list(found.values())

    def name_span(self, column_name: str, first: bool) -> list[int]:
        """Forced tokens before a value: ``age is`` for the first column of a row, `` sex is`` for the later ones.

        Parameters
        ----------
        column_name : str
            Any string.
        first : bool
            Whether the column opens the row. A tokenizer that itself writes a space before the first word gets one.

        Returns
        -------
        list of int
        """
        space = "" if first and not self._plain.adds_prefix_space else " "
        return self.encode(f"{space}{column_name} is")


def _gpt2_names() -> dict[int, str]:
    """GPT-2's printable stand-in for each byte (Radford et al. 2019, ``bytes_to_unicode``)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    names = {byte: chr(byte) for byte in printable}
    others = [byte for byte in range(0x100) if byte not in names]
    return names | {byte: chr(0x100 + place) for place, byte in enumerate(others)}
