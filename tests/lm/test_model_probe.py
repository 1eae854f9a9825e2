"""Transformers that could not be decoded as they are trained are refused; those with a window are decoded right."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
import transformers

from llmsynth.config import PretrainedConfig
from llmsynth.errors import InputError
from llmsynth.grammar.text_grammar import free_text
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.model_probe import ROOM, _step_by_step, check_tokens, probe
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.pretrained import PretrainedModel

SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
LLAMA = {**SIZES, "num_key_value_heads": 1}
MAKERS = {
    "llama": lambda n: transformers.LlamaConfig(vocab_size=n, **LLAMA),
    "bert": lambda n: transformers.BertConfig(vocab_size=n, **SIZES),
    "roberta": lambda n: transformers.RobertaConfig(vocab_size=n, **SIZES),
    "xlnet": lambda n: transformers.XLNetConfig(vocab_size=n, d_model=16, n_layer=2, n_head=2, d_inner=32),
    "mamba": lambda n: transformers.MambaConfig(vocab_size=n, hidden_size=16, num_hidden_layers=2, state_size=4),
    "rwkv": lambda n: transformers.RwkvConfig(vocab_size=n, hidden_size=16, num_hidden_layers=2, context_length=64),
    "lfm2": lambda n: transformers.Lfm2Config(vocab_size=n, layer_types=["conv", "full_attention"], **LLAMA),
    "mistral": lambda n: transformers.MistralConfig(vocab_size=n, sliding_window=4, **LLAMA),
    "gemma2": lambda n: transformers.Gemma2Config(vocab_size=n, sliding_window=4, head_dim=8, **LLAMA),
    "mpt": lambda n: transformers.MptConfig(vocab_size=n, d_model=16, n_layers=2, n_heads=2, max_seq_len=64),
    "gemma4_text": lambda n: transformers.Gemma4TextConfig(
        vocab_size=n, vocab_size_per_layer_input=n, hidden_size_per_layer_input=4, head_dim=8, global_head_dim=8,
        num_kv_shared_layers=0, layer_types=["sliding_attention", "full_attention"], **LLAMA,
    ),
    "gemma3n_text": lambda n: transformers.Gemma3nTextConfig(
        vocab_size=n, vocab_size_per_layer_input=n, hidden_size_per_layer_input=4, head_dim=8, laurel_rank=4,
        altup_num_inputs=2, num_kv_shared_layers=2, activation_sparsity_pattern=[0.0] * 4, **LLAMA
        | {"num_hidden_layers": 4}, layer_types=["sliding_attention", "full_attention"] * 2,
    ),
    "falcon": lambda n: transformers.FalconConfig(vocab_size=n, hidden_size=32, num_hidden_layers=2,
        num_attention_heads=4, multi_query=True, alibi=False),
    "llama4_text": lambda n: transformers.Llama4TextConfig(
        vocab_size=n, head_dim=8, num_local_experts=2, intermediate_size_mlp=32, **LLAMA),
    "cohere": lambda n: transformers.CohereConfig(vocab_size=n, logit_scale=0.0625, **LLAMA),
    "modernbert-decoder": lambda n: transformers.ModernBertDecoderConfig(
        vocab_size=n, **SIZES, pad_token_id=0, eos_token_id=1, bos_token_id=1, cls_token_id=1, sep_token_id=1),
    "electra": lambda n: transformers.ElectraConfig(vocab_size=n, embedding_size=8, is_decoder=True, **SIZES),
    "gpt_neo": lambda n: transformers.GPTNeoConfig(
        vocab_size=n, hidden_size=16, num_layers=2, num_heads=2, window_size=4, max_position_embeddings=24,
        attention_types=[[["global", "local"], 1]], bos_token_id=1, eos_token_id=1,
    ),
}  # fmt: skip


@pytest.fixture
def grammar(spelled_row):
    return spelled_row([["no", "yes", "yesterday"], ["1", "12", "-3"]], missing=(1,))


@pytest.fixture
def build(grammar, small_tokenizer):
    def make(kind, rows=grammar, **options):
        config = MAKERS[kind](len(small_tokenizer("byte_level_split_digits")))
        for name, value in options.items():
            setattr(config, name, value)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            causal = transformers.AutoModelForCausalLM.from_config(config)
            with torch.no_grad():  # as strong an opinion as a trained model has
                for weight in causal.parameters():
                    weight.add_(0.2 * torch.randn_like(weight))
        return PretrainedModel(causal.eval(), rows, PretrainedConfig(head_rank=2), 1).train(False)

    return make


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlnet"])
def test_a_model_that_reads_ahead_is_refused(kind, build):
    with pytest.raises(InputError, match=rf"{kind} reads text in both directions.*expected a causal.*Choose a decoder"):
        build(kind)


@pytest.mark.parametrize("kind", ["mamba", "rwkv", "lfm2"])
def test_a_model_without_keys_and_values_is_refused(kind, build):
    with pytest.raises(InputError, match=rf"{kind} cannot be decoded token by token.*Choose a decoder"):
        build(kind)


def test_a_model_that_forgets_without_failing_is_refused(build, monkeypatch):
    step = PretrainedModel.step
    monkeypatch.setattr(PretrainedModel, "step", lambda self, *fed: step(self, *fed[:3], DecoderCache(2, self.device)))
    with pytest.raises(InputError, match=r"llama cannot be decoded token by token \(gives other states"):
        build("llama")


@pytest.mark.parametrize("kind", ["mistral", "gemma2", "mpt", "gpt_neo"])
def test_gaps_are_no_distance_for_a_model_that_counts_places_in_its_cache(kind, build):
    model = build(kind)
    tokens = torch.arange(60, 76).reshape(2, 8)
    with torch.no_grad():
        whole = model.hidden(tokens, tokens, tokens).double()
        assert torch.allclose(_step_by_step(model, tokens, model.cache(2), 0), whole, atol=1e-4)
        open_gaps = _step_by_step(model, tokens, DecoderCache(2, model.device), 12)
    assert not torch.allclose(open_gaps, whole, atol=1e-2)
    decoder = RowDecoder(model, model.number_offsets, [ColumnSampling()] * 2)
    together, alone = decoder.decode(24, seed=1), decoder.decode(24, seed=1, batch_size=1)
    assert [column.tolist() for column in together] == [column.tolist() for column in alone]


@pytest.mark.parametrize(("kind", "options"), [("llama", {}), ("mistral", {"sliding_window": 4096})])
def test_gaps_stay_where_they_do_no_harm(kind, options, build, grammar):
    model, tokens = build(kind, **options), torch.tensor([[5, 6]])
    cache = model.cache(1)
    for real in ([True, False], [True, True]):
        cache.announce(torch.tensor([real]))
        model.step(tokens, tokens, tokens, cache)
    assert cache.layers[0][0].shape[2] == 4 and probe(model, model.causal).widest > grammar.most_positions


def test_a_probe_takes_no_more_memory_than_there_is(build, monkeypatch):
    wide = build("llama")
    monkeypatch.setattr("llmsynth.lm.model_probe.free_memory", lambda device: 10 * 2 * 5 * wide.bytes_per_position)
    assert probe(wide, wide.causal).widest == 10 < wide.grammar.most_positions + ROOM


@pytest.mark.parametrize("kind", ["gemma4_text", "gemma3n_text", "falcon", "llama4_text", "llama"])
def test_memory_is_what_the_cache_holds_and_no_setting(kind, build):
    model = build(kind)
    tokens = torch.arange(60, 65)[None]
    cache = model.cache(1)
    model.step(tokens, tokens, tokens, cache)
    held = [part.numel() * part.element_size() for layer in cache.layers for part in layer if part is not None]
    assert model.bytes_per_position * 5 == sum(held) > 0


@pytest.mark.parametrize(("kind", "why"), [("modernbert-decoder", "a layer of its own between"), ("electra", "8 wide")])
def test_a_model_that_does_not_end_in_one_product_is_refused(kind, why, build):
    with pytest.raises(InputError, match=rf"{kind}.*{why}.*expected one product between them. Choose a decoder"):
        build(kind)


def test_the_scale_of_the_logits_is_the_models_own(build):
    assert build("cohere")._decoding.scale == pytest.approx(0.0625, rel=1e-3)
    assert build("llama")._decoding.scale == 1.0


def test_weights_that_are_no_numbers_are_said_to_be_that(build):
    model = build("llama")
    with torch.no_grad():
        model.causal.model.layers[0].mlp.up_proj.weight[0, 0] = float("nan")
    with pytest.raises(InputError, match=r"states that are not finite: expected weights of numbers. Download the mode"):
        probe(model, model.causal)
    model = build("llama")
    with torch.no_grad():
        model.causal.lm_head.weight = torch.nn.Parameter(torch.full_like(model.causal.lm_head.weight, float("nan")))
    with pytest.raises(InputError, match=r"logits that are not finite: expected weights of numbers"):
        probe(model, model.causal)


def test_rows_that_a_table_of_positions_has_no_room_for_are_refused(build, grammar, small_tokenizer):
    vocabulary = TokenizerVocabulary(small_tokenizer("byte_level_split_digits"))
    text = free_text(vocabulary, ["the nurse said"], 60, True)
    with pytest.raises(InputError, match=r"gpt_neo cannot write rows of up to \d+ tokens.*set max_length"):
        build("gpt_neo", replace(grammar, columns=(grammar.columns[0], text)))


def test_a_probe_leaves_no_trace(build):
    model = build("llama")
    model.causal.model.layers[0].train(True)
    modes = [module.training for module in model.modules()]
    weights, random = [value.clone() for value in model.parameters()], torch.random.get_rng_state()
    probe(model, model.causal)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(old, new) for old, new in zip(weights, model.parameters(), strict=True))
    assert torch.equal(random, torch.random.get_rng_state())


def test_a_token_without_a_row_is_named(build, grammar):
    causal = build("llama").causal
    largest = max(int(column.automaton.token_ids.max()) for column in grammar.columns)
    largest = max(largest, *(token for spans in (*grammar.first_spans, *grammar.later_spans) for token in spans))
    check_tokens(causal, grammar)
    causal.set_output_embeddings(torch.nn.Linear(16, largest))
    with pytest.raises(InputError, match=rf"uses token {largest}, but its output layer has {largest} rows"):
        check_tokens(causal, grammar)
    causal.resize_token_embeddings(largest)
    with pytest.raises(InputError, match="its input layer has"):
        check_tokens(causal, grammar)


def test_a_model_without_an_output_layer_is_refused(grammar):
    layer = SimpleNamespace(weight=torch.zeros(500, 4))
    causal = SimpleNamespace(
        name_or_path="", config=SimpleNamespace(model_type="odd"),
        get_input_embeddings=lambda: layer, get_output_embeddings=lambda: None,
    )  # fmt: skip
    with pytest.raises(InputError, match="model of type odd has no output layer"):
        check_tokens(causal, grammar)
