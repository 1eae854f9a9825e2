"""Normals in a box: probabilities against known ones, draws against brute force and the analytic conditional law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency, kstest, multivariate_normal, norm, truncnorm

from llmsynth.baselines.latent_box import LatentBox, draw_in_box, draw_in_region, interval_masses, probability

CORRELATION = np.array([[1.0, 0.7, -0.4], [0.7, 1.0, -0.2], [-0.4, -0.2, 1.0]])
INF = np.inf


def box(**regions):
    places = sorted(regions)
    axes = np.array([int(place[1:]) for place in places], dtype=np.int64)
    return LatentBox(axes, [np.asarray(regions[place], dtype=float) for place in places])


def rejection(the_box, n, seed=0, correlation=CORRELATION):
    """Rows of the box among plain draws."""
    rows = np.random.default_rng(seed).multivariate_normal(np.zeros(len(correlation)), correlation, n)
    inside = np.ones(n, dtype=bool)
    for axis, region in zip(the_box.axes, the_box.regions, strict=True):
        inside &= ((rows[:, axis, None] > region[:, 0]) & (rows[:, axis, None] < region[:, 1])).any(axis=1)
    return rows[inside][:, the_box.axes]


BOXES = [
    box(a0=[[1.0, INF]], a1=[[-INF, 0.5]]),
    box(a0=[[-INF, -1.0], [0.2, 0.4], [1.5, 2.0]], a2=[[0.0, INF]]),
    box(a0=[[0.5, INF]], a1=[[-1.0, 0.0], [1.0, 1.5]], a2=[[-INF, 0.0], [1.0, INF]]),
]


@pytest.mark.parametrize("the_box", BOXES)
def test_the_probability_is_that_of_brute_force(the_box):
    estimate, error = probability(CORRELATION, the_box, 1 << 14, np.random.default_rng(0))
    share = len(rejection(the_box, 200_000)) / 200_000
    assert estimate == pytest.approx(share, abs=4 * np.sqrt(share / 200_000) + 4 * error)
    assert 0 < error < 0.01 * estimate


def test_an_orthant_has_its_closed_form():
    estimate, error = probability(CORRELATION, box(a0=[[0, INF]], a1=[[0, INF]]), 1 << 14, np.random.default_rng(0))
    assert estimate == pytest.approx(0.25 + np.arcsin(0.7) / (2 * np.pi), abs=max(5 * error, 1e-4))


def test_a_rare_corner_is_estimated_though_no_draw_would_hit_it():
    corner = box(a0=[[4.0, INF]], a1=[[4.0, INF]])
    estimate, _ = probability(CORRELATION, corner, 1 << 14, np.random.default_rng(0))
    exact = multivariate_normal([0, 0], CORRELATION[:2, :2]).cdf([-4.0, -4.0])
    assert estimate == pytest.approx(exact, rel=0.02)
    rows = draw_in_box(CORRELATION, corner, 500, np.random.default_rng(0))
    assert (rows > 4.0).all() and np.unique(rows[:, 0]).size == 500


@pytest.mark.parametrize("the_box", BOXES)
def test_draws_cannot_be_told_from_rejection(the_box):
    expected = rejection(the_box, 400_000)
    drawn = draw_in_box(CORRELATION, the_box, 20_000, np.random.default_rng(1))
    assert drawn.shape == (20_000, the_box.axes.size)
    edges = [np.quantile(expected[:, axis], [0.25, 0.5, 0.75]) for axis in range(expected.shape[1])]
    cells = [
        np.ravel_multi_index(
            [np.searchsorted(edges[axis], rows[:, axis]) for axis in range(rows.shape[1])], (4,) * rows.shape[1]
        )
        for rows in (expected, drawn)
    ]
    counts = np.array([np.bincount(cell, minlength=4 ** expected.shape[1]) for cell in cells])
    assert chi2_contingency(counts[:, counts.sum(axis=0) > 10]).pvalue > 0.001


def test_one_axis_is_the_truncated_normal():
    rows = draw_in_box(CORRELATION, box(a1=[[0.3, 1.1]]), 20_000, np.random.default_rng(0))
    assert kstest(rows[:, 0], truncnorm(0.3, 1.1).cdf).pvalue > 0.001


def test_regions_far_out_are_drawn_precisely_on_both_sides():
    for sign in (-1.0, 1.0):
        ends = np.sort([sign * 9.0, sign * 9.5])
        drawn, mass = draw_in_region(np.zeros(20_000), 1.0, ends[None], np.random.default_rng(0).random(20_000))
        assert mass[0] == pytest.approx(norm.sf(9.0) - norm.sf(9.5), rel=1e-9)
        assert kstest(sign * drawn, truncnorm(9.0, 9.5).cdf).pvalue > 0.001
    assert interval_masses(np.array([-INF]), np.array([INF])).tolist() == [1.0]


def test_an_impossible_box_gives_no_rows():
    nearly_one = np.array([[1.0, 0.995], [0.995, 1.0]])
    impossible = box(a0=[[6.0, INF]], a1=[[-INF, -6.0]])
    assert probability(nearly_one, impossible, 4096, np.random.default_rng(0)) == (0.0, 0.0)
    assert np.isnan(draw_in_box(nearly_one, impossible, 5, np.random.default_rng(0))).all()


def test_a_box_without_axes_is_certain():
    empty = LatentBox(np.zeros(0, dtype=np.int64), [])
    assert probability(CORRELATION, empty, 100, np.random.default_rng(0)) == (1.0, 0.0)
    assert draw_in_box(CORRELATION, empty, 7, np.random.default_rng(0)).shape == (7, 0)
