"""Every option of a fit, as frozen dataclasses: the same names in Python, in YAML recipes and on the command line.

This file knows which options exist, their units, ranges and defaults. It refuses to know what they do: nothing here
imports torch, peft or pandas. LoRA options carry peft's names, training options those of transformers where it has
one, so that nobody has to learn a second vocabulary.

A *recipe* is a `FitConfig` written as YAML; see `llmsynth.recipes` for the ones that are shipped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from llmsynth.config_fields import check_types, from_mapping, to_mapping
from llmsynth.errors import ConfigError

PerKind = float | Mapping[str, float]
"""One number for all columns, or one per column kind, such as ``{"decimal": 0.9, "default": 1.0}``."""

KINDS = ("integer", "decimal", "boolean", "categorical", "datetime", "text", "default")


@dataclass(frozen=True)
class CompactConfig:
    """The small `LlamaForCausalLM` that is trained from scratch. The sizes carry transformers' names."""

    hidden_size: int = 96
    """Width of the model; a multiple of `num_attention_heads`."""
    num_hidden_layers: int = 3
    """Decoder layers."""
    num_attention_heads: int = 4
    """Attention heads per layer."""
    intermediate_size: int = 256
    """Width of the feed-forward layers."""
    dropout: float = 0.0
    """Share of activations dropped in training, in [0, 1)."""
    n_members: int = 1
    """Models whose probabilities are averaged at each token, from 1 to 16: better rows of tables on which one model
    overfits, at so many times the time of training and sampling."""
    warm_up: bool | Literal["auto"] = "auto"
    """Train first on rows drawn from a Gaussian copula and from trees of the same table. "auto": for small tables."""
    warm_up_rows: int = 20_000
    """Most rows drawn for the warm-up; small tables take 50 for each of their own."""
    warm_up_epochs: int = 6
    """Most passes over the drawn rows."""
    cell_tokens: int = 2
    """Tokens that name one numeric cell: 1, or 2 (coarse, then fine) where a column has more than 32 cells."""

    def __post_init__(self) -> None:
        check_types(self)
        _positive(hidden_size=self.hidden_size, num_hidden_layers=self.num_hidden_layers)
        _positive(num_attention_heads=self.num_attention_heads, intermediate_size=self.intermediate_size)
        _positive(warm_up_rows=self.warm_up_rows, warm_up_epochs=self.warm_up_epochs)
        _within(0, 1, dropout=self.dropout)
        _within(1, 16, closed=True, n_members=self.n_members)
        _within(1, 2, closed=True, cell_tokens=self.cell_tokens)
        if self.hidden_size % (2 * self.num_attention_heads):
            raise ConfigError(
                f"hidden_size: expected a multiple of twice num_attention_heads ({2 * self.num_attention_heads}), "
                f"got {self.hidden_size}"
            )


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adaptation of the pretrained model, with the names of `peft.LoraConfig`."""

    r: int = 16
    """Rank of the update of each adapted layer."""
    lora_alpha: int = 32
    """The update is scaled by ``lora_alpha / r``."""
    lora_dropout: float = 0.0
    """Share of the adapter's input dropped in training, in [0, 1)."""
    target_modules: str | tuple[str, ...] = "all-linear"
    """Which layers are adapted: "all-linear" or names such as q_proj."""
    use_rslora: bool = False
    """Scale by ``lora_alpha / sqrt(r)`` instead (arXiv 2312.03732)."""
    bias: Literal["none", "all", "lora_only"] = "none"
    """Which bias terms are trained."""

    def __post_init__(self) -> None:
        check_types(self)
        _positive(r=self.r, lora_alpha=self.lora_alpha)
        _within(0, 1, lora_dropout=self.lora_dropout)


