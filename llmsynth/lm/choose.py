"""Which language model `model="auto"` takes, and why, in words a user can check.

The rule stands on measurements kept in `eval/results`: on a CPU the compact model is ahead at every table size tried,
so a pretrained model is worth its minutes only where there is text to understand, and there a GPU makes it affordable.
"""

from __future__ import annotations

from llmsynth.table.schema import Schema

EMBEDDED = "smollm2-135m"


def choose_model(schema: Schema, n_rows: int, *, gpu: bool) -> tuple[str, str]:
    """Model name and the reason for it.

    Parameters
    ----------
    schema : Schema
        Its text columns decide.
    n_rows : int
        Training rows.
    gpu : bool
        Whether a CUDA device will be used.

    Returns
    -------
    name : str
        "compact" or "smollm2-135m".
    reason : str
        One sentence.
    """
    texts = [column.name for column in schema.columns if column.kind == "text"]
    size = f"{n_rows:,} rows x {len(schema.columns)} columns"
    if not texts:
        return "compact", (
            f"{size}, no free text: the compact model reaches a better held-out likelihood in a fraction of the time"
        )
    if gpu:
        return EMBEDDED, f"{size} with {len(texts)} free-text column(s) and a GPU: a pretrained model knows words"
    return "compact", (
        f"{size} with {len(texts)} free-text column(s), but no GPU: the compact model spells them by character; "
        f"use model={EMBEDDED!r} for real words, many times slower"
    )
