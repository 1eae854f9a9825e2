"""What differs between runs is found, and what is declared to depend on the order of rows exists."""

import json

import pytest

from eval import evaluate_determinism as determinism
from eval import real_rows
from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.evaluation import evaluate
from tests.eval.conftest import people


def _result(value, lower=0.0, **details):
    score = {"value": value, "lower": lower}
    return {"score": score, "reference": score, "parts": {"a": score}, "part_references": {}, "details": details}


def test_every_declared_metric_exists_and_is_declared_once():
    known = {metric.path for metric in metrics(level="standard")}
    declared = {*determinism.SAME_VALUE, *determinism.BY_ROW_NUMBER}
    assert declared < known and not set(determinism.SAME_VALUE) & set(determinism.BY_ROW_NUMBER)


def test_what_differs_is_counted_by_what_was_declared(tmp_path):
    runs = {
        (1, 0): {"fidelity.ks": _result(0.1), "privacy.exact_matches": _result(0.0), "utility.tstr": _result(0.9)},
        (2, 0): {"fidelity.ks": _result(0.1), "privacy.exact_matches": _result(0.0), "utility.tstr": _result(0.8)},
        (1, 1): {"fidelity.ks": _result(0.2), "privacy.exact_matches": _result(0.5), "utility.tstr": _result(0.7)},
    }
    path = determinism.run(
        table="x", rows=9, compute=lambda table, rows, threads, order: runs[threads, order], folder=tmp_path
    )
    result = json.loads(path.read_text())
    assert result["differ_with_threads"] == ["utility.tstr"]
    assert result["unexpected"] == ["privacy.exact_matches"] and result["moved"] == ["fidelity.ks"]
    assert result["order_free"] == ["privacy.exact_matches"]
    assert [target["measured"] for target in result["targets"]] == [1, 1, 1] and not result["reached"]


def test_an_interval_that_is_drawn_does_not_move_the_figure():
    assert determinism.same_figures(_result(0.1, 0.0), _result(0.1 + 1e-15, 0.05, more=1))
    assert not determinism.same_figures(_result(0.1), _result(0.1001))
    assert determinism.same_figures(_result(None), _result(None)) and not determinism.same_figures(
        _result(None), _result(0.0)
    )


@pytest.fixture
def small(monkeypatch, tiny):
    monkeypatch.setattr(real_rows, "pooled", lambda name: (tiny, people(0, 180)))
    monkeypatch.setattr(
        "llmsynth.evaluate.evaluate", lambda *tables, **how: evaluate(*tables, **{**how, "level": "quick"})
    )


def test_rows_in_another_order_give_the_same_counts_of_copies(small, few_metrics, tmp_path):
    path = determinism.run(
        table="people", rows=60, folder=tmp_path,
        compute=lambda table, rows, threads, order: determinism.results_of(table, rows, order),
    )  # fmt: skip
    result = json.loads(path.read_text())
    assert result["reached"] and "privacy.exact_matches" in result["order_free"]
    assert result["differ_with_order"] in ([], ["fidelity.ks"])


def test_a_process_writes_what_it_found(small, few_metrics, tmp_path):
    determinism.main(["people", "60", "1", str(tmp_path / "answer.json")])
    found = json.loads((tmp_path / "answer.json").read_text())
    assert {"columns", "tables", "fidelity.ks", "privacy.exact_matches"} == set(found)
