"""The ratio is 1 for equal rows, and chance over TRTR for rows that teach nothing."""

import numpy as np
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.utility.trtr import METRIC as TRTR
from llmsynth.evaluate.utility.tstr_ratio import METRIC
from tests.evaluate.utility.tables import evidence_of, only, people


@pytest.mark.parametrize("target", ["sick", "grade", "cost"])
def test_equal_rows_keep_all_skill(target: str) -> None:
    measured = METRIC.measure(evidence_of(target=target, n=200))
    assert measured.score.value == measured.score.lower == measured.score.upper == 1.0
    assert {part.value for part in measured.parts.values()} == {1.0}


def test_fresh_rows_keep_it_and_shuffled_labels_lose_it() -> None:
    evidence = evidence_of(only(people(300, 2), "sick"))
    fresh = METRIC.measure(evidence)
    assert fresh.score.lower > 0.9 and 0.85 < fresh.reference.value < 1.1
    made = only(people(300, 2), "sick")
    made["sick"] = np.random.default_rng(0).permutation(made["sick"])
    shuffled = METRIC.measure(evidence_of(made)).score
    assert shuffled.value == pytest.approx(0.5 / TRTR.measure(evidence).score.value, abs=0.12)


def test_the_interval_covers_what_it_says() -> None:
    """Over hold-outs, the ratio on very many rows lies within nearly always."""
    real, made = only(people(100, 0), "sick"), only(people(100, 2), "sick")
    made["dose"] = np.random.default_rng(0).permutation(made["dose"])
    truth = METRIC.measure(gather(real, made, only(people(3_000, 999), "sick"), target="sick", level="quick")).score
    inside = 0
    for seed in range(6):
        held = only(people(200, 100 + seed), "sick")
        score = METRIC.measure(gather(real, made, held, target="sick", level="quick")).score
        inside += score.lower <= truth.value <= score.upper
    assert inside >= 4


def test_no_skill_of_real_rows_is_a_reason() -> None:
    real = only(people(200, 0), "cost").assign(cost=np.random.default_rng(0).normal(size=200))
    measured = METRIC.measure(gather(real, real, real.assign(cost=-real["cost"]), target="cost", level="quick"))
    assert "nothing to reach" in measured.score.reason
