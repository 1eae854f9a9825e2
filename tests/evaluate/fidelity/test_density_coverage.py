"""Coverage of fresh rows is 1 - 2^-5, of copies 1; density is 1 for both."""

import pytest

from llmsynth.evaluate.fidelity.density_coverage import METRIC, density_coverage
from tests.evaluate.fidelity.clusters import evidence_of, half_the_modes, points


def test_fresh_rows_and_copies() -> None:
    density, coverage = density_coverage(points(0), points(1))
    assert density == pytest.approx(1.0, abs=0.05) and coverage == pytest.approx(1 - 2**-5, abs=0.01)
    assert density_coverage(points(0), points(0))[1] == 1.0


def test_the_missing_mode_is_half_of_the_coverage() -> None:
    measured = METRIC.measure(evidence_of(half_the_modes(2)))
    assert measured.score.upper < 0.55 and measured.reference.lower > 0.95
    assert measured.details["density"]["holdout"] == pytest.approx(1.0, abs=0.05)
