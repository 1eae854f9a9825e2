"""Singling out: can conditions be read off the synthetic rows that exactly one person in the training table meets?

The first of the three risks of the Article 29 Working Party, as Giomi et al. 2023 (arXiv 2211.10459, section 3.2)
attack it: predicates that isolate one synthetic row, on one column or on three, are tried on the training rows; a
success isolates exactly one. The same predicates are tried on as many held-out rows, which says how many would succeed
with anybody. The figure is over the predicates of both kinds, and each kind is a part. Many predicates isolate the
same row, and that is one success: intervals are widened by the design effect.

A third arm guesses predicates blindly. If the attack does no better than it, the attack was too weak to say anything.

Identifiers and texts count as categories here: a copied customer number singles out like nothing else. The chance to
isolate one row depends on the number of rows, so both tables are cut to the smaller one's size; with a small
hold-out few training rows are looked at. With units, one row of each person is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from llmsynth.evaluate.attackers import asked_rows
from llmsynth.evaluate.control import count_clustered, measured_residual
from llmsynth.evaluate.encoding import BoolArray, FloatArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.predicates import Predicate, blind, isolated_rows, of_rows, univariate
from llmsynth.evaluate.row_texts import cell_texts

GUESSES = 1_000  # of each attack
CLAUSES = 3
TRIES = 4  # predicates drawn for each that is wanted
MAX_ROWS = 20_000
FEWEST_ROWS = 20


@dataclass(frozen=True, eq=False)
class Arena:
    """Tables as matrices, identifiers and texts as codes: training, held-out and synthetic rows."""

    train: FloatArray
    holdout: FloatArray
    synthetic: FloatArray
    numeric: BoolArray


def _arena(evidence: Evidence) -> Arena | None:
    frames = evidence.frames
    inside, outside = asked_rows(evidence, MAX_ROWS, "singling_out")
    if evidence.holdout is None or frames.holdout is None or min(inside.size, len(evidence.synthetic)) < FEWEST_ROWS:
        return None
    made = np.arange(len(evidence.synthetic))
    made = evidence.rng("singling_out").permutation(made)[:MAX_ROWS]
    values = [evidence.train.values[inside], evidence.holdout.values[outside], evidence.synthetic.values[made]]
    numeric = evidence.train.layout.numeric
    for name in frames.real.columns:
        if name in evidence.train.layout.names:
            continue
        texts = [cell_texts(frame[name].iloc[rows]) for frame, rows in
                 ((frames.real, inside), (frames.holdout, outside), (frames.synthetic, made))]  # fmt: skip
        joined = np.concatenate(texts)
        codes = np.where(joined == "", np.nan, pd.factorize(joined)[0])
        parts = np.split(codes, np.cumsum([len(one) for one in texts])[:-1])
        values = [np.column_stack([left, right]) for left, right in zip(values, parts, strict=True)]
        numeric = np.append(numeric, False)
    return Arena(values[0], values[1], values[2], numeric) if numeric.size else None


def drawn_predicates(arena: Arena, rng: np.random.Generator) -> dict[str, list[Predicate]]:
    """Return at most 1,000 predicates of each kind that isolate a synthetic row, and as many blind ones."""
    made, numeric = arena.synthetic, arena.numeric
    single = univariate(made, numeric)
    chosen = rng.permutation(len(single))[:GUESSES]
    found = {"univariate": [single[place] for place in chosen]}
    n_columns = min(CLAUSES, numeric.size)
    if n_columns > 1:
        rows = rng.integers(0, len(made), TRIES * GUESSES)
        columns = rng.permuted(np.tile(np.arange(numeric.size), (rows.size, 1)), axis=1)[:, :n_columns]
        drawn = list(dict.fromkeys(of_rows(made, numeric, rows, columns, _medians(made))))
        alone = np.flatnonzero(isolated_rows(drawn, made) >= 0)[:GUESSES]
        found["multivariate"] = [drawn[place] for place in alone]
    found["blind"] = blind(made, numeric, GUESSES, n_columns, rng)
    return {name: predicates for name, predicates in found.items() if predicates}


def _medians(values: FloatArray) -> FloatArray:
    return np.array([np.median(known) if (known := cells[~np.isnan(cells)]).size else 0.0 for cells in values.T])


def singling_out(evidence: Evidence) -> Measured:
    """Attack with predicates.

    Returns
    -------
    Measured
        Residual risk (p_T - p_H) / (1 - p_H) over both kinds of predicates, -1 to 1: 0 training rows are singled out no
        more than unseen ones, 1 every predicate singles out a training row. Parts: shares of both arms, each attack's
        residual, "blind guesses".
    """
    if evidence.holdout is None:
        return not_evaluable(NO_HOLDOUT)
    arena = _arena(evidence)
    if arena is None:
        return not_evaluable(f"needs {FEWEST_ROWS} training, synthetic and held-out rows (people), and a column")
    rng = evidence.rng("singling_out", "predicates")
    hits = {
        name: (isolated_rows(predicates, arena.train), isolated_rows(predicates, arena.holdout))
        for name, predicates in drawn_predicates(arena, rng).items()
    }
    blind_arms = count_clustered(*hits.pop("blind"))
    if not hits:
        return not_evaluable("no condition isolates a synthetic row")
    parts = {name: count_clustered(*sides).residual_score() for name, sides in hits.items()}
    arms = count_clustered(*(np.concatenate(sides) for sides in zip(*hits.values(), strict=True)))
    parts["blind guesses"] = blind_arms.share_scores()["training rows"]
    weak = arms.train_hits / arms.n_train <= blind_arms.train_hits / blind_arms.n_train
    return measured_residual(arms, parts, {"no_better_than_blind": bool(weak), "rows_of_each": len(arena.train)})


METRIC = Metric(
    key="singling_out",
    pillar="privacy",
    title="Singling out",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: training rows are singled out no more than unseen rows; 1: every attempt singles out a training row",
    source="Giomi et al. 2023 (doi 10.56553/popets-2023-0055, arXiv 2211.10459), section 3.2 and equation 2",
    measure=singling_out,
    level="standard",
)