@dataclass(frozen=True)
class PretrainedConfig:
    """How a pretrained causal language model is adapted."""

    lora: LoraSettings = field(default_factory=LoraSettings)
    """The adapter; unused when `full_fine_tuning` is on."""
    quantization: Literal["none", "4bit"] = "none"
    """"4bit" loads the frozen weights as NF4 (QLoRA, arXiv 2305.14314); it needs bitsandbytes and a GPU."""
    full_fine_tuning: bool = False
    """Train all weights instead of an adapter."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: about a third slower, far less memory."""
    head_rank: int = 32
    """Rank of the trainable update of the output rows in use; 0 trains only their bias."""
    num_hidden_layers: int | Literal["auto"] | None = "auto"
    """Keep only the first so many decoder layers; None keeps all. "auto": 10 on a CPU, where depth costs more than it
    gives in the minutes there are, all on a GPU."""
    int8_training: bool | Literal["auto"] = "auto"
    """Multiply with the frozen weights in 8-bit integers while training an adapter, for a quarter more memory of
    weights; evaluations, likelihoods and drawn rows stay float32. "auto": on a CPU that is measured to be faster."""

    def __post_init__(self) -> None:
        check_types(self)
        _within(0, 4096, closed=True, head_rank=self.head_rank)
        if self.num_hidden_layers is not None and not isinstance(self.num_hidden_layers, str):
            _positive(num_hidden_layers=self.num_hidden_layers)
        if self.full_fine_tuning and self.quantization != "none":
            raise ConfigError("full_fine_tuning: 4-bit weights cannot be trained; choose quantization none, or LoRA")
        if self.int8_training is True and (self.full_fine_tuning or self.quantization != "none"):
            raise ConfigError(
                "int8_training: it is for the frozen float32 weights under an adapter; choose quantization none and no "
                "full_fine_tuning, or int8_training auto"
            )


@dataclass(frozen=True)
class TrainConfig:
    """The one trainer of both models."""

    max_epochs: int | None = None
    """Most passes over the training rows; None lets the budget or early stopping end it."""
    max_minutes: float | None = None
    """Wall-clock budget of a fit in minutes, reading and encoding the table included. The learning-rate schedule is
    planned to end with it."""
    batch_size: int | Literal["auto"] = "auto"
    """Rows per optimiser step; "auto" goes by the number of rows, the model and the device. Where that many do not fit
    into memory, which is measured, the gradient of a step is added up over parts of it."""
    learning_rate: float | Literal["auto"] = "auto"
    """Peak learning rate; "auto" takes the model's own default."""
    weight_decay: float | Literal["auto"] = "auto"
    """AdamW's decoupled weight decay, in [0, 10). "auto": 1 for the compact model up to 3,000 rows, which overfits
    within a few epochs, 0.01 otherwise."""
    warmup_ratio: float = 0.05
    """Share of the steps in which the learning rate rises, in [0, 1)."""
    lr_scheduler_type: Literal["one_cycle", "cosine"] = "one_cycle"
    """Shape of the learning rate after the rise."""
    holdout_fraction: float = 0.1
    """Share of the rows that decides when to stop, in [0, 0.5]; trained on only in a refit; 0: no early stopping."""
    patience: int = 3
    """After so many evaluations without a better held-out likelihood the learning rate falls to zero, then it stops;
    or a refit follows."""
    refit: bool | Literal["auto"] = "auto"
    """When early stopping is called, train again on all rows, the held-out ones included, for half as many steps as
    the best weights took, where the budget has room for it. "auto": for the compact model up to 3,000 rows."""
    eval_every: int | Literal["auto"] = "auto"
    """Optimiser steps between two evaluations; "auto" is about one epoch, within one tenth of the run."""
    natural_order_share: float = 0.5
    """Share of the rows trained in the table's own column order, in [0, 1]; the others get a random prefix."""
    max_grad_norm: float = 1.0
    """Gradients of a model, of each member of several, are clipped to this global norm."""
    checkpoint_minutes: float = 2.0
    """Minutes between two checkpoints on disk, when there is a run folder."""
    ema_decay: float | Literal["auto"] | None = "auto"
    """Decay per step of an average of the weights that replaces them at the end, in (0, 1); None for no average.
    "auto": 0.99 for the compact model up to 3,000 rows, 0.999 above, none for a pretrained model."""
    calibrate: bool | Literal["auto"] = "auto"
    """After training, shift output biases until the rows the model draws have the training rows' frequencies. "auto":
    for the compact model, which draws fast enough."""
    report_to: tuple[str, ...] = ()
    """Experiment trackers to write to: tensorboard, mlflow, wandb."""
    weight_column: str | None = None
    """Column of weights above 0: training visits rows in proportion, and divides their loss by it, so that the shares
    learned stay those of the rows. The column is neither learned nor sampled."""
    boost: Mapping[str, float] = field(default_factory=dict)
    """Factors above 0 by condition, such as ``{"diabetes == 'yes'": 5}``: rows that fulfil it are visited so many times
    as often, to learn what goes with it; its own share stays right."""

    def __post_init__(self) -> None:
        check_types(self)
        optional = {"max_epochs": self.max_epochs, "max_minutes": self.max_minutes}
        measured = {"batch_size": self.batch_size, "learning_rate": self.learning_rate, "eval_every": self.eval_every}
        _positive(**{name: value for name, value in optional.items() if value is not None})
        _positive(**{name: value for name, value in measured.items() if not isinstance(value, str)})
        _positive(patience=self.patience, max_grad_norm=self.max_grad_norm, checkpoint_minutes=self.checkpoint_minutes)
        _within(0, 1, warmup_ratio=self.warmup_ratio)
        if not isinstance(self.weight_decay, str):
            _within(0, 10, weight_decay=self.weight_decay)
        _within(0, 1, closed=True, natural_order_share=self.natural_order_share)
        _within(0, 0.5, closed=True, holdout_fraction=self.holdout_fraction)
        if self.ema_decay is not None and not isinstance(self.ema_decay, str):
            _within(0, 1, ema_decay=self.ema_decay)
        if self.weight_column == "":
            raise ConfigError(f"weight_column: expected the name of a column, got {self.weight_column!r}")
        _positive(**{f"boost of {condition!r}": factor for condition, factor in self.boost.items()})


