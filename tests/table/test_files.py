"""Laws of `llmsynth.table.files`: tables survive writing and reading, and files appear whole or not at all."""

import datetime as dt
import errno
import gzip
import os
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmsynth.errors import InputError, TableError
from llmsynth.table.files import TableWriter, file_format, read_table, write_table
from llmsynth.table.infer import infer_schema

CSV = [".csv", ".csv.gz", ".csv.zst", ".tsv"]
# An empty string is the one text that CSV cannot tell from a missing value.
words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=10) | st.sampled_from(
    [
        "NA",
        "nan",
        "None",
        "null",
        "a,b",
        "a;b",
        'q"q',
        '""',
        "l\nb",
        "l\r\nb",
        "\r",
        "\t",
        " ",
        "\x00",
        "😀",
        "x" * 200,
        "#",
        "\\",
    ]
)
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def save(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("ending", [*CSV, ".parquet"])
@relaxed
@given(data=st.data())
def test_any_cells_and_any_column_names_survive_writing_and_reading(ending, data, tmp_path):
    names = data.draw(st.lists(words, min_size=1, max_size=4, unique=True))
    rows = data.draw(st.lists(st.tuples(*(words | st.none() for _ in names)), min_size=1, max_size=6))
    frame = pd.DataFrame(rows, columns=names, dtype="str")
    path = write_table(frame, tmp_path / f"t{ending}", overwrite=True)
    result = read_table(path)
    assert list(result.columns) == names
    # A column of texts that all look like numbers or truth values is read as such; the texts are what must survive.
    for name in names:
        if result[name].dtype == frame[name].dtype:
            assert result[name].fillna("").tolist() == frame[name].fillna("").tolist()
        else:
            assert ending != ".parquet" or frame[name].isna().all()


@pytest.mark.parametrize("ending", [*CSV, ".parquet"])
def test_typed_columns_survive(ending, tmp_path):
    frame = pd.DataFrame(
        {
            "integer": [1, -2, 2**53 + 1],
            "decimal": [0.1, 1e-300, 123456.789],
            "gaps": [0.5, None, 2.0],
            "truth": [True, False, True],
            "text": ["a", None, "é"],
        }
    )
    pd.testing.assert_frame_equal(read_table(write_table(frame, tmp_path / f"t{ending}")), frame)


def test_parquet_keeps_every_data_type(tmp_path):
    frame = pd.DataFrame(
        {
            "Int64": pd.array([1, None], dtype="Int64"),
            "boolean": pd.array([True, None], dtype="boolean"),
            "category": pd.Categorical(["a", None], categories=["b", "a"], ordered=True),
            "zoned": pd.to_datetime(["2020-01-01", None]).tz_localize("Europe/Berlin"),
            "string": pd.array(["x", None], dtype="string"),
            "arrow": pd.array([1, None], dtype=pd.ArrowDtype(pa.int32())),
        }
    )
    pd.testing.assert_frame_equal(read_table(write_table(frame, tmp_path / "t.parquet")), frame)


def test_arrow_and_polars_frames_keep_integers_and_booleans_beside_missing_values(tmp_path):
    frame = pl.DataFrame(
        {
            "a": [2**60 + 1, None],
            "b": [True, None],
            "c": ["x", None],
            "d": [1.5, None],
            "e": [dt.date(2020, 1, 2), None],
        }
    )
    plain = tmp_path / "plain.parquet"
    pq.write_table(frame.to_arrow(), plain)
    for source in (frame, frame.to_arrow(), plain):
        result = read_table(source)
        assert [str(d) for d in result.dtypes] == ["Int64", "boolean", "str", "float64", "date32[day][pyarrow]"]
        assert result["a"][0] == 2**60 + 1
        assert [column.kind for column in infer_schema(result)][-1] == "datetime"


def test_a_frame_that_only_speaks_the_interchange_protocol_is_read():
    class Foreign:
        def __init__(self, table):
            self.table = table

        def __dataframe__(self, *args, **kwargs):
            return self.table.__dataframe__(*args, **kwargs)

    assert read_table(Foreign(pa.table({"a": [1, 2]})))["a"].tolist() == [1, 2]


def test_a_named_index_in_parquet_is_a_column(tmp_path):
    pd.DataFrame({"key": ["a", "b"], "v": [1, 2]}).set_index("key").to_parquet(tmp_path / "t.parquet")
    assert set(read_table(tmp_path / "t.parquet").columns) == {"key", "v"}


def test_lone_surrogates_survive_csv(tmp_path):
    frame = pd.DataFrame({"a": pd.Series(["\ud800x", "y"], dtype=object), "b": [1, 2]})
    frame.columns = pd.Index(["a", "\udfff"], dtype=object)
    result = read_table(write_table(frame, tmp_path / "t.csv"))
    assert result.columns[1] == "\udfff"
    assert result["a"].tolist() == ["\ud800x", "y"]
    with pytest.raises(TableError, match="Parquet"):
        write_table(frame, tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet").exists()


def test_other_bad_sources_are_errors_too(tmp_path):
    with pytest.raises(TableError, match="expected a name ending"):
        file_format("table.xlsx")
    with pytest.raises(TableError, match="not a regular file"):
        (tmp_path / "d.csv").mkdir()
        read_table(tmp_path / "d.csv")
    with pytest.raises(TableError, match="not a readable Parquet"):
        read_table(save(tmp_path, "no parquet", "t.parquet"))
    with pytest.raises(TableError, match="cannot be read"):
        read_table(save(tmp_path, gzip.compress(b"a,b\n1,2\n")[:-10], "t.csv.gz"))
    with pytest.raises(TableError, match="cannot be read"):
        read_table(save(tmp_path, b"no zstandard", "t.csv.zst"))
    with pytest.raises(TableError, match="expected a file or a data frame, got int"):
        read_table(5)
    with pytest.raises(TableError, match="no columns"):
        read_table(pd.DataFrame(index=[0]))
    with pytest.raises(TableError, match="no rows"):
        read_table(pd.DataFrame({"a": []}))
    with pytest.raises(TableError, match="distinct"):
        read_table(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(TableError, match="distinct"):
        read_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".csv.zst", ".parquet"])
def test_pieces_make_the_same_file_as_the_whole(ending, tmp_path):
    frame = pd.DataFrame(
        {
            "a": [1, 2, 3],
            "t": pd.to_datetime([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 2, 3, 4), None]),
            "s": ["x", None, "z"],
        }
    )
    schema = infer_schema(frame)
    write_table(frame, tmp_path / f"whole{ending}", schema=schema)
    with TableWriter(tmp_path / f"pieces{ending}", schema=schema) as writer:
        for start in range(3):
            writer.write(frame.iloc[start : start + 1])
    assert writer.n_rows == 3
    if ending == ".parquet":
        pd.testing.assert_frame_equal(read_table(tmp_path / "pieces.parquet"), read_table(tmp_path / "whole.parquet"))
    else:
        assert (tmp_path / f"pieces{ending}").read_bytes() == (tmp_path / f"whole{ending}").read_bytes()


