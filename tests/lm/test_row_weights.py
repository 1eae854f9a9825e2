"""Rows that come more often teach the same distribution: exactly so in expectation, and that can be seen to fail."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import InputError
from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.lm.dataset import BatchBuilder
from llmsynth.lm.heads import ColumnHead
from llmsynth.lm.model import batch_losses, column_losses
from llmsynth.lm.row_weights import MOST_EXTRA, RowWeights, Visits, training_losses
from llmsynth.lm.stub import StubModel

FIRST = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
SECOND = np.array([0, 1, 2, 3, 0, 0, 3, 3, 1, 2, 2, 0])
THIRD = np.array([0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0])
N = FIRST.size
ROWS = np.arange(N)
COLUMN = np.array([1.0, 3, 2, 0.5, 1, 4, 1, 2, 0.25, 3, 1, 1])
FACTOR = np.where(FIRST == 1, 5.0, 1.0)


def weighing(column=None, factor=None, places=(0,)):
    factor = np.ones(N) if factor is None else factor
    return RowWeights(column, factor, factor > 1, places if (factor > 1).any() else ())


@pytest.fixture(scope="module")
def builder():
    kinds = [code_grammar(3, 0, missing=False), code_grammar(4, 0, missing=False), code_grammar(2, 0, missing=False)]
    grammar = compact_row_grammar("abc", kinds)
    return BatchBuilder(grammar, [grammar.encode_column(place, v) for place, v in enumerate((FIRST, SECOND, THIRD))])


@pytest.fixture(scope="module")
def model(builder, random_compact):
    return random_compact(builder.grammar, encoded=builder.encoded)


def gradient(model, loss):
    parameters = [parameter for _, parameter in model.trainable()]
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    parts = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]
    return torch.cat([part.reshape(-1) for part in parts]).numpy()


def plain_gradient(model, builder, order, columns=(0, 1, 2)):
    batch = builder.build(ROWS, np.tile(order, (N, 1)))
    return gradient(model, column_losses(model, batch, columns).sum() / N)


def expected_gradient(model, builder, visits, order, *, chosen=None, columns=(0, 1, 2), corrected=True):
    """Sum over visits of their probability times the gradient of their loss, all written in one order."""
    numbers = visits.numbers if chosen is None else visits.numbers[chosen]
    probability = (visits.mass / visits.mass.sum())[slice(None) if chosen is None else chosen]
    batch = visits.batch(builder, numbers, np.tile(order, (numbers.size, 1)))
    losses = column_losses(model, batch, columns)
    if corrected:
        losses = losses * batch.weights[:, list(columns)]
    return gradient(model, (losses.sum(dim=1) * torch.from_numpy(probability).float()).sum())


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_with_a_weight_column_the_expected_gradient_is_that_of_unweighted_rows(model, builder, order):
    visits = Visits(weighing(COLUMN), ROWS)
    plain = plain_gradient(model, builder, order)
    assert expected_gradient(model, builder, visits, order) == pytest.approx(plain, abs=2e-6)
    wrong = expected_gradient(model, builder, visits, order, corrected=False)
    assert np.abs(wrong - plain).max() > 0.01


@pytest.mark.parametrize("factor", [FACTOR, np.where(FIRST == 0, 1.0, 40.0), np.where(FIRST == 2, 0.3, 1.0)])
@pytest.mark.parametrize("column", [None, COLUMN])
def test_with_a_boost_the_usual_visits_alone_have_the_gradient_of_unweighted_rows(model, builder, column, factor):
    visits, order = Visits(RowWeights(column, factor, factor != 1, (0,)), ROWS), [1, 0, 2]
    usual = visits.numbers < N
    assert not usual.all()
    expected = expected_gradient(model, builder, visits, order, chosen=usual)
    assert expected == pytest.approx(plain_gradient(model, builder, order), abs=2e-6)


@pytest.mark.parametrize("column", [None, COLUMN])
def test_the_boosted_column_itself_is_learned_from_unweighted_rows(model, builder, column):
    """So its shares stay, whatever the factor, in any order that it comes in."""
    visits, order = Visits(weighing(column, FACTOR), ROWS), [1, 0, 2]
    expected = expected_gradient(model, builder, visits, order, columns=(1, 0))
    assert expected == pytest.approx(plain_gradient(model, builder, order, columns=(1, 0)), abs=2e-6)
    wrong = expected_gradient(model, builder, visits, order, columns=(1, 0), corrected=False)
    assert np.abs(wrong - plain_gradient(model, builder, order, columns=(1, 0))).max() > 0.01


def test_a_pretrained_model_behind_a_tokenizer_learns_unweighted_rows_too(random_llama, spelled_row):
    grammar = spelled_row([["x", "y", "zed"], ["p", "q", "qr", "st"], ["no", "yes"]])
    encoded = [grammar.encode_column(place, values) for place, values in enumerate((FIRST, SECOND, THIRD))]
    rows, llama, order = BatchBuilder(grammar, encoded), random_llama(grammar, encoded=encoded), [1, 0, 2]
    visits = Visits(weighing(COLUMN, FACTOR), ROWS)
    plain = plain_gradient(llama, rows, order)
    usual = expected_gradient(llama, rows, visits, order, chosen=visits.numbers < N)
    assert usual == pytest.approx(plain, abs=2e-5)
    boosted = expected_gradient(llama, rows, visits, order, columns=(1, 0))
    assert boosted == pytest.approx(plain_gradient(llama, rows, order, columns=(1, 0)), abs=2e-5)
    wrong = expected_gradient(llama, rows, visits, order, corrected=False)
    assert np.abs(wrong - plain).max() > 0.01


@pytest.mark.parametrize("column", [None, COLUMN])
def test_extra_visits_leave_the_optimum_of_what_comes_after_the_boosted_column_where_it_is(column):
    """Of a table in which b does not depend on a, the frequencies of b are optimal given any a."""
    a, b = np.repeat([0, 1, 2], 4), np.tile([0, 0, 1, 2], 3)
    grammar = compact_row_grammar("ab", [code_grammar(3, 0, missing=False), code_grammar(3, 0, missing=False)])
    pair = BatchBuilder(grammar, [grammar.encode_column(0, a), grammar.encode_column(1, b)])
    best = StubModel(grammar)
    head = best.heads[1]
    assert isinstance(head, ColumnHead)
    head.bias.data[:] = torch.log(torch.tensor([0.5, 0.25, 0.25]))
    visits = Visits(RowWeights(column, np.where(a == 1, 5.0, 1.0), a == 1, (0,)), ROWS)
    extra = visits.numbers >= N
    how = {"chosen": extra, "columns": (1,)}
    assert expected_gradient(best, pair, visits, [0, 1], **how) == pytest.approx(0.0, abs=1e-6)
    if column is not None:
        assert np.abs(expected_gradient(best, pair, visits, [0, 1], **how, corrected=False)).max() > 0.01


def test_boosted_rows_come_so_many_times_as_often_and_every_row_as_its_weight_says():
    visits = Visits(weighing(COLUMN, FACTOR), ROWS)
    epochs = 5000
    drawn = np.concatenate([visits.draw(np.random.default_rng(seed)) for seed in range(epochs)])
    assert drawn.size == epochs * N
    due = N * COLUMN * FACTOR / (COLUMN * FACTOR).sum()
    assert np.bincount(drawn % N, minlength=N) / epochs == pytest.approx(due, abs=0.1)
    plain = Visits(weighing(None, FACTOR), ROWS)
    count = np.bincount(np.concatenate([plain.draw(np.random.default_rng(s)) for s in range(epochs)]) % N) / epochs
    assert count[FIRST == 1].mean() / count[FIRST == 0].mean() == pytest.approx(5.0, rel=0.03)


@given(
    weights=st.lists(st.floats(0.01, 100), min_size=2, max_size=30),
    factors=st.lists(st.sampled_from([0.5, 1.0, 5.0, 30.0]), min_size=30, max_size=30),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_a_visit_that_is_due_x_times_comes_x_times_rounded_down_or_up(weights, factors, seed):
    n = len(weights)
    factor = np.array(factors[:n])
    visits = Visits(RowWeights(np.array(weights), factor, factor > 1, (0,)), np.arange(n))
    drawn = np.bincount(visits.draw(np.random.default_rng(seed)), minlength=2 * n)[visits.numbers]
    due = n * visits.mass / visits.mass.sum()
    assert drawn.sum() == n and (np.abs(drawn - due) < 1 + 1e-9).all()
    assert visits.mass[visits.numbers >= n].sum() <= (MOST_EXTRA + 1e-9) * visits.mass.sum()


def test_equal_weights_visit_every_row_once_and_change_no_loss(model, builder):
    visits = Visits(weighing(np.full(N, 7.0)), ROWS)
    drawn = visits.draw(np.random.default_rng(0))
    assert sorted(drawn.tolist()) == ROWS.tolist()
    orders = visits.orders(np.random.default_rng(1), drawn, 3, 0.5)
    batch = visits.batch(builder, drawn, orders)
    assert batch.weights is not None and bool((batch.weights == 1).all())
    plain = batch_losses(model, builder.build(drawn, orders))
    for found in training_losses(model, batch):
        assert torch.allclose(found, plain, atol=1e-5)


def test_in_extra_visits_only_tokens_after_all_boosted_columns_count():
    factor = np.where(FIRST == 1, 5.0, 1.0)
    visits = Visits(RowWeights(None, factor, factor > 1, (0, 2)), ROWS)
    numbers = visits.numbers[visits.numbers >= N]
    assert set((numbers - N).tolist()) == set(np.flatnonzero(FIRST == 1).tolist())
    rng = np.random.default_rng(0)
    for _ in range(20):
        orders = visits.orders(rng, numbers, 3, 0.5)
        weights = visits.token_weights(numbers, orders)
        for order, row in zip(orders.tolist(), weights, strict=True):
            assert row[[0, 2]].tolist() == [0, 0]
            assert row[1] == pytest.approx(0.0 if order != [0, 2, 1] else 1.0)
    usual = visits.token_weights(ROWS, visits.orders(rng, ROWS, 3, 0.5))
    assert usual == pytest.approx(np.full((N, 3), factor.mean()))


def test_of_other_rows_only_those_count(model, builder):
    some = ROWS[::2]
    visits = Visits(weighing(COLUMN, FACTOR), some)
    assert set((visits.numbers % N).tolist()) == set(some.tolist())
    assert visits.draw(np.random.default_rng(0)).size == some.size
    usual = visits.numbers < N
    batch = builder.build(some, np.tile([0, 1, 2], (some.size, 1)))
    plain = gradient(model, batch_losses(model, batch).sum() / some.size)
    assert expected_gradient(model, builder, visits, [0, 1, 2], chosen=usual) == pytest.approx(plain, abs=2e-6)


def test_the_nats_that_are_shown_are_those_of_unweighted_rows(model, builder):
    visits = Visits(weighing(COLUMN, FACTOR), ROWS)
    everything = np.concatenate([np.repeat(v, k) for v, k in zip(ROWS, [1, 2] * 6, strict=True)])
    batch = visits.batch(builder, everything, np.tile([0, 1, 2], (everything.size, 1)))
    _, nats = training_losses(model, batch)
    weights = batch.weights[:, 0].numpy()
    plain = batch_losses(model, builder.build(everything, np.tile([0, 1, 2], (everything.size, 1)))).detach().numpy()
    assert float(nats.detach().mean()) == pytest.approx(float((weights * plain).sum() / weights.sum()), rel=1e-5)
    extra = visits.numbers[visits.numbers >= N]
    alone = visits.batch(builder, extra, np.tile([0, 1, 2], (extra.size, 1)))
    assert np.isfinite(training_losses(model, alone)[1].detach().numpy()).all()


def test_what_is_reported_are_counts():
    weights = weighing(None, FACTOR)
    assert weights.to_dict() == {"boosted_rows": 3, "effective_rows": round(24**2 / 84, 1)}
    assert weighing(np.full(N, 3.0)).effective_rows == pytest.approx(N)


@pytest.mark.parametrize(
    ("column", "factor"), [(np.r_[1e-300, np.ones(N - 1)], None), (None, np.r_[1e7, np.ones(N - 1)])]
)
def test_weights_too_far_apart_are_refused(column, factor):
    with pytest.raises(InputError, match="at most 1,000,000 times the smallest"):
        weighing(column, factor)


def test_any_scale_of_a_weight_column_is_the_same():
    one, other = (Visits(weighing(COLUMN * scale, FACTOR), ROWS) for scale in (1.0, 1e307))
    assert one.mass == pytest.approx(other.mass)
    assert one.token_weights(ROWS, np.tile([0, 1, 2], (N, 1))) == pytest.approx(
        other.token_weights(ROWS, np.tile([0, 1, 2], (N, 1)))
    )
