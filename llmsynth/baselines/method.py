"""What a baseline is made of: a method that learns features, and what it learned.

A method is one module with one `Method`: how it is fitted, how it is loaded, what it cannot do. `BaselineSynthesizer`
does the rest for all of them (tables, conditions, files), so a method knows neither data frames nor schemas. Why
Protocols and records and no base class: what the methods share is data, not behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.features import AllowedBox, Drawn, Feature

Tensors = dict[str, npt.NDArray[Any]]
Features = Sequence[Feature]


class Progress(Protocol):
    """Is told how far a fit has come."""

    def __call__(self, done: float, total: float, note: str = "") -> None:
        """`done` of `total` steps; `note` is shown beside the bar."""
        ...


class Fitted(Protocol):
    """What a method learned. Where it has `notices`, a tuple of str, the report of the fit carries them."""

    def sample(self, n: int, rng: np.random.Generator) -> list[Drawn]:
        """Draw n rows, one `Drawn` per feature in order."""
        ...

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Arrays for a safetensors file, and the rest as JSON-able values."""
        ...


class Conditional(Fitted, Protocol):
    """A fitted method that can draw rows under a condition."""

    def sample_where(self, n: int, rng: np.random.Generator, boxes: Sequence[AllowedBox]) -> list[Drawn]:
        """Draw n rows of P(row | row lies in one of the disjoint boxes).

        Raises
        ------
        InputError
            If the method gives the condition probability zero.
        """
        ...


class Probability(NamedTuple):
    """An estimate of the probability of a condition."""

    probability: float
    standard_error: float


class Probabilistic(Conditional, Protocol):
    """A fitted method that knows how likely a condition is."""

    def probability(
        self, boxes: Sequence[AllowedBox], rng: np.random.Generator, n_points: int | None = None
    ) -> Probability:
        """Probability that a row lies in one of the disjoint boxes; `n_points` estimate each where there are any."""
        ...


class Imputing(Fitted, Protocol):
    """A fitted method that can fill missing cells."""

    def impute(self, rows: Features, known: Sequence[npt.NDArray[np.bool_]], rng: np.random.Generator) -> list[Drawn]:
        """Draw the cells that are not known given those that are.

        Parameters
        ----------
        rows : sequence of Feature
            The partial rows.
        known : sequence of ndarray of bool, shape (n,)
            By feature: which cells are given. Given ones come back as they are.
        rng : numpy.random.Generator
        """
        ...


@dataclass(frozen=True)
class Task:
    """What a method is asked to learn.

    Parameters
    ----------
    features : sequence of Feature
        Training rows, at least one feature.
    target : int or None
        Place of the target among the features, where one was named.
    seed : int
        For everything random in the fit.
    progress : Progress
        To be told of slow steps.
    """

    features: Features
    target: int | None
    seed: int
    progress: Progress


@dataclass(frozen=True)
class Method:
    """One baseline.

    Parameters
    ----------
    name : str
        As users name it.
    summary : str
        One line for tables and help.
    options : type
        A frozen dataclass of the method's options, each with a default and a docstring.
    fit : callable
        Takes a `Task` and options; returns what was learned.
    load : callable
        Takes features without rows, options, and what `Fitted.state` gave; returns the same as `fit` did.
    safe : bool
        False where rows are real rows with a little changed: such rows must not be released.
    needs_target : bool
        Whether a target must be named.
    extra : str or None
        The optional dependency it needs.
    """

    name: str
    summary: str
    options: type
    fit: Callable[[Task, Any], Fitted]
    load: Callable[[Features, Any, Tensors, Mapping[str, Any]], Fitted]
    safe: bool = True
    needs_target: bool = False
    extra: str | None = None
