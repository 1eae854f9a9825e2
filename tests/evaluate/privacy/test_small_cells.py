"""Combinations that few training rows have."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.small_cells import METRIC


def _cells(**counts: int) -> pd.DataFrame:
    rows = [pair for pair, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"sex": [pair[0] for pair in rows], "age": [int(pair[1:]) for pair in rows]})


def test_a_known_table() -> None:
    real = _cells(m30=6, f30=4, m80=1, f80=9)
    made = _cells(m30=2, f30=3, m80=1, f80=3, m99=1)  # 3 + 1 of 10 in small cells; one in none
    found = METRIC.measure(gather(real, made, _cells(f80=2, m80=2), quasi_identifiers=["sex", "age"]))
    assert found.score.value == pytest.approx(0.4) and found.reference.value == 0.5
    assert found.details["smallest_cell"] == 1 and found.details["training_rows_in_small_cells"] == 5
    assert found.details["chosen"] == "declared"


def test_columns_are_chosen_and_said_where_none_is_declared() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 9, 99), "x": rng.normal(size=99), "c": rng.choice(list("pq"), 99)})
    frame["x"] = rng.normal(size=99).round(9)
    found = METRIC.measure(gather(frame, frame, target="c")).details
    assert found["quasi_identifiers"] == ["a", "x"] and found["chosen"] == "automatically"


def test_without_a_holdout_there_is_no_reference() -> None:
    found = METRIC.measure(gather(_cells(m30=9), _cells(m30=9, f30=1), quasi_identifiers=["sex"]))
    assert found.score.value == 0.0 and found.reference.reason


def test_no_column_to_know_is_a_reason() -> None:
    same = pd.DataFrame({"x": [1.0] * 9})
    assert METRIC.measure(gather(same, same, same)).score.reason


def test_five_rows_of_one_person_are_a_cell_of_one() -> None:
    cities = pd.DataFrame({"city": ["a"] * 6 + ["b"] * 6, "who": [1] * 6 + list(range(2, 8))})
    asked = {"quasi_identifiers": ["city"]}
    by_row = METRIC.measure(gather(cities[["city"]], cities[["city"]], **asked))  # type: ignore[arg-type]
    by_person = METRIC.measure(gather(cities, cities, unit="who", **asked))  # type: ignore[arg-type]
    assert by_row.score.value == 0.0 and by_row.details["smallest_cell"] == 6
    assert by_person.score.value == 0.5 and by_person.details["smallest_cell"] == 1
    assert by_person.details["training_rows_in_small_cells"] == 6
