"""`copula`: a Gaussian copula, in its five classical steps.

    1 marginals      numbers: empirical, heaps exact and smooth between (or a scipy family); levels: their shares
    2 transform      each cell to its stretch of (0, 1): the probability integral transform, ties and all
    3 normal scores  the stretch's mean under a standard normal; levels in the order that shows their associations
    4 correlation    pair by pair, corrected for ties and skew, shrunk, repaired to positive definite
    5 sampling       correlated normals, and steps 2 and 1 backwards

Whether a number is missing is an atom of its column: it has an axis of its own beside the value's, so values missing at
random and values missing for a reason are both kept, and the value's axis stays the whole law of the values present.
(On the value's own axis an atom must lie somewhere, and wherever it lies it takes that part of all other columns.)

**Conditions are exact** up to the error that `latent_box` states: a box of cells is a box of the latent normals; the
constrained axes are drawn inside it, all others from the conditional normal given them.

**Rows are balanced** unless `balanced` is off: n rows represent the law better than n independent ones would. The
normals are whitened and each column's are spread evenly over its distribution, as in Latin hypercube sampling with
dependence (Iman and Conover 1982; Packham and Schmidt 2010). Each row alone still has the law of the copula; two rows
of n are correlated by about -1 / n. Rows drawn under a condition are independent.

What it cannot: dependence that is neither monotone nor pairwise. References: Sklar 1959; Nelsen 2006, section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.families import FAMILIES, FamilyLaw, family_law
from llmsynth.baselines.features import Feature
from llmsynth.baselines.fitted_copula import Axis, Copula
from llmsynth.baselines.latent_correlation import (
    Scores,
    latent_correlation,
    observed_correlation,
    repaired,
    shrinkage,
    step_scores,
)
from llmsynth.baselines.level_order import by_association, by_frequency
from llmsynth.baselines.marginals import Law, LevelLaw, PieceLaw, level_law, piece_law
from llmsynth.baselines.method import Features, Method, Task, Tensors
from llmsynth.errors import ConfigError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MARGINALS = ("empirical", "aic", "ks", *FAMILIES)
CORRELATIONS = ("values", "ranks")
ORDERS = ("association", "frequency", "given")


ROWS_PER_AXIS = 20
"""With fewer rows to an axis the correlation matrix is shrunk."""


@dataclass(frozen=True)
class CopulaOptions:
    """Options of the copula."""

    marginals: str = "empirical"
    """Law of numbers: "empirical", "aic" or "ks" (the best scipy.stats family by that criterion), or a family."""
    order: str = "association"
    """Order of levels along their axis: "association" with the other columns, "frequency", or "given"."""
    correlation: str = "values"
    """What of numbers comes back: the correlation of their "values" (Pearson's), or of their "ranks" (of normal
    scores), which a few extreme values sway less."""
    shrinkage: float | str = "auto"
    """Weight of the identity in the correlation matrix, in [0, 1), or "ledoit_wolf"; "auto" is Ledoit and Wolf's weight
    where there are fewer than 20 rows to an axis, else 0: there it only takes dependence away (eval/LOG.md)."""
    balanced: bool = True
    """Whether rows without a condition are spread evenly; False draws independent rows."""

    def __post_init__(self) -> None:
        _one_of("marginals", self.marginals, MARGINALS)
        _one_of("order", self.order, ORDERS)
        _one_of("correlation", self.correlation, CORRELATIONS)
        if not isinstance(self.balanced, bool):
            raise ConfigError(f"copula: balanced: expected true or false, got {self.balanced!r}")
        weight = self.shrinkage
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if weight not in ("auto", "ledoit_wolf") and not (number and 0.0 <= float(weight) < 1.0):
            raise ConfigError(
                f"copula: shrinkage: expected 'auto', 'ledoit_wolf' or a number from 0 to below 1, got {weight!r}; "
                "0 turns it off"
            )


def _one_of(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise ConfigError(f"copula: {name}: expected one of {', '.join(known)}, got {value!r}")


class _Seen(NamedTuple):
    """One axis as the training rows show it: steps of the rows, edges of the steps, which rows show it, numbers."""

    axis: Axis
    steps: IntArray
    edges: FloatArray
    observed: BoolArray
    numbers: FloatArray | None

    @property
    def normal_scores(self) -> Scores:
        return step_scores(self.steps, self.edges, self.observed)


def fit_copula(task: Task, options: CopulaOptions) -> Copula:
    """Fit the copula; see the module."""
    features = task.features
    numbers = {
        place: _seen_number(place, feature, options.marginals)
        for place, feature in enumerate(features)
        if feature.is_number and not feature.missing.all()
    }
    seen = []
    for place, order in enumerate(_orders(features, numbers, options.order, task.seed)):
        feature = features[place]
        if place in numbers:
            seen.append(numbers[place])
        elif order is not None:
            seen.append(_seen_levels(Axis(place, level_law(feature.values, order)), feature.values))
        if feature.missing.any():
            gone = feature.missing.astype(np.int64)
            seen.append(_seen_levels(Axis(place, level_law(gone, np.arange(2)), of_missing=True), gone))
    bare = [feature.without_values() for feature in features]
    return Copula(bare, tuple(one.axis for one in seen), _correlation(seen, options), options.balanced)


def _correlation(seen: Sequence[_Seen], options: CopulaOptions) -> FloatArray:
    by_values = options.correlation == "values"
    scores = [
        step_scores(one.steps, one.edges, one.observed, one.numbers) if by_values else one.normal_scores for one in seen
    ]
    latent = latent_correlation(observed_correlation(scores), scores)
    weight = _weight(options.shrinkage, scores)
    return repaired((1.0 - weight) * latent + weight * np.eye(len(seen)))


def _weight(asked: float | str, scores: Sequence[Scores]) -> float:
    """Weight of the identity."""
    if not isinstance(asked, str):
        return float(asked)
    few = scores[0].values.size < ROWS_PER_AXIS * len(scores)
    return shrinkage(scores) if few or asked == "ledoit_wolf" else 0.0


def _seen_number(place: int, feature: Feature, marginals: str) -> _Seen:
    present = feature.values[~feature.missing]
    law: Law = piece_law(present) if marginals == "empirical" else family_law(present, feature.span, marginals)
    steps, edges = law.steps(present)
    index = np.zeros(feature.values.size, dtype=np.int64)
    index[~feature.missing] = steps
    return _Seen(Axis(place, law), index, edges, ~feature.missing, feature.values.astype(np.float64))


def _seen_levels(axis: Axis, values: IntArray) -> _Seen:
    return _Seen(axis, *axis.law.steps(values), np.ones(values.size, dtype=bool), None)


def _orders(features: Features, numbers: Mapping[int, _Seen], order: str, seed: int) -> list[IntArray | None]:
    if order == "association":
        scores = [numbers[place].normal_scores.values if place in numbers else None for place in range(len(features))]
        return by_association(features, scores, seed)
    if order == "frequency":
        return [None if feature.is_number else by_frequency(feature) for feature in features]
    return [None if feature.is_number else np.arange(feature.n_levels, dtype=np.int64) for feature in features]


def _load(features: Features, options: CopulaOptions, tensors: Tensors, meta: Mapping[str, Any]) -> Copula:
    axes = []
    for place, about in enumerate(meta["axes"]):
        law: Law
        if "family" in about:
            saved = about["family"]
            law = FamilyLaw(saved["family"], tuple(saved["parameters"]), saved["unit"], saved["span"])
        elif f"{place}.order" in tensors:
            law = LevelLaw(tensors[f"{place}.order"], tensors[f"{place}.edges"])
        else:
            law = PieceLaw(*(tensors[f"{place}.{name}"] for name in ("lower", "upper", "edges")))
        axes.append(Axis(int(about["feature"]), law, bool(about["of_missing"])))
    return Copula(features, tuple(axes), tensors["correlation"], options.balanced)


METHOD = Method(
    name="copula",
    summary="Gaussian copula: empirical marginals and one correlation matrix; exact conditions",
    options=CopulaOptions,
    fit=fit_copula,
    load=_load,
)
