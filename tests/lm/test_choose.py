"""Which model "auto" takes, and that it says why."""

from __future__ import annotations

import pytest

from llmsynth.lm.choose import choose_model
from llmsynth.table.schema import Column, Schema

PLAIN = Schema((Column("a", "integer"), Column("b", "categorical", categories=("x", "y"))))
TEXT = Schema((Column("a", "integer"), Column("note", "text")))


@pytest.mark.parametrize(
    ("schema", "gpu", "name", "why"),
    [
        (PLAIN, False, "compact", "no free text"),
        (PLAIN, True, "compact", "no free text"),
        (TEXT, True, "smollm2-135m", "knows words"),
        (TEXT, False, "compact", "no GPU"),
    ],
)
def test_words_and_a_gpu_decide(schema, gpu, name, why):
    chosen, reason = choose_model(schema, 12_345, gpu=gpu)
    assert chosen == name and why in reason and "12,345 rows x 2 columns" in reason
