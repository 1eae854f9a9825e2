"""Coverage is counted against a truth that is known, and known intervals cover as they should."""

import json
import math

import numpy as np
import pytest

from eval import coverage_experiments, coverage_worlds, evaluate_coverage
from eval.coverage_experiments import EXPERIMENTS, POPULATION, SIZE, Experiment
from eval.evaluate_coverage import Tally, is_headline, simulated
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.score import Score, unknown


def shares(rng, seed, n):
    hits = int(rng.binomial(n, 0.3))
    score = Score(hits / n, n)
    return {"exact_matches": (score.within(wilson(hits, n)), 0.3), "narrow": (score.within((hits / n, hits / n)), 0.3),
            "duplicates": (score.within((0.0, 1.0)), math.nan)}  # fmt: skip


def test_an_interval_that_statistics_knows_covers_and_a_narrow_one_does_not():
    found = {name: tally.summary() for name, tally in simulated(Experiment("x", SIZE, 200, shares), 300).items()}
    assert 0.92 <= found["exact_matches"]["coverage"] <= 0.98
    assert found["narrow"]["coverage"] < 0.2
    assert found["narrow"]["truth_above"] + found["narrow"]["truth_below"] + found["narrow"]["covered"] == 300
    assert found["duplicates"]["truth"] == pytest.approx(0.3, abs=0.01)


def test_a_truth_that_is_not_given_is_the_mean_of_the_figures_and_a_missing_interval_covers_nothing():
    tally = Tally(SIZE)
    for value in (0.1, 0.3):
        tally.add(Score(value).within((0.15, 0.25)), math.nan)
    tally.add(Score(0.2), math.nan)
    tally.add(unknown("nothing"), math.nan)
    found = tally.summary()
    assert found["truth"] == pytest.approx(0.2) and (found["covered"], found["simulations"]) == (2, 3)


def test_targets_are_on_headline_figures_and_reasons_excuse_too_much_only(tmp_path):
    def simulate(rng, seed, n):
        return {"ks": (Score(0.2).within((0.1, 0.3)), 0.2), "wasserstein": (Score(0.2).within((0.3, 0.4)), 0.2),
                "ks: age": (Score(0.2).within((0.3, 0.4)), 0.2)}  # fmt: skip

    experiments = (Experiment("x", POPULATION, 5, simulate),)
    path = evaluate_coverage.run(simulations=4, experiments=experiments, conservative={}, folder=tmp_path)
    result = json.loads(path.read_text())
    assert result["too_little"] == ["ks: age"] and result["too_much"] == ["ks"] and result["headline"] == 2
    path = evaluate_coverage.run(simulations=4, experiments=experiments, conservative={"ks": "why"}, folder=tmp_path)
    assert json.loads(path.read_text())["too_much"] == []


def test_headline_figures_are_those_named_with_their_parts():
    assert all(map(is_headline, ("ks", "ks: age", "exact_matches, leak", "mia auc, step 0.5", "c2st auc",
                                 "strongest mia tpr_at_1fpr, coins", "near_matches: phantoms, honest")))  # fmt: skip
    assert not any(map(is_headline, ("wasserstein", "hellinger: city", "association")))
    reasons = evaluate_coverage.CONSERVATIVE
    excused = ("ks: age", "mia tpr_at_1fpr, step 0.5", "exact_matches, honest", "strongest mia auc, coins")
    assert all(evaluate_coverage.why_conservative(name, reasons) for name in excused)
    assert not any(evaluate_coverage.why_conservative(name, reasons) for name in ("mia auc, step 0", "tstr"))


def test_the_synthetic_distribution_differs_and_a_leak_is_of_training_rows():
    rng = np.random.default_rng(0)
    real, made = coverage_worlds.rows(rng, 20_000), coverage_worlds.rows(rng, 20_000, synthetic=True)
    assert list(real.columns) == list(made.columns)
    assert made["debt"].mean() > real["debt"].mean() + 0.1 and made["debt"].isna().mean() > real["debt"].isna().mean()
    assert real["city"].nunique() == made["city"].nunique() == 5
    train = coverage_worlds.rows(rng, 500)
    leak = coverage_worlds.leaking(rng, train, 500)
    copied = leak.merge(train.drop_duplicates(), how="inner")
    assert len(leak) == 500 and 20 < len(copied) < 90


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_every_experiment_gives_figures_with_intervals(experiment, monkeypatch):
    small = {
        "columns": coverage_experiments.fidelity(("ks", "tail_quantiles"), 2_000),
        "pairs": coverage_experiments.fidelity(("pearson",), 2_000),
        "c2st": coverage_experiments.c2st(large=500),
        "utility": coverage_experiments.utility(large=500),
    }
    simulate = small.get(experiment.name, experiment.simulate)
    found = simulate(np.random.default_rng(0), 0, min(experiment.rows, 200))
    known = [name for name, (score, _) in found.items() if score.known and not math.isnan(score.lower)]
    assert len(known) >= len(found) / 2 and found
    assert all(score.lower <= score.upper for score, _ in found.values() if score.known)
