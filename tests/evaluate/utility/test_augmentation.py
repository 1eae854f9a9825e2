"""Adding nothing gains nothing; adding good rows of a rare class to few real ones helps."""

import pandas as pd

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.utility.augmentation import METRIC
from tests.evaluate.utility.tables import evidence_of, only, people


def test_no_synthetic_rows_gain_exactly_nothing() -> None:
    empty = only(people(10, 2), "sick")[:0]
    score = METRIC.measure(evidence_of(empty)).score
    assert score.value == score.lower == score.upper == 0.0


def test_many_good_rows_help_few_real_ones() -> None:
    held = only(people(400, 1), "sick")
    few = only(people(40, 0), "sick")
    good, bad = only(people(400, 2), "sick"), only(people(400, 2), "sick")
    bad["sick"] = bad["sick"].map({"yes": "no", "no": "yes"})
    gain, loss = (METRIC.measure(gather(few, made, held, target="sick", level="quick")) for made in (good, bad))
    assert gain.score.lower > 0 > loss.score.upper
    assert 0.5 < gain.details["precision"] < 1 and set(gain.parts) == set(gain.details["recall"])


def test_a_number_and_too_few_rows_of_the_class_are_reasons() -> None:
    assert "number" in METRIC.measure(evidence_of(target="cost")).score.reason
    real = pd.DataFrame({"x": range(60), "y": ["a", "b", "b"] * 20})
    held = real.assign(y=["a"] * 2 + ["b"] * 58)
    assert "rarest" in METRIC.measure(gather(real, real, held, target="y", level="quick")).score.reason
