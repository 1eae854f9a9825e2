"""Laws of marginal calibration: the model's own rows get the training frequencies, and nothing but biases moves."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.grammar.text_grammar import compact_text
from llmsynth.lm import calibrate as calibrate_module
from llmsynth.lm.calibrate import calibrate, calibrate_and_check, seconds_of_a_pass
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.memory import CACHE_SHARE
from llmsynth.lm.model import restricted_state
from llmsynth.lm.picking import ColumnSampling

N = 3000


@pytest.fixture
def grammar():
    """Categories, forty cells behind two atoms, and a column with missing values."""
    columns = [
        code_grammar(3, 0, missing=False),
        code_grammar(2, 40, missing=False),
        code_grammar(4, 0, missing=True),
    ]
    return compact_row_grammar(["a", "b", "c"], columns)


@pytest.fixture
def encoded(grammar):
    rng = np.random.default_rng(0)
    a = rng.choice(3, N, p=[0.7, 0.25, 0.05])
    b = np.minimum((rng.beta(2, 5, N) * 42).astype(np.int64), 41)
    c = np.where(rng.random(N) < 0.3, -1, (a + rng.integers(0, 2, N)) % 4)
    return [grammar.encode_column(place, values) for place, values in enumerate((a, b, c))]


def drawn(model, n=20_000, seed=99):
    decoder = RowDecoder(model, model.number_offsets, [ColumnSampling()] * model.grammar.n_columns)
    return decoder.decode(n, seed)


def variation(values, column):
    """Total variation between drawn values and a training column."""
    return sum(abs(np.mean(values == v) - np.mean(column.values[column.index] == v)) for v in column.values) / 2


def test_drawn_rows_get_the_frequencies_of_the_training_rows(grammar, encoded, random_compact):
    model = random_compact(grammar)
    before = [variation(values, column) for values, column in zip(drawn(model), encoded, strict=True)]
    done = calibrate(model, model.number_offsets, encoded, seed=1)
    after = [variation(values, column) for values, column in zip(drawn(model), encoded, strict=True)]
    assert min(before) > 0.15
    # Expected total variation of 20,000 honest draws from 42 values is 0.018.
    assert after[0] < 0.01 and after[1] < 0.04 and after[2] < 0.01
    assert done.passes == 16 and done.rows == 16 * 2048 and done.kept
    assert done.drift_before > 0.15 and done.drift_after < 0.01


def test_nothing_but_biases_moves_and_dependence_stays(grammar, encoded, random_compact):
    model = random_compact(grammar)
    before = restricted_state(model)
    odds_before = _log_odds(model)
    calibrate(model, model.number_offsets, encoded, seed=1)
    moved = {name for name, value in restricted_state(model).items() if not torch.equal(value, before[name])}
    assert moved == {f"heads.{place}.bias" for place in range(3)}
    np.testing.assert_allclose(_log_odds(model), odds_before, atol=1e-4)


def _log_odds(model):
    """Log odds ratio of the third column's first two tokens between two prefixes: what a bias cannot change."""
    ids = [column.automaton.token_ids for column in model.grammar.columns]
    rows = torch.tensor([[0, int(ids[0][k]), int(ids[1][0])] for k in (0, 1)])
    zero = torch.zeros_like(rows)
    with torch.no_grad():
        logits = model.logits(2, model.hidden(rows, zero, zero)[:, -1], torch.zeros(2, dtype=torch.long))
    return (logits[0, 0] - logits[0, 1] - logits[1, 0] + logits[1, 1]).item()


def test_what_no_training_row_has_keeps_its_part_of_one_row(grammar, encoded, random_compact):
    """A token that only held-out rows have would otherwise lose a factor in every pass, down to nothing."""
    model = random_compact(grammar)
    first = _first_column(model)
    values = np.zeros(N, dtype=np.int64)
    values[::3] = 1
    calibrate(model, model.number_offsets, [grammar.encode_column(0, values), *encoded[1:]], seed=1)
    after = _first_column(model)
    assert after[2] == pytest.approx(first[2] / (N + 1), rel=0.1)
    assert after[1] == pytest.approx(1 / 3, abs=0.01)


def _first_column(model):
    """Probabilities of the first column's tokens."""
    start = torch.tensor([[model.grammar.start_id]])
    slot = torch.tensor([[1]])
    with torch.no_grad():
        hidden = model.hidden(start, slot, torch.zeros_like(start))[:, -1]
        return torch.softmax(model.logits(0, hidden, torch.zeros(1, dtype=torch.long)).double(), dim=1)[0].tolist()


def test_the_seed_decides(grammar, encoded, random_compact):
    biases = []
    for seed in (1, 1, 2):
        model = random_compact(grammar)
        calibrate(model, model.number_offsets, encoded, seed=seed)
        biases.append(torch.cat([head.bias.detach().flatten() for head in model.heads]))
    assert torch.equal(biases[0], biases[1]) and not torch.equal(biases[0], biases[2])


def test_without_time_there_is_one_pass(grammar, encoded, random_compact):
    model = random_compact(grammar)
    done = calibrate(model, model.number_offsets, encoded, seed=1, seconds=0.0)
    assert done.passes == 1 and done.rows == 2048


