"""Shape, Trend and both detections are SDMetrics' own figures, which the package gave in its own environment."""

import json
from pathlib import Path

import numpy as np
import pytest

from eval import protocol
from eval.protocol import detection, made_up, shape_trend
from eval.protocol.sides import rows_of
from eval.tables import Table

SAID = json.loads(Path(protocol.__file__).with_name("sdmetrics.json").read_text())


def sides(case):
    real, made = made_up.pair(case)
    roles = {
        kind: tuple(name for name, one in made_up.ROLES.items() if one == kind) for kind in ("numerical", "categorical")
    }
    *features, target = roles["categorical"]
    table = Table(case, case, "multiclass", target, roles["numerical"], tuple(features), real, real)
    return rows_of(table, real), rows_of(table, made)


@pytest.mark.parametrize("case", made_up.CASES)
def test_shape_and_trend_are_the_packages(case):
    real, made = sides(case)
    for version, thresholds in ((shape_trend.VERSION, None), (shape_trend.VERSION_TODAY, shape_trend.THRESHOLDS)):
        said = SAID[version][case]
        assert shape_trend.shape(real, made) == pytest.approx(said["shape"], abs=1e-9)
        assert shape_trend.trend(real, made, thresholds=thresholds).value == pytest.approx(said["trend"], abs=1e-9)


@pytest.mark.parametrize("case", made_up.DETECTION_CASES)
@pytest.mark.parametrize("kind", ["logistic", "xgb"])
def test_detection_is_the_packages(case, kind):
    real, made = sides(case)
    for said in SAID.values():
        assert detection.c2st(real, made, kind) == pytest.approx(said[case][f"c2st_{kind}"], abs=1e-6)


def test_one_outlier_moves_every_bin_as_the_defects_say():
    plain, outlier = (shape_trend.trend(*sides(case)).value for case in ("plain", "outlier"))
    assert outlier < plain - 0.1 and "outlier" in protocol.DEFECTS["trend"][0]


def test_the_real_rows_against_themselves_are_perfect_and_thresholds_leave_pairs_out():
    real, _ = sides("plain")
    assert shape_trend.shape(real, real) == pytest.approx(1.0) and shape_trend.trend(real, real).value == pytest.approx(
        1.0
    )
    every, some = (shape_trend.trend(real, real, thresholds=one).pairs for one in (None, shape_trend.THRESHOLDS))
    assert every == 10 and 0 < some < every
    assert np.isfinite(detection.c2st(real, real, "logistic"))
