"""Frozen linear layers that multiply in 8-bit integers while an adapter is trained, on processors that are faster so.

Of a training step of LoRA on a CPU three quarters are products with frozen weights, forward and backward, and the
integer units of a processor (VNNI, AMX) do several times as many of them a second as its float32 units. Weights are
rounded to 127 steps of the largest of each output, activations and gradients to 127 steps of the largest of each row.
A few channels of a transformer's activations are hundreds of times as large as the others, which would be rounded to
nothing beside them; the `OUTLIERS` largest of each layer, as a batch of training rows shows them, are therefore
multiplied in float32 (LLM.int8(), Dettmers et al. 2022, arXiv 2208.07339, section 3.2; there by a threshold in every
batch, here chosen once). Without that the gradients of SmolLM2's adapter have a cosine of 0.63 with the exact ones,
with it 0.996; a step takes 0.40 of the time (eval/LOG.md).

Only training computes so. Evaluations, likelihoods and drawn rows come from the same weights in float32: a row must not
depend on its batch or on the processor, and what is reported is what is drawn from.

The product is `torch._int_mm`, whose name is not public. Its public wrapper, torchao, was measured and left: installed,
it is loaded with every import of transformers and writes warnings to standard error, and it sums up the weights anew at
each call. `worth_it` looks whether the operator is there, right and faster before anything uses it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from llmsynth.config import PretrainedConfig
from llmsynth.errors import InputError

STEPS = 127
"""Of the absolute value: codes are in [-127, 127]."""
OUTLIERS = 32
"""Channels of each layer that stay in float32, at most a quarter of them."""
MOST_OF_FLOAT = 2 / 3
"""Share of the float32 seconds that a layer may take and still be worth it."""
PROBED_ROWS, PROBES = 128, 5


@dataclass(frozen=True, eq=False)
class IntegerWeights:
    """A frozen weight in integers.

    Parameters
    ----------
    codes : Tensor of int8, shape (out, in)
    step : Tensor of float32, shape (out,)
        What one code is worth in each output.
    outliers : LongTensor, shape (k,)
        Input channels that are multiplied in float32.
    outlier_weights : Tensor of float32, shape (k, out)
    """

    codes: torch.Tensor
    step: torch.Tensor
    outliers: torch.Tensor
    outlier_weights: torch.Tensor

    @classmethod
    def of(cls, weight: torch.Tensor, largest: torch.Tensor) -> IntegerWeights:
        """Round a weight, (out, in), given the largest activation of each of its input channels, (in,)."""
        weight = weight.detach()
        outliers = largest.topk(min(OUTLIERS, math.ceil(largest.numel() / 4))).indices
        step = weight.abs().amax(dim=1).clamp_min(torch.finfo(weight.dtype).tiny) / STEPS
        codes = (weight / step[:, None]).round().to(torch.int8)
        return cls(codes, step, outliers, weight[:, outliers].T.contiguous())

    def __deepcopy__(self, memo: dict[int, Any]) -> IntegerWeights:
        """Constants: copies of a model share them."""
        return self


def rounded(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes of each row, int8 (n, width), and what one code is worth in it, (n, 1). The rows are overwritten.

    Examples
    --------
    >>> codes, step = rounded(torch.tensor([[127.0, -63.4, 0.0], [0.0, 0.0, 0.0]]))
    >>> codes.tolist(), round(float(step[0]), 6)
    ([[127, -63, 0], [0, 0, 0]], 1.0)
    """
    step = rows.abs().amax(dim=1, keepdim=True).clamp_min_(torch.finfo(rows.dtype).tiny * STEPS).div_(STEPS)
    return rows.div_(step).round_().to(torch.int8), step


class _Product(torch.autograd.Function):
    """``rows @ weight.T`` and its gradient for the rows, both in integers; rows are (n, in)."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, weights: IntegerWeights) -> torch.Tensor:
        ctx.weights = weights  # constants: nothing of the rows is kept
        large = rows[:, weights.outliers]
        codes, step = rounded(rows.index_fill(1, weights.outliers, 0.0))
        product = torch._int_mm(codes, weights.codes.T).to(rows.dtype).mul_(step).mul_(weights.step)
        return product.addmm_(large, weights.outlier_weights)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        weights: IntegerWeights = ctx.weights
        codes, step = rounded(gradients[0] * weights.step)
        return torch._int_mm(codes, weights.codes).to(step.dtype).mul_(step), None


class Int8Linear(nn.Linear):
    """A linear layer with the weights of another, in integers where gradients are computed in training mode.

    Before `IntegerWeights` are set it is the layer it was made from.

    Parameters
    ----------
    plain : nn.Linear
        Frozen, float32, on a CPU; its parameters are shared, not copied.
    """

    def __init__(self, plain: nn.Linear) -> None:
        super().__init__(plain.in_features, plain.out_features, bias=plain.bias is not None, device="meta")
        self.weight, self.bias = plain.weight, plain.bias
        self.integers: IntegerWeights | None = None
        self.train(plain.training)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Outputs, (..., in) -> (..., out)."""
        if self.integers is None or not (self.training and torch.is_grad_enabled()):
            return super().forward(input)
        product: Any = _Product.apply(  # type: ignore[no-untyped-call]
            input.reshape(-1, self.in_features), self.integers
        )
        outputs: torch.Tensor = product.view(*input.shape[:-1], self.out_features)
        return outputs if self.bias is None else outputs + self.bias


