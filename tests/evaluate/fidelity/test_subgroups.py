"""Subgroups: the corrupted one is the worst, honest ones are not."""

import numpy as np
import pandas as pd

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.subgroups import METRIC


def _table(seed: int, n: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 10, n)
    x = rng.normal(size=n) + group
    return pd.DataFrame(
        {"group": [f"g{one}" for one in group], "x": x, "y": x + rng.normal(size=n) / 5, "c": rng.choice(["u", "v"], n)}
    )


def test_the_corrupted_group_is_the_worst() -> None:
    made = _table(1)
    seven = made["group"] == "g7"
    made.loc[seven, "y"] = -made.loc[seven, "y"]
    found = METRIC.measure(gather(_table(0), made, _table(2), sensitive=["group"]))
    assert found.details["worst_group"] == "group = g7"
    assert found.score.value > 0.3 > 0.05 > found.reference.value
    assert found.score.lower <= found.score.value <= found.score.upper
    assert max(found.details["rejected_in"], key=found.details["rejected_in"].get) == "group = g7"
    assert set(found.parts) == {f"group = g{one}" for one in range(10)} == set(found.part_references)


def test_a_broken_relation_within_one_group_is_seen_by_pairs() -> None:
    made = _table(1, 4000)
    seven = np.flatnonzero(made["group"] == "g7")
    made.loc[seven, "y"] = made.loc[np.roll(seven, 1), "y"].to_numpy()
    found = METRIC.measure(gather(_table(0, 4000), made, target="group"))
    assert found.details["worst_group"] == "group = g7" and found.details["pairs"] > found.details["columns"]


def test_honest_rows_are_rarely_rejected() -> None:
    rejected = [
        METRIC.measure(gather(_table(seed), _table(seed + 100), target="group")).details["tests_rejected"] > 0
        for seed in range(8)
    ]
    assert sum(rejected) <= 2  # 5 % expect 0.4


def test_a_dropped_group_is_as_far_as_can_be_and_a_small_one_says_so() -> None:
    made = _table(1)
    made = made[made["group"] != "g3"]
    made = made.drop(made.index[made["group"] == "g4"][5:])
    found = METRIC.measure(gather(_table(0), made, target="group"))
    assert found.details["worst_group"] == "group = g3" and found.score.value == 1
    assert "fewer than 30" in found.parts["group = g4"].reason


def test_without_roles_all_categories_make_groups_and_small_ones_are_never_named() -> None:
    real = _table(0)
    real.loc[:10, "c"] = "secret"
    found = METRIC.measure(gather(real, _table(1)))
    assert {name.partition(" = ")[0] for name in found.parts} == {"group", "c"} and "secret" not in str(found.to_dict())
    only = pd.DataFrame({"x": [1.0, 2]})
    assert "no group" in METRIC.measure(gather(only, only)).score.reason


def test_a_group_of_one_person_is_left_aside() -> None:
    table = _table(0, 400)
    alone = (table["group"] == "g3").to_numpy()
    table["who"] = np.where(alone, -1, np.arange(400))
    by_row = METRIC.measure(gather(table.drop(columns="who"), table, target="group")).parts
    by_person = METRIC.measure(gather(table, table, target="group", unit="who")).parts
    assert "group = g3" in by_row and set(by_row) - set(by_person) == {"group = g3"}
