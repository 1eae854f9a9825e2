"""Pretrained models are loaded from safetensors only, without foreign code, and adapted by peft."""

from __future__ import annotations

import json
import shutil
import warnings
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from llmsynth.config import LoraSettings, PretrainedConfig
from llmsynth.errors import ConfigError, InputError, MissingExtraError
from llmsynth.lm import backbones
from llmsynth.lm.backbones import adapt, choose_device, context_of, load_backbone, lora_config

CPU = torch.device("cpu")


@pytest.fixture
def folder(tiny_llama, tmp_path):
    shutil.copytree(tiny_llama(), tmp_path / "model")
    return tmp_path / "model"


def test_a_folder_is_loaded_as_float32_with_its_tokenizer(tiny_llama):
    backbone = load_backbone(str(tiny_llama()), PretrainedConfig(), CPU)
    assert backbone.causal.dtype == torch.float32 and backbone.source == str(tiny_llama())
    assert backbone.tokenizer.encode("age", add_special_tokens=False)


def test_only_the_first_layers_can_be_kept(tiny_llama):
    layers = [
        len(load_backbone(str(tiny_llama()), PretrainedConfig(num_hidden_layers=n), CPU).causal.model.layers)
        for n in (1, 2, 99, None)
    ]
    assert layers == [1, 2, 2, 2]


def test_layers_of_several_kinds_are_cut_with_their_kinds(small_tokenizer, tmp_path):
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tokenizer = small_tokenizer("byte_level")
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1}
    config = Qwen2Config(vocab_size=len(tokenizer), num_hidden_layers=3, **sizes)
    Qwen2ForCausalLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    causal = load_backbone(str(tmp_path), PretrainedConfig(num_hidden_layers=2), CPU).causal
    assert len(causal.model.layers) == len(causal.config.layer_types) == 2
    causal.config.validate()


GEMMA = {
    "hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
    "num_hidden_layers": 4, "num_kv_shared_layers": 2, "layer_types": ["sliding_attention", "full_attention"] * 2,
}  # fmt: skip


def gemma(folder, tokenizer, **more):
    """Four layers, of which the last two take the keys and values of those before."""
    from transformers import Gemma4ForCausalLM, Gemma4TextConfig

    config = Gemma4TextConfig(vocab_size=len(tokenizer), global_head_dim=8, **GEMMA, **more)
    Gemma4ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize(("depth", "shared"), [(2, 0), (3, 1), (4, 2)])
def test_layers_that_share_keys_are_cut_with_their_sharing(small_tokenizer, tmp_path, depth, shared):
    place = gemma(tmp_path, small_tokenizer("byte_level"), hidden_size_per_layer_input=0)
    causal = load_backbone(place, PretrainedConfig(num_hidden_layers=depth), CPU).causal
    assert causal.config.num_hidden_layers == depth and causal.config.num_kv_shared_layers == shared


def test_a_model_whose_weights_are_of_all_layers_together_says_to_keep_all(small_tokenizer, tmp_path):
    tokenizer = small_tokenizer("byte_level")
    place = gemma(tmp_path, tokenizer, hidden_size_per_layer_input=4, vocab_size_per_layer_input=len(tokenizer))
    with pytest.raises(InputError, match=r"cannot be cut to its first 2 of 4 layers.*num_hidden_layers: null"):
        load_backbone(place, PretrainedConfig(num_hidden_layers=2), CPU)
    assert load_backbone(place, PretrainedConfig(num_hidden_layers=None), CPU).causal is not None


def test_auto_takes_a_gpu_only_where_there_is_one():
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize("name", ["gpu0", "mps", "meta", "xpu", "cpu:3", "cuda:1", "cuda:2"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("cuda:0") == torch.device("cuda", 0)
    with pytest.raises(ConfigError, match=rf"expected auto, or one .* \(cpu, cuda, cuda:0\), got '{name}'"):
        choose_device(name)


def test_pickled_weights_are_refused_by_name(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"found only pytorch_model\.bin, which is never loaded"):
        load_backbone(str(folder), PretrainedConfig(), CPU)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "extra.pkl", "optimizer.pt", "training_args.BIN"])
