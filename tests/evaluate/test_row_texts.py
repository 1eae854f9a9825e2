"""One spelling per cell, whatever its type."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd

from llmsynth.evaluate.row_texts import cell_texts, coded_texts, digits_only, row_strings


def test_equal_cells_are_spelled_alike_in_every_data_type() -> None:
    for series in (pd.Series([3, 4]), pd.Series([3.0, 4.0]), pd.Series(["3", "4"]), pd.Series([3, 4], dtype="Int8"),
                   pd.Series([Decimal(3), Decimal(4)]), pd.Series(["3", "4"], dtype="category")):  # fmt: skip
        assert cell_texts(series).tolist() == ["3", "4"]
    assert cell_texts(pd.Series([True, False])).tolist() == ["True", "False"]
    assert cell_texts(pd.to_datetime(pd.Series(["2020-01-02", None]))).tolist() == ["2020-01-02", ""]
    assert cell_texts(pd.Series([datetime.date(2020, 1, 2)])).tolist() == ["2020-01-02"]


def test_large_numbers_infinity_and_long_texts_are_spelled_too() -> None:
    assert cell_texts(pd.Series([1e300, np.inf, -0.0])).tolist() == ["1e+300", "inf", "0"]
    assert cell_texts(pd.Series(["x" * 1000]))[0] == "x" * 64
    assert cell_texts(pd.Series([], dtype=object)).shape == (0,)


def test_numbers_of_cells_agree_over_tables() -> None:
    texts, codes = coded_texts([pd.DataFrame({"a": [1, 2], "b": ["x", None]}), pd.DataFrame({"a": [2.0], "b": [None]})])
    assert row_strings(texts[0]) == ["1,x", "2,"] and codes[0][1].tolist() == codes[1][0].tolist()
    assert digits_only(["a1b2", ""]) == ["12", ""]
