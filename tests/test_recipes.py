"""Recipes are found by name or path, and every shipped one builds."""

import dataclasses

import pytest

from llmsynth.config import CompactConfig, FitConfig, LoraSettings, PretrainedConfig, TrainConfig
from llmsynth.errors import ConfigError
from llmsynth.recipes import load_recipe, recipe_names, shipped_folder

NAMES = [
    "compact-cpu",
    "ensemble-cpu",
    "full-gpu",
    "imputation-cpu",
    "lora-gpu",
    "multi-gpu",
    "qlora-gpu",
    "smollm2-cpu",
]


def test_the_shipped_recipes_are_these():
    assert recipe_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_recipe_builds_and_its_header_is_its_manual(name):
    text = (shipped_folder("training") / f"{name}.yaml").read_text(encoding="utf-8")
    header = [line for line in text.splitlines() if line.startswith("#")]
    for word in ("launch", "minutes", "memory", "expect"):
        assert any(line.split()[1:2] == [word] for line in header), word
    assert f"--recipe {name}" in "\n".join(header)
    recipe = load_recipe(name)
    assert FitConfig.from_mapping(recipe.to_mapping()) == recipe
    assert recipe.train.max_minutes is not None and f"{recipe.train.max_minutes:g}" in text.split("# memory")[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_options_of_a_shipped_recipe_build_a_model(name, tiny_backbone):
    from llmsynth.lm.backbones import adapt, lora_config

    recipe = load_recipe(name)
    if recipe.model == "compact":
        assert isinstance(recipe.compact, CompactConfig)
        return
    config = dataclasses.replace(recipe.pretrained, quantization="none")  # 4-bit weights need a GPU
    causal = adapt(tiny_backbone(), config, seed=0)
    trained = sum(value.numel() for value in causal.parameters() if value.requires_grad)
    total = sum(value.numel() for value in causal.parameters())
    assert (trained == total) == recipe.pretrained.full_fine_tuning
    assert lora_config(recipe.pretrained.lora).r == recipe.pretrained.lora.r


@pytest.fixture
def tiny_backbone():
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return lambda: LlamaForCausalLM(LlamaConfig(vocab_size=64, **sizes))


def test_a_recipe_cannot_allow_code_that_comes_with_a_model(tmp_path):
    (tmp_path / "mine.yaml").write_text("model: owner/name\ntrust_remote_code: true\n")
    assert load_recipe(tmp_path / "mine.yaml") == FitConfig(model="owner/name")


def test_a_recipe_of_ones_own_is_read_by_path(tmp_path):
    (tmp_path / "mine.yaml").write_text("train: {learning_rate: 1e-4}\npretrained: {lora: {r: 4}}\n")
    expected = FitConfig(train=TrainConfig(learning_rate=1e-4), pretrained=PretrainedConfig(lora=LoraSettings(r=4)))
    assert load_recipe(tmp_path / "mine.yaml") == load_recipe(str(tmp_path / "mine.yaml")) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train: {max_minute: 3}", r"mine\.yaml: unknown option train\.max_minute; did you mean 'max_minutes'"),
        ("- 1", "expected a mapping of options"),
        ("", "expected a mapping of options"),
        ("train: {max_minutes: soon}", "expected a finite number or nothing, got 'soon'"),
    ],
)
def test_a_wrong_recipe_names_the_file_and_the_option(tmp_path, text, words):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_recipe(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("compact-gpu", "no recipe named 'compact-gpu' and no such file; did you mean 'compact-cpu'"),
        ("zzz", "known here: compact-cpu, ensemble-cpu, full-gpu"),
        ("none.yaml", r"none\.yaml: no such file"),
    ],
)
def test_a_recipe_that_is_not_there_names_those_that_are(name, words):
    with pytest.raises(ConfigError, match=words):
        load_recipe(name)
