"""Laws of `llmsynth.table.id_templates`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.id_templates import derive_template, fill_template, parse_template, permuted, row_uniforms, shuffle

ROWS = np.arange(500)


@given(st.integers(1, 10**18), st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_shuffling_is_a_permutation_for_any_size(size, seed):
    rows = np.arange(min(size, 60))
    values = shuffle(rows, size, seed)
    assert len(set(values.tolist())) == len(rows) and values.min() >= 0 and values.max() < size
    assert shuffle(rows[-1:], size, seed)[0] == values[-1]


def test_shuffling_a_small_range_covers_it():
    assert sorted(shuffle(np.arange(360), 360, 1).tolist()) == list(range(360))


def test_permuted_numbers_go_on_above_the_top():
    values = permuted(np.arange(30), 90, 100, 0)
    assert sorted(values[:10]) == list(range(90, 100)) and values[10:].min() >= 100 and len(set(values.tolist())) == 30


@pytest.mark.parametrize(
    "keys, template",
    [
        (["A-00123", "A-00456"], "A-{digits:5:460}"),
        (["A1", "A2", "A10"], "A{digits:0:100}"),
        (["x{1}", "x{2}"], "x{{{digits:2:10}}}"),
        (["ab", "cdefg"], "{lower:6}"),
        (["a b", "c-d"], "{alnum:12}"),
    ],
)
def test_known_templates(keys, template):
    assert derive_template(keys, 2) == template


@given(st.lists(st.text(st.sampled_from("abAB019-{}_/"), min_size=1, max_size=8), min_size=2, max_size=20, unique=True))
@settings(max_examples=200, deadline=None)
def test_derived_templates_parse_and_give_fresh_distinct_keys(keys):
    template = derive_template(keys, len(keys))
    assert "".join(piece.write() for piece in parse_template(template)) == template
    new = fill_template(template, ROWS, 1)
    assert len(set(new)) == len(new) and not set(new) & set(keys)
    assert fill_template(template, ROWS[100:120], 1) == new[100:120]


@pytest.mark.parametrize(
    "template", ["", "{digits}", "{nothing:3}", "{upper:3:5}", "{", "}", "{digits:2:1}-{digits:2:2}"]
)
def test_malformed_templates_are_refused(template):
    with pytest.raises(SchemaError):
        parse_template(template)


def test_more_rows_than_keys_stay_distinct():
    for template in ("{upper:1}", "K{digits:1:5}", "{digits:1:5}{upper:1}"):
        assert len(set(fill_template(template, ROWS, 0))) == len(ROWS)


def test_uniform_numbers_depend_on_the_row_alone():
    scattered = np.array([5, 10**6, 7, 5])
    values = row_uniforms(1, "x", scattered)
    assert values[0] == values[3] and values[1] == row_uniforms(1, "x", np.array([10**6]))[0]
    assert row_uniforms(1, "x", np.zeros(0, dtype=np.int64)).shape == (0,)
