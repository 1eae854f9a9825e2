"""Any order, given columns, restricted columns: what is decoded follows the model's own conditional probabilities."""

import numpy as np
import pytest
import torch
from scipy.stats import chi2

from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.lm.dataset import BatchBuilder
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.model import batch_losses
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.request import Request
from llmsynth.lm.restriction import restrict

CODES = [code_grammar(2, 0, missing=True), code_grammar(1, 34, missing=True), code_grammar(2, 0, missing=False)]
LISTS = [["n", "no", "yesterday evening"], ["1", "12", "-3.25"], ["", "a b"]]
N = 6000


@pytest.fixture(params=["compact", "pretrained"])
def model(request, random_compact, random_llama, spelled_row):
    if request.param == "compact":
        return random_compact(compact_row_grammar("abc", CODES))
    return random_llama(spelled_row(LISTS, missing=(1,)))


def decode(model, asked, n=N, seed=0):
    decoder = RowDecoder(model, model.number_offsets, [ColumnSampling()] * 3)
    return decoder.decode_rows(np.arange(n), seed, request=asked)


def joint(model, every_row, order):
    """All rows and their probabilities when written in an order."""
    encoded, codes = every_row(model.grammar)
    builder = BatchBuilder(model.grammar, encoded, model.number_offsets)
    orders = np.tile(np.array(order), (len(codes), 1))
    with torch.inference_mode():
        losses = batch_losses(model, builder.build(np.arange(len(codes)), orders)).double().numpy()
    return codes, np.exp(-losses)


def fits(observed, expected_share, n_effective):
    """Whether weighted frequencies agree with probabilities: a chi-square test at 0.001; rare cells are merged."""
    order = np.argsort(-expected_share)
    observed, expected = observed[order], expected_share[order]
    cells = np.minimum(np.cumsum(expected) * n_effective // 5, 10**6)
    _, first = np.unique(cells, return_index=True)
    observed, expected = np.add.reduceat(observed, first), np.add.reduceat(expected, first)
    statistic = n_effective * ((observed - expected) ** 2 / np.maximum(expected, 1e-12)).sum()
    return chi2.sf(statistic, max(1, first.size - 1)) > 0.001


@pytest.mark.parametrize("place, values", [(0, (0, 1)), (1, (-1, 1)), (2, (0, 1))])
def test_given_values_stay_and_the_rest_follows_their_conditional(model, every_row, place, values):
    order = (place, *(other for other in range(3) if other != place))
    codes, probability = joint(model, every_row, order)
    assert probability.sum() == pytest.approx(1, abs=1e-4)
    given = np.where(np.arange(N) % 2, *values)
    made = decode(model, Request(order[1:], {place: given}))
    assert (made.values[place] == given).all() and not made.log_weight.any()
    for value in values:
        own = codes[:, place] == value
        rows = np.stack([made.values[other][given == value] for other in range(3)], axis=1)
        observed = np.array([(rows == row).all(axis=1).mean() for row in codes[own]])
        assert fits(observed, probability[own] / probability[own].sum(), len(rows))


def test_every_row_may_know_other_cells(model, every_row):
    """Rows that know all, nothing, the middle or both ends follow their own conditionals, side by side."""
    patterns = np.array([[True, True, True], [False] * 3, [False, True, False], [True, False, True]])
    known, kind = patterns[np.arange(2 * N) % 4], np.arange(2 * N) % 4
    given = {place: np.full(2 * N, 1) for place in range(3)}
    made = decode(model, Request((0, 1, 2), given, known), n=2 * N)
    rows = np.stack([made.values[place] for place in range(3)], axis=1)
    assert (rows[known] == 1).all()
    for number, order in ((1, (0, 1, 2)), (2, (1, 0, 2)), (3, (0, 2, 1))):
        codes, probability = joint(model, every_row, order)
        own = (codes[:, patterns[number]] == 1).all(axis=1)
        mine = rows[kind == number]
        observed = np.array([(mine == row).all(axis=1).mean() for row in codes[own]])
        assert fits(observed, probability[own] / probability[own].sum(), len(mine))


@pytest.mark.parametrize("part", ["whole codes", "missing only", "a share of a code"])
def test_weighted_rows_of_a_restricted_column_follow_the_conditional(model, every_row, part):
    codes, probability = joint(model, every_row, (0, 1, 2))
    n_codes = int(codes[:, 1].max()) + 1
    share = np.zeros(n_codes + 1)
    likeliest = int(np.bincount(codes[:, 1] + 1, weights=probability)[1:].argmax())
    if part == "missing only":
        share[-1] = 1
    else:
        share[[0, 2, likeliest]] = 1
        share[-1] = 1
    if part == "a share of a code":
        share[likeliest] = 0.25
    made = decode(model, Request((0, 1, 2), within={1: restrict(model.grammar.columns[1], share)}))
    weight = np.exp(made.log_weight)
    wanted = probability * share[codes[:, 1]]
    assert weight.mean() == pytest.approx(wanted.sum(), abs=4 * weight.std() / np.sqrt(N) + 1e-5)
    rows = np.stack([made.values[place] for place in range(3)], axis=1)
    observed = np.array([weight[(rows == row).all(axis=1)].sum() for row in codes]) / weight.sum()
    effective = weight.sum() ** 2 / (weight**2).sum()
    assert fits(observed, wanted / wanted.sum(), effective)
    if part == "a share of a code":  # rows that forget the share would not pass
        forgotten = probability * (share[codes[:, 1]] > 0)
        assert not fits(observed, forgotten / forgotten.sum(), effective)


def test_a_part_of_the_columns_can_be_written_alone(model):
    made = decode(model, Request((0, 2)), n=50)
    assert set(made.values) == {0, 2} and all(values.shape == (50,) for values in made.values.values())


def test_given_and_restricted_rows_do_not_depend_on_the_batch(model):
    decoder = RowDecoder(model, model.number_offsets, [ColumnSampling()] * 3)
    given = np.arange(40) % 2
    known = np.arange(40)[:, None] % np.array([2, 3, 5]) == 0
    asked = Request((0, 1, 2), {place: given for place in range(3)}, known)
    whole = decoder.decode(40, 3, request=asked)
    parts = decoder.decode(40, 3, batch_size=7, request=asked)
    assert all((one == other).all() for one, other in zip(whole, parts, strict=True))
    assert all((whole[place] == given)[known[:, place]].all() for place in range(3))


def test_an_empty_restriction_is_refused(model):
    with pytest.raises(ValueError, match="at least one value"):
        restrict(model.grammar.columns[0], np.zeros(4))
