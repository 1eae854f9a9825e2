"""Any frozen dataclass from a mapping, with the nearest right name in every error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.config_fields import from_mapping, nearest, replace_path, to_mapping, typed
from llmsynth.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    size: int = 1
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    rate: float | Mapping[str, float] | Literal["auto"] = "auto"
    flag: bool = False


outers = st.builds(
    Outer,
    inner=st.builds(Inner, size=st.integers(), names=st.lists(st.text()).map(tuple)),
    rate=st.floats(allow_nan=False, allow_infinity=False)
    | st.just("auto")
    | st.dictionaries(st.text(), st.floats(0, 1)),
    flag=st.booleans(),
)


@given(outers)
def test_there_and_back_is_the_same(outer):
    assert from_mapping(Outer, to_mapping(outer)) == outer


@given(outers, st.integers())
def test_one_field_is_replaced_and_no_other(outer, size):
    changed = replace_path(outer, "inner.size", size)
    assert changed.inner.size == size
    assert replace_path(changed, "inner.size", outer.inner.size) == outer


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=4))
def test_any_wrong_value_is_one_config_error(value):
    for name in ("inner", "rate", "flag"):
        try:
            built = from_mapping(Outer, {name: value})
        except ConfigError as problem:
            assert str(problem).startswith(name)
        else:
            assert getattr(built, name) == value


def test_a_mapping_inside_is_checked_by_number():
    with pytest.raises(ConfigError, match=r"rate\.a: expected a finite number, got 'b'"):
        from_mapping(Outer, {"rate": {"a": "b"}})


def test_a_name_that_resembles_nothing_gets_the_list():
    assert nearest("zzz", ["alpha", "beta"]) == "known here: alpha, beta"
    assert nearest("alpah", ["alpha", "beta"]) == "did you mean 'alpha'?"


@pytest.mark.parametrize("value", ["5", 2.5, True, None, float("nan"), [5]])
def test_what_is_no_whole_number_is_refused_by_name(value):
    with pytest.raises(ConfigError, match=r"^n_samples: expected a whole number, got "):
        typed(int, value, "n_samples")
