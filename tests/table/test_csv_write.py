"""Laws of `llmsynth.table.csv_write`."""

import pandas as pd

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
