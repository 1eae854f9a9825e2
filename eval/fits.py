"""The one seam between the benchmark and llmsynth: fit, sample, score rows.

Every benchmark that trains goes through `fit`; tests put a stub in its place. All calls are the public facade's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd


class Generator(Protocol):
    """What the benchmark asks of a fitted generator; `TableSynthesizer` is one."""

    def sample(self, n_samples: int, random_state: int | None = None, **how: Any) -> pd.DataFrame:
        """Return rows."""

    def iter_samples(self, n_samples: int, random_state: int | None = None) -> Iterator[pd.DataFrame]:
        """Return rows in chunks."""

    def log_prob(self, table: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return log-probabilities in nats, (rows,)."""

    def impute(self, table: pd.DataFrame, n_draws: int = 1, **how: Any) -> pd.DataFrame:
        """Return the table with its missing cells filled."""

    def predict_proba(self, table: pd.DataFrame, target: object = None) -> pd.DataFrame:
        """Return class probabilities, (rows, classes)."""

    def save(self, path: str | Path, overwrite: bool = False) -> Any:
        """Write a run folder."""


@dataclass(frozen=True)
class Settings:
    """What a fit depends on; recorded in the result file."""

    model: str
    target: str | None
    max_minutes: float
    seed: int = 0
    recipe: dict[str, Any] = field(default_factory=dict)
    """Options other than the defaults, as a recipe file would hold them."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class Fitted:
    """A generator and what it cost."""

    generator: Generator
    settings: Settings
    seconds: float


Fit = Callable[[pd.DataFrame, Settings], Fitted]


def fit(train: pd.DataFrame, settings: Settings) -> Fitted:
    """Fit a `TableSynthesizer` and time it."""
    from llmsynth import TableSynthesizer

    start = time.perf_counter()
    synthesizer = TableSynthesizer(
        model=settings.model,
        target=settings.target,
        max_minutes=settings.max_minutes,
        random_state=settings.seed,
        recipe=settings.recipe or None,
        progress=True,
    )
    synthesizer.fit(train)
    return Fitted(synthesizer, settings, time.perf_counter() - start)


def load(path: str | Path) -> Generator:
    """Load a saved run."""
    from llmsynth import TableSynthesizer

    generator: Generator = TableSynthesizer.load(path)
    return generator


def kept(train: pd.DataFrame, settings: Settings, folder: Path | None, *, fit: Fit = fit) -> Fitted:
    """Return the run that `folder` holds, or fit one and keep it there if a folder is named."""
    if folder is not None and (folder / "manifest.json").is_file():
        generator = load(folder)
        return Fitted(generator, settings, float(getattr(generator, "report_")["seconds"]))  # noqa: B009
    fitted = fit(train, settings)
    if folder is not None:
        fitted.generator.save(folder)
    return fitted


def sample(
    fitted: Fitted, n_samples: int, *, random_state: int | None = None, **how: Any
) -> tuple[pd.DataFrame, float]:
    """Return rows and the seconds they took; without `random_state` the seed of the fit draws them."""
    seed = fitted.settings.seed if random_state is None else random_state
    start = time.perf_counter()
    rows = fitted.generator.sample(n_samples, random_state=seed, **how)
    return rows, time.perf_counter() - start


def nats_per_row(generators: dict[str, Generator], holdout: pd.DataFrame) -> dict[str, Any]:
    """Return each generator's mean negative log-probability on the hold-out rows that are possible under all of them.

    A hold-out row outside the training rows' bounds has probability 0 under any generator that keeps to them; such
    rows are counted, not averaged.
    """
    nats = {name: -np.asarray(one.log_prob(holdout), np.float64) for name, one in generators.items()}
    possible = np.all([np.isfinite(values) for values in nats.values()], axis=0)
    return {
        "nats_per_row": {name: float(values[possible].mean()) for name, values in nats.items()},
        "rows": int(possible.sum()),
        "impossible_rows": int((~possible).sum()),
    }
