"""`build-time`: seconds to build the grammar of 100 columns, 10,000 categories in all, SmolLM2's tokenizer (<= 2 s).

Timed: reading the tokenizer's plain side and building every column's trie. Not timed: loading the tokenizer file. One
column of 10,000 categories is measured beside it.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from eval import record
from eval.record import Target

N_COLUMNS, N_CATEGORIES = 100, 100
REPEATS = 3


def texts(column: int, n_categories: int) -> list[str]:
    """Return distinct category names of mixed lengths, the same on every run."""
    stems = ("ward", "Müller & Sons", "ICD-10", "north-west", "code")
    return [f"{stems[(column + row) % len(stems)]} {column}-{row * 7919 % 1_000_003}" for row in range(n_categories)]


def build_seconds(tokenizer: Any, n_columns: int = N_COLUMNS, n_categories: int = N_CATEGORIES) -> float:
    """Return the seconds of one build, names prepared beforehand."""
    from llmsynth.grammar.category_trie import category_trie
    from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

    columns = [texts(column, n_categories) for column in range(n_columns)]
    started = time.perf_counter()
    vocabulary = TokenizerVocabulary(tokenizer)
    for names in columns:
        category_trie(vocabulary, names, missing=True)
    return time.perf_counter() - started


def run(*, folder: Path = record.RESULTS) -> Path:
    """Measure and write the result file."""
    from transformers import AutoTokenizer

    from llmsynth.lm.embedded import ensure_model

    tokenizer = AutoTokenizer.from_pretrained(ensure_model("smollm2-135m"))
    seconds = [build_seconds(tokenizer) for _ in range(REPEATS)]
    targets = [Target("build seconds", statistics.median(seconds), "<=", 2.0)]
    single = [build_seconds(tokenizer, 1, N_COLUMNS * N_CATEGORIES) for _ in range(REPEATS)]
    measured = {
        "columns": N_COLUMNS,
        "categories_per_column": N_CATEGORIES,
        "seconds": seconds,
        "one_column_seconds": single,
    }
    return record.write("build-time", measured, targets, folder=folder)
