"""The plain way, to compare speeds with: rows as sentences, a Hugging Face loss over every token, `model.generate`.

Written as GReaT does it, without its faults: padding carries no loss, an end token is learned, a row is parsed by the
known column names. Nothing of llmsynth's grammar is used.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch


def sentence(names: Sequence[str], values: Sequence[Any]) -> str:
    """Return `age is 39, sex is Male`."""
    return ", ".join(f"{name} is {value}" for name, value in zip(names, values, strict=True))


def sentences(frame: pd.DataFrame) -> list[str]:
    """Return one sentence per row; missing values are the word None."""
    names = [str(name) for name in frame.columns]
    cells = frame.astype(object).where(frame.notna(), None)
    return [sentence(names, row) for row in cells.itertuples(index=False, name=None)]


def parse(texts: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows whose sentence names every column once and in order; others are left out."""
    pattern = re.compile(", ".join(rf"{re.escape(name)} is (.*?)" for name in columns), re.DOTALL)
    matches = [pattern.fullmatch(text.strip()) for text in texts]
    return pd.DataFrame([match.groups() for match in matches if match], columns=list(columns), dtype=object)


def valid_rows(rows: pd.DataFrame, train: pd.DataFrame) -> int:
    """Return how many parsed rows hold known categories and numbers within the training range only."""
    good = pd.Series(True, index=rows.index)
    for name in train.columns:
        real, made = train[name], rows[str(name)]
        if pd.api.types.is_numeric_dtype(real):
            good &= pd.to_numeric(made, errors="coerce").between(real.min(), real.max())
        else:
            good &= made.isin(set(real.dropna().astype(str)) | ({"None"} if real.isna().any() else set()))
    return int(good.sum())


def padded(tokenizer: Any, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return token ids and attention mask, both (rows, positions), an end token after each sentence."""
    end = tokenizer.eos_token or ""
    encoded = [tokenizer(text + end)["input_ids"] for text in texts]
    width = max(len(ids) for ids in encoded)
    tokens = torch.full((len(encoded), width), tokenizer.eos_token_id, dtype=torch.long)
    mask = torch.zeros((len(encoded), width), dtype=torch.long)
    for row, ids in enumerate(encoded):
        tokens[row, : len(ids)] = torch.tensor(ids)
        mask[row, : len(ids)] = 1
    return tokens, mask


def plain_step(model: Any, optimizer: torch.optim.Optimizer, tokens: torch.Tensor, mask: torch.Tensor) -> float:
    """Train one step with the full output layer and the loss over every token that is not padding; return the loss."""
    labels = tokens.masked_fill(mask == 0, -100)
    optimizer.zero_grad(set_to_none=True)
    loss = model(input_ids=tokens, attention_mask=mask, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_([one for one in model.parameters() if one.requires_grad], 1.0)
    optimizer.step()
    return float(loss.detach())


def train(model: Any, tokenizer: Any, frame: pd.DataFrame, *, seconds: float, batch_size: int, seed: int = 0) -> int:
    """Train on shuffled sentences until the time is over; return the number of steps."""
    texts = sentences(frame)
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=1e-3)
    started, steps = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        for rows in np.array_split(rng.permutation(len(texts)), max(1, len(texts) // batch_size)):
            plain_step(model, optimizer, *padded(tokenizer, [texts[row] for row in rows]))
            steps += 1
            if time.perf_counter() - started >= seconds:
                break
    return steps


def generate(model: Any, tokenizer: Any, prompt: str, *, batch_size: int, max_new_tokens: int, seed: int) -> list[str]:
    """Sample sentences freely from one prompt, temperature 1, until each ends or is too long."""
    ids = tokenizer(prompt, return_tensors="pt")["input_ids"].repeat(batch_size, 1)
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.random.default_generator.manual_seed(seed)
        tokens = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            temperature=1.0,
            top_k=0,
            max_new_tokens=max_new_tokens,
            pad_token_id=tokenizer.eos_token_id,
        )
    texts: list[str] = tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return texts
