"""A Hugging Face tokenizer reduced to its plain text model: no special tokens, no normalisation, no invented space.

It knows how to take the text-to-token part out of any tokenizer. It refuses to know what the tokens are used for. Cell
text must never be interpreted ("<|im_start|>" in a cell is some ordinary tokens) nor changed (lower-cased, composed by
NFC, given a leading space), and pieces of one sentence are encoded apart. The obvious other way, passing
``split_special_tokens=True`` and undoing the rest afterwards, leaves the added tokens that are not flagged as special
and the normaliser in place, and cannot undo them. (A unigram model may still find "</s>" among its own pieces; the
vocabulary built on top looks for that.)

For a fast tokenizer the Rust model is shared (nothing is copied) and only its small surroundings are rewritten. For a
Python tokenizer the text is encoded behind an anchor whose own tokens are cut off again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from tokenizers import Tokenizer, models

ANCHOR = "\n"
_KEPT_NORMALIZERS = frozenset({"ByteLevel"})


class PlainTokenizer(Protocol):
    """Text to tokens and back, nothing else."""

    adds_prefix_space: bool
    """Whether the original tokenizer writes a space before the first word of a sentence."""

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text; texts hold no lone surrogates."""
        ...

    def decode_batch(self, sequences: Sequence[Sequence[int]]) -> list[str]:
        """Text of each token sequence, special tokens included, nothing cleaned up."""
        ...

    def token_id(self, token: str) -> int | None:
        """Id of a token by its stored name, None where the model has no such token."""
        ...


def plain_tokenizer(tokenizer: Any) -> PlainTokenizer:
    """Take the plain text model out of a Hugging Face tokenizer.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        Fast (Rust) or Python tokenizer. It is not changed.

    Returns
    -------
    PlainTokenizer
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return _RustTokenizer(backend) if isinstance(backend, Tokenizer) else _PythonTokenizer(tokenizer)


class _RustTokenizer:
    def __init__(self, backend: Tokenizer) -> None:
        spec, self.adds_prefix_space = _plain_surroundings(backend)
        surroundings = Tokenizer.from_str(json.dumps(spec))
        self._plain = Tokenizer(backend.model)
        for part in ("normalizer", "pre_tokenizer", "decoder"):
            if getattr(surroundings, part) is not None:
                setattr(self._plain, part, getattr(surroundings, part))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        encodings = self._plain.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def decode_batch(self, sequences: Sequence[Sequence[int]]) -> list[str]:
        return [str(text) for text in self._plain.decode_batch(list(sequences), skip_special_tokens=False)]

    def token_id(self, token: str) -> int | None:
        found: int | None = self._plain.token_to_id(token)
        return found


def _plain_surroundings(backend: Tokenizer) -> tuple[dict[str, Any], bool]:
    """Everything of a tokenizer but its model, rewritten to be lossless; and whether it had added a first space."""
    shell = Tokenizer(models.BPE())
    for part in ("normalizer", "pre_tokenizer", "decoder"):
        if getattr(backend, part) is not None:
            setattr(shell, part, getattr(backend, part))
    spec: dict[str, Any] = json.loads(shell.to_str())
    found = [_prepends(spec["normalizer"]), _without_prefix(spec["pre_tokenizer"])]
    spec["normalizer"] = _lossless(spec["normalizer"])
    return spec, any(found)


def _prepends(part: dict[str, Any] | None) -> bool:
    if part is None:
        return False
    if part["type"] == "Sequence":
        return any([_prepends(child) for child in part["normalizers"]])
    return bool(part["type"] == "Prepend")


def _lossless(part: dict[str, Any] | None) -> dict[str, Any] | None:
    """Keep of a normaliser only what can be undone: the replacement of a space by its stand-in."""
    if part is None:
        return None
    if part["type"] == "Sequence":
        kept = [child for child in map(_lossless, part["normalizers"]) if child is not None]
        return {"type": "Sequence", "normalizers": kept} if kept else None
    is_space = part["type"] == "Replace" and part["pattern"] == {"String": " "} and len(part["content"]) == 1
    return part if is_space or part["type"] in _KEPT_NORMALIZERS else None


def _without_prefix(part: dict[str, Any] | None) -> bool:
    """Switch off the added first space of a pre-tokenizer in place; True if it was on."""
    if part is None:
        return False
    if part["type"] == "Sequence":
        return any([_without_prefix(child) for child in part["pretokenizers"]])
    if part["type"] == "Metaspace":
        was = part.get("prepend_scheme") != "never"
        part["prepend_scheme"] = "never"
        return was
    if part["type"] == "ByteLevel":
        was = bool(part["add_prefix_space"])
        part["add_prefix_space"] = False
        return was
    return False


class _PythonTokenizer:
    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._anchor = self._ids(ANCHOR)
        self._vocab: dict[str, int] = dict(tokenizer.get_vocab())
        self.adds_prefix_space = self._ids("a") != self._ids(ANCHOR + "a")[len(self._anchor) :]

    def _ids(self, text: str) -> list[int]:
        tokens = self._tokenizer.tokenize(text, split_special_tokens=True)
        return [int(token) for token in self._tokenizer.convert_tokens_to_ids(tokens)]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        # Where the anchor melts into the text, the text has no tokens of its own: an empty answer is spelled out later.
        anchored = [self._ids(ANCHOR + text) for text in texts]
        cut = len(self._anchor)
        return [ids[cut:] if ids[:cut] == self._anchor else [] for ids in anchored]

    def decode_batch(self, sequences: Sequence[Sequence[int]]) -> list[str]:
        return [
            str(self._tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))
            for ids in sequences
        ]

    def token_id(self, token: str) -> int | None:
        return self._vocab.get(token)
