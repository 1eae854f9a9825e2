"""Matrix products and boosted trees have one thread while metrics are computed, and what they had afterwards."""

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_info, threadpool_limits

from llmsynth.evaluate import evaluation
from llmsynth.evaluate.learners import Learners, boosted_regressor
from llmsynth.evaluate.metric import Metric, not_evaluable
from llmsynth.evaluate.summary import summarize
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


def test_the_summary_trains_within_the_limit():
    seen = []

    class Watching(HistGradientBoostingClassifier):
        def fit(self, rows, classes):
            seen.append(threads())
            return super().fit(rows, classes)

    def watching(layout, seed):
        return Watching(max_iter=1)

    table = pd.DataFrame({"x": range(40)})
    with threadpool_limits(limits=2):
        summarize(table, table, table, learners=Learners(watching, boosted_regressor, "watched"))
    assert seen and all(found == {1} for found in seen)
