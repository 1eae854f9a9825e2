"""Both tables are compared with the training rows at one size, unless the hold-out is very small."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.c2st import ToldApart
from llmsynth.evaluate.encoding import Layout
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.discrimination import (
    FOLDS_DEPEND,
    auc_of,
    auc_score,
    measure_auc,
    people_of,
    sizes_of,
)
from tests.evaluate.fidelity.clusters import points, table


def test_sizes() -> None:
    train, made = table(points(0, 1500)), table(points(1, 900))
    for holdout, limit, expected in ((600, 5_000, (600, 600)), (100, 5_000, (900, 100)), (900, 300, (300, 300))):
        assert sizes_of(gather(train, made, table(points(2, holdout))), limit) == expected
    assert sizes_of(gather(train, made), 5_000) == (900, 0)


def _told(step: float, n: int = 150) -> ToldApart:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], n)
    return ToldApart(np.zeros((2 * n, 1)), labels, rng.normal(labels * step), ())


def test_intervals_are_wider_than_those_of_predictions_that_are_independent() -> None:
    told = _told(0.5)
    fixed = np.quantile(auc_of(told, np.random.default_rng(1))[1:], [0.025, 0.975])
    score = auc_score(told, np.random.default_rng(1))
    assert score.upper - score.lower == pytest.approx(FOLDS_DEPEND * (fixed[1] - fixed[0]))
    assert score.lower < score.value < score.upper and score.n_rows == 150


def test_an_auc_near_its_end_has_an_interval_that_ends_there() -> None:
    score = auc_score(_told(5.0), np.random.default_rng(1))
    assert score.value > 0.99 and score.upper <= 1.0


def _visits(seed: int, n_people: int = 60) -> pd.DataFrame:
    """Four rows a person, who has a number that nobody else has."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"who": np.arange(n_people), "x": rng.normal(size=n_people)}).loc[np.repeat(range(n_people), 4)]


def _nearest(layout: Layout, seed: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(3)


def test_no_row_is_told_by_other_rows_of_the_same_person() -> None:
    tables = _visits(0), _visits(1), _visits(2).assign(who=lambda frame: frame["who"] + 100)
    rowwise = measure_auc(gather(*(table[["x"]] for table in tables)), 1_000, _nearest, "c2st")
    by_person = measure_auc(gather(*tables, unit="who"), 1_000, _nearest, "c2st")
    for side in ("score", "reference"):
        assert getattr(rowwise, side).value > 0.9
        assert 0.3 < getattr(by_person, side).value < 0.7


def test_people_are_drawn_again_whole_so_their_interval_is_wider() -> None:
    told = _told(0.5)
    alike = ToldApart(told.rows, told.labels, np.repeat(told.probability[::5], 5), (), np.arange(300) // 5)
    rowwise = ToldApart(alike.rows, alike.labels, alike.probability, ())
    wide, narrow = (auc_score(one, np.random.default_rng(1)) for one in (alike, rowwise))
    assert wide.value == narrow.value
    assert wide.upper - wide.lower > 1.5 * (narrow.upper - narrow.lower)


def test_people_are_those_of_the_compared_rows_and_unsaid_synthetic_rows_are_somebodys_own() -> None:
    real, made, held = _visits(0, 5), _visits(1, 6), _visits(2, 4)
    evidence = gather(real, made[["x"]], held, unit="who")
    assert evidence.units is not None and evidence.units.holdout is not None
    people = people_of(evidence, "synthetic", 20)
    assert people is not None and people[:20].tolist() == evidence.units.train.tolist()
    assert np.unique(people[20:]).size == 20 and not np.isin(people[20:], people[:20]).any()
    held_people = people_of(evidence, "holdout", 16)
    assert held_people is not None and held_people[16:].tolist() == evidence.units.holdout.tolist()
    assert people_of(gather(real, made, held), "synthetic", 20) is None


def test_fewer_people_than_folds_are_a_reason() -> None:
    found = measure_auc(gather(_visits(0, 4), _visits(1, 4), unit="who"), 1_000, _nearest, "c2st")
    assert "people" in found.score.reason and not found.score.known
