from __future__ import annotations

import numpy as np
import torch

from llmsynth.baselines.conditional_vectors import index_rows
from llmsynth.baselines.ctgan_networks import build_generator
from llmsynth.baselines.ctgan_training import Draws, Duel, Recipe, settle_norms
from llmsynth.baselines.devices import torch_generator
from llmsynth.baselines.mode_encoding import fit_row_encoding
from llmsynth.baselines.row_space import RowSpace
from llmsynth.baselines.training_time import TrainingTime
from tests.baselines.test_mode_encoding import features

RECIPE = Recipe(TrainingTime(1, 0, None), 20, 5, 1, 8, 16, 2e-3, 1e-6, 10.0, 0.2)


def test_a_step_moves_only_the_network_whose_turn_it_is() -> None:
    own, rng = features(), np.random.default_rng(0)
    encoding = fit_row_encoding(own, rng, max_modes=3, max_width=256)
    rows, space = encoding.encode(own, rng), RowSpace(encoding, torch.device("cpu"))
    index = index_rows(rows.codes[:, encoding.discrete], encoding.widths[encoding.discrete])
    duel, draws = Duel(space, RECIPE, torch_generator(0)), Draws(index, 200, rng)
    asked = draws.conditions(20)
    assert asked is not None
    chosen = draws.rows(asked, 20)
    conditions = (torch.from_numpy(asked.columns), torch.from_numpy(asked.codes))
    real = space.matrix(torch.from_numpy(rows.places[chosen]).float(), torch.from_numpy(rows.codes[chosen]))

    def copies() -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        return [own.clone() for own in duel.generator.parameters()], [own.clone() for own in duel.critic.parameters()]

    def moved(before: list[torch.Tensor], after: list[torch.Tensor]) -> bool:
        return any((one != two).any() for one, two in zip(before, after, strict=True))

    start = copies()
    duel.critic_step(real, conditions)
    middle = copies()
    assert not moved(start[0], middle[0]) and moved(start[1], middle[1])
    duel.generator_step(conditions)
    end = copies()
    assert moved(middle[0], end[0]) and not moved(middle[1], end[1])


def test_generated_rows_have_the_form_of_real_ones() -> None:
    own = features()
    encoding = fit_row_encoding(own, np.random.default_rng(0), max_modes=3, max_width=256)
    space = RowSpace(encoding, torch.device("cpu"))
    made = space.activate(torch.randn(6, space.width), 0.2, torch_generator(1))
    for part in made[:, space.n_places :].split(encoding.widths.tolist(), 1):
        torch.testing.assert_close(part.sum(1), torch.ones(6))
    assert (made[:, : space.n_places].abs() <= 1).all()
    assert space.condition((torch.tensor([1]), torch.tensor([2])), 1).tolist() == [[0, 0, 0, 0, 0, 1, 0]]


def test_settled_norms_make_a_row_independent_of_its_batch() -> None:
    torch.manual_seed(0)
    generator, inputs = build_generator(4, 8, 3), 5 + torch.randn(50, 4)
    generator.train()
    whole = generator(inputs).detach()
    settle_norms(generator, inputs)
    torch.testing.assert_close(generator(inputs)[:1], generator(inputs[:1]))
    torch.testing.assert_close(generator(inputs).detach(), whole, atol=0.05, rtol=0.05)