@pytest.mark.parametrize(("seconds", "passes"), [(3.5, 1), (4.5, 2), (1e9, 16)])
def test_no_pass_begins_that_would_end_too_late(grammar, encoded, random_compact, monkeypatch, seconds, passes):
    clock = itertools.count()  # a second between two looks at it
    monkeypatch.setattr(calibrate_module, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    model = random_compact(grammar)
    assert calibrate(model, model.number_offsets, encoded, seed=1, seconds=seconds).passes == passes


def test_the_seconds_of_a_pass_are_told_by_a_few_rows_and_leave_the_model_as_it_is(
    grammar, encoded, random_compact, monkeypatch
):
    clock = iter([0.0, 9.0, 9.0, 11.0, 11.0, 16.0])  # the first call pays for much; 16 rows take 2 s, 64 take 5
    monkeypatch.setattr(calibrate_module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    model = random_compact(grammar)
    before = {name: value.clone() for name, value in restricted_state(model).items()}
    assert seconds_of_a_pass(model, model.number_offsets, encoded, 1) == 2 + 3 / 48 * (2048 - 16)
    assert all(torch.equal(value, before[name]) for name, value in restricted_state(model).items())


def test_where_memory_is_short_a_pass_draws_the_rows_that_fit(grammar, encoded, random_compact, monkeypatch):
    model = random_compact(grammar)
    room = 100 * model.bytes_per_position * grammar.most_positions / CACHE_SHARE
    monkeypatch.setattr("llmsynth.lm.memory.free_memory", lambda device: int(room) + 1)
    seen, decode = [], RowDecoder.decode_rows
    monkeypatch.setattr(
        RowDecoder, "decode_rows", lambda self, rows, *args: [seen.append(rows), decode(self, rows, *args)][1]
    )
    done = calibrate(model, model.number_offsets, encoded, seed=1)
    assert [rows.size for rows in seen] == [100] * 16 and done.rows == 1600
    assert np.concatenate(seen).tolist() == list(range(1600))


def test_a_model_that_is_right_is_left_alone(grammar, encoded, random_compact):
    """With every weight of the output rows at zero, the starting biases are the training frequencies."""
    model = random_compact(grammar, encoded=encoded)
    with torch.no_grad():
        model.output_rows.zero_()
        for head, prior in zip(model.heads, random_compact(grammar, encoded=encoded).heads, strict=True):
            head.bias.copy_(prior.bias)
    calibrate(model, model.number_offsets, encoded, seed=1)
    before = calibrate(model, model.number_offsets, encoded, seed=2)
    assert before.drift_before < 1e-3 and before.drift_after < 1e-3


def test_free_text_is_passed_over(random_compact):
    columns = [code_grammar(3, 0, missing=False), compact_text(["ab", "ba"], 30_000, False)]
    grammar = compact_row_grammar(["a", "t"], columns)
    rng = np.random.default_rng(0)
    texts = np.array(["ab", "ba"], dtype=object)[rng.integers(0, 2, 400)]
    encoded = [grammar.encode_column(0, rng.integers(0, 3, 400)), grammar.encode_column(1, texts)]
    model = random_compact(grammar)
    assert not model.heads[1].per_state
    automaton = columns[1].automaton
    ends = automaton.legal[0] & automaton.accepting[automaton.next_state[0]]
    with torch.no_grad():  # end every text at once: a random model would write thousands of characters
        model.heads[1].bias[0, torch.from_numpy(ends)] = 20.0
    before = [head.bias.detach().clone() for head in model.heads]
    calibrate(model, model.number_offsets, encoded, seed=1, seconds=0.0)
    same = [torch.equal(head.bias, bias) for head, bias in zip(model.heads, before, strict=True)]
    assert same == [False, True]


def test_a_shift_that_costs_held_out_rows_likelihood_is_taken_back(grammar, encoded, random_compact):
    model = random_compact(grammar)
    before = restricted_state(model)
    answers = iter([np.array([10.0, 11.0, 12.0]), np.array([11.0, 12.1, 13.0])])
    done = calibrate_and_check(model, model.number_offsets, encoded, 1, lambda: next(answers), seconds=0.0)
    assert not done.kept
    assert all(torch.equal(value, before[name]) for name, value in restricted_state(model).items())


def test_a_small_loss_of_many_held_out_rows_is_more_than_chance(grammar, encoded, random_compact, monkeypatch):
    monkeypatch.setattr(calibrate_module, "ROWS_PER_PASS", (16, 16))
    model = random_compact(grammar)
    answers = iter([np.zeros(100), np.tile([-0.7, 1.3], 50)])  # a mean of 0.3, three standard errors
    done = calibrate_and_check(model, model.number_offsets, encoded, 1, lambda: next(answers), seconds=0.0)
    assert not done.kept


@pytest.mark.parametrize("answers", [([10.0, 11.0], [9.0, 13.0]), ([10.0], [12.0]), ([], [])])
def test_a_shift_is_kept_where_held_out_rows_cannot_tell(grammar, encoded, random_compact, answers):
    model = random_compact(grammar)
    given = iter([np.array(answer) for answer in answers])
    done = calibrate_and_check(model, model.number_offsets, encoded, 1, lambda: next(given), seconds=0.0)
    assert done.kept
