"""Five ways to train on a rare class, against known answers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from llmsynth.evaluate import Learners, encode_tables
from llmsynth.evaluate.imbalance import ARMS, GENERATED, NONE, Skill, Split, arm_titles, arms_over, skills


class Recorder:
    """Keeps what it was trained on; its probability is the first column."""

    seen: list

    def fit(self, rows, classes, sample_weight=None):
        Recorder.seen.append((rows, classes, sample_weight))

    def predict_proba(self, rows):
        return np.column_stack([1 - rows[:, 0], rows[:, 0]])


@pytest.fixture
def recorder():
    Recorder.seen = []
    return Learners(lambda layout, seed: Recorder(), name="recorder")


def split(n_generated=60):
    rng = np.random.default_rng(0)
    train, rare = pd.DataFrame({"p": rng.random(100), "q": rng.random(100)}), np.arange(100) < 20
    test, test_rare = pd.DataFrame({"p": [0.9, 0.8, 0.6, 0.4, 0.2], "q": 0.0}), np.array([1, 0, 1, 1, 0], bool)
    new = pd.DataFrame({"p": np.full(n_generated, 7.0), "q": np.full(n_generated, 7.0)})
    tables = encode_tables(train, test, new)
    return Split(tables[0], rare, tables[1], test_rare, tables[2])


def test_average_precision_and_recall_are_those_worked_by_hand(recorder):
    for skill in skills(split(), learners=recorder).values():
        # ranks of the class: 1, 3, 4, so precision 1/1, 2/3, 3/4; two of three reach 0.5
        assert skill.average_precision == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
        assert skill.recall == pytest.approx(2 / 3)


def test_every_way_gives_the_class_the_same_share_and_keeps_the_real_rows(recorder):
    one = split()
    skills(one, learners=recorder)
    none, weighted, *added = Recorder.seen
    assert none[2] is None and none[1].mean() == 0.2
    share = np.average(weighted[1], weights=weighted[2])
    assert share == pytest.approx(80 / 160) and weighted[2].mean() == pytest.approx(1.0)
    for rows, classes, weights in added:
        assert weights is None and classes.mean() == 0.5
        assert np.array_equal(rows[:100], one.train.values) and classes[100:].all()
    assert (Recorder.seen[-1][0][100:] == 7.0).all()  # the generated rows come last


def test_class_weights_are_scikit_learns_balanced_ones_at_one_half(recorder):
    from sklearn.utils.class_weight import compute_sample_weight

    skills(split(), learners=recorder)
    _, classes, weights = Recorder.seen[1]
    assert np.allclose(weights, compute_sample_weight("balanced", classes))


def test_rows_that_know_more_gain_and_rows_of_noise_lose():
    rng = np.random.default_rng(1)

    def of_class(rare, n):
        return pd.DataFrame({"x": rng.normal(2.0 * rare, 1, n), "y": rng.normal(-2.0 * rare, 1, n)})

    test, test_rare = pd.concat([of_class(0, 2000), of_class(1, 100)], ignore_index=True), np.arange(2100) >= 2000
    quick = Learners(lambda layout, seed: HistGradientBoostingClassifier(max_iter=10, random_state=seed), name="quick")

    def gained(known, new):
        """Average precision without and with new rows, where the real rows of the class look like `known`."""
        train, rare = pd.concat([of_class(0, 500), known], ignore_index=True), np.arange(500 + len(known)) >= 500
        tables = encode_tables(train, test, new)
        found = skills(Split(tables[0], rare, tables[1], test_rare, tables[2]), learners=quick)
        return found[NONE].average_precision, found[GENERATED].average_precision

    none, more = gained(of_class(0, 30), of_class(1, 470))
    assert more > none + 0.2
    none, noise = gained(of_class(1, 30), of_class(0, 470))
    assert noise < none - 0.02


def test_gains_are_paired_by_split():
    measured = [
        dict.fromkeys(ARMS, Skill(0.5, 0.25)) | {GENERATED: Skill(0.6, 0.5)},
        dict.fromkeys(ARMS, Skill(0.1, 0.25)) | {GENERATED: Skill(0.2, 0.5)},
    ]
    arms = arms_over(measured, 1 / 3)
    assert list(arms) == list(ARMS) == list(arm_titles(split()))
    gain = arms[NONE].average_precision_gain
    assert gain.values == pytest.approx((0.1, 0.1)) and gain.high - gain.low == pytest.approx(0.0, abs=1e-9)
    assert arms[NONE].average_precision.mean == pytest.approx(0.3)
    assert arms[GENERATED].to_dict()["recall_gain"]["mean"] == 0.0
