"""Means and intervals over overlapping splits, against hand-worked figures."""

import math

import pytest

from llmsynth.evaluate.repeated import Estimate


def test_without_overlap_it_is_the_plain_t_interval():
    found = Estimate.over([1.0, 2.0, 3.0], 0.0)
    half = 4.302652729911275 * 1.0 / math.sqrt(3)  # t(0.975, 2), s = 1
    assert (found.mean, found.low, found.high) == pytest.approx((2.0, 2.0 - half, 2.0 + half))


def test_splits_that_share_rows_widen_it_as_nadeau_and_bengio_say():
    plain, shared = Estimate.over([1.0, 2.0, 3.0], 0.0), Estimate.over([1.0, 2.0, 3.0], 1 / 3)
    ratio = (shared.high - shared.mean) / (plain.high - plain.mean)
    assert ratio == pytest.approx(math.sqrt((1 / 3 + 1 / 3) / (1 / 3)))


def test_one_figure_has_no_interval_and_none_has_no_mean():
    one, none = Estimate.over([0.5], 0.0), Estimate.over([], 0.0)
    assert one.mean == 0.5 and math.isnan(one.low)
    assert one.to_dict() == {"mean": 0.5, "interval": [None, None], "values": [0.5]}
    assert none.to_dict() == {"mean": None, "interval": [None, None], "values": []}


def test_equal_figures_have_an_interval_of_no_width():
    found = Estimate.over([0.3] * 5, 1 / 3)
    assert (found.low, found.high) == pytest.approx((0.3, 0.3))
