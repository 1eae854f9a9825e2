"""Parametric laws: the family that made the values is found, and a law is a distribution on the column's grid."""

from __future__ import annotations

import numpy as np
import pytest

from llmsynth.baselines.families import FamilyLaw, family_law
from llmsynth.baselines.features import Allowed


def grid(values, step=0.01):
    points = np.rint(np.asarray(values) / step).astype(np.int64)
    return points - points.min(), int(points.max() - points.min())


@pytest.mark.parametrize("criterion", ["aic", "ks"])
@pytest.mark.parametrize("family", ["norm", "expon", "uniform", "lognorm"])
def test_a_law_fits_the_family_that_made_the_values(criterion, family):
    rng = np.random.default_rng(0)
    draws = {
        "norm": rng.normal(50, 7, 3000),
        "expon": rng.exponential(20, 3000),
        "uniform": rng.uniform(0, 30, 3000),
        "lognorm": rng.lognormal(3, 0.5, 3000),
    }
    values, span = grid(draws[family])
    law = family_law(values, span, criterion)
    seen = np.arange(1, 3001) / 3000
    assert np.abs(law.cdf(np.sort(values)) - seen).max() < 0.035
    if criterion == "aic" and family in ("norm", "uniform", "expon"):
        assert law.family in {"norm": ("norm",), "uniform": ("uniform",), "expon": ("expon",)}[family]


def test_a_named_family_is_taken():
    values, span = grid(np.random.default_rng(0).gamma(2, 10, 500))
    assert family_law(values, span, "norm").family == "norm"


def test_draws_are_legal_and_invert_the_distribution_function():
    law = FamilyLaw("norm", (1.0, 1.0), 10.0, 30)
    drawn = law.draw(np.linspace(0, 1, 1001))
    assert drawn.min() == 0 and drawn.max() == 30
    middles = (law.cdf(np.arange(31)) + np.append(0.0, law.cdf(np.arange(30)))) / 2
    assert law.draw(middles).tolist() == list(range(31))
    assert law.cdf(np.array([30]))[0] == 1.0
    inside = law.stretches(Allowed(intervals=((5, 9),)))
    assert inside.tolist() == [[law.cdf(np.array([4]))[0], law.cdf(np.array([9]))[0]]]


def test_steps_are_increasing_also_where_the_family_has_no_mass():
    values = np.array([0] * 50 + [1] * 50 + [10_000] * 3)
    index, edges = FamilyLaw("norm", (0.0, 1.0), 1.0, 10_000).steps(values)
    assert (np.diff(edges) > 0).all() and edges[0] == 0 and edges[-1] == 1
    assert index.min() >= 0 and index.max() <= edges.size - 2


def test_constant_values_have_a_law():
    assert set(family_law(np.full(20, 4), 9, "aic").draw(np.linspace(0.01, 0.99, 50)).tolist()) == {4}