@dataclass(frozen=True)
class SampleConfig:
    """How rows are drawn. The defaults draw from the distribution that was learned, unchanged."""

    temperature: PerKind = 1.0
    """Logits are divided by this, per column kind; 1.0 is the learned distribution."""
    top_p: PerKind = 1.0
    """Only the likeliest tokens that together have this probability are kept, in (0, 1]."""
    batch_size: int | Literal["auto"] = "auto"
    """Rows decoded together. It changes the speed, never the rows."""
    quasi_random: bool = False
    """Spread rows evenly over what was learned instead of drawing each on its own (see `TableSynthesizer.sample`)."""

    def __post_init__(self) -> None:
        check_types(self)
        _per_kind("temperature", self.temperature, upper=100.0)
        _per_kind("top_p", self.top_p, upper=1.0)
        if not isinstance(self.batch_size, str):
            _positive(batch_size=self.batch_size)


@dataclass(frozen=True)
class FitConfig:
    """All of a fit: what a recipe holds and what the run folder stores as `config.yaml`."""

    model: str = "auto"
    """"auto", "compact", an alias such as "smollm2-135m", a model folder, a GGUF file, or a hub id."""
    target: str | None = None
    """The column that a model will later be trained to predict, if there is one."""
    seed: int = 0
    """The seed everything random is derived from, at least 0."""
    device: str = "auto"
    """"auto", "cpu", "cuda", "cuda:1" or "mps"."""
    trust_remote_code: bool = False
    """Run Python code that comes with a hub model. Off unless typed; a recipe's file cannot turn it on."""
    compact: CompactConfig = field(default_factory=CompactConfig)
    """Options of the compact model."""
    pretrained: PretrainedConfig = field(default_factory=PretrainedConfig)
    """Options of a pretrained model."""
    train: TrainConfig = field(default_factory=TrainConfig)
    """Options of the trainer."""
    sample: SampleConfig = field(default_factory=SampleConfig)
    """Options of sampling."""

    def __post_init__(self) -> None:
        check_types(self)
        if not self.model:
            raise ConfigError("model: expected a name, got an empty text; 'auto' chooses for you")
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed: expected a whole number from 0 to 2**63 - 1, got {self.seed!r}")

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> FitConfig:
        """Build the options from nested mappings, such as a parsed recipe.

        Parameters
        ----------
        mapping : Mapping
            Option name to value; what is left out keeps its default.

        Returns
        -------
        FitConfig

        Raises
        ------
        ConfigError
            On an unknown option (the nearest known one is named), a wrong type, or a value out of range.

        Examples
        --------
        >>> FitConfig.from_mapping({"model": "compact", "train": {"max_minutes": 5}}).train.max_minutes
        5.0
        """
        return from_mapping(cls, mapping)

    def to_mapping(self) -> dict[str, Any]:
        """Return the options as nested dicts and lists; `from_mapping` reads them back.

        Returns
        -------
        dict
            Every option, defaults included.
        """
        return to_mapping(self)


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ConfigError(f"{name}: expected {'more than 0' if value <= 0 else 'a finite number'}, got {value!r}")


def _within(low: float, high: float, *, closed: bool = False, **values: float) -> None:
    for name, value in values.items():
        if not (low <= value < high or (closed and value == high)):
            raise ConfigError(f"{name}: expected a value in [{low}, {high}{']' if closed else ')'}, got {value!r}")


def _per_kind(name: str, value: PerKind, *, upper: float) -> None:
    numbers = value if isinstance(value, Mapping) else {"default": value}
    for kind, number in numbers.items():
        if kind not in KINDS:
            raise ConfigError(f"{name}: unknown column kind {kind!r}; known here: {', '.join(KINDS)}")
        if not 0 < number <= upper:
            raise ConfigError(f"{name}: expected a value in (0, {upper:g}], got {number!r} for {kind}")
