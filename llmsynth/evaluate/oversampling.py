"""The usual ways to make rows of a rare class: repeat them, or interpolate them with SMOTE.

They are what generated rows are measured against. Both give rows for an encoded table, none changes the real ones.
SMOTE (Chawla et al., JAIR 16, 2002) is imbalanced-learn's: SMOTE for numbers only, SMOTE-NC for numbers and categories,
SMOTE-N for categories only, with its default of five neighbours.

SMOTE knows no missing values, no dates and no scales, so that is settled here, in its favour: numbers are standardised,
a missing number takes the column's median, a missing category is a category of its own (and is missing again in the
new rows), dates and durations are interpolated as seconds. The real rows keep their missing cells.

SMOTE-NC holds the class's rows, and the neighbours of all new rows, dense with a column for every category, and SMOTE-N
the square of the class's rows. So the sampler gets no category that the class does not have, new rows are drawn in
pieces, and of a class too large for `MOST_CELLS` as many rows take part in each piece as fit.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from llmsynth.errors import MissingExtraError
from llmsynth.evaluate.encoding import BoolArray, EncodedTable, FloatArray, Layout
from llmsynth.seeding import derive

NEIGHBOURS = 5
MOST_CELLS = 50_000_000
"""Largest dense array that imbalanced-learn is made to hold (400 MB)."""
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
    made = _interpolated(layout, ready[is_rare], ready[~is_rare], n_new, seed)
    made[:, layout.numeric] = made[:, layout.numeric] * spread + centre
    made[:, ~layout.numeric] = np.where(
        made[:, ~layout.numeric] >= layout.n_categories[~layout.numeric], np.nan, made[:, ~layout.numeric]
    )
    return made


def _interpolated(layout: Layout, own: FloatArray, others: FloatArray, n_new: int, seed: int) -> FloatArray:
    """Return new rows of the class whose prepared rows are `own`."""
    if smote_name(layout) == "SMOTE-N":  # its distances are made of what categories say of the class
        most_rows, piece = isqrt(MOST_CELLS), max(n_new, 1)
    else:
        others = own[:1]  # imbalanced-learn wants a second class and looks at nothing of it
        width = int(layout.numeric.sum()) + sum(np.unique(codes).size for codes in own[:, ~layout.numeric].T)
        most_rows, piece = max(2, MOST_CELLS // width), max(1, MOST_CELLS // (NEIGHBOURS * width))
    parts = [np.empty((0, own.shape[1]))]
    for start in range(0, n_new, piece):
        part_seed = derive(seed, "smote", start) if start else seed
        near = own
        if len(own) > most_rows:
            near = own[np.random.default_rng(part_seed).choice(len(own), most_rows, replace=False)]
        sampler = _sampler(layout, len(near), min(piece, n_new - start), part_seed)
        classes = np.repeat(np.array([1, 0], np.int64), [len(near), len(others)])
        made = sampler.fit_resample(np.concatenate([near, others]), classes)[0]
        parts.append(np.asarray(made, np.float64)[classes.size :])
    return np.concatenate(parts)


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