def test_a_pickle_beside_safetensors_is_refused_by_name(folder, name):
    (folder / name).write_bytes(b"\x80\x04not loaded.")
    with pytest.raises(InputError, match=rf"{name}: files ending in .* can run code and are never loaded; move it out"):
        load_backbone(str(folder), PretrainedConfig(), CPU)


@pytest.mark.parametrize("kept", [0, 5, 2000])
def test_weights_that_were_cut_are_named(folder, kept):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"model\.safetensors: is not a whole safetensors file"):
        load_backbone(str(folder), PretrainedConfig(), CPU)


def test_a_config_that_does_not_fit_the_weights_is_an_input_error(folder):
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**content, "intermediate_size": 64}))
    with pytest.raises(
        InputError, match=r"config\.json does not fit the weights: 6 have another shape, such as model\."
    ):
        load_backbone(str(folder), PretrainedConfig(), CPU)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_that_comes_with_a_model_is_refused_unless_allowed(folder, name):
    content = json.loads((folder / name).read_text())
    content["auto_map"] = {"AutoModelForCausalLM": "evil.Model"}
    (folder / name).write_text(json.dumps(content))
    with pytest.raises(InputError, match=rf"{name} of the model folder asks to run Python code.*trust_remote_code"):
        load_backbone(str(folder), PretrainedConfig(), CPU)


def test_a_hub_id_that_cannot_be_reached_is_one_clear_error(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"model 'owner/name': expected an alias .* or a hub id that can be reached"):
        load_backbone("owner/name", PretrainedConfig(), CPU)


def test_weights_that_are_trained_themselves_are_float32_on_a_gpu_too(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    gpu, full = torch.device("cuda"), PretrainedConfig(full_fine_tuning=True)
    assert backbones._dtype(full, gpu) == torch.float32 and backbones._dtype(PretrainedConfig(), gpu) == torch.bfloat16


def test_a_damaged_config_is_an_input_error(folder):
    (folder / "config.json").write_text('{"model_type": "llama", "hidden_size": 8}')
    with pytest.raises(InputError, match="expected an alias"):
        load_backbone(str(folder), PretrainedConfig(), CPU)
    (folder / "config.json").write_text('{"model_type": "no-such-thing"}')
    with pytest.raises(InputError, match="expected an alias"):
        load_backbone(str(folder), PretrainedConfig(), CPU)


def test_a_torn_file_is_named(folder):
    (folder / "tokenizer_config.json").write_text('{"a": ')
    with pytest.raises(InputError, match=r"tokenizer_config\.json of the model folder is not valid JSON"):
        load_backbone(str(folder), PretrainedConfig(), CPU)


def test_four_bit_weights_need_a_gpu(tiny_llama):
    with pytest.raises(InputError, match=r"4bit needs a CUDA device, got cpu.*a run .* fitted with 4bit can only be"):
        load_backbone(str(tiny_llama()), PretrainedConfig(quantization="4bit"), CPU)


def test_what_four_bit_weights_need_is_asked_before_the_model_is_looked_for(monkeypatch):
    monkeypatch.setattr(backbones, "find_model", lambda name: pytest.fail("looked for"))
    with pytest.raises(InputError, match="4bit needs a CUDA device"):
        load_backbone("smollm2-135m", PretrainedConfig(quantization="4bit"), CPU)


def test_four_bit_weights_without_bitsandbytes_name_the_command(tiny_llama, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes", None)
    with pytest.raises(MissingExtraError, match="pip install bitsandbytes"):
        load_backbone(str(tiny_llama()), PretrainedConfig(quantization="4bit"), torch.device("cuda"))


@pytest.mark.parametrize(
    ("settings", "package"),
    [
        ({"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 32}}, "optimum"),
        ({"_attn_implementation": "flash_attention_2"}, "FlashAttention2"),
    ],
)
def test_a_package_that_a_model_needs_is_named(folder, settings, package, monkeypatch):
    monkeypatch.setattr("transformers.quantizers.quantizer_gptq.is_optimum_available", lambda: False)
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**content, **settings}))
    with pytest.raises(MissingExtraError, match=rf"model '.*': it needs a package that is not there: .*{package}"):
        load_backbone(str(folder), PretrainedConfig(), CPU)


def test_a_tokenizer_file_without_a_tokenizer_is_an_input_error(folder):
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match=r"expected config, weights and tokenizer .*'added_tokens'"):
        load_backbone(str(folder), PretrainedConfig(), CPU)