def test_an_existing_file_is_kept_unless_overwriting_is_allowed(tmp_path):
    path = save(tmp_path, "keep")
    with pytest.raises(InputError, match="exists"):
        write_table(pd.DataFrame({"a": [1]}), path)
    assert path.read_text() == "keep"
    write_table(pd.DataFrame({"a": [1]}), path, overwrite=True)
    assert path.read_text() == "a\n1\n"


def test_a_failed_write_leaves_nothing_and_keeps_the_old_file(tmp_path):
    path = save(tmp_path, "keep")
    with pytest.raises(RuntimeError), TableWriter(path, overwrite=True) as writer:
        writer.write(pd.DataFrame({"a": [1]}))
        raise RuntimeError
    assert os.listdir(tmp_path) == ["t.csv"] and path.read_text() == "keep"


@pytest.mark.parametrize("ending", [*CSV, ".parquet"])
@pytest.mark.parametrize("step", ["write", "close"])
def test_a_disk_that_fills_up_leaves_nothing(ending, step, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"), TableWriter(tmp_path / "new" / f"t{ending}") as writer:
        writer.write(pd.DataFrame({"a": [1]}))
        writer._close.append(full)
        if step == "write":
            full()
    assert os.listdir(tmp_path) == []


def test_folders_made_for_a_file_that_fails_are_removed_again(tmp_path):
    with pytest.raises(RuntimeError), TableWriter(tmp_path / "a" / "b" / "t.csv"):
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_integers_beyond_64_bits_do_not_fit_parquet(tmp_path):
    frame = pd.DataFrame({"a": pd.Series([2**70, 1], dtype=object)})
    with pytest.raises(TableError, match="integers beyond 64 bits, which Parquet cannot hold; write CSV"):
        write_table(frame, tmp_path / "new" / "t.parquet")
    assert os.listdir(tmp_path) == []
    assert write_table(frame, tmp_path / "t.csv").read_text() == f"a\n{2**70}\n1\n"


def test_text_that_is_not_utf8_names_the_file(tmp_path):
    with pytest.raises(TableError, match=r"^t\.csv: expected UTF-8 text, but line 2 holds a byte that is not"):
        read_table(save(tmp_path, b"a,b\n1,\xe9\n"))


def test_repeated_names_in_parquet_are_listed(tmp_path):
    table = pa.Table.from_arrays([pa.array([1])] * 3, names=["a", "b", "a"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"t\.parquet: column names must be distinct; repeated: 'a'; rename"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_an_error_before_writing(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="not writable"):
        TableWriter(tmp_path / "t.csv")


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path):
    save(tmp_path, "x", "folder")
    with pytest.raises(InputError, match="not writable"):
        TableWriter(tmp_path / "folder" / "t.csv")


def test_labels_that_are_no_strings_are_named_in_csv_and_kept_in_parquet(tmp_path):
    frame = pd.DataFrame([[1, 2]], columns=[1, ("a", 2)])
    frame.columns = pd.Index([1, ("a", 2)], dtype=object, tupleize_cols=False)
    assert list(read_table(write_table(frame, tmp_path / "t.csv")).columns) == ["1", "a.2"]
    numbers = pd.DataFrame([[1, 2]], columns=[10, 20])
    assert list(read_table(write_table(numbers, tmp_path / "t.parquet")).columns) == [10, 20]


@pytest.mark.skipif("LLMSYNTH_DATA" not in os.environ, reason="LLMSYNTH_DATA does not name the folder of real tables")
@pytest.mark.parametrize("name", ["adult", "titanic", "consumer_complaints", "heart_cleveland"])
def test_real_tables_are_read_as_pandas_reads_them(name):
    path = Path(os.environ["LLMSYNTH_DATA"]) / f"{name}.csv.gz"
    expected = pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False)
    # Whole numbers beside empty cells stay whole numbers here; pandas makes them floats.
    pd.testing.assert_frame_equal(read_table(path), expected, check_dtype=False)


@pytest.mark.parametrize(
    "column", [pd.Series([1, 2], name="a"), pd.Series([1, 2]), pl.Series("a", [1, 2]), pd.Index([1])]
)
def test_one_column_is_no_table_and_the_error_says_how_to_make_it_one(column):
    with pytest.raises(TableError, match=r"got one column \(\w+\); make it a table with .to_frame\(\)"):
        read_table(column)
    assert read_table(column.to_frame()).shape[1] == 1


def test_a_data_type_that_arrow_cannot_hold_is_named_with_its_column():
    frame = pl.DataFrame({"a": [1, 2], "wide": pl.Series([1, 2], dtype=pl.Int128)})
    with pytest.raises(TableError, match="column 'wide' has data type Int128, which Arrow cannot hold; convert it to"):
        read_table(frame)
    assert read_table(frame.with_columns(pl.col("wide").cast(pl.Int64)))["wide"].tolist() == [1, 2]


def test_an_arrow_array_is_refused_as_no_table():
    with pytest.raises(TableError, match="ChunkedArray is no table"):
        read_table(pa.chunked_array([[1, 2]]))


def test_room_for_the_rows_to_come_is_looked_at_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("llmsynth.table.files.free_disk", lambda path: 10_000)
    part = pd.DataFrame({"a": ["x" * 99] * 100})
    with (
        pytest.raises(OSError, match=r"500 rows need about 0.0 MB more") as found,
        TableWriter(tmp_path / "t.csv") as w,
    ):
        w.write(part)
        w.check_space(150)
        w.check_space(500)
    assert found.value.errno == errno.ENOSPC and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path, there):
    target, link = tmp_path / "kept" / "target.csv", tmp_path / "link.csv"
    target.parent.mkdir()
    link.symlink_to(target)
    if there:
        target.write_text("old")
        with pytest.raises(InputError, match="exists"):
            write_table(pd.DataFrame({"x": [1]}), link)
        assert target.read_text() == "old"
    write_table(pd.DataFrame({"x": [1]}), link, overwrite=there)
    assert link.is_symlink() and target.read_text() == "x\n1\n"
    assert [path.name for path in target.parent.iterdir()] == ["target.csv"]