def with_int8_layers(causal: nn.Module) -> nn.Module:
    """Replace the plain linear layers of a frozen causal model, but for its output layer, by `Int8Linear`.

    Parameters
    ----------
    causal : transformers.PreTrainedModel
        Changed in place, before adapters are attached.
    """
    for parent, name, layer in list(_frozen_layers(causal)):
        setattr(parent, name, Int8Linear(layer))
    return causal


@contextmanager
def watching_channels(model: nn.Module) -> Iterator[None]:
    """Round the weights of all `Int8Linear` by the activations of what the model computes inside.

    Layers that compute nothing inside stay as they are.
    """
    largest: dict[Int8Linear, torch.Tensor] = {}

    def note(layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(layer, Int8Linear)
        seen = inputs[0].detach().reshape(-1, layer.in_features).abs().amax(dim=0)
        largest[layer] = torch.maximum(seen, largest[layer]) if layer in largest else seen

    layers = [layer for layer in model.modules() if isinstance(layer, Int8Linear)]
    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    for layer, channels in largest.items():
        layer.integers = IntegerWeights.of(layer.weight, channels)


def trains_in_integers(causal: nn.Module, config: PretrainedConfig) -> bool:
    """Settle `int8_training` for a model that was loaded, before adapters are attached.

    Raises
    ------
    InputError
        If it is asked for and there is nothing here to do it with.
    """
    if config.int8_training == "auto":
        return config.quantization == "none" and not config.full_fine_tuning and worth_it(causal)
    if config.int8_training and not (exact() and any(_frozen_layers(causal))):
        raise InputError(
            "int8_training: expected a processor with exact products of 8-bit integers, and a model of plain linear "
            "layers in float32 on a CPU; there is no such thing here. Choose int8_training auto or false"
        )
    return config.int8_training


def worth_it(causal: nn.Module) -> bool:
    """Whether this processor has the product, does it exactly, and trains through the model's largest layer faster.

    Parameters
    ----------
    causal : transformers.PreTrainedModel
        With float32 weights.

    Returns
    -------
    bool
        False, too, where the model has no plain linear layer in float32 on a CPU.
    """
    layers = [layer for _, _, layer in _frozen_layers(causal)]
    return bool(layers) and exact() and _is_faster(max(layers, key=lambda layer: layer.weight.numel()))


def exact() -> bool:
    """Whether integer products are there and do not saturate; without VNNI some processors add in 16 bits."""
    if not hasattr(torch, "_int_mm"):
        return False
    left = torch.full((32, 64), STEPS, dtype=torch.int8)
    right = torch.full((64, 32), -STEPS, dtype=torch.int8)
    try:
        return bool((torch._int_mm(left, right) == -64 * STEPS * STEPS).all())
    except RuntimeError:  # NotImplementedError, where a device has no kernel, is one
        return False


def _is_faster(plain: nn.Linear) -> bool:
    integers = Int8Linear(plain)
    integers.train(True)
    rows = torch.randn(PROBED_ROWS, plain.in_features, generator=torch.Generator().manual_seed(0)).requires_grad_()
    integers.integers = IntegerWeights.of(plain.weight, rows.detach().abs().amax(dim=0))
    seconds: dict[nn.Module, float] = {plain: math.inf, integers: math.inf}
    threads = torch.get_num_threads()
    # One thread, in turns, and the fastest of each, so that a busy machine decides nothing: several threads wait for
    # each other at every operation there, and integers take more operations.
    torch.set_num_threads(1)
    try:
        for _ in range(PROBES):
            for layer in seconds:
                began = time.perf_counter()
                with torch.enable_grad():
                    torch.autograd.grad(functional.silu(layer(rows)).sum(), rows)
                seconds[layer] = min(seconds[layer], time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads)
    return seconds[integers] <= MOST_OF_FLOAT * seconds[plain]


def _frozen_layers(causal: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    """(parent, name, layer) of each plain linear layer in float32 on a CPU, but for the output layer."""
    output = getattr(causal, "get_output_embeddings", lambda: None)()
    for parent in causal.modules():
        for name, layer in parent.named_children():
            if type(layer) is nn.Linear and layer is not output:
                weight = layer.weight
                if weight.dtype == torch.float32 and weight.device.type == "cpu":
                    yield parent, name, layer
