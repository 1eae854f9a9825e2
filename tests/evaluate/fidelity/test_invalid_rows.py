"""Invalid rows, as the generator counted them."""

import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.invalid_rows import METRIC, invalid_rates
from llmsynth.evaluate.intervals import wilson

TABLE = pd.DataFrame({"x": [1.0, 2]})


def test_ten_percent_are_ten_percent() -> None:
    found = METRIC.measure(gather(TABLE, TABLE, generation={"raw": 1000, "repaired": 30, "rejected": 70}))
    assert found.score.value == 0.1 and (found.score.lower, found.score.upper) == pytest.approx(wilson(100, 1000))
    assert (found.parts["repaired"].value, found.parts["rejected"].value) == (0.03, 0.07)
    assert found.reference.reason


def test_a_scripted_generator_that_spoils_every_tenth_row() -> None:
    rows = ["1" if number % 10 else "one" for number in range(500)]
    rejected = sum(not row.isdigit() for row in rows)
    assert invalid_rates(len(rows), 0, rejected)["invalid"].value == 0.1


@pytest.mark.parametrize("counts", [(0, 0, 0), (5, 3, 3), (5, -1, 0)])
def test_counts_that_cannot_be_are_errors_and_reasons(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected raw >= 1"):
        invalid_rates(*counts)
    given = dict(zip(("raw", "repaired", "rejected"), counts, strict=True))
    assert "expected raw" in METRIC.measure(gather(TABLE, TABLE, generation=given)).score.reason


def test_without_counts_it_says_who_has_them() -> None:
    assert "only the generator knows" in METRIC.measure(gather(TABLE, TABLE)).score.reason
    assert (
        "missing: repaired" in METRIC.measure(gather(TABLE, TABLE, generation={"raw": 1, "rejected": 0})).score.reason
    )
