"""Narrowed boxes hold the same rows that obey, and no end of a column is left that none of them has."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmsynth import TableSynthesizer
from llmsynth.errors import InputError
from llmsynth.sample.implied import narrowed
from llmsynth.table.boxes import Box, holds
from llmsynth.table.codec import build_codec
from llmsynth.table.conditions import compile_condition
from llmsynth.table.dtypes import to_physical
from llmsynth.table.infer import infer_schema
from llmsynth.table.rule_checks import RuleBook

RECIPE = {
    "compact": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
                "warm_up": False},
}  # fmt: skip
GRID = pd.DataFrame(list(itertools.product(range(8), range(8), [None, *range(8)])), columns=["a", "b", "c"])
GRID["c"] = GRID["c"].astype("Int64")


def prepared(where: str, rules: list[str], table: pd.DataFrame) -> tuple[list[Box], RuleBook]:
    schema = infer_schema(table, rules=rules)
    codecs = [build_codec(column, to_physical(table[column.name], column)) for column in schema.columns]
    return compile_condition(where, schema.columns, codecs, schema=schema), RuleBook(schema, schema.columns, codecs)


@pytest.mark.parametrize(
    "where",
    ["a >= 3 and b <= 5", "a > 2", "a == 5 or b == 2", "not (a < 5)", "b <= 6 and c >= 2", "c is missing and b < 3"],
)
@pytest.mark.parametrize("rule", ["a <= b", "a < b", "b >= a + 2", "a == b", "b > a - 1", "a != b"])
def test_rows_that_obey_are_in_a_narrowed_box_exactly_where_they_were_in_the_box(where: str, rule: str) -> None:
    table = GRID.query(rule).reset_index(drop=True)
    boxes, book = prepared(where, [rule], table)
    physical = {name: to_physical(table[name], book.schema[name]) for name in table}
    assert not book.violations(physical).any()
    inside = holds(boxes, physical)
    narrow = narrowed(boxes, book)
    assert (holds(narrow, physical) == inside).all() and len(narrow) <= len(boxes)
    if rule == "a != b":
        assert narrow == list(boxes)
    for box, numbers in ((box, table[holds([box], physical)]) for box in narrow if rule != "a == b" and inside.any()):
        for name in {"a", "b"} & box.sets.keys():
            ends = box.sets[name].intervals
            assert ends and (numbers[name].min(), numbers[name].max()) == (ends[0][0], ends[-1][1])


def test_what_leaves_no_row_leaves_no_box_and_a_column_between_passes_bounds_on() -> None:
    table = GRID[GRID["c"].notna()].astype(int).query("a <= c and c <= b").reset_index(drop=True)
    rules = ["a <= c", "c <= b"]
    (box,) = narrowed(*prepared("a >= 5 and b <= 6", rules, table))
    assert box.sets["a"].intervals == ((5, 6),) and box.sets["b"].intervals == ((5, 6),) and "c" not in box.sets
    assert narrowed(*prepared("a > 5 and b < 5", rules, table)) == []


def test_stays_between_two_days_are_drawn_without_thousands_of_draws_in_vain(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    admitted = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365, 300), unit="D")
    stays = pd.DataFrame(
        {"admitted": admitted, "discharged": admitted + pd.to_timedelta(rng.poisson(4, 300), unit="D")}
    )
    schema = tmp_path / "schema.yaml"
    schema.write_text("rules:\n- discharged >= admitted\n")
    fitted = TableSynthesizer("compact", recipe=RECIPE, schema=schema, max_epochs=1, random_state=0).fit(stays)
    rows = fitted.sample(300, random_state=0, where="admitted >= '2024-03-01' and discharged <= '2024-03-10'")
    assert (rows["discharged"] >= rows["admitted"]).all() and len(rows) == 300
    assert rows["admitted"].between("2024-03-01", "2024-03-10").all() and rows["discharged"].max() <= pd.Timestamp(
        "2024-03-10"
    )
    assert fitted.sample_report_.rules.n_drawn < 5 * 300
    with pytest.raises(InputError, match="no row can lie between the bounds that they leave"):
        fitted.sample(5, where="admitted >= '2024-03-02' and discharged <= '2024-03-01'")
