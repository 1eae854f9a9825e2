"""Nats of held-out rows, under the methods that have a likelihood of rows.

A language model gives each row on the grid of its schema a probability. The Gaussian copula does so, too: a row is a
box of its normals, and the probability of that box (`BaselineSynthesizer.probability`, the condition being the row
itself) is the mass of the row. Both read the same schema from the same training rows, so both are masses on the same
grid of the same columns and can be compared row by row, without any measure of volume. The copula's are estimates from
2,048 points each, far more exact than the spread between rows.

A row is impossible where a cell lies outside the schema, and under the copula also where it lies between two heaps of
its column. Means of two methods compare only over the rows that are possible under both, which is why rows are kept
one by one where asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth import BaselineSynthesizer
from llmsynth.errors import InputError

FloatArray = npt.NDArray[np.float64]
MOST_ROWS = {"compact": 20_000, "compact-cold": 20_000, "compact-quasi": 20_000, "smollm2-135m": 1_000}
"""Methods whose likelihood is always taken, and of how many held-out rows at most."""
BY_ROW = ("copula",)
"""Methods whose likelihood is taken where rows are kept one by one: it costs some hundredths of a second for each."""
SEED, POINTS = 0, 2048


def log_prob(generator: Any, rows: pd.DataFrame) -> FloatArray:
    """Return the log-probability of each row in nats, -inf where it is impossible."""
    if not isinstance(generator, BaselineSynthesizer):
        return np.asarray(generator.log_prob(rows), np.float64)
    names = [column.name for column in generator.schema_.modelled]
    labels = [label for label in rows.columns if generator.schema_.name_of(label) in names]
    with np.errstate(divide="ignore"):
        return np.log([_mass(generator, dict(zip(labels, row, strict=True))) for row in _cells(rows[labels])])


def _cells(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(rows.itertuples(index=False, name=None))


def _mass(copula: BaselineSynthesizer, row: dict[Any, Any]) -> float:
    try:
        return float(copula.probability(row, random_state=SEED, n_points=POINTS).probability)
    except InputError:  # a value that the schema does not have, or that was never seen: it has no mass
        return 0.0


def holdout_nats(generator: Any, holdout: pd.DataFrame, *, by_row: bool = False) -> dict[str, Any]:
    """Return the mean nats of the possible rows, how many are impossible, and where asked for those of each row.

    Parameters
    ----------
    generator : TableSynthesizer or BaselineSynthesizer
        Fitted; of the baselines the copula only.
    holdout : DataFrame
    by_row : bool
        Add `by_row`: nats of each row in order, null where it is impossible.
    """
    nats = -log_prob(generator, holdout)
    possible = np.isfinite(nats)
    mean = float(nats[possible].mean()) if possible.any() else float("nan")
    result: dict[str, Any] = {
        "nats_per_row": mean,
        "rows": int(possible.sum()),
        "impossible_rows": int((~possible).sum()),
    }
    if by_row:
        result["by_row"] = [round(float(one), 4) if np.isfinite(one) else None for one in nats]
    return result
