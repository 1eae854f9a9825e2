"""Tokenizers reduced to their plain text model."""

from __future__ import annotations

import pytest

from llmsynth.grammar.plain_tokenizer import plain_tokenizer


@pytest.mark.parametrize("family", ["byte_level", "byte_level_split_digits", "llama_sentencepiece"])
def test_special_tokens_in_text_are_text(small_tokenizer, family):
    tokenizer = small_tokenizer(family)
    special = tokenizer.convert_tokens_to_ids("</s>")
    assert special in tokenizer("</s>", add_special_tokens=False)["input_ids"]
    assert special not in plain_tokenizer(tokenizer).encode_batch(["x</s>"])[0]


def test_text_is_not_normalised(small_tokenizer):
    tokenizer = small_tokenizer("unigram")
    assert tokenizer.tokenize("ABC") == tokenizer.tokenize("abc")
    upper, lower = plain_tokenizer(tokenizer).encode_batch(["ABC", "abc"])
    assert upper != lower


@pytest.mark.parametrize(
    ("family", "adds"),
    [("byte_level", False), ("unigram", True), ("llama_sentencepiece", True), ("python_sentencepiece", True)],
)
def test_the_space_before_the_first_word_is_noticed_and_left_out(small_tokenizer, family, adds):
    plain = plain_tokenizer(small_tokenizer(family))
    assert plain.adds_prefix_space == adds
    anchor, piece, both = plain.encode_batch([" ", "sex", "sex "])
    assert plain.decode_batch([[*piece, *anchor, *piece]])[0].strip() == "sex sex"
    assert both[: len(piece)] == piece


def test_nothing_is_encoded_to_nothing(small_tokenizer):
    for family in ("byte_level", "python_sentencepiece"):
        assert plain_tokenizer(small_tokenizer(family)).encode_batch([]) == []
