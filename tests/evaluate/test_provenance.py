"""A table's hash is of its content, and no clock is read."""

import numpy as np
import pandas as pd

from llmsynth.evaluate.evaluation import evaluate
from llmsynth.evaluate.provenance import content_sha256


def _table(n: int = 40, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"a": rng.integers(0, 9, n), "b": rng.choice(["x", "y"], n)})


def test_equal_content_has_one_hash_whatever_the_data_type() -> None:
    table = _table()
    for other in (table.astype({"a": float}), table.astype({"b": "category"}), table[["b", "a"]], table.astype(object)):
        assert content_sha256(other) == content_sha256(table)


def test_any_other_cell_name_or_order_has_another_hash() -> None:
    table = _table()
    changed = table.copy()
    changed.loc[3, "a"] = 99
    others = [changed, table[::-1], table.rename(columns={"a": "c"}), table[:-1], table.astype({"b": object})]
    others[-1].loc[0, "b"] = None
    assert content_sha256(table) not in [content_sha256(other) for other in others]
    assert content_sha256(pd.DataFrame({"a": ["x1:y"]})) != content_sha256(pd.DataFrame({"a": ["x", "y"]}))
    assert len(content_sha256(table[:0])) == 64


def test_a_report_says_where_it_comes_from_and_reads_no_clock() -> None:
    report = evaluate(_table(), _table(seed=1), _table(30, 2), seed=5, level="quick", created="2026-01-02T03:04:05")
    found = report.provenance
    assert found["created"] == "2026-01-02T03:04:05" and report.seed == 5
    assert found["tables"]["train"] == {"rows": 40, "columns": 2, "sha256": content_sha256(_table())}
    assert set(found["tables"]) == {"train", "synthetic", "holdout"} and set(found["versions"]) > {"python", "numpy"}
    assert set(found["seconds"]) == set(report.results)
    assert [column["name"] for column in report.columns] == ["a", "b"]
    assert report.tables["holdout_overlap"]["beyond_chance"] is False
    assert evaluate(_table(), _table(seed=1), level="quick").provenance["created"] == ""


def test_the_same_seed_gives_the_same_report_but_for_seconds() -> None:
    first, second = (evaluate(_table(), _table(seed=1), _table(30, 2), level="quick").to_dict() for _ in range(2))
    first["provenance"].pop("seconds"), second["provenance"].pop("seconds")
    assert first == second
