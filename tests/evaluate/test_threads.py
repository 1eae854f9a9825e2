"""Matrix products and boosted trees have one thread while metrics are computed, and what they had afterwards."""

import pandas as pd
from threadpoolctl import threadpool_info, threadpool_limits

from llmsynth.evaluate import evaluation
from llmsynth.evaluate.metric import Metric, not_evaluable
from llmsynth.evaluate.threads import one_thread


def threads():
    return {pool["num_threads"] for pool in threadpool_info()}


def test_the_limit_holds_inside_and_is_lifted_outside():
    with one_thread():
        pass  # the libraries are loaded
    with threadpool_limits(limits=2):
        before = threads()
        with one_thread():
            assert threads() == {1}
        assert threads() == before


def test_metrics_are_computed_within_the_limit(monkeypatch):
    seen = []

    def measure(evidence):
        seen.append(threads())
        return not_evaluable("only looked at threads")

    metric = Metric("looked", "fidelity", "Looked", "minimize", 0.0, 1.0, "", "", measure)
    monkeypatch.setattr(evaluation, "metrics", lambda level: [metric])
    table = pd.DataFrame({"x": range(30)})
    with threadpool_limits(limits=2):
        report = evaluation.evaluate(table, table)
    assert seen == [{1}] and list(report.results) == ["fidelity.looked"]
