"""What each metric must say of the rungs of the oracle ladder, declared before it is measured.

`rises` and `falls` name rungs from left to right; each step is one ordering, strict, of the metric's own figure.
`alike` are two rungs that a metric must give the same figure to, since it sees the columns one by one. `exactly` is a
known answer. Declared is what must hold whatever the draw: where a figure's noise is as large as the defect, nothing is
declared. So it is with one per cent of copies for an attack; with five per cent for identifiability, where copies of
other training rows are no nearer than those rows are; with a fifth of copies for the strongest attack on 300 rows, of
which it reads 75, and for guesses of secrets from four columns that many rows share; with three copies among 300 rows
of which half are asked about; with correlations of 300 rows that are weak; with a shift by one deviation that leaves a
long tail inside its range. `UNDECLARED` says why a metric has no line.

The declarations were corrected after a first draw (seed 0: 672 of 686 held) and a second (seed 1: 664 of 666); the
benchmark climbs a third.

Knows names. Refuses to know figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from eval.ladder_rungs import (
    BROKEN,
    COPIES_1,
    COPIES_5,
    COPIES_20,
    DROPPED,
    HOLES,
    IDEAL,
    INVENTED,
    MEMORISER,
    NOISE,
    SHUFFLED,
)

CLASSES = ("adult", "magic")
"""Tables whose target is a class, and of a thousand rows a part; the third has three hundred."""
MIXED = ("adult", "insurance")
"""Tables with categories beside the target."""


@dataclass(frozen=True)
class Ordering:
    """One thing that must hold.

    Attributes
    ----------
    relation : str
        "<" (left below right), ">" , "=" (the same figure) or "is" (left's figure is the number).
    left, right : str
        Rungs; right is empty with "is".
    number : float
        Known answer.
    tables : tuple of str
        Where it is declared; everywhere if empty.
    """

    relation: Literal["<", ">", "=", "is"]
    left: str
    right: str = ""
    number: float = 0.0
    tables: tuple[str, ...] = ()


Declared = tuple[Ordering, ...]


def rises(*names: str, tables: tuple[str, ...] = ()) -> Declared:
    """The figure grows from rung to rung."""
    return tuple(Ordering("<", left, right, tables=tables) for left, right in pairwise(names))


def falls(*names: str, tables: tuple[str, ...] = ()) -> Declared:
    """The figure shrinks from rung to rung."""
    return tuple(Ordering(">", left, right, tables=tables) for left, right in pairwise(names))


def above(names: tuple[str, ...], tables: tuple[str, ...] = ()) -> Declared:
    """The figure of each rung is above the ideal's."""
    return tuple(Ordering("<", IDEAL, name, tables=tables) for name in names)


def below(names: tuple[str, ...], tables: tuple[str, ...] = ()) -> Declared:
    """The figure of each rung is below the ideal's."""
    return tuple(Ordering(">", IDEAL, name, tables=tables) for name in names)


def alike(left: str, right: str) -> Declared:
    """The figures are the same."""
    return (Ordering("=", left, right),)


def exactly(name: str, number: float, tables: tuple[str, ...] = ()) -> Declared:
    """The figure is a known one."""
    return (Ordering("is", name, number=number, tables=tables),)


_SHUFFLE_BLIND = alike(IDEAL, SHUFFLED)
_MARGINAL = rises(MEMORISER, IDEAL) + above((NOISE, BROKEN, DROPPED)) + _SHUFFLE_BLIND + exactly(MEMORISER, 0.0)
_JOINT = rises(MEMORISER, IDEAL) + above((SHUFFLED, NOISE)) + exactly(MEMORISER, 0.0)
_LINEAR = rises(MEMORISER, IDEAL) + above((SHUFFLED, NOISE), CLASSES) + exactly(MEMORISER, 0.0)
_COPIES = rises(IDEAL, COPIES_1, COPIES_5, COPIES_20, MEMORISER)
_MANY_COPIES = rises(IDEAL, COPIES_20, MEMORISER)
_LEARNED = below((SHUFFLED, NOISE))

FIDELITY: Mapping[str, Declared] = {
    "ks": _MARGINAL,
    "wasserstein": _MARGINAL,
    "tv_categorical": rises(MEMORISER, IDEAL) + above((NOISE, DROPPED)) + _SHUFFLE_BLIND + exactly(MEMORISER, 0.0),
    "tv_binned": _MARGINAL,
    "expected_tv": _MARGINAL,
    "jensen_shannon": _MARGINAL,
    "hellinger": _MARGINAL,
    "missing_rate": above((HOLES,)),
    "missingness_pattern": above((HOLES,)),
    "range_coverage": below((BROKEN,)) + exactly(MEMORISER, 1.0) + _SHUFFLE_BLIND,
    "boundary_adherence": below((NOISE,)) + exactly(MEMORISER, 1.0) + _SHUFFLE_BLIND,
    "category_coverage": below((DROPPED,)) + exactly(MEMORISER, 1.0) + _SHUFFLE_BLIND,
    "category_adherence": below((INVENTED,)) + exactly(MEMORISER, 1.0) + _SHUFFLE_BLIND,
    "tail_quantiles": rises(MEMORISER, IDEAL) + above((NOISE, BROKEN)) + _SHUFFLE_BLIND + exactly(MEMORISER, 0.0),
    "moments": rises(MEMORISER, IDEAL) + above((NOISE, BROKEN, DROPPED)),
    "precision_artefacts": rises(MEMORISER, IDEAL) + above((NOISE,)) + _SHUFFLE_BLIND,
    "pearson": _LINEAR,
    "spearman": _LINEAR,
    "kendall": _LINEAR,
    "association": _JOINT,
    "pair_tv": _JOINT + above((BROKEN, DROPPED)),
    "triple_tv": _JOINT + above((BROKEN, DROPPED)),
    "mutual_information": _JOINT,
    "subsample_equivalent": falls(MEMORISER, IDEAL) + below((SHUFFLED, NOISE, BROKEN, DROPPED)),
    "functional_dependencies": above((SHUFFLED, NOISE), ("adult",)),
    "subgroups": above((SHUFFLED, NOISE, BROKEN, DROPPED)),
    "rare_classes": above((NOISE,), ("adult",)),
    "rare_recall": falls(MEMORISER, IDEAL, tables=("adult",)) + exactly(MEMORISER, 1.0, ("adult",)),
    "c2st_logistic": above((NOISE, BROKEN, DROPPED)),
    "c2st_boosted": rises(MEMORISER, IDEAL) + above((SHUFFLED, NOISE, BROKEN, DROPPED)),
    "pmse_ratio": rises(MEMORISER, IDEAL) + above((NOISE, BROKEN, DROPPED)),
    "alpha_precision": falls(MEMORISER, IDEAL) + below((SHUFFLED, NOISE)),
    "beta_recall": falls(MEMORISER, IDEAL) + below((SHUFFLED, NOISE)),
    "authenticity": falls(IDEAL, COPIES_5, COPIES_20, MEMORISER) + exactly(MEMORISER, 0.0),
    "density_coverage": falls(MEMORISER, IDEAL) + below((SHUFFLED, NOISE, DROPPED)) + exactly(MEMORISER, 1.0),
    "nn_adversarial_accuracy": falls(IDEAL, COPIES_5, COPIES_20, MEMORISER) + above((SHUFFLED, NOISE, DROPPED)),
    "mmd": above((SHUFFLED, NOISE, BROKEN, DROPPED)),
}
UTILITY: Mapping[str, Declared] = {
    "tstr_ratio": _LEARNED + exactly(MEMORISER, 1.0),
    "tstr_gap": above((SHUFFLED, NOISE)) + exactly(MEMORISER, 0.0),
    "tstr": _LEARNED,
    "trtr": alike(IDEAL, SHUFFLED) + alike(IDEAL, NOISE),
    "per_class_recall": below((SHUFFLED, NOISE), CLASSES),
    "subgroup_minimum": below((SHUFFLED, NOISE), MIXED),
    "calibration": above((NOISE,), CLASSES) + exactly(MEMORISER, 0.0, CLASSES),
    "trts": _LEARNED,
    "tsts": _LEARNED,
    "augmentation": below((SHUFFLED,), CLASSES),
    "importance_agreement": _LEARNED + exactly(MEMORISER, 1.0),
    "model_ranking": exactly(MEMORISER, 1.0),
    "coefficient_overlap": _LEARNED + exactly(MEMORISER, 1.0),
    "fairness": above((SHUFFLED,), ("adult",)) + exactly(MEMORISER, 0.0, ("adult",)),
    "aggregate_queries": rises(MEMORISER, IDEAL) + above((SHUFFLED, NOISE, DROPPED)) + exactly(MEMORISER, 0.0),
}
PRIVACY: Mapping[str, Declared] = {
    "exact_matches": _COPIES,
    "unique_matches": _COPIES,
    "near_matches": _COPIES,
    "near_spellings": rises(IDEAL, COPIES_1, tables=CLASSES) + rises(IDEAL, COPIES_5, COPIES_20, MEMORISER),
    "dcr": below((COPIES_5, COPIES_20, MEMORISER)) + above((NOISE,)) + exactly(MEMORISER, 0.0),
    "dcr_share": _COPIES,
    "nndr": below((COPIES_20, MEMORISER)),
    "identifiability": _MANY_COPIES,
    "mia": rises(IDEAL, COPIES_20, tables=CLASSES) + rises(COPIES_20, MEMORISER),
    "mia_distance": _MANY_COPIES,
    "mia_density": rises(IDEAL, MEMORISER),
    "mia_classifier": rises(IDEAL, MEMORISER),
    "mia_local": _MANY_COPIES,
    "mia_string": _MANY_COPIES,
    "vulnerability": rises(IDEAL, MEMORISER) + rises(COPIES_20, MEMORISER),
    "singling_out": _MANY_COPIES,
    "linkability": _MANY_COPIES,
    "attribute_inference": rises(IDEAL, MEMORISER) + rises(COPIES_20, MEMORISER),
    "small_cells": rises(IDEAL, COPIES_20, MEMORISER, tables=MIXED),
    "disco": rises(IDEAL, MEMORISER, tables=MIXED) + rises(COPIES_20, MEMORISER, tables=MIXED),
}
DECLARED: Mapping[str, Declared] = {
    f"{pillar}.{key}": declared
    for pillar, table in (("fidelity", FIDELITY), ("utility", UTILITY), ("privacy", PRIVACY))
    for key, declared in table.items()
}
UNDECLARED: Mapping[str, str] = {
    "fidelity.rule_violations": "needs a schema with rules",
    "fidelity.duplicates": "no rung repeats rows within the synthetic table",
    "fidelity.invalid_rows": "needs what only a generator counts",
    "privacy.pii": "no table has personal tokens",
}
