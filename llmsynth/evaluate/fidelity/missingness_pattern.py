"""Which cells of a row are missing together: total variation over patterns of missing cells.

Each row has a pattern, the set of its missing columns. The 100 most frequent of the real rows are compared one by one,
all others together. Columns can have the right missing rates each and still be missing in the wrong rows; this sees it.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import BoolArray, FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.figures import Figures, Side, by_parts, frame_of, table_of
from llmsynth.evaluate.fidelity.missing_cells import missing_cells
from llmsynth.evaluate.fidelity.tv_counts import tv_of_counts
from llmsynth.evaluate.metric import Measured, Metric

MOST_PATTERNS = 100


def pattern_codes(real: BoolArray, other: BoolArray, most: int = MOST_PATTERNS) -> tuple[IntArray, IntArray]:
    """Number the rows' patterns of missing cells.

    Parameters
    ----------
    real, other : bool arrays of shape (columns, n) and (columns, m)
        Whether each cell is missing.
    most : int
        The most frequent patterns of `real` have numbers 0 .. most - 1; all others have number `most`.

    Returns
    -------
    int64 arrays of shape (n,) and (m,)
    """
    packed = [np.ascontiguousarray(np.packbits(cells, axis=0).T) for cells in (real, other)]  # (rows, bytes)
    both = np.concatenate(packed)
    if both.shape[1] == 0:
        return np.zeros(real.shape[1], np.int64), np.zeros(other.shape[1], np.int64)
    keys = both.view(np.dtype((np.void, both.shape[1]))).ravel()
    patterns, codes = np.unique(keys, return_inverse=True)
    counts = np.bincount(codes[: real.shape[1]], minlength=patterns.size)
    numbers = np.full(patterns.size, most, np.int64)
    kept = np.argsort(-counts, kind="stable")[:most]
    kept = kept[counts[kept] > 0]
    numbers[kept] = np.arange(kept.size)
    return numbers[codes[: real.shape[1]]], numbers[codes[real.shape[1] :]]


def measure(evidence: Evidence) -> Measured:
    """Measure total variation between the patterns."""
    ours = missing_cells(evidence.frames.real, evidence.train)

    def figures(side: Side) -> Figures:
        left, right = pattern_codes(ours, missing_cells(frame_of(evidence, side), table_of(evidence, side)))

        def counts(codes: IntArray) -> FloatArray:
            return np.bincount(codes, minlength=MOST_PATTERNS + 1).astype(np.float64)

        shares = counts(left) / left.size
        return Figures(
            ("patterns",),
            np.array([tv_of_counts(counts(left), counts(right))]),
            lambda i, j: np.array([tv_of_counts(counts(left[i]), counts(right[j]))]),
            floors=np.array([expected_tv(shares, left.size, right.size)]),
            details={
                "patterns_of_real_rows": int(np.unique(left).size),
                "share_in_other_patterns": float((right == MOST_PATTERNS).mean()),
            },
        )

    found = by_parts(evidence, figures, "missingness_pattern")
    return Measured(found.score, found.reference, details=found.details)


METRIC = Metric(
    key="missingness_pattern",
    pillar="fidelity",
    title="Patterns of missing cells",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="total variation over the 100 most frequent patterns and all others; 0 same, 1 disjoint",
    source="total variation distance, 1/2 sum |p - q|, over rows' sets of missing columns",
    measure=measure,
)
