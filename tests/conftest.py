"""Fixtures shared by several folders of tests: small tokenizers of every family, trained here in milliseconds.

Properties are tested on the same examples in every run, so that the gate says the same of the same commit. New examples
are looked for with ``pytest --hypothesis-profile explore``, and a night long, in one file at a time, with ``nightly``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("explore", settings.get_profile("default"), max_examples=1000)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=20_000, deadline=None)
settings.register_profile("gate", settings.get_profile("default"), derandomize=True)
settings.load_profile("gate")

SENTENCES = [
    "age is 39, sex is Male, income is 12345.67, job is Private",
    "The café in Straße 12 opened in 2013, said the nurse.",
    "glucose is high, smoker is Never, blood_pressure is 120 2020 1999",
    "a quick brown fox jumps over the lazy dog while 100 others watch",
    "<|im_start|>user says <script> </s> [INST] hello\\nworld",
] * 3
PRINTABLE = [chr(code) for code in range(32, 127)]
SPECIAL = ["<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>"]


def _byte_level(*, split_digits: bool) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    parts = [pre_tokenizers.Digits(individual_digits=True), byte_level] if split_digits else [byte_level]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if split_digits:  # like SmolLM2's, which lacks some bytes
        alphabet = [character for character in alphabet if character not in "ñòĄĆ"]
    trainer = trainers.BpeTrainer(
        vocab_size=420, initial_alphabet=alphabet, special_tokens=SPECIAL, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>", bos_token="<s>")


def _unigram() -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200, initial_alphabet=PRINTABLE, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>", bos_token="<s>")


def _sentencepiece_file(folder: Path) -> Path:
    import sentencepiece

    (folder / "text.txt").write_text("\n".join(SENTENCES), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"), model_prefix=str(folder / "tokenizer"), vocab_size=460, model_type="bpe",
        byte_fallback=True, required_chars="".join(PRINTABLE[1:]), minloglevel=2, hard_vocab_limit=False,
        normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
    )  # fmt: skip
    return folder / "tokenizer.model"


def _llama(folder: Path) -> Any:
    from transformers import LlamaTokenizer

    _sentencepiece_file(folder)
    return LlamaTokenizer.from_pretrained(folder)


def _python_sentencepiece(folder: Path) -> Any:
    from transformers import GPTSw3Tokenizer

    return GPTSw3Tokenizer(str(_sentencepiece_file(folder)), bos_token="<s>", eos_token="</s>", unk_token="<unk>")


FAMILIES = ("byte_level", "byte_level_split_digits", "unigram", "llama_sentencepiece", "python_sentencepiece")


@pytest.fixture(scope="session")
def small_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Builds a small Hugging Face tokenizer of a family in `FAMILIES`, once per session."""
    built: dict[str, Any] = {}
    builders: dict[str, Callable[[], Any]] = {
        "byte_level": lambda: _byte_level(split_digits=False),
        "byte_level_split_digits": lambda: _byte_level(split_digits=True),
        "unigram": _unigram,
        "llama_sentencepiece": lambda: _llama(tmp_path_factory.mktemp("llama")),
        "python_sentencepiece": lambda: _python_sentencepiece(tmp_path_factory.mktemp("python")),
    }

    def build(family: str) -> Any:
        if family not in built:
            built[family] = builders[family]()
        return built[family]

    yield build


@pytest.fixture(scope="session", params=FAMILIES)
def vocabulary(request: pytest.FixtureRequest, small_tokenizer: Callable[[str], Any]) -> Any:
    """A `TokenizerVocabulary` of each family."""
    from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

    return TokenizerVocabulary(small_tokenizer(request.param))


def _mixed_table(n: int, seed: int) -> Any:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    words = np.array(
        ["age is 5,", ", sex is Male", "<|im_start|>", "</s>", "東京 tower", "\\u0041", 'a "b"', "\nx", "é"]
    )
    notes = [" ".join(rng.choice(words, rng.integers(1, 4))) for _ in range(n)]
    notes = [f"{note} {row} of them" for row, note in enumerate(notes)]
    hostile = np.array(["", " ", "a, b is c", "<unk>", "🎉", "NaN", "0", "שלום", "\ud83d", None], dtype=object)
    seconds = pd.Timestamp("2024-02-28 23:59:50") + pd.to_timedelta(rng.integers(0, 10**6, n), unit="s")
    gone = rng.random(n) < 0.15
    return pd.DataFrame(
        {
            3: np.where(rng.random(n) < 0.5, 0, rng.integers(-500, 5000, n)),
            ("a", "b"): pd.Series(hostile[rng.integers(0, len(hostile), n)], dtype=object),
            float("nan"): np.where(gone, np.nan, rng.normal(100, 15, n).round(2)),
            "🎉 is, ": pd.array(np.where(rng.random(n) < 0.2, None, rng.random(n) < 0.5), dtype="boolean"),
            "": pd.array(np.where(gone, None, rng.integers(0, 300, n)), dtype="Int64"),
            "zoned": pd.Series(seconds).where(~gone).dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin"),
            "american": pd.Series(seconds).dt.strftime("%m/%d/%Y").where(~gone, None),
            "ordered": pd.Categorical.from_codes(rng.integers(-1, 3, n), ["low", "mid, high", "is"], ordered=True),
            "note": np.where(gone, None, np.array(notes, dtype=object)),
            "exact": rng.lognormal(0, 2, n),
            "whole": rng.integers(0, 4, n).astype("int8"),
            "key": np.arange(n) + 1000,
            "constant": "same",
            "empty": np.full(n, None, dtype=object),
        }
    )


@pytest.fixture(scope="session")
def mixed_table() -> Callable[..., Any]:
    """Makes a table of every kind of column with hostile labels and cells: ``mixed_table(n_rows, seed=0)``."""
    return lambda n, seed=0: _mixed_table(n, seed)


@pytest.fixture(scope="session")
def tiny_llama(small_tokenizer: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Saves a tiny random Llama with a small tokenizer of a family and returns the folder, once per session."""
    saved: dict[str, Path] = {}

    def save(family: str = "byte_level_split_digits") -> Path:
        if family not in saved:
            import torch
            from transformers import LlamaConfig, LlamaForCausalLM

            tokenizer, folder = small_tokenizer(family), tmp_path_factory.mktemp(family)
            config = LlamaConfig(
                vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=2048, initializer_range=0.3,
            )  # fmt: skip
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                LlamaForCausalLM(config).save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            saved[family] = folder
        return saved[family]

    return save


@pytest.fixture
def few_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two metrics instead of all: for tests of what is done with a report, not of its figures."""
    from llmsynth.evaluate import evaluation
    from llmsynth.evaluate.catalogue import metrics

    few = tuple(metric for metric in metrics() if metric.path in ("fidelity.ks", "privacy.exact_matches"))
    monkeypatch.setattr(evaluation, "metrics", lambda level: few)
