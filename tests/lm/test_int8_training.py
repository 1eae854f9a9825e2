"""Products in integers are near those in float32, only in training, and only where they are exact and faster."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from llmsynth.config import LoraSettings, PretrainedConfig
from llmsynth.errors import ConfigError, InputError
from llmsynth.lm import int8_training
from llmsynth.lm.backbones import adapt, load_backbone
from llmsynth.lm.int8_training import (
    OUTLIERS,
    STEPS,
    Int8Linear,
    IntegerWeights,
    exact,
    rounded,
    trains_in_integers,
    watching_channels,
    with_int8_layers,
    worth_it,
)

pytestmark = pytest.mark.skipif(not exact(), reason="this processor has no exact products of 8-bit integers")
WIDTH, OUT = 96, 40


def layer_and_rows(*, bias=False, large=1.0):
    """A layer and rows of which three channels are `large` times as large as the others."""
    generator = torch.Generator().manual_seed(0)
    plain = nn.Linear(WIDTH, OUT, bias=bias)
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    plain.requires_grad_(False)
    rows = torch.randn(50, WIDTH, generator=generator)
    rows[:, [3, 17, 80]] *= large
    return plain, rows


def integer_layer(plain, rows):
    layer = Int8Linear(plain)
    holder = nn.Sequential(layer)
    with watching_channels(holder):
        holder(rows)
    return layer.train(True)


def relative(found, wanted):
    return float((found - wanted).norm() / wanted.norm())


def through(layer, rows, weights):
    rows = rows.clone().requires_grad_()
    outputs = layer(rows)
    (outputs * weights).sum().backward()
    return outputs.detach(), rows.grad


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("large", [1.0, 1000.0])
def test_outputs_and_gradients_are_those_of_the_layer_up_to_rounding(bias, large):
    plain, rows = layer_and_rows(bias=bias, large=large)
    weights = torch.randn(50, OUT, generator=torch.Generator().manual_seed(1))
    outputs, gradients = through(integer_layer(plain, rows), rows, weights)
    wanted, exactly = through(plain, rows, weights)
    small = torch.ones(WIDTH, dtype=torch.bool)
    small[[3, 17, 80]] = False
    # What the other channels say is not lost beside the large ones.
    told = rows[:, ~small] @ plain.weight[:, ~small].T
    assert 0 < relative(outputs - told, wanted - told) < 0.02
    assert 0 < relative(gradients, exactly) < 0.02


def test_without_outliers_large_channels_would_hide_the_others(monkeypatch):
    monkeypatch.setattr(int8_training, "OUTLIERS", 1)
    plain, rows = layer_and_rows(large=1000.0)
    outputs, _ = through(integer_layer(plain, rows), rows, torch.ones(50, OUT))
    told = rows[:, [3, 17, 80]] @ plain.weight[:, [3, 17, 80]].T
    assert relative(outputs - told, rows @ plain.weight.T - told) > 0.5


def test_it_is_the_plain_layer_outside_of_training_and_before_it_has_seen_rows():
    plain, rows = layer_and_rows(bias=True)
    layer = Int8Linear(plain)
    assert layer.weight is plain.weight and layer.bias is plain.bias
    assert torch.equal(layer.train(True)(rows), plain(rows))
    layer = integer_layer(plain, rows)
    with torch.no_grad():
        assert torch.equal(layer(rows), plain(rows))
    assert torch.equal(layer.train(False)(rows), plain(rows))
    assert not torch.equal(layer.train(True)(rows), plain(rows))
    assert copy.deepcopy(layer).integers is layer.integers


def test_a_row_does_not_depend_on_its_batch():
    plain, rows = layer_and_rows(large=30.0)
    layer = integer_layer(plain, rows)
    together = layer(rows.clone().requires_grad_())
    alone = torch.cat([layer(row[None].requires_grad_()) for row in rows.clone()])
    assert torch.allclose(together, alone, rtol=1e-6, atol=1e-4)
    assert layer(rows.view(5, 10, WIDTH)).shape == (5, 10, OUT)


def test_codes_are_steps_of_the_largest_and_zeros_stay_zero():
    codes, step = rounded(torch.tensor([[2.54, -1.27, 0.0], [0.0, 0.0, 0.0], [1e-30, 0.0, -1e-30]]))
    assert codes.tolist() == [[127, -64, 0], [0, 0, 0], [127, 0, -127]]
    assert step[0].item() == pytest.approx(0.02) and torch.isfinite(step).all()


def test_a_quarter_of_few_channels_is_exact():
    weights = IntegerWeights.of(torch.randn(6, 10), torch.arange(10.0))
    assert sorted(weights.outliers.tolist()) == [7, 8, 9]
    assert IntegerWeights.of(torch.randn(6, 400), torch.arange(400.0)).outliers.numel() == OUTLIERS
    assert weights.codes.abs().amax(dim=1).tolist() == [STEPS] * 6


def test_layers_that_nothing_reached_stay_as_they_are():
    plain, rows = layer_and_rows()
    used, unused = Int8Linear(plain), Int8Linear(plain)
    with watching_channels(nn.ModuleList([used, unused])):
        used(rows)
        used(3 * rows)
    assert unused.integers is None
    largest = (3 * rows).abs().amax(dim=0)
    assert set(used.integers.outliers.tolist()) == set(largest.topk(WIDTH // 4).indices.tolist())


@pytest.fixture
def causal(tiny_llama):
    return load_backbone(str(tiny_llama()), PretrainedConfig(), torch.device("cpu")).causal


def test_all_layers_but_the_output_are_replaced_and_share_their_weights(causal):
    before = {name: parameter.data_ptr() for name, parameter in causal.named_parameters()}
    layers = sum(type(layer) is nn.Linear for layer in causal.modules())
    tokens = torch.arange(12).view(2, 6)
    wanted = causal(tokens).logits
    with_int8_layers(causal)
    assert {name: parameter.data_ptr() for name, parameter in causal.named_parameters()} == before
    assert sum(isinstance(layer, Int8Linear) for layer in causal.modules()) == layers - 1
    assert type(causal.get_output_embeddings()) is nn.Linear
    assert torch.equal(causal(tokens).logits, wanted)


def test_adapters_learn_through_the_layers_and_can_be_merged(causal):
    config = PretrainedConfig(lora=LoraSettings(r=2))
    exactly = adapt(copy.deepcopy(causal), config, 1)
    model = adapt(with_int8_layers(causal), config, 1)
    tokens = torch.arange(24).view(4, 6)
    with watching_channels(model), torch.no_grad():
        model(tokens)
    gradients = []
    for one in (exactly, model):
        with torch.no_grad():
            for name, parameter in one.named_parameters():
                if "lora_B" in name:
                    parameter.fill_(0.05)
        one.train(True)
        logits = one(tokens).logits
        functional.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1)).backward()
        kept = {name: parameter.grad for name, parameter in one.named_parameters() if parameter.grad is not None}
        gradients.append(torch.cat([kept[name].flatten() for name in sorted(kept)]))
    assert 0 < relative(gradients[1], gradients[0]) < 0.1
    model.train(False)
    merged = model.merge_and_unload()
    assert torch.allclose(merged(tokens).logits, exactly.train(False)(tokens).logits, atol=1e-4)


def test_it_is_settled_by_what_the_processor_can(causal, monkeypatch):
    monkeypatch.setattr(int8_training, "_is_faster", lambda layer: True)
    assert trains_in_integers(causal, PretrainedConfig())
    assert not trains_in_integers(causal, PretrainedConfig(int8_training=False))
    assert not trains_in_integers(causal, PretrainedConfig(full_fine_tuning=True))
    assert not trains_in_integers(causal.half(), PretrainedConfig())
    causal.float()
    monkeypatch.setattr(int8_training, "_is_faster", lambda layer: False)
    assert not trains_in_integers(causal, PretrainedConfig())
    assert trains_in_integers(causal, PretrainedConfig(int8_training=True))
    monkeypatch.setattr(int8_training, "exact", lambda: False)
    assert not trains_in_integers(causal, PretrainedConfig())
    with pytest.raises(InputError, match="exact products"):
        trains_in_integers(causal, PretrainedConfig(int8_training=True))


def test_a_product_that_saturates_or_is_not_there_is_not_used(monkeypatch):
    monkeypatch.setattr(torch, "_int_mm", lambda left, right: torch.full((32, 32), -32768, dtype=torch.int32))
    assert not exact()

    def missing(left, right):
        raise NotImplementedError("no kernel")

    monkeypatch.setattr(torch, "_int_mm", missing)
    assert not exact()
    monkeypatch.delattr(torch, "_int_mm")
    assert not exact()


@pytest.mark.parametrize(("slow", "verdict"), [("plain", True), ("integers", False)])
def test_the_faster_one_is_taken(causal, monkeypatch, slow, verdict):
    """Sleep beside a layer decides, so that the processor does not."""
    import time

    def slower(forward):
        def run(layer, rows):
            time.sleep(0.01)
            return forward(layer, rows)

        return run

    if slow == "plain":
        monkeypatch.setattr(int8_training, "MOST_OF_FLOAT", 0.9)
        plain = nn.Linear.forward
        monkeypatch.setattr(nn.Linear, "forward", slower(plain))
        monkeypatch.setattr(Int8Linear, "forward", lambda layer, rows: plain(layer, rows))
    else:
        monkeypatch.setattr(Int8Linear, "forward", slower(Int8Linear.forward))
    monkeypatch.setattr(int8_training, "PROBES", 2)
    told = []
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    assert worth_it(causal) is verdict
    assert told == [1, torch.get_num_threads()]


def test_it_is_not_for_weights_that_are_trained_or_of_four_bits():
    for other in ({"full_fine_tuning": True}, {"quantization": "4bit"}):
        with pytest.raises(ConfigError, match="int8_training"):
            PretrainedConfig(int8_training=True, **other)
