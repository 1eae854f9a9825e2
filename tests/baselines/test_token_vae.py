from __future__ import annotations

import math

import torch

from llmsynth.baselines.token_vae import Block, Blocks, Cells, Detokenizer, Tokenizer, TokenVAE
from llmsynth.baselines.training_course import Course
from llmsynth.baselines.vae_training import batches, hidden_cells, posteriors, train_vae


def dependent_cells(n: int) -> Cells:
    """A category, a second one that mostly follows it, a number that leans on the first, a heap of one level."""
    chance = torch.Generator().manual_seed(0)
    first = torch.randint(0, 3, (n,), generator=chance)
    second = torch.where(torch.rand(n, generator=chance) < 0.8, first, torch.randint(0, 5, (n,), generator=chance))
    score = first - 1.0 + 0.5 * torch.randn(n, generator=chance)
    levels = torch.stack([first, second, torch.zeros(n, dtype=torch.int64)], dim=1)
    scores = torch.stack([torch.zeros(n), torch.zeros(n), score], dim=1)
    return Cells(levels, scores, torch.tensor([[0.0, 0.0, 1.0]]).repeat(n, 1))


def trained(seed: int = 0, weight: float = 0.01) -> tuple[TokenVAE, list[float]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = TokenVAE([3, 5, 2], width=4, hidden=32, n_blocks=1)
    course = Course(400, math.inf)
    losses = train_vae(
        model,
        dependent_cells(600),
        course,
        batch_size=200,
        rate=1e-2,
        prior_weight=weight,
        seed=seed,
        report=lambda *_: None,
    )
    return model, losses


def test_a_trained_autoencoder_gives_back_levels_and_scores() -> None:
    model, losses = trained()
    cells = dependent_cells(600)
    with torch.no_grad():
        means, deviations = posteriors(model, cells)
        assert means.shape == deviations.shape == (600, 12) and float(deviations.min()) > 0
        model.rows_at_once = 250
        torch.testing.assert_close(posteriors(model, cells), (means, deviations))
        groups, back = model.decode(means.unflatten(1, (3, 4)))
    for columns, logits in zip(model.detokenizer.groups, groups, strict=True):
        for column, own in zip(columns, logits, strict=True):
            assert (own.argmax(1) == cells.levels[:, column]).float().mean() > 0.995
    assert float((back[:, 2] - cells.scores[:, 2]).abs().mean()) < 0.15
    assert losses[-1] < 0.05 < losses[0]


def test_the_same_seed_trains_the_same_autoencoder_and_leaves_torchs_own_chance_alone() -> None:
    before = torch.random.get_rng_state()
    first, second = trained(3)[0].state_dict(), trained(3)[0].state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_heavier_prior_gives_wider_posteriors() -> None:
    wide, narrow = (posteriors(trained(weight=weight)[0], dependent_cells(600))[1].mean() for weight in (0.2, 0.001))
    assert wide > 1.3 * narrow


def test_columns_have_their_own_tokens_and_their_own_way_back() -> None:
    torch.manual_seed(0)
    tokenizer, detokenizer = Tokenizer([2, 300, 2], 4), Detokenizer([2, 300, 2], 4)
    levels = torch.tensor([[1, 299, 1]])
    tokens = tokenizer(levels, torch.tensor([[0.0, 2.0, 0.0]]))
    torch.testing.assert_close(tokens[0, 1], tokenizer.levels[301] + 2.0 * tokenizer.slopes[1])
    torch.testing.assert_close(tokens[0, 2], tokenizer.levels[303])
    assert detokenizer.groups == [[0, 2], [1]]
    small, large = detokenizer.logits(tokens)
    assert small.shape == (2, 1, 2) and large.shape == (1, 1, 300)
    torch.testing.assert_close(small[1, 0], tokens[0, 2] @ detokenizer.weights[0][1] + detokenizer.biases[0][1, 0])


def test_levels_that_a_column_has_not_get_no_probability() -> None:
    logits = Detokenizer([5, 8], 4).logits(torch.randn(6, 2, 4, generator=torch.Generator().manual_seed(0)))[0]
    assert float(torch.softmax(logits, -1)[0, :, 5:].detach().max()) == 0.0


def test_an_epoch_visits_every_row_once() -> None:
    take = batches(10, 4, torch.Generator().manual_seed(0))
    rows = torch.cat([take() for _ in range(5)])
    assert sorted(rows[:10].tolist()) == list(range(10)) and sorted(rows[10:].tolist()) == list(range(10))
    assert len(batches(3, 100, torch.Generator())()) == 3


def test_rows_of_wide_tables_go_through_in_small_pieces() -> None:
    def rows(n_levels: list[int]) -> int:
        return TokenVAE(n_levels, width=4, hidden=16, n_blocks=1).rows_at_once

    assert rows([3] * 10) > 100 * rows([256] * 100) and rows([3] * 2000) < 10


def test_hidden_cells_change_nothing_whatever_they_hold() -> None:
    model, _ = trained()
    levels, scores, scored = dependent_cells(50)
    hidden = torch.zeros(50, 3, dtype=torch.bool)
    hidden[:, 1] = True
    other = torch.where(hidden, (levels + 1) % 5, levels)
    noise = torch.randn(50, 3, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(model.encode(levels, scores, hidden), model.encode(other, scores, hidden))
        losses = [model.losses(Cells(one, scores, scored), noise, hidden) for one in (levels, other)]
    torch.testing.assert_close(losses[0], losses[1])


def test_a_quarter_of_the_rows_have_hidden_cells_any_number_of_them() -> None:
    hidden = hidden_cells(torch.Size((20_000, 10)), torch.Generator().manual_seed(0))
    counts = hidden.sum(1)
    assert abs(float((counts > 0).float().mean()) - 0.25 * (1 - 1 / 11)) < 0.02
    assert abs(float((counts == 10).float().mean()) - 0.25 / 11) < 0.005


def test_a_transformer_layer_is_torchs_own() -> None:
    torch.manual_seed(0)
    own, layer = Block(4, 8), torch.nn.TransformerEncoderLayer(4, 1, 8, dropout=0.0, norm_first=True, batch_first=True)
    with torch.no_grad():
        for mine, theirs in (
            (own.norm_attention, layer.norm1),
            (own.norm_forward, layer.norm2),
            (own.out, layer.self_attn.out_proj),
            (own.up, layer.linear1),
            (own.down, layer.linear2),
        ):
            mine.weight.copy_(theirs.weight.add_(0.1))
            mine.bias.copy_(theirs.bias.add_(0.1))
        own.question_key_value.weight.copy_(layer.self_attn.in_proj_weight)
        own.question_key_value.bias.copy_(layer.self_attn.in_proj_bias.add_(0.1))
        x = torch.randn(6, 5, 4, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(Blocks(own)(x), layer(x))
