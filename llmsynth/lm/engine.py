"""From a schema and plain arrays to a trained language model, whichever it is.

This is where the two models meet: each is built with its encoder, and from there on one trainer, one decoder and one
likelihood serve both. It knows no data frames, folders or command lines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.config import FitConfig, TrainConfig
from llmsynth.errors import InputError
from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.encoder import RowEncoder, build_compact_encoder, build_pretrained_encoder
from llmsynth.grammar.row import EncodedColumn
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary
from llmsynth.lm.backbones import Backbone, adapt, choose_device, context_of, kept_layers, load_backbone
from llmsynth.lm.compact import CompactModel
from llmsynth.lm.dataset import BatchBuilder, natural_orders
from llmsynth.lm.ensemble import Ensemble
from llmsynth.lm.int8_training import trains_in_integers, with_int8_layers
from llmsynth.lm.likelihood import Likelihood
from llmsynth.lm.memory import rows_that_fit, rows_to_decode
from llmsynth.lm.parallel import Parallel
from llmsynth.lm.plan import TrainPlan, make_plan
from llmsynth.lm.pretrained import PretrainedModel
from llmsynth.lm.progress import TrainerListener
from llmsynth.lm.row_weights import RowWeights
from llmsynth.lm.trainer import Trainer, has_choices
from llmsynth.seeding import derive, generator
from llmsynth.table.dtypes import Physical
from llmsynth.table.schema import Schema

FloatArray = npt.NDArray[np.float64]
MOST_HOLDOUT_ROWS = 2000
LEAST_ROWS = 20
SMALL_TABLE = 3000
BUDGET_EPOCHS = 60
LARGE_BUDGET_EPOCHS = 24
"""Above `SMALL_TABLE` rows: enough passes to overfit, so that the learning rate has fallen before that begins."""
LEAST_BUDGET_STEPS = 600


@dataclass(eq=False)
class Engine:
    """A language model with its encoder.

    Parameters
    ----------
    model : CompactModel, Ensemble or PretrainedModel
        The network.
    encoder : RowEncoder
        Values <-> tokens.
    config : FitConfig
        Options, with `model` resolved.
    backbone : Backbone or None
        The Hugging Face model and tokenizer; None for the compact model.
    """

    model: CompactModel | Ensemble | PretrainedModel
    encoder: RowEncoder
    config: FitConfig
    backbone: Backbone | None = None
    plan: TrainPlan | None = field(default=None)

    @property
    def number_offsets(self) -> tuple[int, ...]:
        """See `BatchBuilder`."""
        return tuple(self.model.number_offsets)

    @property
    def is_compact(self) -> bool:
        """Whether this is the compact model."""
        return self.backbone is None

    @property
    def decoding_rows(self) -> int:
        """Rows written together: as many as gain speed, fewer where rows are long and memory is short."""
        device = self.model.device.type
        on_gpu, on_cpu = (32_768, 2048) if self.is_compact else (4096, 128)
        # A GPU waits for Python to launch its kernels, which take no longer for more rows (eval/LOG.md).
        most = on_gpu if device == "cuda" else on_cpu
        # The decoder writes as many batches of the compact model at once.
        at_once = torch.get_num_threads() if self.is_compact and device == "cpu" else 1
        return max(1, rows_to_decode(self.model, most * at_once) // at_once)

    def builder(self, encoded: list[EncodedColumn]) -> BatchBuilder:
        """Batches of encoded rows for this model."""
        return BatchBuilder(self.encoder.grammar, encoded, self.number_offsets)

    @property
    def likelihood(self) -> Likelihood:
        """Scores rows; the model is switched to evaluation mode."""
        self.model.train(False)
        return Likelihood(self.model, self.encoder, self.number_offsets, 64 if self.backbone else 512)

    def log_prob(self, table: Mapping[str, Physical]) -> FloatArray:
        """Log-probability of each row in nats, shape (n,); -inf for rows outside the schema."""
        total: FloatArray = self.likelihood.log_prob(table, range(len(self.encoder.columns))).sum(axis=1)
        return total


def build_engine(schema: Schema, table: Mapping[str, Physical], config: FitConfig) -> Engine:
    """Build an untrained model; `config.model` is "compact" or names a pretrained model."""
    device = choose_device(config.device)
    if config.model == "compact":
        encoder = build_compact_encoder(schema, table, cell_tokens=config.compact.cell_tokens)
        encoded, _, _ = encoder.encode(table)
        model = build_compact(encoder, config, _training_part(encoded, config)).to(device)
        return Engine(model, encoder, config)
    # The depth is settled here, so that a run fitted on one device loads the same layers on another.
    depth = kept_layers(config.pretrained, device)
    config = replace(config, pretrained=replace(config.pretrained, num_hidden_layers=depth))
    backbone = load_backbone(config.model, config.pretrained, device, remote_code=config.trust_remote_code)
    in_integers = Parallel().agree(trains_in_integers(backbone.causal, config.pretrained))
    config = replace(config, pretrained=replace(config.pretrained, int8_training=in_integers))
    encoder = build_pretrained_encoder(schema, table, TokenizerVocabulary(backbone.tokenizer))
    encoded, _, _ = encoder.encode(table)
    context = context_of(backbone.causal)
    if context is not None:
        check_width(encoder, encoded, context)
    causal = with_int8_layers(backbone.causal) if in_integers else backbone.causal
    causal = adapt(causal, config.pretrained, derive(config.seed, "adapter"))
    seed, known = derive(config.seed, "head"), _training_part(encoded, config)
    pretrained = PretrainedModel(causal, encoder.grammar, config.pretrained, seed, known).to(device)
    return Engine(pretrained, encoder, config, replace(backbone, causal=causal))


def build_compact(
    encoder: RowEncoder, config: FitConfig, encoded: list[EncodedColumn] | None = None
) -> CompactModel | Ensemble:
    """The compact model or models that the options ask for, with first weights.

    Parameters
    ----------
    encoder : RowEncoder
        From `build_compact_encoder`.
    config : FitConfig
        Options and seed.
    encoded : list of EncodedColumn, optional
        Rows to begin from; not needed for weights that are loaded.
    """
    seeds = [
        derive(config.seed, "weights"),
        *(derive(config.seed, "weights", k) for k in range(1, config.compact.n_members)),
    ]
    members = [CompactModel(encoder.grammar, encoder.features, config.compact, seed, encoded) for seed in seeds]
    return members[0] if len(members) == 1 else Ensemble(members)


def _training_part(encoded: list[EncodedColumn], config: FitConfig) -> list[EncodedColumn]:
    """The rows a model may start from; held-out ones stay unseen until a refit."""
    rows, _ = split_rows(encoded[0].index.size, config.train.holdout_fraction, config.seed)
    return [column.take(rows) for column in encoded]


def check_width(encoder: RowEncoder, encoded: list[EncodedColumn], context: int) -> int:
    """Longest row in tokens.

    Raises
    ------
    InputError
        If it is longer than the model's context.
    """
    longest = int(encoder.grammar.positions_per_row(encoded).max())
    if longest > context:
        widest = sorted(
            zip(encoder.grammar.names, encoded, encoder.grammar.later_spans, strict=True),
            key=lambda item: -(int(item[1].lengths.max()) + len(item[2])),
        )[:3]
        raise InputError(
            f"a row needs up to {longest:,} tokens but the model's context is {context:,}. Widest columns: "
            f"{', '.join(repr(name[:40]) for name, _, _ in widest)}. Drop or shorten them, set max_length for text "
            "columns in the schema, or use model='compact'"
        )
    return longest


def split_rows(n: int, fraction: float, seed: int) -> tuple[IntArray, IntArray]:
    """Training rows and held-out rows, at most 2,000 of the latter.

    Raises
    ------
    InputError
        If there are fewer than 20 rows.
    """
    if n < LEAST_ROWS:
        raise InputError(
            f"expected at least {LEAST_ROWS} rows to train on, got {n}: a model would only memorise them. "
            "Collect more rows"
        )
    order = generator(seed, "holdout").permutation(n).astype(np.int64)
    n_holdout = min(MOST_HOLDOUT_ROWS, math.ceil(n * fraction))
    return np.sort(order[n_holdout:]), np.sort(order[:n_holdout])


def default_batch_size(engine: Engine, n: int) -> int:
    """Rows per step: small tables need many steps, a CPU gains nothing beyond these sizes.

    A GPU takes little longer for four times the rows of a pretrained model, and learns more in the same minutes
    (eval/LOG.md).
    """
    if not engine.is_compact:
        return 16 if engine.model.device.type == "cpu" else (64 if n < 8000 else 256)
    return next(size for size, least in ((256, 8000), (128, 3000), (64, 400), (32, 0)) if n >= least)


def default_learning_rate(engine: Engine, batch_size: int) -> float:
    """Peak learning rate, by the square root of the rows: 4e-3 at 256 of the compact one, 1e-3 up to 64 of LoRA."""
    if engine.is_compact:
        return 4e-3 * math.sqrt(batch_size / 256)
    return 5e-5 if engine.config.pretrained.full_fine_tuning else 1e-3 * math.sqrt(max(1.0, batch_size / 64))


def make_trainer(
    engine: Engine,
    encoded: list[EncodedColumn],
    open_nats: FloatArray,
    split: tuple[IntArray, IntArray],
    listener: TrainerListener | None = None,
    weights: RowWeights | None = None,
) -> Trainer:
    """A trainer with the "auto" options resolved."""
    config, n = engine.config.train, split[0].size
    batch_size = default_batch_size(engine, n) if config.batch_size == "auto" else int(config.batch_size)
    batch_size = min(batch_size, n)
    rate = config.learning_rate
    peak = default_learning_rate(engine, batch_size) if rate == "auto" else float(rate)
    epochs = int(np.clip(400_000 // n, 10, 300)) if engine.is_compact else int(np.clip(10_000 // n, 3, 20))
    if config.max_minutes is not None:
        # A schedule that early stopping cuts before its learning rate falls is worse than a shorter one that ends.
        epochs = max(
            BUDGET_EPOCHS if n <= SMALL_TABLE else LARGE_BUDGET_EPOCHS, math.ceil(LEAST_BUDGET_STEPS * batch_size / n)
        )
    plan = make_plan(config, n, batch_size=batch_size, learning_rate=peak, default_epochs=epochs)
    builder = engine.builder(encoded)
    if isinstance(engine.model, PretrainedModel) and has_choices(encoded):
        rows = split[0][:64]
        engine.model.calibrate(builder.build(rows, natural_orders(rows.size, builder.grammar.n_columns)))
    plan = replace(plan, rows_at_once=rows_that_fit(engine.model, builder, split[0], plan.batch_size))
    config = _settled(config, small=n <= SMALL_TABLE, compact=engine.is_compact)
    seed = derive(engine.config.seed, "trainer")
    return Trainer(engine.model, builder, split, open_nats, config, plan, seed, listener, weights)


def _settled(config: TrainConfig, *, small: bool, compact: bool) -> TrainConfig:
    """Options with "auto" decided by the size of the table and the model."""
    if config.ema_decay == "auto":
        config = replace(config, ema_decay=(0.99 if small else 0.999) if compact else None)
    if config.weight_decay == "auto":
        config = replace(config, weight_decay=1.0 if small and compact else 0.01)
    return config if config.refit != "auto" else replace(config, refit=small and compact)


def number_of_parameters(engine: Engine) -> dict[str, Any]:
    """Trained weights and all weights."""
    total = sum(value.numel() for value in engine.model.parameters())
    return {"trained": engine.model.count_parameters(), "total": total}


def to_cpu(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Detached contiguous copies on the CPU, ready to be written."""
    return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
