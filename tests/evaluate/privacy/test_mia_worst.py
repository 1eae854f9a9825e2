"""The strongest attack, without the luck of the pick."""

import numpy as np

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.mia_worst import METRIC, strongest
from tests.evaluate.privacy.attacks import check_parts, honest, memoriser
from tests.evaluate.privacy.tables import mixed_rows


def test_a_memoriser_is_found() -> None:
    found = METRIC.measure(memoriser(400))
    check_parts(found)
    assert found.score.value > 0.99 and found.parts["tpr_at_1fpr"].lower > 0.7
    assert METRIC.path == "privacy.mia"


def test_honest_rows_give_no_more_than_guessing() -> None:
    found = METRIC.measure(honest(500))
    assert found.score.lower <= 0.5 and found.parts["tpr_at_1fpr"].lower <= 0.01
    assert len(found.details["attacks"]) == 7


def test_twelve_coins_find_no_more_members_than_one() -> None:
    rng, alarms = np.random.default_rng(0), []
    for _ in range(60):
        coins = {f"coin {i}": (rng.normal(size=400), rng.normal(size=400)) for i in range(12)}
        found = strongest(coins, rng)
        p_value = found.details["p_value_tpr_at_1fpr"]
        alarms.append((found.parts["auc"].lower > 0.5, found.parts["tpr_at_1fpr"].lower > 0.01, p_value < 0.05))
    assert (np.mean(alarms, axis=0) <= [0.05, 0.05, 0.1]).all()


def test_the_best_attack_is_picked_for_each_figure() -> None:
    rng = np.random.default_rng(0)
    few = np.where(np.arange(1000) < 200, 9.0, 0.0) + rng.normal(size=1000)
    outcomes = {
        "guess": (rng.normal(size=1000), rng.normal(size=1000)),
        "all a little": (rng.normal(0.6, 1, 1000), rng.normal(size=1000)),
        "few for certain": (few, rng.normal(size=1000)),
    }
    found = strongest(outcomes, rng)
    assert found.details["attack"] == "all a little" and found.details["attack_tpr_at_1fpr"] == "few for certain"
    assert found.parts["tpr_at_1fpr"].lower > 0.05 and found.score.n_rows == 500


def test_without_a_holdout_every_part_says_what_is_needed() -> None:
    found = METRIC.measure(gather(mixed_rows(50, 0), mixed_rows(50, 1)))
    assert "holdout" in found.score.reason and found.parts["tpr_at_1fpr"].reason
