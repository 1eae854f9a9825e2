"""One split for all, and names and options that are looked at first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from llmsynth.baselines.methods import METHODS
from llmsynth.comparison.contenders import CONTENDERS, Request, check_names, is_safe, title
from llmsynth.comparison.plan import Plan, Split, at_most
from llmsynth.errors import ConfigError, TableError
from llmsynth.table.holdout import given_holdout, hold_out
from llmsynth.table.infer import infer_schema


def test_the_same_rows_are_held_out_as_by_the_run_command(patients: pd.DataFrame, tmp_path) -> None:
    from llmsynth.cli.run import split

    patients.to_csv(tmp_path / "t.csv", index=False)
    ours = hold_out(pd.read_csv(tmp_path / "t.csv"), 0.25, 3)
    for mine, theirs in zip(ours, split(tmp_path / "t.csv", None, 0.25, 3), strict=True):
        pd.testing.assert_frame_equal(mine, theirs)


def test_no_row_is_lost_or_used_twice(patients: pd.DataFrame) -> None:
    train, held = hold_out(patients, 0.2, 0)
    assert (len(train), len(held)) == (96, 24)
    both = pd.concat([train, held]).sort_values(list(patients.columns)).to_numpy()
    assert np.array_equal(both, patients.sort_values(list(patients.columns)).to_numpy())


def test_too_few_rows_and_other_columns_are_refused(patients: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="too few"):
        hold_out(patients.head(40), 0.2, 0)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        hold_out(patients, 1.5, 0)
    with pytest.raises(TableError, match="1 are missing: 'age'"):
        given_holdout(patients, patients.drop(columns="age"))


def test_the_holdout_is_never_larger_than_what_is_drawn(patients: pd.DataFrame) -> None:
    assert len(at_most(patients, 50, 0)) == 50 and at_most(patients, 500, 0) is patients
    assert at_most(patients, 50, 0).equals(at_most(patients, 50, 0))


def test_the_fingerprint_sees_a_changed_cell_and_a_moved_row(patients: pd.DataFrame) -> None:
    def of(train: pd.DataFrame, held: pd.DataFrame) -> str:
        return Split(train, held, infer_schema(patients), 9, "", 9).fingerprint()

    first = of(patients, patients)
    assert first == of(patients.copy(), patients)
    assert first != of(patients.assign(age=patients["age"] + 1), patients) != of(patients, patients.head(9))


def test_names_are_checked_and_the_nearest_is_given() -> None:
    assert check_names(" compact ,independent,compact") == ("compact", "independent")
    with pytest.raises(ConfigError, match="'independant'; did you mean 'independent'"):
        Plan(("independant",))
    with pytest.raises(ConfigError, match="at least one"):
        check_names([])
    assert set(CONTENDERS) == {"lm", "compact", *METHODS}


@pytest.mark.parametrize("wrong", [{"n_seeds": 0}, {"max_minutes": 0.0}, {"n_samples": 3}])
def test_impossible_numbers_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Plan(("independent",), **wrong)


def test_options_are_those_of_a_compared_method() -> None:
    with pytest.raises(ConfigError, match="unknown option 'level_flips'"):
        Plan(("noise",), options={"noise": {"level_flips": 1}})
    with pytest.raises(ConfigError, match="got some of 'noise'"):
        Plan(("independent",), options={"noise": {}})
    with pytest.raises(ConfigError, match="compact: unknown option 'max_epoch'"):
        Plan(("compact",), options={"compact": {"max_epoch": 1}})


def test_options_are_held_as_json_holds_them_or_refused_before_any_fit() -> None:
    plan = Plan(("noise",), options={"noise": {"number_noise": np.float64(0.5)}})
    assert plan.options == {"noise": {"number_noise": 0.5}} and type(plan.options["noise"]["number_noise"]) is float
    with pytest.raises(ConfigError, match=r"noise: number_noise: expected a value that JSON can hold.*got object"):
        Plan(("noise",), options={"noise": {"number_noise": object()}})
    with pytest.raises(ConfigError, match="expected a mapping from option to value for 'noise', got 3"):
        Plan(("noise",), options={"noise": 3})  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match="options: expected a mapping from method to options, got list"):
        Plan(("noise",), options=[1])  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"no-such\.yaml"):
        Plan(("compact",), options={"compact": {"recipe": "no-such.yaml"}})


def test_every_method_has_a_title_and_budget_reaches_those_that_take_one(patients: pd.DataFrame) -> None:
    from dataclasses import fields

    from llmsynth.baselines.methods import get_method

    schema = infer_schema(patients, target="diabetes")
    for name in METHODS:
        assert title(name) != name or name.isupper()
        known = {field.name for field in fields(get_method(name).options)}
        made = Request(name, schema, 5, 0.25, {}).prepare()
        assert (made.options.get("max_minutes") == 0.25) == ("max_minutes" in known)
        assert (made.random_state, made.target) == (5, "diabetes")
        assert is_safe(name) == get_method(name).safe
