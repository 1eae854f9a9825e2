from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.errors import SchemaError
from llmsynth.table.boxes import holds
from llmsynth.table.codec import build_codec
from llmsynth.table.conditions import compile_condition
from llmsynth.table.csv_file import read_csv
from llmsynth.table.dtypes import from_physical, to_physical
from llmsynth.table.files import write_table
from llmsynth.table.infer import infer_column, infer_schema
from llmsynth.table.local_days import are_local_days, first_moments, local_days
from llmsynth.table.schema_file import read_schema_yaml, write_schema_yaml
from llmsynth.table.written_values import written_point

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "America/Havana", "+05:30", "-08:00"]
"""Clocks are put forward at midnight in Sao Paulo, and back to it in Havana."""


def days(zone: str, n: int = 800) -> pd.Series:
    plain = pd.date_range("2016-01-01", periods=n, freq="D")
    return pd.Series(plain.tz_localize(zone, ambiguous=np.ones(n, dtype=bool), nonexistent="shift_forward"))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("unit", ["s", "ns"])
def test_days_of_a_zone_are_counted_and_given_back(zone: str, unit: str) -> None:
    moments = days(zone).dt.as_unit(unit)
    counts = moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype(np.int64)
    found, first = local_days(counts, unit, zone)
    assert first.all() and (found == 16801 + np.arange(800)).all() and are_local_days(counts, unit, zone)
    per = 10**9 if unit == "ns" else 1
    assert (first_moments(found, zone) * per == counts).all()
    later = local_days(counts + 1, unit, zone)
    assert not later[1].any() and (later[0] == found).all()


def test_days_of_utc_are_an_ordinary_unit() -> None:
    assert not are_local_days(np.array([0, 24]), "h", "UTC") and not are_local_days(np.array([0, 24]), "h", None)
    assert not are_local_days(np.zeros(0, dtype=np.int64), "h", "Europe/Berlin")
    assert infer_column(days("UTC"), "day").time_unit == "D"
    assert infer_column(days("Europe/Berlin") + pd.Timedelta("1h"), "day").time_unit == "h"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("form", ["moment", "arrow", "object", "%Y-%m-%d %H:%M:%S%z"])
def test_every_sort_of_cell_comes_back_as_it_was(zone: str, form: str) -> None:
    cells = days(zone)
    if form == "arrow":
        cells = cells.dt.as_unit("us").astype(pd.ArrowDtype(pa.timestamp("us", tz=zone)))
    elif form == "object":
        cells = cells.astype(object)
    elif form != "moment":
        cells = cells.dt.strftime(form)
    column = infer_column(cells, "day")
    named = form[0] != "%" or column.timezone not in (None, "UTC")
    assert column.kind == "datetime" and (column.time_unit == "local D" or not named)
    physical = to_physical(cells, column)
    assert not physical.invalid.any()
    pd.testing.assert_series_equal(from_physical(physical, column), cells, check_names=False)


def test_drawn_rows_are_days_too_in_summer_and_in_winter(tmp_path) -> None:
    table = pd.DataFrame({"day": days("Europe/Berlin", 400), "x": np.arange(400) % 7})
    rows = BaselineSynthesizer("independent", random_state=0).fit(table).sample(500, random_state=0)
    assert (rows["day"].dt.normalize() == rows["day"]).all() and rows["day"].dtype == table["day"].dtype
    assert rows["day"].dt.tz_convert("UTC").dt.hour.nunique() == 2
    schema = infer_schema(table)
    write_table(rows, tmp_path / "rows.csv", schema=schema)
    written = (tmp_path / "rows.csv").read_text().splitlines()[1:]
    assert all("00:00:00+0" in line for line in written)
    assert not to_physical(read_csv(tmp_path / "rows.csv")["day"], schema["day"]).invalid.any()
    path = write_schema_yaml(schema, tmp_path / "schema.yaml")
    assert all(line in path.read_text() for line in ("time_unit: local D", 'minimum: "2016-01-01"'))
    assert infer_schema(table, overrides=read_schema_yaml(path))["day"] == schema["day"]


def test_cells_within_a_day_lie_outside_the_column() -> None:
    column = infer_column(days("Europe/Berlin"), "day")
    cells = pd.Series(pd.to_datetime(["2016-06-01 00:00", "2016-06-01 01:00", None])).dt.tz_localize("Europe/Berlin")
    assert to_physical(cells, column).invalid.tolist()[:2] == [False, True]
    assert to_physical(cells.dt.tz_localize(None), column).invalid[0]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "-08:00"])
@pytest.mark.parametrize(
    ("condition", "first", "last"),
    [
        ("day == '2016-10-16'", "2016-10-16", "2016-10-16"),
        ("day <= '2016-02-01'", "2016-01-01", "2016-02-01"),
        ("day < '2016-02-01 12:00'", "2016-01-01", "2016-02-01"),
        ("day > '2018-03-09' ", "2018-03-10", "2018-03-10"),
    ],
)
def test_conditions_mean_days_of_the_zone(zone: str, condition: str, first: str, last: str) -> None:
    table = pd.DataFrame({"day": days(zone)})
    schema = infer_schema(table)
    physical = {"day": to_physical(table["day"], schema["day"])}
    codec = build_codec(schema["day"], physical["day"])
    chosen = table["day"][holds(compile_condition(condition, [schema["day"]], [codec]), physical)]
    assert (str(chosen.iloc[0].date()), str(chosen.iloc[-1].date())) == (first, last)
    assert written_point(codec, 16801) == "2016-01-01"


def test_a_moment_with_an_offset_falls_into_a_day() -> None:
    table = pd.DataFrame({"day": days("Europe/Berlin")})
    schema = infer_schema(table)
    physical = {"day": to_physical(table["day"], schema["day"])}
    codec = build_codec(schema["day"], physical["day"])
    for said, first in (("2016-06-30T22:00Z", "2016-07-01"), ("2016-06-30T22:01Z", "2016-07-02")):
        chosen = holds(compile_condition(f"day >= '{said}'", [schema["day"]], [codec]), physical)
        assert str(table["day"][chosen].iloc[0].date()) == first


def test_days_of_a_zone_and_moments_are_compared_only_on_demand() -> None:
    day = days("Europe/Berlin", 60)
    table = pd.DataFrame({"day": day, "due": day + pd.Timedelta(days=30), "seen": day + pd.Timedelta("9h")})
    table["due"] = table["due"].dt.normalize()
    assert infer_schema(table, rules=["day < due"]).rules
    with pytest.raises(SchemaError, match=r"day < seen: 'day' has days of its time zone, which do not.*time_unit 's'"):
        infer_schema(table, rules=["day < seen"])
    assert infer_schema(table, overrides={"day": {"time_unit": "s"}}, rules=["day < seen"])["day"].time_unit == "s"
    with pytest.raises(SchemaError, match="'local D' is for columns with a time zone"):
        infer_schema(pd.DataFrame({"day": day.dt.tz_localize(None)}), overrides={"day": {"time_unit": "local D"}})
