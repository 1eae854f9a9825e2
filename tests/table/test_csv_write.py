"""Laws of `llmsynth.table.csv_write`."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest

from llmsynth.table.files import write_table
from llmsynth.table.infer import infer_schema


def test_times_in_csv_have_the_precision_of_their_column(tmp_path):
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2020-01-01", "2020-06-01"]),
            "zoned": pd.to_datetime(["2020-01-01 10:00", "2020-07-01 10:00"]).tz_localize("Europe/Berlin"),
        }
    )
    write_table(frame, tmp_path / "t.csv", schema=infer_schema(frame))
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[1] == "2020-01-01,2020-01-01 10:00:00+01:00"
    assert lines[2] == "2020-06-01,2020-07-01 10:00:00+02:00"


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()], ids=str)
@pytest.mark.parametrize("cells", [[dt.date(2020, 1, 31), None, dt.date(1066, 10, 14)], [None, None, None]])
def test_arrow_dates_are_written_as_iso_dates(kind, cells, tmp_path):
    frame = pd.DataFrame({"visit": pd.array(pa.array(cells, kind), dtype=pd.ArrowDtype(kind)), "n": [1, 2, 3]})
    for schema in (None, infer_schema(frame)):
        write_table(frame, tmp_path / "t.csv", schema=schema, overwrite=True)
        lines = (tmp_path / "t.csv").read_text().splitlines()
        assert lines[1:] == [f"{cell or ''},{row}" for row, cell in enumerate(cells, 1)]


def test_arrow_times_are_written_in_their_zone(tmp_path):
    kind = pa.timestamp("ns", tz="Europe/Berlin")
    cells = pa.array([dt.datetime(2020, 1, 1, 9, tzinfo=dt.UTC), None], kind)
    write_table(pd.DataFrame({"at": pd.array(cells, dtype=pd.ArrowDtype(kind)), "n": [1, 2]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().splitlines()[1:] == ["2020-01-01 10:00:00.000000000+01:00,1", ",2"]


def test_offsets_with_seconds_are_written_as_the_moment_in_utc(tmp_path):
    cells = pd.to_datetime(pd.Series(["1965-05-05 12:00", None, "2020-05-05 12:00"])).dt.tz_localize("Africa/Monrovia")
    path = write_table(pd.DataFrame({"x": cells}), tmp_path / "t.csv")
    again = pd.to_datetime(pd.read_csv(path)["x"], utc=True)
    assert (again.dropna() == cells.dropna()).all() and again.isna().tolist() == [False, True, False]
    assert "12:44:30" in path.read_text() and "+00:00" in path.read_text()
