"""Attribute inference: can a secret of a person be guessed from what is known of them, because they were trained on?

The third risk of the Article 29 Working Party (Giomi et al. 2023, arXiv 2211.10459, section 3.4). Attackers learn the
secret column from the known ones on the synthetic rows: the nearest synthetic row (Gower distance), which repeats what
was learned by heart, and gradient boosting, which learns what is true of everybody. Guesses about held-out people
say how much is true of everybody; only the rest is a leak. A category is guessed if it is equal, a number if it is
within 5 % of the interquartile range: an absolute distance, so that negative numbers are no easier.

Secrets are the sensitive columns, known the quasi-identifiers; where none are declared, secrets are the target and the
columns with most different values, five at most, and all other columns are known. The strongest pair of secret and
attacker is picked on half of the people and read on the other half.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.attackers import asked_rows, distinct, only, wanted_columns
from llmsynth.evaluate.control import measured_residual, strongest_arms
from llmsynth.evaluate.distances import Scale, nearest
from llmsynth.evaluate.encoding import BoolArray, EncodedTable, FloatArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.learners import boosted_classifier, boosted_regressor
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown

TOLERANCE = 0.05  # interquartile ranges
ASKED = 4_000
MAX_NEIGHBOUR_ROWS = 20_000
MAX_TRAINING_ROWS = 10_000
MOST_SECRETS = 5
MOST_CLASSES = 10  # of more, boosting would take minutes
TREES = 50
FEWEST_ROWS = 20


def guessed(truth: FloatArray, guess: FloatArray, tolerance: float) -> BoolArray:
    """Return whether each guess is right, bool array of shape (rows,).

    Parameters
    ----------
    truth, guess : float64 arrays of shape (rows,)
        Numbers or codes; a missing guess is wrong.
    tolerance : float
        Largest distance; 0 for categories.

    Examples
    --------
    >>> guessed(np.array([-100.0, -100.0]), np.array([-103.0, -106.0]), 5.0).tolist()
    [True, False]
    """
    return np.asarray(np.abs(guess - truth) <= tolerance, bool)


def tolerance_of(table: EncodedTable, column: int) -> float:
    """Return how far off a guess may be: 5 % of the interquartile range of a number, 0 for a category."""
    cells = table.values[:, column]
    cells = cells[~np.isnan(cells)]
    if not table.layout.numeric[column] or not cells.size:
        return 0.0
    low, high = np.quantile(cells, [0.25, 0.75])
    return TOLERANCE * float(high - low)


def _guesses(synthetic: EncodedTable, targets: EncodedTable, secret: str, known: tuple[str, ...],
             scaled_over: EncodedTable, seed: int) -> dict[str, FloatArray]:  # fmt: skip
    """Return the guesses of each attacker about the targets, float64 of shape (targets,)."""
    column = synthetic.layout.names.index(secret)
    numeric = bool(synthetic.layout.numeric[column])
    teachers = synthetic.take(np.flatnonzero(~np.isnan(synthetic.values[:, column])))
    if not len(teachers):
        return {}
    near = teachers.subsample(MAX_NEIGHBOUR_ROWS, seed)
    scale = Scale.over(only(scaled_over, known))
    closest = nearest(scale.points(only(targets, known)), scale.points(only(near, known))).rows[:, 0]
    found = {"nearest row": near.values[closest, column]}
    few = teachers.subsample(MAX_TRAINING_ROWS, seed)
    rows, answers = only(few, known), few.values[:, column]
    classes = np.unique(answers)
    if classes.size < 2 or not (numeric or classes.size <= MOST_CLASSES):
        return found
    asked = only(targets, known).values
    if numeric:
        model = boosted_regressor(rows.layout, seed, TREES).fit(rows.values, answers)
        return found | {"boosting": np.asarray(model.predict(asked), np.float64)}
    model = boosted_classifier(rows.layout, seed, TREES).fit(rows.values, np.searchsorted(classes, answers))
    return found | {"boosting": classes[np.asarray(model.predict(asked), np.int64)]}


def _attack(evidence: Evidence, holdout: EncodedTable, secret: str) -> dict[str, tuple[BoolArray, BoolArray]]:
    """Return hits on training and held-out rows by attacker, "blind" among them."""
    names, seed = evidence.train.layout.names, evidence.seed_for("attribute_inference", secret)
    known = tuple(name for name in evidence.quasi_identifiers if name in names and name != secret)
    known = known or tuple(name for name in names if name != secret)
    column = names.index(secret)
    inside, outside = asked_rows(evidence, ASKED, "attribute_inference")
    train, held = evidence.train.take(inside), holdout.take(outside)
    train, held = (one.take(np.flatnonzero(~np.isnan(one.values[:, column]))) for one in (train, held))
    if min(len(train), len(held)) < FEWEST_ROWS:
        return {}
    targets = EncodedTable(train.layout, np.concatenate([train.values, held.values]))
    made = evidence.synthetic.values[:, column]
    made = made[~np.isnan(made)]
    guesses = _guesses(evidence.synthetic, targets, secret, known, evidence.train, seed)
    if guesses:
        guesses["blind"] = np.random.default_rng(seed).choice(made, len(targets))
    tolerance, truth = tolerance_of(evidence.train, column), targets.values[:, column]
    hits = {name: guessed(truth, guess, tolerance) for name, guess in guesses.items()}
    return {name: (one[: len(train)], one[len(train) :]) for name, one in hits.items()}


def attribute_inference(evidence: Evidence) -> Measured:
    """Attack secrets.

    Returns
    -------
    Measured
        Residual risk (p_T - p_H) / (1 - p_H) of the strongest attack, -1 to 1: 0 nothing is learned beyond what holds
        for everybody, 1 every training row's secret is guessed. Parts: shares of both arms, each secret's residual with
        its strongest attacker, and "blind guesses".
    """
    holdout = evidence.holdout
    if holdout is None:
        return not_evaluable(NO_HOLDOUT)
    names = evidence.train.layout.names
    declared = tuple(name for name in evidence.quasi_identifiers if name in names)
    secrets = wanted_columns(evidence, declared, MOST_SECRETS)
    if len(names) < 2 or not secrets:
        return not_evaluable("no column is left to be guessed from others")
    outcomes: dict[tuple[str, str], tuple[BoolArray, BoolArray]] = {}
    blind: dict[tuple[str, str], tuple[BoolArray, BoolArray]] = {}
    for secret in secrets:
        for attacker, hits in _attack(evidence, holdout, secret).items():
            (blind if attacker == "blind" else outcomes)[secret, attacker] = hits
    if not outcomes:
        return not_evaluable(
            f"needs {FEWEST_ROWS} training and held-out rows (people) with the secret, and synthetic ones"
        )
    keys = {f"{secret}\n{attacker}": (secret, attacker) for secret, attacker in outcomes}
    arms = strongest_arms({name: outcomes[key] for name, key in keys.items()}, evidence.rng("attribute_inference"))
    picked, counted = next(iter(arms.items()))
    parts: dict[str, Score] = {}
    for name, one in arms.items():
        parts.setdefault(f"secret {keys[name][0]}", one.residual_score())
    secret, attacker = keys[picked]
    guesses = blind[secret, "blind"][0]
    parts["blind guesses"] = _share(guesses)
    weak = counted.known and counted.train_hits / counted.n_train <= guesses.mean()
    details = {
        "secret": secret, "attacker": attacker, "secrets": list(secrets), "known": list(declared) or "all others",
        "no_better_than_blind": bool(weak), "different_values": distinct(evidence.train.values[:, names.index(secret)]),
    }  # fmt: skip
    return measured_residual(counted, parts, details)


def _share(hits: BoolArray) -> Score:
    if not hits.size:
        return unknown("no rows to look at")
    return Score(float(hits.mean()), hits.size).within(wilson(int(hits.sum()), hits.size))


METRIC = Metric(
    key="attribute_inference",
    pillar="privacy",
    title="Attribute inference",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: secrets of training rows are guessed no better than those of unseen rows; 1: every one is guessed",
    source="Giomi et al. 2023 (doi 10.56553/popets-2023-0055, arXiv 2211.10459), section 3.4 and equation 2",
    measure=attribute_inference,
    level="standard",
)
