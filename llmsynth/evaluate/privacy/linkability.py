"""Linkability: do two halves of a person's data lead to the same synthetic row?

The second risk of the Article 29 Working Party, as Giomi et al. 2023 (arXiv 2211.10459, section 3.3) attack it: one
party knows some columns of a person, another party other ones. Each looks up the k nearest synthetic rows by its
columns (Gower distance); a row that both find links the two. The same is done with held-out people. With k = 1 both
must name one row; 5 and 10 are parts.

One party knows the quasi-identifiers and the other the rest. Where none are declared the columns are dealt out in turn.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.attackers import asked_rows, only
from llmsynth.evaluate.control import count_arms, measured_residual
from llmsynth.evaluate.distances import Scale, nearest
from llmsynth.evaluate.encoding import BoolArray, EncodedTable, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable

NEIGHBOURS = (1, 5, 10)
ASKED = 2_000
MAX_SYNTHETIC_ROWS = 20_000
FEWEST_ROWS = 20


def linked(left: IntArray, right: IntArray) -> BoolArray:
    """Return whether two lists of synthetic rows share one, bool array of shape (rows,).

    Parameters
    ----------
    left, right : int64 arrays of shape (rows, k)
        Row numbers.

    Examples
    --------
    >>> linked(np.array([[1, 2], [3, 4]]), np.array([[2, 7], [5, 6]])).tolist()
    [True, False]
    """
    return np.asarray((left[:, :, None] == right[:, None, :]).any(axis=(1, 2)), bool)


def split_columns(evidence: Evidence) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of both parties."""
    names = evidence.train.layout.names
    known = tuple(name for name in names if name in evidence.quasi_identifiers)
    if known and len(known) < len(names):
        return known, tuple(name for name in names if name not in known)
    return names[::2], names[1::2]


def _found(rows: EncodedTable, synthetic: EncodedTable, scaled_over: tuple[EncodedTable, ...], k: int) -> IntArray:
    scale = Scale.over(*scaled_over)
    return nearest(scale.points(rows), scale.points(synthetic), k).rows


def linkability(evidence: Evidence) -> Measured:
    """Attack by looking up two halves.

    Returns
    -------
    Measured
        Residual risk at k = 1, (p_T - p_H) / (1 - p_H), -1 to 1: 0 training rows are linked no more than unseen ones, 1
        all of them. Parts: shares of both arms, residuals at k = 5 and 10.
    """
    if evidence.holdout is None:
        return not_evaluable(NO_HOLDOUT)
    inside, outside = asked_rows(evidence, ASKED, "linkability")
    left, right = split_columns(evidence)
    if min(inside.size, len(evidence.synthetic)) < FEWEST_ROWS or not (left and right):
        return not_evaluable(f"needs {FEWEST_ROWS} training, synthetic and held-out rows (people), and two columns")
    synthetic = evidence.synthetic.subsample(MAX_SYNTHETIC_ROWS, evidence.seed_for("linkability"))
    most, hits = min(NEIGHBOURS[-1], len(synthetic)), []
    for table, rows in ((evidence.train, inside), (evidence.holdout, outside)):
        lists = [
            _found(
                only(table.take(rows), names), only(synthetic, names),
                (only(evidence.train, names), only(evidence.holdout, names)), most,
            )
            for names in (left, right)
        ]  # fmt: skip
        hits.append({k: linked(lists[0][:, :k], lists[1][:, :k]) for k in NEIGHBOURS})
    arms = {k: count_arms(hits[0][k], hits[1][k]) for k in NEIGHBOURS}
    parts = {f"{k} nearest rows": arms[k].residual_score() for k in NEIGHBOURS[1:]}
    blind = 1.0 / len(synthetic)
    details = {"columns": [list(left), list(right)], "blind_share": blind}
    return measured_residual(arms[NEIGHBOURS[0]], parts, details)


METRIC = Metric(
    key="linkability",
    pillar="privacy",
    title="Linkability",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: two halves of a training row meet no more often than those of an unseen row; 1: they always meet",
    source="Giomi et al. 2023 (doi 10.56553/popets-2023-0055, arXiv 2211.10459), section 3.3 and equation 2",
    measure=linkability,
    level="standard",
)
