"""SMOTE as a generator of whole tables: rows between a training row and one of its neighbours.

SMOTE (Chawla et al., JAIR 16, 2002) is imbalanced-learn's, an optional dependency: SMOTE for numbers only, SMOTE-NC for
numbers and levels, SMOTE-N for levels only. With a target that has levels, rows are interpolated within its classes,
whose shares are kept; without one, or where the target is a number, among all rows. SMOTE-N measures distances by what
levels say about a class, so without a target the rows' clusters stand in for classes.

Rows lie on segments between two real neighbours, and a class with a single row gives copies. So the method counts as
unsafe, whatever a distance to the nearest record says. Rare levels are folded for the interpolation, which is dense in
all levels, and drawn by their frequency where the fold comes out (`smote_matrix`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from llmsynth.baselines.features import Drawn, Feature, FloatArray, IntArray
from llmsynth.baselines.method import Features, Fitted, Method, Task, Tensors
from llmsynth.baselines.option_checks import check_whole
from llmsynth.baselines.smote_matrix import SmoteMatrix
from llmsynth.errors import InputError, MissingExtraError

MOST_ROWS_N = 5_000
"""Rows of a class that SMOTE-N looks at: it holds the square of them in memory (200 MB)."""
MOST_NEIGHBOUR_CELLS = 50_000_000
"""One-hot cells of the neighbours that imbalanced-learn holds at once (400 MB); more rows are drawn in pieces."""
MOST_CLUSTERS = 8
"""Stand-ins for the classes of SMOTE-N."""
DUMMY = -1
"""Class of a row that is there because imbalanced-learn wants two classes; nothing is drawn from it."""


@dataclass(frozen=True)
class SmoteOptions:
    """Options of SMOTE."""

    neighbours: int = 5
    """Neighbours of a row, one of which is the segment's other end; fewer in a class that has fewer rows."""
    most_rows: int = 10_000
    """Rows of a class among which neighbours are looked for, drawn anew for each piece of a sample: time and memory
    grow with their square and number. At most 5,000 count for SMOTE-N."""

    def __post_init__(self) -> None:
        check_whole(1, neighbours=self.neighbours)
        check_whole(2, most_rows=self.most_rows)


@dataclass(frozen=True, eq=False)
class Smote:
    """Training rows, ready to be interpolated.

    Parameters
    ----------
    features : tuple of Feature
        Columns, training rows among them.
    classes : ndarray of int64, shape (n_rows,)
        Rows are interpolated within these.
    target : int or None
        Place of the feature that `classes` are the levels of.
    options : SmoteOptions
    """

    features: tuple[Feature, ...]
    classes: IntArray
    target: int | None
    options: SmoteOptions

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of the fit."""
        alone = int((np.bincount(self.classes) == 1).sum())
        if not alone:
            return ()
        return (f"smote: {alone} classes have one training row each; their rows are copies of it",)

    @property
    def matrix(self) -> SmoteMatrix:
        """The rows as SMOTE sees them, the target left out."""
        return SmoteMatrix.from_features(self.features, self.target)

    def sample(self, n: int, rng: np.random.Generator) -> list[Drawn]:
        """See `Fitted.sample`."""
        matrix = self.matrix
        piece = max(1, MOST_NEIGHBOUR_CELLS // (self.options.neighbours * matrix.one_hot_width))
        parts = [self._piece(matrix, min(piece, n - start), rng) for start in range(0, n, piece)]
        rows, classes = (np.concatenate(part) for part in zip(*parts, strict=True))
        drawn = matrix.drawn(rows, rng)
        if self.target is not None:
            drawn[self.target] = Drawn(classes, np.zeros(n, dtype=bool))
        return drawn

    def _piece(self, matrix: SmoteMatrix, n: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        chosen = self._candidates(matrix, rng)
        rows, classes = matrix.values[chosen], self.classes[chosen]
        # Shares are those of all training rows, not of the candidates.
        counts = _counts(np.bincount(self.classes) / self.classes.size, n, rng)
        sizes = np.bincount(classes, minlength=counts.size)
        reach = np.minimum(self.options.neighbours, sizes - 1)
        made, labels = [], []
        for neighbours in np.unique(reach[counts > 0]).tolist():
            group = np.flatnonzero((reach == neighbours) & (counts > 0))
            if neighbours == 0:
                alone = np.repeat(group, counts[group])
                first = {int(label): place for place, label in enumerate(classes.tolist())}
                made.append(rows[[first[int(label)] for label in alone]])
                labels.append(alone)
                continue
            wanted = {int(label): int(sizes[label] + counts[label]) for label in group}
            new, new_labels = _interpolated(matrix, rows, classes, wanted, neighbours, int(rng.integers(2**32)))
            made.append(new)
            labels.append(new_labels)
        order = rng.permutation(n)
        return np.concatenate(made)[order], np.concatenate(labels)[order]

    def _candidates(self, matrix: SmoteMatrix, rng: np.random.Generator) -> IntArray:
        """Rows that take part: all of a small class, `most_rows` of a large one."""
        most = self.options.most_rows if matrix.is_number.any() else min(self.options.most_rows, MOST_ROWS_N)
        order = rng.permutation(self.classes.size)
        by_class = order[np.argsort(self.classes[order], kind="stable")]
        sizes = np.bincount(self.classes)
        within = np.arange(by_class.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.sort(by_class[within < most])

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Fitted.state`. The training rows are part of it."""
        tensors: Tensors = {
            "values": np.stack([feature.values for feature in self.features]),
            "missing": np.stack([feature.missing for feature in self.features]),
            "classes": self.classes,
        }
        return tensors, {"target": self.target}


