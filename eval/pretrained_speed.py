"""`training-step` and `sampling-pretrained`: SmolLM2 through the row grammar against the plain Hugging Face way.

Both sides run in this process on the same machine state, taking turns; medians are compared. `training-step` gives both
the same padded batch of tokens: ours computes the few output rows each value can use, the plain step all 49,152 at
every token, and ours multiplies by the frozen weights in integers where the processor is faster so.
`sampling-pretrained` trains both for the same minutes, each its own way, because free text from a model that never
learned to write names would be no fair opponent.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eval import data, fits, free_text, record
from eval.record import Target

MODEL = "smollm2-135m"
BATCH_SIZE = 16
STEPS = 9
SAMPLING_BATCH = 64
SAMPLING_ROWS = 256
TRAINING_MINUTES = 4.0


def alternate(sides: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Return the seconds of each side, run in turns after one unmeasured turn each."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in range(repeats + 1):
        for name, work in sides.items():
            started = time.perf_counter()
            work()
            if repeat:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def our_batch(table: data.Dataset, tokenizer: Any, batch_size: int) -> tuple[Any, Any, list[Any]]:
    """Return (row grammar, one batch of training rows, the encoded columns)."""
    from llmsynth.grammar.encoder import build_pretrained_encoder
    from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary
    from llmsynth.lm.dataset import BatchBuilder, natural_orders
    from llmsynth.table.dtypes import to_physical
    from llmsynth.table.infer import infer_schema

    schema = infer_schema(table.train, target=table.target)
    columns = zip(schema.columns, table.train.columns, strict=True)
    physical = {column.name: to_physical(table.train[label], column) for column, label in columns}
    encoder = build_pretrained_encoder(schema, physical, TokenizerVocabulary(tokenizer))
    encoded, _, _ = encoder.encode(physical)
    builder = BatchBuilder(encoder.grammar, encoded)
    rows = np.arange(batch_size, dtype=np.int64)
    return encoder.grammar, builder.build(rows, natural_orders(batch_size, encoder.grammar.n_columns)), encoded


def token_mask(grammar: Any, encoded: list[Any], tokens: torch.Tensor) -> torch.Tensor:
    """Return 1 where a token of the batch (the first rows, in table order) is not padding, (rows, positions)."""
    lengths = torch.from_numpy(grammar.positions_per_row(encoded)[: tokens.shape[0]]) - 1
    return (torch.arange(tokens.shape[1])[None, :] < lengths[:, None]).long()


def training_step(*, model: str = MODEL, steps: int = STEPS, folder: Path = record.RESULTS) -> Path:
    """Measure one optimizer step of each side on the same batch and write the result file."""
    from llmsynth.config import PretrainedConfig
    from llmsynth.lm.backbones import adapt, load_backbone
    from llmsynth.lm.int8_training import trains_in_integers, with_int8_layers
    from llmsynth.lm.model import batch_losses
    from llmsynth.lm.pretrained import PretrainedModel

    config, device = PretrainedConfig(), torch.device("cpu")
    backbone = load_backbone(model, config, device)
    grammar, batch, encoded = our_batch(data.load("insurance"), backbone.tokenizer, BATCH_SIZE)
    causal = backbone.causal
    in_integers = trains_in_integers(causal, config)
    if in_integers:
        with_int8_layers(causal)
    ours = PretrainedModel(adapt(causal, config, 0), grammar, config, 0, encoded)
    ours.calibrate(batch)
    our_optimizer = torch.optim.AdamW([one for _, one in ours.trainable()], lr=1e-3)
    plain = adapt(load_backbone(model, config, device).causal, config, 0)
    optimizer = torch.optim.AdamW([one for one in plain.parameters() if one.requires_grad], lr=1e-3)
    mask = token_mask(grammar, encoded, batch.tokens)
    ours.train()
    plain.train()

    def our_step() -> None:
        our_optimizer.zero_grad(set_to_none=True)
        batch_losses(ours, batch).mean().backward()
        torch.nn.utils.clip_grad_norm_([one for _, one in ours.trainable()], 1.0)
        our_optimizer.step()

    sides: dict[str, Callable[[], object]] = {
        "llmsynth": our_step,
        "plain": lambda: free_text.plain_step(plain, optimizer, batch.tokens, mask),
    }
    seconds = alternate(sides, steps)
    n_tokens = int(mask.sum())
    rates = {name: n_tokens / statistics.median(values) for name, values in seconds.items()}
    measured = {
        "dataset": "insurance",
        "batch": {"rows": BATCH_SIZE, "positions": int(batch.tokens.shape[1]), "tokens": n_tokens},
        "seconds_per_step": seconds,
        "tokens_per_second": rates,
        "int8_training": in_integers,
    }
    targets = [Target("tokens/s over the plain step's", rates["llmsynth"] / rates["plain"], ">=", 1.5)]
    return record.write("training-step", measured, targets, folder=folder)


def sampling(
    *,
    fit: fits.Fit = fits.fit,
    model: str = MODEL,
    minutes: float = TRAINING_MINUTES,
    rows: int = SAMPLING_ROWS,
    folder: Path = record.RESULTS,
) -> Path:
    """Measure valid rows per second of each side after the same training time and write the result file."""
    from llmsynth.config import PretrainedConfig
    from llmsynth.lm.backbones import adapt, load_backbone

    table = data.load("insurance")
    ours = fit(table.train, fits.Settings(model, table.target, minutes))
    backbone = load_backbone(model, PretrainedConfig(), torch.device("cpu"))
    plain = adapt(backbone.causal, PretrainedConfig(), 0)
    steps = free_text.train(plain, backbone.tokenizer, table.train, seconds=60 * minutes, batch_size=BATCH_SIZE)
    plain.eval()
    columns = [str(name) for name in table.train.columns]
    _, mask = free_text.padded(backbone.tokenizer, free_text.sentences(table.train))
    longest = int(mask.sum(dim=1).max())
    texts: list[str] = []

    def sample_ours() -> None:
        fits.sample(ours, SAMPLING_BATCH, batch_size=SAMPLING_BATCH)

    def sample_plain() -> None:
        prompt = f"{columns[0]} is"
        how = {"batch_size": SAMPLING_BATCH, "max_new_tokens": longest}
        texts.extend(free_text.generate(plain, backbone.tokenizer, prompt, seed=len(texts), **how))

    turns = max(1, rows // SAMPLING_BATCH)
    seconds = alternate({"llmsynth": sample_ours, "plain": sample_plain}, turns)
    parsed = free_text.parse(texts, columns)
    n_valid = free_text.valid_rows(parsed, table.train)
    share = {"llmsynth": 1.0, "plain": max(1, n_valid) / len(texts)}  # none valid is judged as one
    rates = {name: SAMPLING_BATCH / statistics.median(values) for name, values in seconds.items()}
    valid = {name: rates[name] * share[name] for name in rates}
    measured = {
        "dataset": "insurance",
        "settings": {"minutes": minutes, "batch_size": SAMPLING_BATCH, "plain_training_steps": steps},
        "seconds_per_batch": seconds,
        "rows_per_second": rates,
        "parsed_share_plain": len(parsed) / len(texts),
        "valid_share": share,
        "valid_rows_plain": [n_valid, len(texts)],
        "valid_rows_per_second": valid,
        "ratio_if_every_plain_row_were_valid": rates["llmsynth"] / rates["plain"],
    }
    targets = [Target("valid rows/s over model.generate's", valid["llmsynth"] / valid["plain"], ">=", 4.0)]
    return record.write("sampling-pretrained", measured, targets, folder=folder)
