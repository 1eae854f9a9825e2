"""Laws of `llmsynth.table.arrow_frame`: no cell changes on the way from Arrow, whoever wrote the table."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmsynth.errors import TableError
from llmsynth.table.arrow_frame import frame_from_arrow
from llmsynth.table.files import read_table
from llmsynth.table.infer import infer_schema

BIG = 2**60 + 1


@pytest.mark.parametrize("index", [None, "patient", "unnamed"])
def test_objects_that_pandas_wrote_come_back_as_nullable_integers_and_booleans(index, tmp_path):
    frame = pd.DataFrame(
        {
            "text": ["x", "y", None],
            "whole": pd.Series([BIG, None, 3], dtype=object),
            "truth": pd.Series([True, None, False], dtype=object),
            "plain": [1, 2, 3],
            "real": [0.5, None, 2.0],
        }
    )
    if index is not None:
        frame.index = pd.Index(["p", "q", "r"], name=None if index == "unnamed" else index)
    frame.to_parquet(tmp_path / "t.parquet")
    result = read_table(tmp_path / "t.parquet")
    assert list(result.columns) == (["patient"] if index == "patient" else []) + list(frame.columns)
    kinds = [str(result[name].dtype) for name in ("whole", "truth", "plain", "real")]
    assert kinds == ["Int64", "boolean", "int64", "float64"]
    assert result["whole"].tolist() == [BIG, pd.NA, 3]


def test_a_named_index_with_missing_integers_keeps_them():
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index([BIG, None], dtype=object, name="key"))
    result = frame_from_arrow(pa.Table.from_pandas(frame))
    assert result["key"].tolist() == [BIG, pd.NA] and list(result.columns) == ["key", "a"]


@pytest.mark.parametrize("index", [None, ["x", "y"]])
def test_arrow_dictionaries_that_pandas_wrote_are_categories(index, tmp_path):
    words = pd.array(["a", "b"], dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())))
    pd.DataFrame({"d": words, "n": [1, 2]}, index=index).to_parquet(tmp_path / "t.parquet")
    result = read_table(tmp_path / "t.parquet")
    assert list(result.columns) == ["d", "n"]
    assert isinstance(result["d"].dtype, pd.CategoricalDtype) and result["d"].tolist() == ["a", "b"]
    assert infer_schema(result).columns[0].kind == "categorical"


@pytest.mark.parametrize("cells", [[[1], None], [{"a": 1}, None]], ids=["lists", "records"])
@pytest.mark.parametrize("writer", ["pandas", "arrow"])
def test_lists_and_records_are_one_error_that_names_the_column(writer, cells, tmp_path):
    kind = pa.array(cells).type
    table = pa.table({"d": pa.array(cells), "n": [1, 2]})
    if writer == "pandas":
        frame = pd.DataFrame({"d": pd.array(pa.array(cells), dtype=pd.ArrowDtype(kind)), "n": [1, 2]})
        table = pa.Table.from_pandas(frame)
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(TableError, match="column 'd' holds lists or records; expected one value per cell"):
        read_table(tmp_path / "t.parquet")


def test_an_index_named_like_a_column_is_an_error(tmp_path):
    pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 6], name="a")).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(TableError, match="distinct; repeated: 'a'"):
        read_table(tmp_path / "t.parquet")
