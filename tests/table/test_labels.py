"""Laws of `llmsynth.table.labels`."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import TableError
from llmsynth.table.labels import decode_label, encode_key, encode_label, label_names

labels = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(labels)
def test_any_label_survives_json(label):
    again = decode_label(json.loads(json.dumps(encode_label(label))))
    assert encode_key(again) == encode_key(label)
    assert type(again) is type(label)


@settings(max_examples=200, deadline=None)
@given(st.lists(labels, max_size=8))
def test_names_are_distinct_non_empty_strings_and_strings_keep_their_own(items):
    distinct = list({encode_key(label): label for label in items}.values())
    names = label_names(distinct)
    assert len(set(names)) == len(distinct) and all(isinstance(name, str) and name for name in names)
    assert all(name == label for name, label in zip(names, distinct, strict=True) if isinstance(label, str) and label)


def test_labels_that_differ_only_in_type_are_different():
    keys = {encode_key(label) for label in (1, "1", 1.0, True, (1,), None, math.nan, "nan", "None")}
    assert len(keys) == 9
    assert encode_key(np.int64(1)) == encode_key(1)
    assert encode_key(pd.NaT) == encode_key(math.nan)


def test_labels_of_unknown_types_and_altered_forms_are_refused():
    with pytest.raises(TableError, match="object are not supported"):
        encode_label(object())
    for form in (5, {"int": 1, "x": 2}, {"code": "x"}, None):
        with pytest.raises(TableError, match="altered"):
            decode_label(form)
