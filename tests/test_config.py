"""Options: one set of names, checked once, with errors that help."""

import ast
import dataclasses
import inspect
import itertools

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from llmsynth import config
from llmsynth.config import CompactConfig, FitConfig, LoraSettings, PretrainedConfig, SampleConfig, TrainConfig
from llmsynth.config_fields import replace_path
from llmsynth.errors import ConfigError

ALL = [CompactConfig, FitConfig, LoraSettings, PretrainedConfig, SampleConfig, TrainConfig]

configs = st.builds(
    FitConfig,
    model=st.text(min_size=1, max_size=20),
    target=st.none() | st.text(),
    seed=st.integers(0, 2**63 - 1),
    trust_remote_code=st.booleans(),
    compact=st.builds(CompactConfig, dropout=st.floats(0, 0.9), warm_up=st.sampled_from(["auto", True, False])),
    pretrained=st.builds(
        PretrainedConfig,
        lora=st.builds(LoraSettings, target_modules=st.just("all-linear") | st.tuples(st.text(), st.text())),
        head_rank=st.integers(0, 64),
    ),
    train=st.builds(
        TrainConfig,
        max_minutes=st.none() | st.floats(0.001, 1e6),
        batch_size=st.just("auto") | st.integers(1, 10_000),
        report_to=st.just(()) | st.just(("tensorboard", "mlflow")),
    ),
    sample=st.builds(
        SampleConfig,
        temperature=st.floats(0.01, 9) | st.dictionaries(st.sampled_from(config.KINDS), st.floats(0.01, 9)),
    ),
)


@given(configs)
def test_options_survive_mapping_and_yaml(options):
    assert FitConfig.from_mapping(options.to_mapping()) == options
    assert FitConfig.from_mapping(yaml.safe_load(yaml.safe_dump(options.to_mapping()))) == options


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"trian": {}}, "unknown option trian; did you mean 'train'"),
        ({"train": {"max_minute": 3}}, r"unknown option train.max_minute; did you mean 'max_minutes'"),
        ({"pretrained": {"lora": {"rank": 3}}}, r"unknown option pretrained.lora.rank; known here: r, lora_alpha"),
        ({3: 1}, "unknown option 3"),
        ({"train": 3}, "train: expected a mapping of options, got 3"),
        ({"train": {"batch_size": "big"}}, "train.batch_size: expected a whole number or 'auto', got 'big'"),
        ({"train": {"batch_size": 2.0}}, "train.batch_size: expected a whole number"),
        ({"train": {"batch_size": True}}, "train.batch_size: expected a whole number"),
        ({"train": {"max_minutes": float("nan")}}, "train.max_minutes: expected a finite number or nothing"),
        ({"train": {"max_minutes": 0}}, "max_minutes: expected more than 0, got 0.0"),
        ({"train": {"holdout_fraction": 0.6}}, r"holdout_fraction: expected a value in \[0, 0.5\]"),
        ({"train": {"lr_scheduler_type": "linear"}}, "expected 'one_cycle' or 'cosine', got 'linear'"),
        ({"train": {"report_to": "wandb"}}, "train.report_to: expected a list of texts"),
        ({"train": {"ema_decay": 1.0}}, "ema_decay"),
        ({"sample": {"temperature": {"decimals": 1}}}, "unknown column kind 'decimals'"),
        ({"sample": {"temperature": {"decimal": 0}}}, "expected a value in"),
        ({"sample": {"top_p": 1.5}}, r"top_p: expected a value in \(0, 1\]"),
        ({"compact": {"hidden_size": 100, "num_attention_heads": 3}}, "hidden_size: expected a multiple of"),
        ({"compact": {"cell_tokens": 3}}, "cell_tokens"),
        ({"compact": {"warm_up": 1}}, "compact.warm_up: expected true or false or 'auto', got 1"),
        ({"pretrained": {"quantization": "4bit", "full_fine_tuning": True}}, "4-bit weights cannot be trained"),
        ({"pretrained": {"num_hidden_layers": 0}}, "num_hidden_layers"),
        ({"seed": -1}, "seed"),
        ({"model": ""}, "model: expected a name"),
        ({"trust_remote_code": "yes"}, "trust_remote_code: expected true or false, got 'yes'"),
        ([1], "the recipe: expected a mapping of options, got a list"),
    ],
)
def test_a_wrong_option_says_what_was_expected(mapping, words):
    with pytest.raises(ConfigError, match=words):
        FitConfig.from_mapping(mapping)


