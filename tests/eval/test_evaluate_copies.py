"""The exact-match benchmark finds the copies that were planted, and a count that is off misses its target."""

import json

import pytest

from eval import child, evaluate_copies


def test_planted_copies_are_found_and_no_others(tmp_path):
    def here(function, **arguments):
        assert function == "eval.evaluate_copies:exact_test"
        return child.Ran(evaluate_copies.exact_test(**arguments), 2.0, 500.0)

    result = json.loads(evaluate_copies.run(n_rows=2000, call=here, folder=tmp_path).read_text())
    assert result["planted"] == 2 and result["details"]["train_hits"] == 2 and result["columns"] == 20
    seconds, memory, missed = result["targets"]
    assert seconds["measured"] == pytest.approx(result["seconds"]["together"]) and memory["measured"] == 500.0
    assert missed["measured"] == 0 and result["reached"]


def test_a_count_that_is_off_misses(tmp_path):
    def wrong(function, **arguments):
        found = evaluate_copies.exact_test(**arguments)
        return child.Ran({**found, "planted": found["planted"] + 1}, 2.0, 500.0)

    assert not json.loads(evaluate_copies.run(n_rows=1000, call=wrong, folder=tmp_path).read_text())["reached"]
