"""Columns as the baselines count them come back as the table has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.errors import InputError


@pytest.mark.parametrize("dtype", ["timedelta64[us]", "timedelta64[ns]", "duration[ms][pyarrow]"])
@pytest.mark.parametrize("unit", ["s", "D"])
def test_time_spans_are_drawn_in_the_unit_that_they_are_whole_in(dtype: str, unit: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    whole = pd.Series(pd.to_timedelta(rng.integers(60, 600, 200), unit=unit)).astype("timedelta64[s]").astype(dtype)
    whole[::9] = pd.NaT if dtype[0] == "t" else pd.NA
    table = pd.DataFrame({"wait": whole, "x": rng.normal(size=200)})
    one = pd.Timedelta(1, unit)
    for method in ("copula", "tree", "noise", "smote", "independent"):
        own = BaselineSynthesizer(method, random_state=0).fit(table)
        drawn = own.sample(120, random_state=0)["wait"]
        plain = drawn.dropna().astype("timedelta64[ns]")
        assert drawn.dtype == whole.dtype and (plain % one == pd.Timedelta(0)).all()
        assert plain.between(60 * one, 599 * one).all() and plain.nunique() > 30
        own.save(tmp_path / method)
        again = BaselineSynthesizer.load(tmp_path / method).sample(120, random_state=0)["wait"]
        pd.testing.assert_series_equal(again, drawn)
    own = BaselineSynthesizer("copula", random_state=0).fit(table)
    word = {"s": "seconds", "D": "days"}[unit]
    some = own.sample(50, random_state=0, where=f"wait > '300 {word}' and wait <= '320.5 {word}'")["wait"]
    plain = some.astype("timedelta64[ns]")
    assert plain.between(301 * one, 320 * one).all() and (plain % one == pd.Timedelta(0)).all()
    with pytest.raises(InputError, match="no time span that column 'wait' can have lies within the condition"):
        own.sample(5, where=f"wait > '300.2 {word}' and wait < '300.7 {word}'")
    with pytest.raises(InputError, match=r"expected a time span in quotes, such as '90min' or '2 days', got 300;"):
        own.sample(5, where="wait > 300")
