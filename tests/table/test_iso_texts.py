"""Laws of `llmsynth.table.iso_texts`."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.table.iso_texts import parse_iso, parse_spans


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_what_pandas_writes_is_read_back(unit):
    counts = np.array([-(10**9) - 1, 0, 1, 9 * 10**9 + 7], dtype=np.int64)
    moments = pd.Series(counts.astype(f"datetime64[{unit}]"))
    for zone, zoned in ((None, False), ("Asia/Kolkata", True)):
        series = moments if zone is None else moments.dt.tz_localize("UTC").dt.tz_convert(zone)
        for texts in ([str(value) for value in series], [value.isoformat() for value in series]):
            read, valid = parse_iso(texts, unit, zoned=zoned)
            assert valid.all() and (read == counts).all()
            assert not parse_iso(texts, unit, zoned=not zoned)[1].any()
    spans = pd.Series(counts.astype(f"timedelta64[{unit}]"))
    read, valid = parse_spans([str(value) for value in spans], unit)
    assert valid.all() and (read == counts).all()


def test_impossible_finer_and_other_texts_are_invalid():
    texts = ["2020-02-30", "2020-1-1", "2020-01-01 24:30", "2020-01-01 10:00:01", "", "20200101"]
    assert not parse_iso(texts, "min", zoned=False)[1].any()
    assert not parse_spans(["", "soon", "00:00:00.5"], "s")[1].any()
    assert parse_iso([], "s", zoned=False)[0].shape == parse_spans([], "s")[0].shape == (0,)
