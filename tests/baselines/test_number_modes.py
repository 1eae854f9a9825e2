from __future__ import annotations

import numpy as np
import pytest

from llmsynth.baselines.features import Feature
from llmsynth.baselines.number_modes import NumberModes, fit_number_modes, load_number_modes


def number(values: np.ndarray, missing: np.ndarray | None = None) -> Feature:
    gone = np.zeros(values.size, dtype=bool) if missing is None else missing
    return Feature("x", "number", values.astype(np.int64), gone, span=int(values.max()), nullable=missing is not None)


def two_modes(n: int = 400) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.rint(np.where(rng.random(n) < 0.3, rng.normal(200, 10, n), rng.normal(5000, 200, n))).astype(np.int64)


def test_normalisation_inverts_exactly() -> None:
    values = two_modes()
    values[:60], missing = 777, np.arange(values.size) % 9 == 8
    own = fit_number_modes(number(values, missing), np.random.default_rng(1))
    places, codes = own.encode(np.where(missing, 0, values), missing, np.random.default_rng(2))
    back = own.decode(places, codes)
    assert (back.missing == missing).all()
    assert (np.rint(back.values) == values)[~missing].all()
    assert np.abs(back.values - values)[~missing].max() < 1e-8


def test_a_place_is_the_distance_from_the_mean_in_four_deviations() -> None:
    own = NumberModes(np.array([100.0]), np.array([5.0]), np.zeros(1), np.array([7]), missing=False)
    places, codes = own.encode(np.array([100, 110, 80, 7]), np.zeros(4, dtype=bool), np.random.default_rng(0))
    assert places.tolist() == [0.0, 0.5, -1.0, 0.0]
    assert codes.tolist() == [0, 0, 0, 1]
    assert own.flat.tolist() == [False, True]


def test_the_mixture_finds_two_modes_and_their_weights() -> None:
    own = fit_number_modes(number(two_modes(1500)), np.random.default_rng(0))
    low = own.means < 2000
    assert np.exp(own.log_weights[low]).sum() == pytest.approx(0.3, abs=0.05)
    assert own.means[low] == pytest.approx(200, abs=20)
    assert own.means.size <= 10 and own.spikes.size == 0


def test_the_mode_of_a_value_between_two_is_drawn_by_its_posterior() -> None:
    own = NumberModes(np.array([0.0, 10.0]), np.array([5.0, 5.0]), np.log([0.25, 0.75]), np.zeros(0, int), False)
    values = np.full(20_000, 5)
    _, codes = own.encode(values, np.zeros(values.size, dtype=bool), np.random.default_rng(0))
    assert codes.mean() == pytest.approx(0.75, abs=0.015)


def test_a_repeated_value_and_a_missing_cell_are_modes_without_width() -> None:
    values = np.concatenate([np.zeros(500), np.random.default_rng(0).integers(1000, 9000, 100)]).astype(np.int64)
    missing = np.zeros(600, dtype=bool)
    missing[590:] = True
    own = fit_number_modes(number(values, missing), np.random.default_rng(0))
    assert own.spikes.tolist() == [0]
    places, codes = own.encode(values, missing, np.random.default_rng(0))
    assert (codes[:500] == own.means.size).all() and (places[:500] == 0).all()
    assert (codes[590:] == own.n_codes - 1).all()


def test_a_number_of_few_values_has_spikes_only() -> None:
    own = fit_number_modes(number(np.arange(100) % 7), np.random.default_rng(0), max_levels=20)
    assert own.means.size == 0 and own.spikes.tolist() == list(range(7))


def test_a_single_value_beside_spikes_gets_a_width_above_zero() -> None:
    own = fit_number_modes(number(np.array([0] * 99 + [50])), np.random.default_rng(0))
    assert own.spikes.tolist() == [0] and own.means.tolist() == [50.0] and (own.widths > 0).all()


def test_the_saved_modes_come_back() -> None:
    own = fit_number_modes(number(two_modes()), np.random.default_rng(0))
    again = load_number_modes(*own.state())
    assert (again.means == own.means).all() and (again.log_weights == own.log_weights).all()
    assert again.missing == own.missing
