"""A fitted Gaussian copula: rows, rows under a condition, and the probability of a condition.

Each feature has an axis of a multivariate normal, a number that may be missing a second one that says whether it is. A
box of cells is a box of normals: constrained axes are drawn inside it (`latent_box`), all others from the conditional
normal given them. Knows laws and normals; how they are estimated is `copula`'s.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from llmsynth.baselines import latent_box
from llmsynth.baselines.families import FamilyLaw
from llmsynth.baselines.features import Allowed, AllowedBox, Drawn
from llmsynth.baselines.heatmap import draw_heatmap
from llmsynth.baselines.latent_box import LatentBox
from llmsynth.baselines.marginals import Law, LevelLaw
from llmsynth.baselines.method import Features, Probability, Tensors
from llmsynth.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MOST_PARTS = 4096
"""Latent boxes of one condition."""
MOST_POINTS, LEAST_POINTS, ALL_POINTS = 1 << 16, 512, 1 << 19
"""Points that estimate the probability of one box, and of all boxes of a condition together."""
ROWS_PER_AXIS = 5
"""Rows are balanced where there are so many to an axis: fewer cannot be whitened."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One latent normal.

    Parameters
    ----------
    feature : int
        Place of the feature it belongs to.
    law : Law
        What its stretches mean.
    of_missing : bool
        Whether it says if a number is missing (level 1) instead of which number it is.
    """

    feature: int
    law: Law
    of_missing: bool = False


@dataclass(frozen=True, eq=False)
class Copula:
    """Fitted copula.

    Parameters
    ----------
    features : sequence of Feature
        Without rows.
    axes : tuple of Axis
        The latent normals.
    correlation : ndarray of float64, shape (n_axes, n_axes)
        Their correlation matrix, positive definite.
    balanced : bool
        As in the options.
    """

    features: Features
    axes: tuple[Axis, ...]
    correlation: FloatArray
    balanced: bool = True

    @cached_property
    def _root(self) -> FloatArray:
        root: FloatArray = np.linalg.cholesky(self.correlation).astype(np.float64)
        return root

    @cached_property
    def _places(self) -> dict[tuple[int, bool], int]:
        return {(axis.feature, axis.of_missing): place for place, axis in enumerate(self.axes)}

    @property
    def axis_names(self) -> list[str]:
        """The feature's name, and "... is missing" for the axis of an absent number."""
        names = [self.features[axis.feature].name for axis in self.axes]
        return [f"{name} is missing" if axis.of_missing else name for name, axis in zip(names, self.axes, strict=True)]

    def correlation_frame(self) -> pd.DataFrame:
        """The latent correlation matrix with the features' names on both sides."""
        import pandas as pd

        return pd.DataFrame(self.correlation, index=self.axis_names, columns=self.axis_names)

    def correlation_heatmap(self, path: str | os.PathLike[str]) -> Path:
        """Draw the latent correlation matrix to an SVG or PNG file."""
        return draw_heatmap(self.correlation, self.axis_names, path)

    def level_order(self) -> dict[str, list[str]]:
        """Labels of each feature with levels, in the order in which they lie along its axis."""
        orders = {}
        for axis in self.axes:
            feature = self.features[axis.feature]
            if isinstance(axis.law, LevelLaw) and not axis.of_missing:
                orders[feature.name] = [feature.labels[level] for level in axis.law.order]
        return orders

    def sample(self, n: int, rng: np.random.Generator) -> list[Drawn]:
        """See `Fitted.sample`."""
        d = len(self.axes)
        noise = rng.standard_normal((n, d))
        if not self.balanced or n < ROWS_PER_AXIS * d:
            return self._cells(ndtr(noise @ self._root.T))
        noise -= noise.mean(axis=0)
        white = np.linalg.solve(np.linalg.cholesky(noise.T @ noise / n), noise.T)
        normals = (self._root @ white).T
        ranks = np.argsort(np.argsort(normals, axis=0), axis=0)
        return self._cells((ranks + rng.random((n, d))) / n)

    def sample_where(self, n: int, rng: np.random.Generator, boxes: Sequence[AllowedBox]) -> list[Drawn]:
        """See `Conditional.sample_where`."""
        parts = self._parts(boxes)
        mass = np.array([estimate[0] for estimate in self._masses([part for part, _ in parts], rng)])
        if not mass.sum() > 0:
            raise InputError(
                "the condition has probability zero under method 'copula': it allows no value near those seen in "
                "training, or contradicts columns that go together; allow more values"
            )
        part_of_row = rng.choice(len(parts), n, p=mass / mass.sum())
        uniforms = np.empty((n, len(self.axes)))
        for number in np.unique(part_of_row):
            rows = part_of_row == number
            uniforms[rows] = ndtr(self._normals_in(parts[number][0], int(rows.sum()), rng))
        drawn = self._cells(uniforms)
        return self._snapped(drawn, [box for _, box in parts], part_of_row)

    def probability(
        self, boxes: Sequence[AllowedBox], rng: np.random.Generator, n_points: int | None = None
    ) -> Probability:
        """Probability that a row lies in one of the disjoint boxes; exact for one column, else with its error."""
        estimates = self._masses([part for part, _ in self._parts(boxes)], rng, n_points)
        mean = sum(estimate[0] for estimate in estimates)
        return Probability(min(1.0, mean), float(np.sqrt(sum(estimate[1] ** 2 for estimate in estimates))))

    def _masses(
        self, parts: Sequence[LatentBox], rng: np.random.Generator, n_points: int | None = None
    ) -> list[tuple[float, float]]:
        points = n_points or int(np.clip(ALL_POINTS // len(parts), LEAST_POINTS, MOST_POINTS))
        return [latent_box.probability(self.correlation, part, points, rng) for part in parts]

    def _normals_in(self, part: LatentBox, n: int, rng: np.random.Generator) -> FloatArray:
        """All axes of n rows: the constrained ones inside the box, the others from the conditional normal."""
        inside = latent_box.draw_in_box(self.correlation, part, n, rng)
        if np.isnan(inside).any():
            raise InputError(
                "the condition is too unlikely under method 'copula' to draw rows for it; allow more values"
            )
        fixed = part.axes
        free = np.setdiff1d(np.arange(len(self.axes)), fixed)
        normals = np.empty((n, len(self.axes)))
        normals[:, fixed] = inside
        if free.size:
            cross = self.correlation[np.ix_(free, fixed)]
            slope = np.linalg.solve(self.correlation[np.ix_(fixed, fixed)], cross.T).T
            left = self.correlation[np.ix_(free, free)] - slope @ cross.T
            root = np.linalg.cholesky(left)
            normals[:, free] = inside @ slope.T + rng.standard_normal((n, free.size)) @ root.T
        return normals

    def _parts(self, boxes: Sequence[AllowedBox]) -> list[tuple[LatentBox, AllowedBox]]:
        """Boxes of the latent normals; one that allows a number to be missing or in a range becomes two."""
        parts: list[tuple[LatentBox, AllowedBox]] = []
        for box in boxes:
            choices = [[(place, one) for one in _apart(allowed)] for place, allowed in box.items()]
            for chosen in product(*choices):
                part = self._latent(dict(chosen))
                if part is not None:
                    parts.append((part, dict(chosen)))
                if len(parts) > MOST_PARTS:
                    raise InputError(
                        f"the condition makes more than {MOST_PARTS} boxes under method 'copula'; ask for fewer "
                        "columns to be missing or in a range at once"
                    )
        if not parts:
            raise InputError(
                "the condition holds for no value that the marginals give a probability, those seen in training or a "
                "family fitted to them; allow more values, or fit with marginals='empirical'"
            )
        return parts

    def _latent(self, box: AllowedBox) -> LatentBox | None:
        """One box of the latent normals, None if some column's values were never seen."""
        places, regions = [], []
        for feature, allowed in box.items():
            gone = self._places.get((feature, True))
            if self.features[feature].is_number and gone is not None:
                places.append(gone)
                regions.append(self.axes[gone].law.stretches(Allowed(levels=(int(allowed.missing),))))
            if allowed.missing:
                if gone is None:
                    return None
                continue
            own = self._places.get((feature, False))
            if own is None:
                return None
            places.append(own)
            regions.append(self.axes[own].law.stretches(allowed))
        if any(not len(region) for region in regions):
            return None
        whole = [len(region) == 1 and region[0, 0] <= 0.0 and region[0, 1] >= 1.0 for region in regions]
        kept = [number for number, full in enumerate(whole) if not full]
        axes = np.array([places[number] for number in kept], dtype=np.int64)
        return LatentBox(axes, [ndtri(np.clip(regions[number], 0.0, 1.0)) for number in kept])

    def _cells(self, uniforms: FloatArray) -> list[Drawn]:
        """Cells from places in (0, 1), shape (n, n_axes): steps 2 and 1 backwards."""
        drawn = []
        n = len(uniforms)
        for place in range(len(self.features)):
            own, gone = self._places.get((place, False)), self._places.get((place, True))
            values = np.zeros(n, dtype=np.int64) if own is None else self.axes[own].law.draw(uniforms[:, own])
            missing = np.full(n, own is None)
            if gone is not None:
                missing = self.axes[gone].law.draw(uniforms[:, gone]) == 1
            drawn.append(Drawn(np.where(missing, 0, values), missing))
        return drawn

    def _snapped(self, drawn: list[Drawn], boxes: Sequence[AllowedBox], box_of_row: IntArray) -> list[Drawn]:
        """Cells on the edge of an allowed stretch may fall a grain outside: put them back."""
        for number in np.unique(box_of_row):
            rows = np.flatnonzero(box_of_row == number)
            for place, allowed in boxes[number].items():
                cells = drawn[place]
                if allowed.missing:
                    cells.missing[rows], cells.values[rows] = True, 0
                    continue
                cells.missing[rows] = False
                law = self.axes[self._places[place, False]].law
                cells.values[rows] = law.snap(cells.values[rows], allowed)
        return drawn

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Fitted.state`."""
        tensors: Tensors = {"correlation": self.correlation}
        axes: list[dict[str, Any]] = []
        for place, axis in enumerate(self.axes):
            about: dict[str, Any] = {"feature": axis.feature, "of_missing": axis.of_missing}
            if isinstance(axis.law, FamilyLaw):
                about["family"] = axis.law.to_dict()
            else:
                arrays = ("order", "edges") if isinstance(axis.law, LevelLaw) else ("lower", "upper", "edges")
                tensors |= {f"{place}.{name}": getattr(axis.law, name) for name in arrays}
            axes.append(about)
        return tensors, {"axes": axes}


def _apart(allowed: Allowed) -> list[Allowed]:
    """A number that may be missing or in a range, as one or the other."""
    if not allowed.missing or not allowed.intervals:
        return [allowed]
    return [Allowed(intervals=allowed.intervals), Allowed(missing=True)]
