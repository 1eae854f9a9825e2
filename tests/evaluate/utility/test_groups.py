"""Groups are categories, halves of numbers and what is missing; small ones have no name and no figure."""

import numpy as np
import pandas as pd

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.utility.groups import groups_of


def test_groups_of_categories_numbers_and_missing_values() -> None:
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"c": ["a"] * 150 + ["b"] * 46 + ["rare"] * 4, "x": rng.normal(size=200)})
    real.loc[:39, "x"] = np.nan
    evidence = gather(real, real, real)
    assert [(group.name, int(group.members.sum())) for group in groups_of(evidence, "c")] == [("a", 150), ("b", 46)]
    halves = {group.name: int(group.members.sum()) for group in groups_of(evidence, "x")}
    assert halves == {"up to the median": 80, "above the median": 80, "missing": 40}
    assert groups_of(evidence, "no such column") == [] == groups_of(gather(real, real), "c")


def test_a_group_of_one_person_has_no_name() -> None:
    real = pd.DataFrame({"c": ["a"] * 60 + ["b"] * 40, "who": np.minimum(np.arange(100), 60), "x": np.arange(100.0)})
    held = real.assign(who=np.arange(100, 200))
    assert [group.name for group in groups_of(gather(real.drop(columns="who"), real, held), "c")] == ["a", "b"]
    assert [group.name for group in groups_of(gather(real, real, held, unit="who"), "c")] == ["a"]
