"""Tiny random models behind small grammars, so that unit tests need no weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny matrices only lose time to threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _stir(model: Any, seed: int, size: float) -> Any:
    """Add noise to every weight, so that nothing is uniform or independent."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, parameter in model.trainable():
            parameter.add_(size * torch.randn(parameter.shape, generator=generator))
    model.train(False)
    return model


@pytest.fixture(scope="session")
def stir() -> Callable[..., Any]:
    """Adds noise to every weight of a model: ``stir(model, seed, size)``."""
    return _stir


def _features(grammar: Any) -> list[Any]:
    """Features for columns with cells, None for others."""
    from llmsynth.grammar.compact import CodeGrammar

    result = []
    for column in grammar.columns:
        numeric = isinstance(column, CodeGrammar) and column.paths.shape[0] > 8
        n_codes = column.paths.shape[0] - 1 if numeric else 0
        result.append(np.tri(n_codes, 32, dtype=np.float32) if numeric else None)
    return result


@pytest.fixture(scope="session")
def random_compact() -> Callable[..., Any]:
    """Builds a tiny compact model with random weights: ``random_compact(grammar, seed=0)``."""

    def build(grammar: Any, seed: int = 0, encoded: Any = None, **config: Any) -> Any:
        from llmsynth.config import CompactConfig
        from llmsynth.lm.compact import CompactModel

        sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
        model = CompactModel(grammar, _features(grammar), CompactConfig(**{**sizes, **config}), seed, encoded)
        return _stir(model, seed, 0.4)

    return build


@pytest.fixture(scope="session")
def random_llama(small_tokenizer: Callable[[str], Any], tiny_llama: Callable[..., Any]) -> Callable[..., Any]:
    """Builds a tiny random Llama with LoRA behind a grammar: ``random_llama(grammar, seed=0)``."""

    def build(grammar: Any, seed: int = 0, encoded: Any = None, family: str = "byte_level_split_digits") -> Any:
        import torch

        from llmsynth.config import PretrainedConfig
        from llmsynth.lm.backbones import adapt, load_backbone
        from llmsynth.lm.pretrained import PretrainedModel

        config = PretrainedConfig(head_rank=2)
        backbone = load_backbone(str(tiny_llama(family)), config, torch.device("cpu"))
        model = PretrainedModel(adapt(backbone.causal, config, seed), grammar, config, seed, encoded)
        return _stir(model, seed, 0.2)

    return build


@pytest.fixture(scope="session")
def spelled_row(small_tokenizer: Callable[[str], Any]) -> Callable[..., Any]:
    """Row grammar of closed lists of texts through a tokenizer: ``spelled_row([["a", "b"], ...], missing=(1,))``."""

    def build(lists: Any, missing: Any = (), family: str = "byte_level_split_digits") -> Any:
        from llmsynth.grammar.row import RowGrammar
        from llmsynth.grammar.text_grammar import category_trie
        from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

        vocabulary = TokenizerVocabulary(small_tokenizer(family))
        names = tuple("abcdefgh"[: len(lists)])
        columns = tuple(category_trie(vocabulary, texts, place in missing) for place, texts in enumerate(lists))
        first, later = (tuple(tuple(vocabulary.name_span(name, head)) for name in names) for head in (True, False))
        start = 0 if vocabulary.bos_id is None else vocabulary.bos_id
        return RowGrammar(names, columns, first, later, start, 0)

    return build


@pytest.fixture(scope="session")
def every_row() -> Callable[..., Any]:
    """All rows of a grammar of codes, encoded, and their codes: ``every_row(grammar)``."""
    from itertools import product

    def enumerate_rows(grammar: Any) -> Any:
        legal = []
        for column in grammar.columns:
            walks = _legal_paths(column.automaton)
            width = max(map(len, walks))
            packed = np.array([[*path, *[-1] * (width - len(path))] for path in walks])
            legal.append(np.sort(np.asarray(column.decode(packed))))
        codes = np.array(list(product(*legal)))
        return [grammar.encode_column(place, codes[:, place]) for place in range(codes.shape[1])], codes

    return enumerate_rows


def _legal_paths(automaton: Any) -> list[list[int]]:
    found: list[list[int]] = []
    pending: list[tuple[int, list[int]]] = [(0, [])]
    while pending:
        state, path = pending.pop()
        if automaton.accepting[state]:
            found.append(path)
        for token in np.flatnonzero(automaton.legal[state]).tolist():
            pending.append((int(automaton.next_state[state, token]), [*path, token]))
    return found
