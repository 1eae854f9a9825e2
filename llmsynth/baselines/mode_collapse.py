"""Watches for mode collapse: what many training rows have and no drawn row does."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from llmsynth.baselines.features import Feature, IntArray

COMMON = 0.01
"""Share of the training rows above which a category or mode must not be lost."""
ROWS_DRAWN = 10_000
"""Rows drawn after a fit to look for them."""


class ModeCollapseWarning(UserWarning):
    """A fitted generator does not draw some common categories, or modes of numbers, at all."""


def lost_modes(real: IntArray, drawn: IntArray, features: Sequence[Feature]) -> dict[str, int]:
    """Count by column the codes of more than `COMMON` of the training rows that no drawn row has.

    Parameters
    ----------
    real, drawn : ndarray of int64, shape (n, n_columns) and (m, n_columns)
        Codes of training rows and of drawn rows.
    features : sequence of Feature
        For the names.

    Returns
    -------
    dict of str to int
        Columns that lost something.
    """
    lost = {}
    for at, feature in enumerate(features):
        width = int(max(real[:, at].max(), drawn[:, at].max())) + 1
        shares = np.bincount(real[:, at], minlength=width) / len(real)
        count = int(np.sum((shares > COMMON) & (np.bincount(drawn[:, at], minlength=width) == 0)))
        if count:
            lost[feature.name] = count
    return lost


def collapse_notice(method: str, lost: Mapping[str, int]) -> str:
    """Say what was lost: columns and counts, no values."""
    columns = ", ".join(f"{name!r} ({count})" for name, count in lost.items())
    return (
        f"{method}: {sum(lost.values())} categories or modes, each of more than {100 * COMMON:g} % of the training "
        f"rows, are in none of {ROWS_DRAWN:,} drawn rows: {columns}; train longer (epochs, min_steps), or use 'copula'"
    )


def warn_of_collapse(method: str, lost: Mapping[str, int]) -> tuple[str, ...]:
    """Warn if anything was lost; return the same as notices."""
    if not lost:
        return ()
    notice = collapse_notice(method, lost)
    warnings.warn(notice, ModeCollapseWarning, stacklevel=2)
    return (notice,)
