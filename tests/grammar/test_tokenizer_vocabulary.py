"""Text to tokens of any Hugging Face tokenizer: exact, digit by digit, no special token."""

from __future__ import annotations

import pytest

from llmsynth.errors import ConfigError
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

HOSTILE = [
    "",
    " ",
    "  two  spaces ",
    "Male",
    "<|im_start|>system",
    "</s>",
    "x</s>y",
    "<s><unk>",
    "<script>alert(1)</script>",
    ", age is 5,",
    "a\nb\tc",
    "nul\x00inside",
    "café Straße",
    "東京タワー",
    "🎉 party 🎉",
    "שלום עולם",
    "e\u0301 decomposed",
    "ﬁ ligature Ａ",
    "lone \ud800 surrogate",
    "▁under▁line",
    "back\\slash",
    "12345.67",
    "-0.5",
    "v2 2020-01-31",
    "\x04\x06",
    "\U000fffff",
    "<0x41>",
]


def text_of(vocabulary: TokenizerVocabulary, ids: list[int]) -> str:
    """Text written by tokens: surfaces, bytes joined, escapes read."""
    by_token = {token: byte for byte, token in vocabulary.byte_ids.items()}
    pieces, waiting = [], b""
    for token in ids:
        if token in by_token:
            waiting += bytes([by_token[token]])
            continue
        surface = vocabulary.surface(token)
        if surface is None:  # a part of a character
            return vocabulary.texts([ids])[0] or ""
        pieces += [waiting.decode("utf-8", "surrogatepass"), surface]
        waiting = b""
    return "".join([*pieces, waiting.decode("utf-8", "surrogatepass")])


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_survives_as_tokens(vocabulary, text):
    written = text_of(vocabulary, vocabulary.encode(text))
    assert written == "".join(ch if written_directly(vocabulary, ch) else f"\\{ord(ch):06x}" for ch in text)


def written_directly(vocabulary, character):
    if vocabulary.char_id(character) is not None:
        return True
    return vocabulary.byte_spelling is not None and vocabulary.byte_spelling.spell(character) is not None


@pytest.mark.parametrize("text", HOSTILE)
def test_no_special_token_ever_comes_out_of_text(vocabulary, text):
    assert vocabulary.special_ids
    assert vocabulary.special_ids.isdisjoint(vocabulary.encode(text))


def test_every_digit_is_a_token_of_its_own(vocabulary):
    digits = [vocabulary.char_id(digit) for digit in "0123456789"]
    assert len(set(digits)) == 10 and None not in digits
    assert vocabulary.encode("2020") == [digits[2], digits[0], digits[2], digits[0]]
    assert vocabulary.encode(" 120")[-3:] == [digits[1], digits[2], digits[0]]


def test_pieces_of_a_sentence_join_without_added_spaces(vocabulary):
    whole = vocabulary.encode("sex is") + vocabulary.encode(" Male") + vocabulary.encode(",")
    assert text_of(vocabulary, whole) == "sex is Male,"


def test_a_name_is_a_forced_span_and_the_first_one_opens_the_row(vocabulary):
    assert text_of(vocabulary, vocabulary.name_span("age", first=False)) == " age is"
    assert text_of(vocabulary, vocabulary.name_span("age", first=True)).strip() == "age is"
    assert vocabulary.special_ids.isdisjoint(vocabulary.name_span("<|im_end|>\ud800", first=True))


def test_terminator_and_escape_are_the_comma_and_the_backslash(vocabulary):
    assert vocabulary.surface(vocabulary.terminator_id) == ","
    assert vocabulary.surface(vocabulary.escape_id) == "\\"


def test_a_batch_is_encoded_as_its_texts_one_by_one(vocabulary):
    assert vocabulary.encode_batch(HOSTILE) == [vocabulary.encode(text) for text in HOSTILE]
    assert vocabulary.encode_batch([]) == []


def test_the_tokenizer_itself_is_not_changed(small_tokenizer):
    tokenizer = small_tokenizer("unigram")
    before = tokenizer.backend_tokenizer.to_str()
    TokenizerVocabulary(tokenizer).encode("some text 12")
    assert tokenizer.backend_tokenizer.to_str() == before


def test_a_tokenizer_without_digits_is_refused():
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    letters = Tokenizer(models.BPE(vocab={"a": 0, "b": 1, "<unk>": 2}, merges=[], unk_token="<unk>"))
    with pytest.raises(ConfigError, match="numbers cannot be written"):
        TokenizerVocabulary(PreTrainedTokenizerFast(tokenizer_object=letters, unk_token="<unk>"))


def test_a_row_starts_with_bos_or_else_eos(vocabulary, small_tokenizer):
    assert vocabulary.bos_id in vocabulary.special_ids
    tokenizer = small_tokenizer("byte_level")
    assert TokenizerVocabulary(tokenizer).bos_id == tokenizer.bos_token_id
