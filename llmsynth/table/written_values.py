"""One value as the column writes it, to say in a message what is possible.

Knows grid points of a number codec. Refuses to know sets of them.
"""

from __future__ import annotations

import numpy as np

from llmsynth.table.codec import NumberCodec
from llmsynth.table.datetimes import LOCAL_DAY, PER_DAY, format_datetimes
from llmsynth.table.decimals import round_significant
from llmsynth.table.local_days import first_moments
from llmsynth.table.names import format_grid
from llmsynth.table.times import iso_time


def written_number(codec: NumberCodec, point: int) -> float:
    """The number that a grid point is written as in a column without a fixed number of decimals."""
    column, scaled = codec.column, np.round(np.array([point]) / 10.0**codec.decimals, codec.decimals)
    if column.significant is not None:
        scaled = round_significant(scaled, column.significant)
    low, high = column.minimum, column.maximum
    return float(np.clip(scaled, -np.inf if low is None else low, np.inf if high is None else high)[0])


def written_point(codec: NumberCodec, point: int) -> str:
    """A grid point as the column writes it."""
    column = codec.column
    if column.kind == "datetime":
        form, unit = column.datetime_format, column.time_unit or "s"
        if unit == LOCAL_DAY:
            if form is None:
                return iso_time(point, unit)
            point, unit = int(first_moments(np.array([point]), column.timezone or "UTC")[0]), "s"
        elif form is None and column.timezone is not None:
            form, point, unit = "%Y-%m-%dT%H:%M:%S%:z", point * PER_DAY["s"] // PER_DAY[unit], "s"
        if form is None:
            return iso_time(point, unit)
        return format_datetimes(np.array([point]), form, unit, column.timezone)[0]
    if column.kind == "integer" or codec.decimals == column.decimals:
        return format_grid(point, codec.decimals)
    return f"{written_number(codec, point):.{column.significant or 15}g}"


def quoted(value: object) -> str:
    """A value as a condition writes it, cut after 60 characters."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value[:60]) if isinstance(value, str) else str(value)
