"""Decoding draws from exactly the distribution that the loss scores, whatever the batch and the lengths in it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch

from llmsynth.grammar.column_grammar import pack_paths
from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import EncodedColumn, compact_row_grammar
from llmsynth.grammar.text_grammar import compact_text, free_text
from llmsynth.lm.dataset import BatchBuilder, natural_orders
from llmsynth.lm.decoder import LEAST_ROWS_OF_THREAD, RowDecoder, UnsettledDrawsWarning
from llmsynth.lm.model import batch_losses
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.stub import StubModel

DEFAULT = ColumnSampling()
CODES = [code_grammar(2, 0, missing=True), code_grammar(1, 34, missing=True), code_grammar(2, 0, missing=False)]
LISTS = [["n", "no", "yesterday evening"], ["1", "12", "-3.25"], ["", "a b"]]


@pytest.fixture(params=["compact", "pretrained"])
def model(request, random_compact, random_llama, spelled_row):
    if request.param == "compact":
        return random_compact(compact_row_grammar("abc", CODES))
    return random_llama(spelled_row(LISTS, missing=(1,)))


@pytest.fixture(params=["compact", "pretrained"])
def text_model(request, random_compact, random_llama, spelled_row, small_tokenizer):
    """A free text of any length between two other columns."""
    if request.param == "compact":
        columns = [
            code_grammar(1, 34, missing=True),
            compact_text(["abc", "ab é"], 6, True),
            code_grammar(3, 0, missing=True),
        ]
        return random_compact(compact_row_grammar("abc", columns))
    from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

    row = spelled_row(LISTS, missing=(1,))
    vocabulary = TokenizerVocabulary(small_tokenizer("byte_level_split_digits"))
    text = free_text(vocabulary, ["the nurse said", "a café"], 8, True)
    return random_llama(replace(row, columns=(row.columns[0], text, row.columns[2])))


def decoder_of(model, **how):
    return RowDecoder(model, model.number_offsets, [ColumnSampling(**how)] * model.grammar.n_columns)


@dataclass
class Spy:
    """A column grammar that keeps the longest paths it was asked to decode."""

    inner: object
    paths: list = field(default_factory=list)

    @property
    def automaton(self):
        return self.inner.automaton

    def decode(self, paths):
        self.paths.append(paths)
        return self.inner.decode(paths)


def listen(model, n, seed):
    """Decode; return the decoded paths per column and the logits per column and call."""
    plain, calls = model.grammar, []
    spies = tuple(Spy(column) for column in plain.columns)
    model.grammar, ask = replace(plain, columns=spies), model.logits

    def logits(column, hidden, state):
        result = ask(column, hidden, state)
        calls.append((column, result))
        return result

    model.logits = logits
    try:
        decoder_of(model).decode_rows(np.arange(n), seed)
    finally:
        model.grammar = plain
        del model.logits
    return [spy.paths[-1] for spy in spies], calls


def encoded_paths(grammar, paths):
    """Paths as they were drawn, not as the text would be spelled again."""
    encoded = []
    for column, drawn in zip(grammar.columns, paths, strict=True):
        tight = pack_paths([row[row >= 0].tolist() for row in drawn])
        states = column.automaton.walk(tight)[:, :-1]
        decisions = (tight >= 0) & (column.automaton.n_choices[states] > 1)
        values, lengths = np.asarray(column.decode(tight)), (tight >= 0).sum(axis=1)
        encoded.append(EncodedColumn(values, tight, states, lengths, decisions, np.arange(len(tight))))
    return encoded


@torch.no_grad()
def check_stepwise(model, n, seed):
    paths, calls = listen(model, n, seed)
    grammar = model.grammar
    encoded = encoded_paths(grammar, paths)
    builder = BatchBuilder(grammar, encoded, model.number_offsets)
    batch = builder.build(np.arange(n), natural_orders(n, grammar.n_columns))
    hidden = model.hidden(batch.tokens, batch.slots, batch.numbers)
    flat = hidden.reshape(-1, hidden.shape[-1])
    compared = 0
    for place, target in enumerate(batch.targets):
        whole = model.logits(place, flat[target.flat], target.state).softmax(-1)
        # One call per token, or per decision where forced tokens are folded into the step before.
        row, step = np.nonzero(encoded[place].decisions)
        group = _rank_in_row(row) if any(grammar.later_spans) else step
        stepwise = [logits for column, logits in calls if column == place]
        assert len(stepwise) == np.unique(group).size
        for number, logits in zip(np.unique(group), stepwise, strict=True):
            expected = whole[torch.from_numpy(group == number)]
            assert logits.shape == expected.shape
            assert (logits.softmax(-1) - expected).abs().max() < 1e-4
            compared += logits.shape[0]
    assert compared == sum(column.decisions.sum() for column in encoded)
    return encoded


def _rank_in_row(rows):
    first = np.r_[0, np.flatnonzero(np.diff(rows)) + 1]
    return np.arange(rows.size) - np.repeat(first, np.diff(np.r_[first, rows.size]))


@pytest.mark.parametrize("seed", [0, 1])
def test_stepwise_logits_equal_those_of_the_whole_row(model, seed):
    check_stepwise(model, 40, seed)


@pytest.mark.parametrize("seed", [0, 1])
def test_they_also_do_where_texts_of_many_lengths_leave_gaps(text_model, seed):
    encoded = check_stepwise(text_model, 40, seed)
    assert len(set(encoded[1].lengths.tolist())) > 3


def test_rows_come_as_often_as_the_loss_says(model, every_row):
    encoded, codes = every_row(model.grammar)
    n, total = codes.shape[0], 8_000
    batch = BatchBuilder(model.grammar, encoded, model.number_offsets).build(np.arange(n), natural_orders(n, 3))
    with torch.no_grad():
        expected = total * torch.exp(-batch_losses(model, batch).double()).numpy()
    drawn = np.stack(decoder_of(model).decode(total, seed=3), axis=1)
    place = {tuple(row): number for number, row in enumerate(codes.tolist())}
    seen = np.bincount([place[tuple(row)] for row in drawn.tolist()], minlength=n)
    often = expected >= 5
    pooled = np.r_[expected[often], max(expected[~often].sum(), 1e-9)]
    counts = np.r_[seen[often], seen[~often].sum()]
    chi2, freedom = ((counts - pooled) ** 2 / pooled).sum(), often.sum()
    assert freedom >= 8 and chi2 < freedom + 4 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("sizes", [(64,), (1, 63), (30, 34), (7,) * 9 + (1,)])
def test_a_row_does_not_depend_on_its_batch(text_model, sizes):
    decoder = decoder_of(text_model)
    whole = decoder.decode(64, seed=5)
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    parts = [decoder.decode(size, 5, int(start)) for size, start in zip(sizes, starts, strict=True)]
    for place, column in enumerate(whole):
        assert np.concatenate([part[place] for part in parts]).tolist() == column.tolist()
    assert decoder.decode(64, seed=6)[1].tolist() != whole[1].tolist()


def test_draws_too_close_to_an_edge_are_settled_in_double_precision(random_compact, monkeypatch):
    model = random_compact(compact_row_grammar("abc", CODES))
    plain = decoder_of(model).decode(50, seed=0)
    monkeypatch.setattr("llmsynth.lm.decoder.COMPACT_TIE", 2.0)
    settled = decoder_of(model).decode(50, seed=0)
    assert [column.tolist() for column in settled] == [column.tolist() for column in plain]
    assert model.output_rows.dtype == torch.float32
    assert not decoder_of(model).decode_rows(np.array([3, 7]), 0, tie=1e-12).close.any()


@pytest.mark.parametrize(
    ("how", "most_close"),
    [
        ({"temperature": 0.1}, 0.1),
        ({"top_p": 0.7}, 0.02),
        ({"temperature": 0.1, "top_p": 0.7}, 0.1),
        ({"top_p": 0.6337}, 1.0),  # of the likeliest token: whether the second is kept is up to rounding in every row
    ],
)
def test_draws_that_rounding_decides_are_close_at_a_low_temperature_and_in_a_nucleus_too(how, most_close):
    """Errors far larger than those of rounding, so that they decide some rows of a few thousand."""
    error, n, noise = [0.0], 3000, torch.Generator().manual_seed(0)
    spread = how.get("temperature", 1.0) * torch.arange(6.0)

    def script(column, position, state):
        return spread + error[0] * (2 * torch.rand(state.shape[0], 6, generator=noise) - 1)

    model = StubModel(compact_row_grammar("ab", [code_grammar(6, 0, missing=False)] * 2), script=script)
    decoder = RowDecoder(model, (-1, -1), [ColumnSampling(**how)] * 2)
    exact = decoder.decode_rows(np.arange(n), 5)
    error[0] = 1e-3
    found = decoder.decode_rows(np.arange(n), 5, tie=error[0] / 2)
    differs = np.any([found.values[place] != exact.values[place] for place in (0, 1)], axis=0)
    assert differs.any() and found.close[differs].all() and found.close.mean() <= most_close


def test_a_low_temperature_takes_the_likeliest_token_everywhere(model):
    rows = decoder_of(model, temperature=1e-6).decode(20, seed=0)
    assert all(len(set(column.tolist())) == 1 for column in rows)
    assert [column.tolist() for column in decoder_of(model, top_p=1e-6).decode(20, seed=0)] == [
        c.tolist() for c in rows
    ]


def test_columns_are_sampled_in_their_own_way():
    grammar = compact_row_grammar("ab", [code_grammar(2, 0, missing=False)] * 2)
    uneven = torch.tensor([0.0, np.log(3.0)])
    model = StubModel(grammar, script=lambda column, position, state: uneven.float().expand(state.shape[0], 2))
    rows = RowDecoder(model, (-1, -1), [DEFAULT, ColumnSampling(temperature=0.25)]).decode(4000, seed=0)
    assert rows[0].mean() == pytest.approx(3 / 4, abs=0.03)
    assert rows[1].mean() == pytest.approx(81 / 82, abs=0.01)


@pytest.fixture
def short_rows(random_compact):
    return decoder_of(random_compact(compact_row_grammar("abc", CODES)))


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


@pytest.mark.parametrize("n, size", [(2 * LEAST_ROWS_OF_THREAD, None), (1100, 400), (40, 8)])
def test_batches_side_by_side_are_the_rows_of_one_thread(short_rows, monkeypatch, two_threads, n, size):
    decoder, seen = short_rows, []
    expected = decoder.decode_rows(np.arange(n), 5)
    plain = RowDecoder.decode_rows

    def watched(self, rows, *args, **kwargs):
        seen.append((rows.size, threading.current_thread().name, torch.get_num_threads()))
        return plain(self, rows, *args, **kwargs)

    monkeypatch.setattr(RowDecoder, "decode_rows", watched)
    found = decoder.decode(n, 5, batch_size=size)
    assert all(np.array_equal(found[place], expected.values[place]) for place in range(3))
    sizes, names, threads = zip(*seen, strict=True)
    assert max(sizes) <= (size or n)
    if n >= 2 * LEAST_ROWS_OF_THREAD:
        assert len(sizes) % 2 == 0 and set(threads) == {1} and all(name.startswith("decoding") for name in names)
        assert max(sizes) - min(sizes) <= 1


def test_an_error_in_one_of_the_threads_is_raised_and_their_number_comes_back(short_rows, monkeypatch, two_threads):

    def fail(self, rows, *args, **kwargs):
        raise ZeroDivisionError(f"row {rows[0]}")

    monkeypatch.setattr(RowDecoder, "decode_rows", fail)
    with pytest.raises(ZeroDivisionError, match="row 0"):
        short_rows.decode(1000, 0)


def test_weights_are_close_over_a_wider_stretch_at_the_lowest_temperature(model):
    plain, n_columns = decoder_of(model), model.grammar.n_columns
    cold = [ColumnSampling(temperature=0.1 if place == 1 else 2.0) for place in range(n_columns)]
    assert plain.weight_tie == plain.tie
    assert RowDecoder(model, plain.number_offsets, cold).weight_tie == pytest.approx(10 * plain.tie)


def test_a_model_of_short_weights_settles_no_draws(model):
    assert decoder_of(model).tie > 0
    next(iter(model.parameters())).data = next(iter(model.parameters())).data.bfloat16()
    assert decoder_of(model).tie == 0


def test_without_memory_for_the_copy_no_draws_are_settled_and_a_warning_says_so(short_rows, monkeypatch):
    monkeypatch.setattr("llmsynth.lm.decoder.available_memory", lambda: 1000)
    monkeypatch.setattr("llmsynth.lm.decoder._float64", None)
    with pytest.warns(UnsettledDrawsWarning, match=r"double precision takes .* more than is free") as found:
        RowDecoder(short_rows.model, short_rows.number_offsets, short_rows.sampling).decode(600, seed=0)
    assert len(found) == 1
