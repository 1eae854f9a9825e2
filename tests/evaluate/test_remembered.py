"""What metrics share is made once for an evidence and let go with it."""

import gc

import pandas as pd

from llmsynth.evaluate import remembered as module
from llmsynth.evaluate.evidence import Evidence, gather
from llmsynth.evaluate.remembered import remembered


def _evidence() -> Evidence:
    table = pd.DataFrame({"x": [1.0, 2.0]})
    return gather(table, table)


def test_it_is_made_once_for_each_evidence_and_name() -> None:
    made: list[int] = []

    def make(evidence: Evidence) -> int:
        made.append(len(evidence.train))
        return len(made)

    one, two = _evidence(), _evidence()
    assert [remembered(one, "a", make), remembered(one, "a", make), remembered(one, "b", make)] == [1, 1, 2]
    assert remembered(two, "a", make) == 3 and made == [2, 2, 2]


def test_it_is_let_go_with_the_evidence() -> None:
    evidence = _evidence()
    place = id(evidence)
    remembered(evidence, "a", lambda _: "kept")
    assert place in module._KEPT
    del evidence
    gc.collect()
    assert place not in module._KEPT
