"""Every figure can be had over several synthetic tables, and of equal ones it is that of one."""

import pytest

from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Metric
from tests.evaluate.utility.tables import evidence_of, only, people


def _evidence(n_tables: int, target: str) -> Evidence:
    made = only(people(80, 2), target)
    return evidence_of([made] * n_tables, target=target, n=80, sensitive=["city"])


EVIDENCES = {target: (_evidence(1, target), _evidence(3, target)) for target in ("grade", "cost")}


@pytest.mark.parametrize("target", EVIDENCES)
@pytest.mark.parametrize("metric", metrics("utility"), ids=lambda metric: metric.key)
def test_equal_tables_are_as_one(metric: Metric, target: str) -> None:
    one, three = (metric.measure(evidence) for evidence in EVIDENCES[target])
    assert one.score.reason == three.score.reason
    if one.score.known:
        assert three.score.value == pytest.approx(one.score.value) and set(three.parts) == set(one.parts)
        assert three.score.lower == pytest.approx(one.score.lower, abs=1e-9)
