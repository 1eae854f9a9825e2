"""Roles and splits are the published protocol's."""

import os

import numpy as np
import pandas as pd
import pytest

from eval import tables

FRAME = pd.DataFrame(
    {
        "id": range(40),
        "age": [f"[{10 * (row % 4)}-{10 * (row % 4) + 10})" for row in range(40)],
        "kind": ["rare"] + ["common"] * 39,
        "result": ["NO", "<30", ">30", "NO"] * 10,
    }
)


def entry(split, **more):
    rules = {"task": "binclass", "split": split, "numerical": ["age"], "categorical": ["kind"], **more}
    return {"title": "T", "target": "result", "benchmark": rules}


def test_columns_without_a_role_are_dropped_and_roles_are_carried_out():
    table = tables.prepared("t", FRAME, entry({"first": 30}, ordinal=["age"], negative="NO", skip_rows=2))
    assert list(table.train.columns) == ["age", "kind", "result"]
    assert len(table.train) == 30 and len(table.holdout) == 8
    assert table.train["age"].tolist()[:4] == [2, 3, 0, 1]
    assert table.train["result"].tolist()[:4] == [1, 0, 0, 1]
    assert table.dataset.categorical == ("result",)
    assert table.meta()["rows"] == 30


def test_the_protocols_shuffle_starts_at_1234_and_goes_on_until_every_category_is_in_train():
    order, seeds = np.arange(40), 0
    while True:
        np.random.RandomState(1234 + seeds).shuffle(order)
        if 0 in order[:4]:
            break
        seeds += 1
    assert seeds > 0
    table = tables.prepared("t", FRAME, entry({"shuffle": 0.1}, ordinal=["age"]))
    assert table.train["result"].tolist() == FRAME["result"].iloc[order[:4]].tolist()
    assert "rare" in set(table.train["kind"])
    half = tables.prepared("t", FRAME, entry({"shuffle": 0.9}), half=True)
    assert (len(half.train), len(half.holdout), half.half) == (20, 20, True)


def test_a_stratified_split_keeps_the_shares_of_classes_and_leaves_validation_rows_out():
    table = tables.prepared("t", FRAME, entry({"stratified": [0.6, 0.2, 0.2]}, negative="NO"))
    assert (len(table.train), len(table.holdout)) == (24, 8)
    assert table.train["result"].mean() == table.holdout["result"].mean() == 0.5
    half = tables.prepared("t", FRAME, entry({"stratified": [0.6, 0.2, 0.2]}, negative="NO"), half=True)
    assert (len(half.train), len(half.holdout)) == (20, 20)


def test_other_rows_have_another_fingerprint():
    one, other = (tables.prepared("t", FRAME, entry({"first": n})).fingerprint() for n in (30, 31))
    assert one != other and len(one) == 16
    roles = {"numerical": [], "categorical": ["age", "kind"]}
    assert tables.prepared("t", FRAME, entry({"first": 30}, **roles)).fingerprint() not in (one, other)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(SystemExit, match="kind"):
        tables.prepared("t", FRAME.drop(columns="kind"), entry({"first": 30}))


@pytest.mark.skipif(not os.environ.get("LLMSYNTH_DATA"), reason="LLMSYNTH_DATA is not set")
@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [("adult", (32561, 16281), 15), ("magic", (17117, 1902), 11), ("diabetes130", (61059, 20354), 37)],
)
def test_the_protocols_tables_have_their_published_sizes(name, rows, columns):
    table = tables.load(name)
    assert (len(table.train), len(table.holdout)) == rows
    assert table.train.shape[1] == columns and table.protocol


def test_every_table_that_takes_part_says_where_it_is_from():
    for name in tables.names():
        entry = tables.data.entry_of(name)
        assert entry["licence"] and entry["source"]["name"] and len(entry["sha256"]) == 64
        assert entry["target"] not in {*entry["benchmark"]["numerical"], *entry["benchmark"]["categorical"]}