@pytest.mark.parametrize(("stored", "found"), [(12, 12), (-1, None), (0, None), (None, None)])
def test_a_context_below_one_is_none_at_all(stored, found):
    settings = SimpleNamespace(max_position_embeddings=stored)
    assert context_of(SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: settings))) == found


def test_a_long_rope_ends_where_all_positions_would_be_turned_otherwise():
    rope = {"rope_type": "longrope", "original_max_position_embeddings": 16}
    settings = SimpleNamespace(max_position_embeddings=64, rope_parameters=rope)
    causal = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: settings))
    assert context_of(causal) == 16
    settings.rope_parameters = {"rope_type": "yarn", "original_max_position_embeddings": 16}
    assert context_of(causal) == 64


def test_layers_can_be_kept_where_their_kinds_follow_from_their_number(small_tokenizer, tmp_path):
    from transformers import MambaConfig, MambaForCausalLM

    tokenizer = small_tokenizer("byte_level")
    config = MambaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=3, state_size=4)
    MambaForCausalLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    causal = load_backbone(str(tmp_path), PretrainedConfig(num_hidden_layers=2), CPU).causal
    assert len(causal.backbone.layers) == 2


def test_pefts_options_arrive_under_their_own_names():
    settings = LoraSettings(r=3, lora_alpha=5, lora_dropout=0.1, target_modules=("q_proj",), use_rslora=True)
    made = lora_config(settings)
    assert (made.r, made.lora_alpha, made.lora_dropout, made.use_rslora) == (3, 5, 0.1, True)
    assert made.target_modules == {"q_proj"} and made.task_type == "CAUSAL_LM"


def test_target_modules_that_match_nothing_are_an_error(tiny_llama):
    causal = load_backbone(str(tiny_llama()), PretrainedConfig(), CPU).causal
    with pytest.raises(InputError, match="target_modules"):
        adapt(causal, PretrainedConfig(lora=LoraSettings(target_modules=("no_such_layer",))), 0)


def test_the_same_seed_gives_the_same_adapter(tiny_llama):
    adapters = []
    for seed in (1, 1, 2):
        causal = adapt(load_backbone(str(tiny_llama()), PretrainedConfig(), CPU).causal, PretrainedConfig(), seed)
        adapters.append({name: value for name, value in causal.named_parameters() if "lora_A" in name})
    assert all(torch.equal(adapters[0][name], adapters[1][name]) for name in adapters[0])
    assert not all(torch.equal(adapters[0][name], adapters[2][name]) for name in adapters[0])


def test_a_folder_that_lacks_weights_is_refused_instead_of_filled_with_random_ones(folder):
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: w for name, w in weights.items() if "layers.1.mlp.up_proj" not in name},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    with pytest.raises(
        InputError, match=r"lack 1 weights that the model needs, such as model\.layers\.1\.mlp\.up_proj"
    ):
        load_backbone(str(folder), PretrainedConfig(), CPU)
    assert load_backbone(str(folder), PretrainedConfig(num_hidden_layers=1), CPU).causal is not None


def test_loading_and_adapting_say_nothing(tiny_llama, capfd):
    backbone = load_backbone(str(tiny_llama()), PretrainedConfig(num_hidden_layers=1), CPU)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adapt(backbone.causal, PretrainedConfig(), seed=0)
    assert capfd.readouterr() == ("", "")
