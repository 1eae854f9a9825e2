"""The usual ways to make rows of a rare class: repeat them, or interpolate them with SMOTE.

They are what generated rows are measured against. Both give rows for an encoded table, none changes the real ones.
SMOTE (Chawla et al., JAIR 16, 2002) is imbalanced-learn's: SMOTE for numbers only, SMOTE-NC for numbers and categories,
SMOTE-N for categories only, with its default of five neighbours.

SMOTE knows no missing values, no dates and no scales, so that is settled here, in its favour: numbers are standardised,
a missing number takes the column's median, a missing category is a category of its own (and is missing again in the
new rows), dates and durations are interpolated as seconds. The real rows keep their missing cells.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from llmsynth.errors import MissingExtraError
from llmsynth.evaluate.encoding import BoolArray, EncodedTable, FloatArray, IntArray, Layout

NEIGHBOURS = 5
NOTE = "SMOTE: numbers standardised, a missing number takes the column's median, dates are interpolated as seconds"


def repeated_rows(rare: EncodedTable, n_new: int, seed: int) -> FloatArray:
    """Return rows of the class drawn with replacement, float64 of shape (n_new, columns).

    Parameters
    ----------
    rare : EncodedTable
        The rows of the class, at least one.
    n_new : int
        How many.
    seed : int
        Which ones.
    """
    return rare.values[np.random.default_rng(seed).integers(0, len(rare), n_new)]


def smote_name(layout: Layout) -> str:
    """Return which SMOTE fits the columns: "SMOTE", "SMOTE-NC" or "SMOTE-N"."""
    if layout.numeric.all():
        return "SMOTE"
    return "SMOTE-NC" if layout.numeric.any() else "SMOTE-N"


def check_smote() -> None:
    """Make sure that imbalanced-learn is there, before anything takes time.

    Raises
    ------
    MissingExtraError
        With the pip line.
    """
    try:
        import imblearn.over_sampling  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "comparing with SMOTE needs imbalanced-learn: pip install 'llmsynth[augment]', or leave the comparison out "
            "(--seeds 0, in Python n_seeds=0)"
        ) from error


def smote_rows(rows: EncodedTable, is_rare: BoolArray, n_new: int, seed: int) -> FloatArray:
    """Return rows of the class interpolated between its own, float64 of shape (n_new, columns).

    Parameters
    ----------
    rows : EncodedTable
        Training rows, the target left out.
    is_rare : bool array of shape (rows,)
        Which are of the class; at least two, and at least one is not.
    n_new : int
        How many.
    seed : int
        Which neighbours, and where between them.
    """
    layout = rows.layout
    ready, centre, spread = _prepared(rows)
    sampler = _sampler(layout, int(is_rare.sum()), n_new, seed)
    classes: IntArray = is_rare.astype(np.int64)
    made = np.asarray(sampler.fit_resample(ready, classes)[0], np.float64)[len(rows) :]
    made[:, layout.numeric] = made[:, layout.numeric] * spread + centre
    made[:, ~layout.numeric] = np.where(
        made[:, ~layout.numeric] >= layout.n_categories[~layout.numeric], np.nan, made[:, ~layout.numeric]
    )
    return made


def _prepared(rows: EncodedTable) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the rows without missing cells and with standardised numbers, and what undoes the latter."""
    numeric, values = rows.layout.numeric, rows.values.copy()
    numbers = values[:, numeric]
    absent = np.isnan(numbers)
    # a column without any number has no median; 0 stands for all of it
    middle = np.nanmedian(np.where(absent.all(axis=0), 0.0, numbers), axis=0) if numbers.size else np.zeros(0)
    numbers = np.where(absent, middle, numbers)
    centre, spread = numbers.mean(axis=0), numbers.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    values[:, numeric] = (numbers - centre) / spread
    codes = values[:, ~numeric]
    values[:, ~numeric] = np.where(np.isnan(codes), rows.layout.n_categories[~numeric], codes)
    return values, centre, spread


def _sampler(layout: Layout, n_rare: int, n_new: int, seed: int) -> Any:
    check_smote()
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    how = {
        "sampling_strategy": {1: n_rare + n_new},
        "k_neighbors": min(NEIGHBOURS, n_rare - 1),
        "random_state": seed % 2**32,
    }
    name = smote_name(layout)
    if name == "SMOTE":
        return SMOTE(**how)
    if name == "SMOTE-N":
        return SMOTEN(**how)
    return SMOTENC(categorical_features=np.flatnonzero(~layout.numeric).tolist(), **how)
