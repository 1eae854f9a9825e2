"""What every membership attack must do: find a memoriser, and find nothing in honest rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from llmsynth.evaluate.evidence import Evidence, gather
from llmsynth.evaluate.metric import Measured, Metric
from tests.evaluate.privacy.tables import mixed_rows


def memoriser(n: int = 300, seed: int = 0) -> Evidence:
    """Synthetic rows that are the training rows."""
    real, held = mixed_rows(n, seed), mixed_rows(2 * n, seed + 1)
    return gather(real, real.sample(frac=1.0, random_state=seed), held, seed=seed)


def honest(n: int = 300, seed: int = 0) -> Evidence:
    """Synthetic rows that are new draws."""
    real, held, made = (mixed_rows(size, 3 * seed + part) for part, size in enumerate((n, 2 * n, n)))
    return gather(real, made, held, seed=seed)


def overfitted_gaussian(n: int, dimensions: int, width: float, seed: int) -> tuple[Evidence, float]:
    """Rows around training rows, and the AUC of the true density ratio, both known in closed form.

    Training and held-out rows are standard normal, synthetic ones lie around a training row each: p_S is a mixture of
    normal densities of the stated width, p_R the standard normal density.
    """
    from scipy.special import logsumexp
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    real, held = rng.normal(size=(n, dimensions)), rng.normal(size=(20 * n, dimensions))
    made = real[rng.integers(0, n, 20 * n)] + width * rng.normal(size=(20 * n, dimensions))

    def ratio(rows: np.ndarray) -> np.ndarray:
        squares = ((rows[:, None, :] - real[None]) ** 2).sum(axis=2)
        made_density = logsumexp(-squares / (2 * width**2), axis=1) - dimensions * np.log(width) - np.log(n)
        return np.asarray(made_density + (rows**2).sum(axis=1) / 2)

    truth = roc_auc_score(np.repeat([1, 0], [n, 20 * n]), np.concatenate([ratio(real), ratio(held)]))
    names = [f"x{place}" for place in range(dimensions)]
    frames = [pd.DataFrame(rows, columns=names) for rows in (real, made, held)]
    return gather(*frames, seed=seed), float(truth)


def check_parts(found: Measured) -> None:
    """The parts that policies ask for are there, with a curve."""
    assert found.parts["auc"].value == found.score.value
    assert found.parts["tpr_at_1fpr"].known and found.part_references["tpr_at_1fpr"].value == 0.01
    assert 1 <= len(found.details["roc"]["fpr"]) == len(found.details["roc"]["tpr"]) <= 100


def false_alarms(metric: Metric, seeds: int, n: int = 120) -> float:
    """Share of honest generators whose AUC is said to be above guessing."""
    return float(np.mean([metric.measure(honest(n, seed)).score.lower > 0.5 for seed in range(seeds)]))
