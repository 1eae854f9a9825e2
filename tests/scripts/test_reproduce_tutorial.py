"""The tutorial's figures are right, and a copula keeps their bounds."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from llmsynth.datasets import load_ehr

PATH = Path(__file__).parents[2] / "scripts" / "reproduce_tutorial.py"
_SPEC = importlib.util.spec_from_file_location("reproduce_tutorial", PATH)
tutorial = importlib.util.module_from_spec(_SPEC)
sys.modules["reproduce_tutorial"] = tutorial  # dataclasses look their module up
_SPEC.loader.exec_module(tutorial)


def test_it_prints_a_table_whose_figures_keep_their_bounds(capsys):
    assert tutorial.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.count("reached") == 6 and "missed" not in printed
    for figure in ("KS distance, cholesterol", "0.0086", "0.318 (real 0.340)"):
        assert figure in printed


def test_it_prints_what_synthetic_rows_add_to_few_real_ones(capsys):
    found = tutorial.few_patients(0)
    assert list(found) == ["real rows", "synthetic rows", "both"] == list(tutorial.SCARCE_PUBLISHED)
    assert all(0.6 < figures["auc"].value < 0.85 and figures["f1"].value > 0.3 for figures in found.values())
    tutorial.Console(width=120).print(tutorial.render_scarcity(found))
    printed = capsys.readouterr().out
    assert "0.582" in printed and f"{found['both']['auc'].value:.3f}" in printed and "synthetic rows" in printed


def test_a_table_beside_itself_is_perfect_and_another_one_is_not():
    real = load_ehr(500, random_state=0)
    same = tutorial.fidelity(real, real)
    assert [one.measured for one in same[:5]] == [0.0] * 5 and all(one.reached for one in same)
    other = real.assign(age=real["age"] + 20, bmi=real["bmi"].to_numpy()[::-1], diabetes="yes")
    missed = {one.what for one in tutorial.fidelity(real, other) if not one.reached}
    assert missed == {"KS distance, age", "mean absolute difference of correlations", "prevalence of diabetes"}


def test_the_difference_of_correlations_is_the_mean_over_pairs():
    real = load_ehr(200, random_state=0)
    other = real.assign(age=-real["age"])
    expected = 2 * real[list(tutorial.NUMBERS)].corr().abs().loc["age"].drop("age").sum() / 10
    assert tutorial.correlation_difference(real, other) == pytest.approx(expected)


def test_a_missed_bound_is_an_exit_code(monkeypatch, capsys):
    monkeypatch.setattr(tutorial, "SECTIONS", {"a": lambda real, synthetic: [tutorial.Figure("x", 0.2, "0.1", 0.15)]})
    assert tutorial.main(["--seed", "1"]) == 1
    assert "missed" in capsys.readouterr().out


def test_the_wrapper_can_be_run():
    assert os.access(PATH.with_suffix(""), os.X_OK)
