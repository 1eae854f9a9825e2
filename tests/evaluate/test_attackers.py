"""Who knows what, and who is asked about."""

import numpy as np
import pandas as pd

from llmsynth.evaluate.attackers import asked_rows, known_columns, only, wanted_columns
from llmsynth.evaluate.evidence import gather
from tests.evaluate.privacy.tables import mixed_rows


def test_declared_columns_are_taken() -> None:
    real = mixed_rows(200, 0)
    evidence = gather(real, real, real, quasi_identifiers=["city"], sensitive=["income"])
    assert known_columns(evidence).to_dict() == {"quasi_identifiers": ["city"], "chosen": "declared"}
    assert wanted_columns(evidence, ("city",), 3) == ("income",)


def test_else_columns_of_few_values_are_known_and_the_target_is_wanted_first() -> None:
    real = mixed_rows(500, 0)
    evidence = gather(real, real, real, target="smokes")
    assert known_columns(evidence).names == ("age", "city") and not known_columns(evidence).declared
    assert wanted_columns(evidence, ("age", "city"), 2) == ("smokes", "income")


def test_one_row_of_each_person_is_asked_about_and_nobody_twice() -> None:
    real, held = mixed_rows(90, 0).assign(who=np.arange(90) // 3), mixed_rows(60, 1).assign(who=20 + np.arange(60) // 2)
    evidence = gather(real, real, held, unit="who")
    inside, outside = asked_rows(evidence, 1000, "test")
    assert inside.size == outside.size == 20  # the hold-out's people 30 .. 49
    assert len(set(real["who"].to_numpy()[inside])) == 20 and held["who"].to_numpy()[outside].min() == 30
    assert asked_rows(gather(real, real), 10, "test")[0].size == 0


def test_columns_are_kept_in_order() -> None:
    table = gather(mixed_rows(30, 0), mixed_rows(30, 1)).train
    assert only(table, ("city", "age")).layout.names == ("age", "city")
    assert known_columns(gather(pd.DataFrame({"x": [1.0] * 5}), pd.DataFrame({"x": [1.0]}))).names == ()
