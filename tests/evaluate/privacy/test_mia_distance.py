"""Membership by distance."""

import numpy as np
import pandas as pd

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.mia_distance import METRIC
from tests.evaluate.privacy.attacks import check_parts, false_alarms, honest, memoriser
from tests.evaluate.privacy.tables import mixed_rows


def test_a_memoriser_is_found() -> None:
    found = METRIC.measure(memoriser())
    check_parts(found)
    assert found.score.value > 0.99 and found.score.lower > 0.5
    assert found.parts["difference: auc"].value > 0.9


def test_honest_rows_give_no_more_than_guessing() -> None:
    found = METRIC.measure(honest(600))
    assert found.score.lower <= 0.5 <= found.score.upper
    assert false_alarms(METRIC, 60) <= 0.05


def test_people_are_told_by_their_most_telling_row() -> None:
    real = mixed_rows(400, 0).assign(who=np.arange(400) // 4)
    held = mixed_rows(800, 1).assign(who=1000 + np.arange(800) // 4)
    made = pd.concat([real[::4], mixed_rows(300, 2)], ignore_index=True).drop(columns="who")  # one row of each person
    found = METRIC.measure(gather(real, made, held, unit="who"))
    assert found.score.value > 0.99 and found.score.n_rows == 100


def test_without_a_holdout_every_part_says_what_is_needed() -> None:
    found = METRIC.measure(gather(mixed_rows(50, 0), mixed_rows(50, 1)))
    assert "holdout" in found.score.reason and found.parts["tpr_at_1fpr"].reason


def test_one_column_of_equal_cells_is_guessing() -> None:
    same = pd.DataFrame({"x": [1.0] * 60})
    assert METRIC.measure(gather(same, same, same)).score.value == 0.5
