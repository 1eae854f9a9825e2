"""Laws of `llmsynth.table.categories`: categories survive as plain scalars."""

import json

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import SchemaError
from llmsynth.table.categories import category_index, plain_categories
from llmsynth.table.dtype_names import dtype_name

INDEXES = [
    pd.Index([3, 1, 2**60]),
    pd.Index(np.array([3, 1], dtype=np.int8)),
    pd.Index([0.1, -2.5]),
    pd.Index([True, False]),
    pd.Index(["b", "a"]),
    pd.Index(["b", "a"], dtype=object),
    pd.Index([], dtype="float64"),
    pd.DatetimeIndex(["2020-01-02", "2019-01-01"]),
    pd.DatetimeIndex(["2020-01-02", "2020-07-01 12:00:01.5"], tz="Europe/Berlin"),
    pd.DatetimeIndex(["2020-01-02"]).as_unit("s"),
    pd.interval_range(0, 3),
    pd.IntervalIndex.from_breaks([0.1, 0.7, 1.5], closed="left"),
]


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: str(index.dtype))
def test_categories_come_back_from_json(index):
    plain = plain_categories(pd.CategoricalDtype(index))
    again = category_index(json.loads(json.dumps(plain)), dtype_name(index.dtype))
    pd.testing.assert_index_equal(again, index, exact=True)


def test_categories_that_a_schema_cannot_list_are_refused():
    with pytest.raises(SchemaError, match="categories of type Timedelta are not supported"):
        plain_categories(pd.CategoricalDtype(pd.to_timedelta(["1D", "2D"])))
