"""Tokens are picked in proportion to their probability, and never an illegal one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import InputError
from llmsynth.lm.picking import ColumnSampling, pick

DEFAULT = ColumnSampling()


def laid_out(logits, rows_innermost):
    """The same numbers in another order in memory."""
    return logits.T.contiguous().T if rows_innermost else logits


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rows_innermost=st.booleans(),
    top_p=st.sampled_from([1.0, 0.9, 0.5, 1e-9]),
    temperature=st.sampled_from([1.0, 0.1, 5.0, 1e-8]),
    draw=st.sampled_from([0.0, 0.5, 1 - 2**-53]),
)
def test_only_legal_tokens_are_picked_even_at_the_ends(seed, rows_innermost, top_p, temperature, draw):
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=(20, 7)) * 10)
    legal = rng.random((20, 7)) < 0.4
    legal[np.arange(20), rng.integers(0, 7, 20)] = True
    logits[torch.from_numpy(~legal)] = -torch.inf
    logits = laid_out(logits, rows_innermost)
    tokens, margin = pick(logits, np.full(20, draw), ColumnSampling(temperature, top_p))
    assert legal[np.arange(20), tokens].all()
    assert (margin >= 0).all()


@pytest.mark.parametrize("rows_innermost", [False, True])
def test_tokens_are_picked_in_proportion_to_their_probability(rows_innermost):
    probability = np.array([0.1, 0.0, 0.6, 0.3])
    logits = torch.from_numpy(np.log(np.maximum(probability, 0) + 1e-300)).masked_fill(
        torch.tensor(probability == 0), -torch.inf
    )
    logits = laid_out(logits.repeat(1000, 1), rows_innermost)
    draws = (np.arange(1000) + 0.5) / 1000
    tokens, margin = pick(logits, draws, DEFAULT)
    assert np.bincount(tokens, minlength=4).tolist() == [100, 0, 600, 300]
    assert margin[99] == pytest.approx(0.0005) and margin[400] == pytest.approx(0.2995)
    kept, _ = pick(logits, draws, ColumnSampling(top_p=0.85))
    assert np.bincount(kept, minlength=4).tolist() == [0, 0, 667, 333]


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    top_p=st.sampled_from([1.0, 0.9, 0.5, 1e-9]),
    temperature=st.sampled_from([1.0, 0.1, 1e-3, 1e-6, 1e-8, 5.0]),
    spread=st.sampled_from([0.0, 1e-6, 1e-3, 1.0, 10.0]),
    error=st.sampled_from([1e-2, 1e-3, 1e-6]),
)
def test_a_pick_that_errors_in_the_logits_change_has_a_margin_below_half_of_them(
    seed, top_p, temperature, spread, error
):
    """The errors of all logits are at most so large, and a temperature below 1 multiplies them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(200, 6)) * spread
    logits[rng.random(logits.shape) < 0.3] = -np.inf
    logits[:, 0] = 0.0
    draws, how = rng.random(200), ColumnSampling(temperature, top_p)
    exact, _ = pick(torch.from_numpy(logits), draws, how)
    found, margin = pick(torch.from_numpy(logits + rng.uniform(-error, error, logits.shape)), draws, how)
    close = margin < error / 2 / min(1.0, temperature)
    assert close[found != exact].all()


def test_few_draws_are_close_where_rounding_decides_little():
    """Likeliest tokens a nat apart are those of any temperature near zero: nothing is left to settle."""
    logits = torch.from_numpy(np.random.default_rng(0).permuted(np.tile(np.arange(6.0), (5000, 1)), axis=1))
    draws = (np.arange(5000) + 0.5) / 5000
    for temperature, share in ((0.1, 0.0), (1e-3, 0.0), (1.0, 0.0)):
        for top_p in (1.0, 0.8):
            _, margin = pick(logits, draws, ColumnSampling(temperature, top_p))
            assert (margin < 2e-6 / temperature).mean() <= share + 2e-3


@pytest.mark.parametrize("how", [DEFAULT, ColumnSampling(0.5, 0.9)])
@pytest.mark.parametrize("empty", [-np.inf, np.nan])
def test_a_row_without_a_token_is_one_error(how, empty):
    logits = torch.zeros(3, 4).double()
    logits[1] = empty
    with pytest.raises(InputError, match="no value is left for a column in 1 of 3 rows"):
        pick(logits, np.full(3, 0.5), how)
