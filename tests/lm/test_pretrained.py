"""A Hugging Face model behind the row grammar: what is trained, what stays, and where the head starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from llmsynth.config import LoraSettings, PretrainedConfig, TrainConfig
from llmsynth.grammar.text_grammar import free_text
from llmsynth.lm.backbones import adapt, load_backbone
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.dataset import BatchBuilder, natural_orders
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.model import batch_losses
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.plan import TrainPlan
from llmsynth.lm.pretrained import PretrainedModel
from llmsynth.lm.trainer import Trainer

N = 48


@pytest.fixture
def grammar(spelled_row):
    return spelled_row([["no", "yes", "yesterday"], ["1", "12", "-3"]], missing=(1,))


@pytest.fixture
def encoded(grammar):
    rng = np.random.default_rng(0)
    return [grammar.encode_column(0, rng.integers(0, 3, N)), grammar.encode_column(1, rng.integers(-1, 3, N))]


@pytest.fixture
def batch(grammar, encoded):
    return BatchBuilder(grammar, encoded).build(np.arange(N), natural_orders(N, 2))


@pytest.fixture
def build(grammar, encoded, tiny_llama):
    def make(**options):
        config = PretrainedConfig(**{"head_rank": 2, "lora": LoraSettings(r=2), **options})
        causal = load_backbone(str(tiny_llama()), config, torch.device("cpu")).causal
        return PretrainedModel(adapt(causal, config, 1), grammar, config, 1, encoded)

    return make


def losses(model, batch):
    model.train(False)
    with torch.no_grad():
        return batch_losses(model, batch)


def test_only_adapter_and_head_are_trained(build, encoded, grammar):
    model = build()
    before = {name: value.clone() for name, value in model.named_parameters()}
    names = {name for name, _ in model.trainable()}
    assert names and all("lora_" in name or not name.startswith("causal.") for name in names)
    assert {"head_down", "head_up", "head_scale", "heads.0.bias", "heads.1.bias"} <= names
    split = (np.arange(N), np.zeros(0, dtype=np.int64))
    config = TrainConfig(ema_decay=None)
    Trainer(model, BatchBuilder(grammar, encoded), split, np.zeros(N), config, TrainPlan(4, 16, 3, 4, 1e-2), 0).run()
    for name, value in model.named_parameters():
        assert torch.equal(value, before[name]) == (name not in names), name


def test_all_weights_are_trained_when_asked(build):
    model = build(full_fine_tuning=True)
    assert {name for name, _ in model.trainable()} == {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize("full", [False, True])
def test_the_head_and_the_rest_come_back(build, batch, full):
    model = build(full_fine_tuning=full)
    generator = torch.Generator().manual_seed(0)
    model.calibrate(batch)
    with torch.no_grad():
        for _, value in model.trainable():
            value.add_(0.1 * torch.randn(value.shape, generator=generator))
    other = build(full_fine_tuning=full)
    assert not torch.allclose(losses(other, batch), losses(model, batch))
    other.load_head_state({name: value.clone() for name, value in model.head_state().items()})
    other.causal.load_state_dict(model.causal.state_dict())
    assert torch.equal(losses(other, batch), losses(model, batch))


@pytest.mark.parametrize("full", [False, True])
def test_calibration_never_makes_the_batch_less_likely_than_the_frequencies_do(build, batch, full):
    model = build(full_fine_tuning=full)
    with torch.no_grad():
        model.head_scale.zero_()
    frequencies = float(losses(model, batch).mean())
    model.calibrate(batch)
    assert float(losses(model, batch).mean()) <= frequencies + 1e-5
    assert ((model.head_scale >= 0) & (model.head_scale <= 1)).all()


def _grafted(grammar, make):
    """A small model of another architecture behind a grammar."""
    config = PretrainedConfig(head_rank=2, lora=LoraSettings(r=2))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        causal = make()
    model = PretrainedModel(adapt(causal, config, 1), grammar, config, 1)
    model.train(False)
    return model


@pytest.mark.parametrize("family", ["gpt2", "bloom"])
def test_rows_longer_than_the_context_are_written_and_scored_alike(family, spelled_row, small_tokenizer):
    from transformers import BloomConfig, BloomForCausalLM, GPT2Config, GPT2LMHeadModel

    from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

    tokenizer = small_tokenizer("byte_level_split_digits")
    makers = {
        "gpt2": lambda: GPT2LMHeadModel(
            GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=2, n_head=2, n_positions=12)
        ),
        "bloom": lambda: BloomForCausalLM(BloomConfig(vocab_size=len(tokenizer), hidden_size=16, n_layer=2, n_head=2)),
    }
    row = spelled_row([["no", "yes", "yesterday"], ["1", "12", "-3"]], missing=(1,))
    text = free_text(TokenizerVocabulary(tokenizer), ["the nurse said"], 20, True)
    grammar = replace(row, columns=(row.columns[0], text))
    model = _grafted(grammar, makers[family])
    assert model.context == (12 if family == "gpt2" else None)
    decoder = RowDecoder(model, model.number_offsets, [ColumnSampling()] * 2)
    whole = decoder.decode(12, seed=1)
    parts = [decoder.decode(6, seed=1, row_start=start) for start in (0, 6)]
    assert [column.tolist() for column in whole] == [
        np.concatenate([part[place] for part in parts]).tolist() for place in range(2)
    ]
    tokens, cache = torch.arange(60, 80)[None], DecoderCache(1, model.device)
    with torch.no_grad():
        steps = [model.step(tokens[:, [place]], tokens, tokens, cache) for place in range(20)]
        assert torch.allclose(torch.cat(steps, dim=1), model.hidden(tokens, tokens, tokens), atol=1e-5)
    encoded = [grammar.encode_column(place, values) for place, values in enumerate(whole)]
    assert grammar.positions_per_row(encoded).max() > 12
    batch = BatchBuilder(grammar, encoded).build(np.arange(12), natural_orders(12, 2))
    assert torch.isfinite(losses(model, batch)).all()


def test_only_the_rows_in_use_are_kept_of_the_output_layer(build, grammar):
    model = build()
    used = set(np.concatenate([column.automaton.token_ids for column in grammar.columns]).tolist())
    assert set(model.used.tolist()) == used and model.frozen_rows.shape == (len(used), 16)
    assert "frozen_rows" not in model.state_dict()


def test_without_a_low_rank_change_only_biases_and_scales_are_left_of_the_head(build, batch):
    model = build(head_rank=0)
    assert model.head_up.shape[1] == 0
    assert torch.isfinite(losses(model, batch)).all()


def test_gradient_checkpointing_changes_no_gradient(build, batch):
    gradients = []
    for checkpointing in (False, True):
        model = build(gradient_checkpointing=checkpointing)
        model.train(True)
        batch_losses(model, batch).sum().backward()
        gradients.append({name: value.grad for name, value in model.trainable() if value.grad is not None})
    assert any("lora_B" in name for name in gradients[0])
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], atol=1e-4), name
