"""The group whose rows were corrupted is the worst served."""

import numpy as np

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.utility.subgroup_minimum import METRIC
from tests.evaluate.utility.tables import evidence_of, only, people


def test_the_corrupted_group_is_found() -> None:
    made = only(people(400, 2), "sick")
    rome = made["city"] == "Rome"
    made.loc[rome, "sick"] = np.where(made.loc[rome, "sick"] == "yes", "no", "yes")
    measured = METRIC.measure(evidence_of(made, n=400))
    assert measured.details["worst"] == "city = Rome" and measured.details["groups"] == 3
    assert measured.score.value < 0.5 < 0.7 < measured.reference.value
    assert measured.parts["city = Lund"].value > measured.score.value + 0.2


def test_equal_rows_serve_every_group_alike() -> None:
    for target in ("grade", "cost"):
        measured = METRIC.measure(evidence_of(target=target))
        assert measured.score == measured.reference and measured.parts == measured.part_references


def test_declared_columns_decide_the_groups() -> None:
    measured = METRIC.measure(evidence_of(sensitive=["dose"]))
    assert set(measured.parts) == {"dose = up to the median", "dose = above the median"}


def test_no_group_is_a_reason() -> None:
    real = only(people(60, 0), "sick")[["age", "sick"]]
    assert "no group" in METRIC.measure(gather(real, real, real, target="sick", level="quick")).score.reason
    assert "no test" in METRIC.measure(evidence_of(holdout=False)).score.reason
