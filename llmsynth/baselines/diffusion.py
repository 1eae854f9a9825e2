"""TabSyn: rows as tokens of an autoencoder, drawn by diffusion in its latent space.

Zhang et al., "Mixed-type tabular data synthesis with score-based diffusion in latent space", ICLR 2024 (arXiv
2310.09656), written anew from the paper. The parts: `mixed_codes` (cells as levels and scores), `token_vae` and
`vae_training` (autoencoder), `latent_score` and `score_training` (diffusion of its posteriors), `latent_diffusion`
(what is learned, and drawing). Each says where it departs from the paper.

Knows the order of the work. Refuses to know data frames.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from llmsynth.baselines.devices import pick_device, refuse_diverged
from llmsynth.baselines.diffusion_options import DiffusionOptions
from llmsynth.baselines.latent_diffusion import LatentDiffusion
from llmsynth.baselines.latent_score import SIGMA_DATA, Denoiser
from llmsynth.baselines.method import Features, Fitted, Method, Task, Tensors
from llmsynth.baselines.mixed_codes import MixedColumn
from llmsynth.baselines.score_training import train_denoiser
from llmsynth.baselines.token_vae import Cells, TokenVAE
from llmsynth.baselines.training_course import Course
from llmsynth.baselines.vae_training import posteriors, train_vae
from llmsynth.seeded_torch import seeded
from llmsynth.seeding import derive

VAE_EPOCHS, VAE_STEPS = 1_000, 1_500
DIFFUSION_EPOCHS, DIFFUSION_STEPS = 2_000, 3_000
"""What an option of None means: so many epochs, and at least so many steps."""
PAIRS_AT_ONCE = 2**23
"""A batch of the autoencoder has at most so many pairs of a row's columns: attention is quadratic in them."""
SMALLEST_SPREAD = 0.1
"""Latent numbers whose spread is a smaller part of the widest one's are divided by this part of it, so that directions
which the autoencoder hardly uses do not count as much as the others."""


def fit_diffusion(task: Task, options: DiffusionOptions) -> LatentDiffusion:
    """Train autoencoder and diffusion within the budget."""
    began, device = time.monotonic(), pick_device(options.device)
    columns = tuple(MixedColumn.from_feature(feature) for feature in task.features)
    vae, denoiser = _modules(columns, options, derive(task.seed, "weights"), device)
    seconds, n = 60.0 * options.max_minutes, task.features[0].values.size
    cells = Cells(*(part.to(device) for part in _cells(columns, task.features)))
    course = Course(
        _steps(n, options.batch_size, options.vae_epochs, VAE_EPOCHS, VAE_STEPS),
        options.vae_share * seconds - (time.monotonic() - began),
    )
    losses = train_vae(
        vae,
        cells,
        course,
        batch_size=max(1, min(options.batch_size, PAIRS_AT_ONCE // len(columns) ** 2)),
        rate=options.vae_learning_rate,
        prior_weight=options.prior_weight,
        seed=derive(task.seed, "vae"),
        report=_report(task, 0.0, options.vae_share),
    )
    history = {"vae": _account(course, time.monotonic() - began) | {"losses": losses}}
    refuse_diverged("diffusion", vae)
    means, deviations = posteriors(vae, cells)
    centre = means.mean(0)
    spread = (means.var(0, correction=0) + deviations.square().mean(0)).sqrt()
    spread = spread.clamp(min=max(float(spread.max()) * SMALLEST_SPREAD, 1e-6))
    middle = time.monotonic()
    course = Course(
        _steps(n, options.diffusion_batch_size, options.diffusion_epochs, DIFFUSION_EPOCHS, DIFFUSION_STEPS),
        seconds - (middle - began),
    )
    trained = train_denoiser(
        denoiser,
        (means - centre) / spread * SIGMA_DATA,
        deviations / spread * SIGMA_DATA,
        course,
        batch_size=options.diffusion_batch_size,
        rate=options.diffusion_learning_rate,
        seed=derive(task.seed, "diffusion"),
        report=_report(task, options.vae_share, 1.0),
    )
    refuse_diverged("diffusion", denoiser)
    history["diffusion"] = _account(course, time.monotonic() - middle) | {
        "checks": [list(check) for check in trained.checks],
        "kept": trained.kept,
    }
    return LatentDiffusion(columns, vae.eval(), denoiser.eval(), centre, spread, options, history)


def _cells(columns: Sequence[MixedColumn], features: Features) -> Cells:
    encoded = [column.encode(feature) for column, feature in zip(columns, features, strict=True)]
    levels, scores = (torch.from_numpy(np.stack(part, axis=1)) for part in zip(*encoded, strict=True))
    scored = np.stack([~one.missing & one.is_number for one in features], axis=1)
    return Cells(levels, scores.float(), torch.from_numpy(scored).float())


def _account(course: Course, seconds: float) -> dict[str, Any]:
    return {"seconds": seconds, "steps": course.taken, "hurried": course.hurried}


def _modules(
    columns: tuple[MixedColumn, ...], options: DiffusionOptions, seed: int, device: torch.device
) -> tuple[TokenVAE, Denoiser]:
    """Fresh models."""
    width = options.token_width
    with seeded(seed, torch.device("cpu")):
        vae = TokenVAE(
            [column.n_levels for column in columns],
            width=width,
            hidden=width * options.forward_factor,
            n_blocks=options.n_blocks,
        )
        denoiser = Denoiser(len(columns) * width, options.hidden_width)
    return vae.to(device), denoiser.to(device)


def _steps(n: int, batch_size: int, epochs: int | None, usual: int, fewest: int) -> int:
    per_epoch = math.ceil(n / batch_size)
    return max(usual * per_epoch, fewest) if epochs is None else epochs * per_epoch


def _report(task: Task, low: float, high: float) -> Callable[[float, str], None]:
    return lambda progress, note: task.progress(100.0 * (low + progress * (high - low)), 100.0, note)


def _load(features: Features, options: DiffusionOptions, tensors: Tensors, meta: Mapping[str, Any]) -> Fitted:
    device = pick_device(options.device if options.device == "cpu" else "auto")
    columns = tuple(
        MixedColumn.from_state(is_number, tensors, f"column.{place}.")
        for place, is_number in enumerate(meta["numbers"])
    )
    vae, denoiser = _modules(columns, options, 0, device)
    for name, module in (("vae.", vae), ("denoiser.", denoiser)):
        own = {
            key.removeprefix(name): torch.from_numpy(value) for key, value in tensors.items() if key.startswith(name)
        }
        module.load_state_dict(own)
    centre, spread = (torch.from_numpy(tensors[f"latent.{part}"]).to(device) for part in ("centre", "spread"))
    return LatentDiffusion(columns, vae.eval(), denoiser.eval(), centre, spread, options, meta["history"])


METHOD = Method(
    name="diffusion",
    summary="TabSyn: score-based diffusion in the latent space of a column autoencoder",
    options=DiffusionOptions,
    fit=fit_diffusion,
    load=_load,
)
