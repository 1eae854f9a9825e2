"""Noise has the size that was asked for, and none at all gives the training rows back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from llmsynth.baselines.noise import NoiseOptions
from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.errors import ConfigError

NONE = {"number_noise": 0.0, "level_flip": 0.0, "missing_flip": 0.0}


def table(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "height": rng.permutation(120 + np.arange(n) / 4),  # no two alike
            "city": rng.choice(["Lund", "Ystad"], n, p=[0.8, 0.2]),
            "dose": np.where(rng.random(n) < 0.3, np.nan, rng.integers(0, 50, n)),
            "day": pd.Timestamp("2024-02-28") + pd.to_timedelta(rng.integers(0, 400, n), unit="D"),
        }
    )
    frame.loc[0, "height"], frame.loc[1, "height"] = 0.0, 340.0
    return frame


def fitted(**options: float) -> BaselineSynthesizer:
    return BaselineSynthesizer("noise", options={**NONE, **options}).fit(table())


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(frame.columns), ignore_index=True)


def test_without_noise_the_rows_are_the_training_rows_each_as_often_as_the_next() -> None:
    own = fitted()
    pd.testing.assert_frame_equal(ordered(own.sample(400)), ordered(table()))
    pd.testing.assert_frame_equal(ordered(own.sample(800)), ordered(pd.concat([table(), table()], ignore_index=True)))
    few = own.sample(50)
    assert len(few.merge(table().drop_duplicates())) == 50 and not few.duplicated().any()


def test_values_beyond_what_a_float_holds_stay_exact_without_noise() -> None:
    large = pd.DataFrame({"key": np.array([0, 2**62 + 1, 2**62 + 3, 5, 5, 2**62 + 3])})
    schema = {"key": {"kind": "integer"}}
    own = BaselineSynthesizer("noise", options=NONE).fit(large, schema)
    assert sorted(own.sample(6)["key"]) == sorted(large["key"])
    loud = BaselineSynthesizer("noise", options={"number_noise": 1e30}).fit(large, schema).sample(200)["key"]
    assert loud.between(0, 2**62 + 3).all() and loud.nunique() > 1


def test_gaussian_noise_has_the_share_of_the_column_s_deviation_that_was_asked_for() -> None:
    rows = fitted(number_noise=0.5).sample(20_000, random_state=1)["height"]
    own = table()["height"].std()
    assert rows.std() == pytest.approx(own * np.sqrt(1.25), rel=0.03)
    assert rows.between(0, 340).all()


def test_levels_are_drawn_again_as_often_as_asked_and_by_frequency() -> None:
    whole = fitted(level_flip=0.5).sample(40_000, random_state=2)
    known = whole.merge(table()[["height", "city"]].drop_duplicates("height"), on="height", suffixes=("", "_was"))
    share = (table()["city"] == "Lund").mean()
    moved = (known["city"] != known["city_was"]).mean()
    assert moved == pytest.approx(0.5 * 2 * share * (1 - share), abs=0.015)
    assert (whole["city"] == "Lund").mean() == pytest.approx(share, abs=0.015)


def test_missing_cells_move_to_other_rows_and_keep_their_share() -> None:
    whole = fitted(missing_flip=1.0).sample(40_000, random_state=3)
    known = whole.merge(table()[["height", "dose"]].drop_duplicates("height"), on="height", suffixes=("", "_was"))
    share = table()["dose"].isna().mean()
    assert whole["dose"].isna().mean() == pytest.approx(share, abs=0.015)
    assert (known["dose"].isna() != known["dose_was"].isna()).mean() == pytest.approx(2 * share * (1 - share), abs=0.02)
    kept = known["dose"].notna() & known["dose_was"].notna()
    assert (known.loc[kept, "dose"] == known.loc[kept, "dose_was"]).all()


def test_the_report_says_that_the_rows_must_not_be_released() -> None:
    assert any("do not release" in notice for notice in fitted().report_["notices"])


@pytest.mark.parametrize(
    "options", [{"number_noise": -1}, {"level_flip": 1.5}, {"missing_flip": float("nan")}, {"level_flip": "much"}]
)
def test_impossible_amounts_are_refused_by_name(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        NoiseOptions(**options)  # type: ignore[arg-type]