def _counts(shares: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """Rows of each class: within one of its share of n, and the share exactly in expectation."""
    edges = np.concatenate([[0.0], np.cumsum(shares)[:-1], [1.0]]) * n
    return np.diff(np.floor(edges + rng.random())).astype(np.int64)


def _interpolated(
    matrix: SmoteMatrix, rows: FloatArray, classes: IntArray, wanted: Mapping[int, int], neighbours: int, seed: int
) -> tuple[FloatArray, IntArray]:
    """New rows and their classes; `wanted` counts the given rows of a class and the new ones together."""
    _check_installed()
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    how = {"sampling_strategy": dict(wanted), "k_neighbors": neighbours, "random_state": seed}
    if matrix.is_number.all():
        sampler = SMOTE(**how)
    elif matrix.is_number.any():
        sampler = SMOTENC(categorical_features=np.flatnonzero(~matrix.is_number).tolist(), **how)
    else:
        sampler = SMOTEN(**how)
    if np.unique(classes).size == 1:
        rows, classes = np.concatenate([rows, rows[:1]]), np.append(classes, DUMMY)
    made, labels = sampler.fit_resample(rows, classes)
    return np.asarray(made, np.float64)[len(rows) :], np.asarray(labels, np.int64)[len(rows) :]


def _check_installed() -> None:
    try:
        import imblearn.over_sampling  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("smote needs imbalanced-learn: pip install 'llmsynth[augment]'") from error


def _clusters(matrix: SmoteMatrix, seed: int) -> IntArray:
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import OneHotEncoder

    n_clusters = min(MOST_CLUSTERS, len(np.unique(matrix.values, axis=0)))
    one_hot = OneHotEncoder().fit_transform(matrix.values)
    clusters: IntArray = KMeans(n_clusters, n_init=1, random_state=seed % 2**32).fit(one_hot).labels_.astype(np.int64)
    return clusters


def fit_smote(task: Task, options: SmoteOptions) -> Smote:
    """Keep the training rows and their classes.

    Raises
    ------
    InputError
        If the target is the only column.
    MissingExtraError
        If imbalanced-learn is absent.
    """
    _check_installed()
    features = tuple(task.features)
    target = task.target if task.target is not None and not features[task.target].is_number else None
    if target is not None and len(features) == 1:
        raise InputError("smote: expected a column beside the target to interpolate, found none")
    classes = np.zeros(features[0].values.size, dtype=np.int64) if target is None else features[target].values
    if target is None and not any(feature.is_number for feature in features):
        classes = _clusters(SmoteMatrix.from_features(features, None), task.seed)
    return Smote(features, classes, target, options)


def _load(features: Features, options: SmoteOptions, tensors: Tensors, meta: Mapping[str, Any]) -> Fitted:
    rows = zip(features, tensors["values"], tensors["missing"], strict=True)
    whole = tuple(replace(feature, values=values, missing=missing) for feature, values, missing in rows)
    return Smote(whole, tensors["classes"], meta["target"], options)


METHOD = Method(
    name="smote",
    summary="rows between a real row and one of its neighbours; unsafe to release",
    options=SmoteOptions,
    fit=fit_smote,
    load=_load,
    safe=False,
    extra="augment",
)