def test_one_option_is_changed_by_its_dotted_name():
    changed = replace_path(FitConfig(), "pretrained.lora.r", 4)
    assert changed.pretrained.lora.r == 4
    assert replace_path(changed, "pretrained.lora.r", 16) == FitConfig()
    for name in ("train.max_minute", "trains.patience", "seed.x"):
        with pytest.raises(ConfigError, match="unknown option"):
            replace_path(FitConfig(), name, 1)


def test_options_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FitConfig().seed = 3


@pytest.mark.parametrize("kind", ALL)
def test_every_option_is_documented(kind):
    body = ast.parse(inspect.getsource(kind)).body[0].body
    for here, after in itertools.pairwise(body):
        if isinstance(here, ast.AnnAssign):
            assert isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant), here.target.id


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
@pytest.mark.parametrize("name", ["max_minutes", "learning_rate", "max_grad_norm", "checkpoint_minutes"])
def test_options_of_training_are_finite(name, value):
    with pytest.raises(ConfigError, match=rf"^{name}: expected a finite number( or \S+)?, got {value!r}"):
        TrainConfig(**{name: value})


@pytest.mark.parametrize(
    ("kind", "name", "value", "words"),
    [
        (TrainConfig, "max_epochs", "2", "max_epochs: expected a whole number or nothing, got '2'"),
        (TrainConfig, "max_epochs", 1.5, "max_epochs: expected a whole number or nothing, got 1.5"),
        (TrainConfig, "max_epochs", True, "max_epochs: expected a whole number or nothing, got True"),
        (TrainConfig, "batch_size", np.array([1, 2]), "batch_size: expected a whole number or 'auto', got a ndarray"),
        (TrainConfig, "weight_column", 5, "weight_column: expected a text or nothing, got 5"),
        (TrainConfig, "boost", 5, "boost: expected a mapping of names to numbers, got 5"),
        (TrainConfig, "boost", {"a == 1": "x"}, "boost"),
        (FitConfig, "model", 5, "model: expected a text, got 5"),
        (FitConfig, "seed", "x", "seed: expected a whole number, got 'x'"),
        (FitConfig, "trust_remote_code", "yes", "trust_remote_code: expected true or false, got 'yes'"),
        (FitConfig, "train", None, "train: expected a mapping of options, got None"),
        (SampleConfig, "temperature", "hot", "temperature: expected a finite number or a mapping .*, got 'hot'"),
        (SampleConfig, "temperature", {"decimal": "hot"}, "temperature"),
        (CompactConfig, "hidden_size", 96.0, "hidden_size: expected a whole number, got 96.0"),
        (LoraSettings, "r", "8", "r: expected a whole number, got '8'"),
    ],
)
def test_options_given_in_python_are_checked_like_those_of_a_recipe(kind, name, value, words):
    with pytest.raises(ConfigError, match=f"^{words}"):
        kind(**{name: value})
    with pytest.raises(ConfigError, match=f"^{words}"):
        dataclasses.replace(kind(), **{name: value})


def test_numbers_of_numpy_are_numbers_and_become_pythons_own():
    made = TrainConfig(max_epochs=np.int64(3), max_minutes=np.float32(0.5), patience=np.int8(2))
    assert made == TrainConfig(max_epochs=3, max_minutes=0.5, patience=2)
    assert [type(value) for value in (made.max_epochs, made.max_minutes, made.patience)] == [int, float, int]
    assert yaml.safe_load(yaml.safe_dump(FitConfig(train=made).to_mapping()))["train"]["max_epochs"] == 3
