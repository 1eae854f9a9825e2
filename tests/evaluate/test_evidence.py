"""Tables made elsewhere are aligned by name, roles are checked, and both tables get the same treatment."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import ConfigError, TableError
from llmsynth.evaluate.evidence import gather


def _table(n: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"age": rng.integers(20, 80, n), "city": rng.choice(["Lund", "Oslo"], n), "who": np.arange(n) // 3}
    )


def test_columns_are_aligned_by_name_and_what_was_done_is_said() -> None:
    made = _table(seed=1)[["city", "who", "age"]].rename(columns={"who": "whom"}).astype({"age": "str"})
    made.loc[0, "age"] = "old"
    evidence = gather(_table(), made)
    assert list(evidence.frames.synthetic.columns) == ["age", "city"] == list(evidence.train.layout.names)
    alignment = evidence.alignment
    assert alignment.missing == {"synthetic": ("who",)} and alignment.extra == {"synthetic": ("whom",)}
    assert alignment.reordered == ("synthetic",) and set(alignment.casts) == {"age"}
    assert alignment.unreadable == {"age": 1}


def test_what_was_done_to_the_holdout_and_to_further_draws_is_said_too() -> None:
    real = pd.DataFrame({"age": [30, 40, 50], "x": [0.5, 1.5, 2.5], "city": ["a", "b", "a"]})
    held = real.assign(age=["30", "old", "50"])
    second = real.assign(x="many", extra=1)[["x", "age", "extra"]]
    evidence = gather(real, [real, second], held)
    done = evidence.alignment
    assert set(done.holdout_casts) == {"age"} and done.holdout_unreadable == {"age": 1}
    assert done.casts == {} and done.unreadable == {"x": 3}
    assert done.missing == {"synthetic 2": ("city",)} and done.extra == {"synthetic 2": ("extra",)}
    assert done.reordered == ("synthetic 2",) and evidence.train.layout.names == ("age", "x")
    assert [len(one) for one in evidence.draws] == [3, 3] and evidence.holdout is not None
    assert evidence.holdout.values[:, 0].tolist()[::2] == [30.0, 50.0]


def test_equal_tables_need_nothing_done() -> None:
    alignment = gather(_table(), _table(seed=1), _table(seed=2)).alignment
    assert not any(alignment.to_dict().values())


def test_labels_that_are_no_texts_are_compared_as_texts() -> None:
    evidence = gather(_table().set_axis([0, 1, 2], axis=1), _table().set_axis(["0", "1", "2"], axis=1), target="1")
    assert evidence.train.layout.names == ("0", "1", "2") and evidence.target == "1"


def test_no_column_in_common_and_repeated_names_are_errors() -> None:
    with pytest.raises(TableError, match="none of the 3 real columns"):
        gather(_table(), _table().add_prefix("x"))
    with pytest.raises(TableError, match="synthetic: expected unique column names, got 'age'"):
        gather(_table(), _table().rename(columns={"who": "age"}))


def test_lists_and_dictionaries_in_cells_are_categories_by_their_text() -> None:
    cells = [[1, 2], {"a": 1}, [1, 2], None, "x", ([1],)]
    evidence = gather(pd.DataFrame({"c": cells}), pd.DataFrame({"c": cells[:3]}), unit=None)
    assert evidence.train.values[:, 0].tolist()[0] == evidence.train.values[:, 0].tolist()[2]
    assert np.isnan(evidence.train.values[3, 0]) and evidence.train.layout.n_categories.tolist() == [4]
    assert evidence.frames.real["c"].tolist() == ["[1, 2]", "{'a': 1}", "[1, 2]", None, "x", "([1],)"]


def test_a_unit_may_be_a_list_and_must_be_one_column() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3], "who": [[1], [1], [2]]})
    units = gather(frame, frame, unit="who").units
    assert units is not None and units.train.tolist() == [0, 0, 1]
    with pytest.raises(TableError, match="unique column names"):
        gather(frame.set_axis(["a", "a"], axis=1), frame, unit="a")


@pytest.mark.parametrize("label", [float("nan"), ("a", "b"), None])
def test_labels_that_cannot_be_asked_for_are_left_aside_by_place(label: object) -> None:
    frame = _table().set_axis(pd.Index(["age", "city", label], dtype=object), axis=1)
    evidence = gather(frame, [frame, frame], unit=str(label))
    assert evidence.train.layout.names == ("age", "city") and len(evidence.draws) == 2


@pytest.mark.parametrize("role", ["target", "unit", "quasi_identifiers", "sensitive"])
def test_a_role_for_a_column_that_does_not_exist_is_an_error(role: str) -> None:
    value = "aeg" if role in ("target", "unit") else ["age", "aeg"]
    with pytest.raises(ConfigError, match=f"{role}: expected a column of the real table, got 'aeg'"):
        gather(_table(), _table(), **{role: value})  # type: ignore[arg-type]


def test_a_row_that_does_not_say_whose_it_is_is_somebodys_own() -> None:
    frame = pd.DataFrame({"who": ["a", None, "a", None], "x": range(4)})
    units = gather(frame, frame, frame[1:3], unit="who").units
    assert units is not None and units.holdout is not None
    assert units.train.tolist() == [0, 1, 0, 2] and units.holdout.tolist() == [3, 0]


def test_values_are_held_by_rows_or_by_people() -> None:
    frame = pd.DataFrame({"who": [1, 1, 2, 2, 3], "x": [0.5, 0.5, 0.5, 7.0, None]})
    for unit, expected in ((None, [3, 1]), ("who", [2, 1])):
        evidence = gather(frame, frame, unit=unit)
        values, counts = evidence.holders(evidence.train.values[:, evidence.train.layout.names.index("x")])
        assert values.tolist() == [0.5, 7.0] and counts.tolist() == expected


def test_synthetic_people_are_nobody_of_the_real_tables() -> None:
    frame = pd.DataFrame({"who": [7, 7, 8], "x": range(3)})
    units = gather(frame, frame, frame, unit="who").units
    assert units is not None and units.synthetic is not None
    assert units.synthetic.tolist() == [2, 2, 3]
    unsaid = gather(frame, frame[["x"]], frame, unit="who").units
    assert unsaid is not None and unsaid.synthetic is None


def test_a_unit_says_whose_rows_they_are_and_is_not_compared() -> None:
    evidence = gather(_table(6), _table(6, 1), _table(9, 2), unit="who")
    assert evidence.train.layout.names == ("age", "city")
    assert evidence.units is not None and evidence.units.holdout is not None
    assert evidence.units.train.tolist() == [0, 0, 0, 1, 1, 1]
    assert evidence.units.holdout.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_several_draws_are_kept_and_the_first_is_the_synthetic_table() -> None:
    evidence = gather(_table(), [_table(seed=1), _table(40, seed=2)])
    assert [len(draw) for draw in evidence.draws] == [60, 40] and evidence.draws[0] is evidence.synthetic


def test_what_several_metrics_need_is_computed_once_for_each_evidence() -> None:
    asked = []
    first, second = (gather(_table(), _table(seed=1)) for _ in range(2))
    for evidence in (first, first, second, dataclasses.replace(first, seed=9)):
        assert evidence.once("sum", lambda: asked.append(1) or len(asked)) >= 1
    assert len(asked) == 3, "a changed copy starts anew"


def test_what_the_generator_counted_goes_along() -> None:
    counts = {"raw": 1000, "repaired": 1, "rejected": 0}
    assert gather(_table(), _table(seed=1), generation=counts).generation == counts
    assert gather(_table(), _table(seed=1)).generation is None
    with pytest.raises(ConfigError, match="raw less rejected is 3, and the synthetic table has"):
        gather(_table(), _table(seed=1), generation=counts | {"rejected": 997})
    assert gather(_table(), _table(seed=1), generation={"raw": 3}).generation == {"raw": 3}
    wide = pd.DataFrame({f"column{n}": [1, 2] * 20 for n in range(30)} | {"zebra": [1, 2] * 20})
    with pytest.raises(ConfigError, match="did you mean 'zebra'"):
        gather(wide, wide, target="zebr")
