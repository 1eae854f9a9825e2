"""Few real rows, many synthetic ones made from them, or both: which train the better classifier?

The case synthetic rows are often made for: real rows are scarce. The same learner is trained three times and tested on
the same real rows that neither it nor the generator saw. Nothing is matched in size here, since that there are more
synthetic rows is the point.

Intervals resample the tested rows. They do not say how the figures would change with other few real rows, which is the
larger uncertainty: repeat with other rows before you believe a small gain.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from llmsynth.errors import TableError
from llmsynth.evaluate.encoding import FloatArray, encode_tables
from llmsynth.evaluate.intervals import BOOTSTRAPS
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.utility.models import train
from llmsynth.evaluate.utility.problem import Problem, Rows, problem_of
from llmsynth.evaluate.utility.trained import scored
from llmsynth.evaluate.weighted_figures import class_figure, confusion
from llmsynth.seeding import derive

REAL, SYNTHETIC, BOTH = "real rows", "synthetic rows", "both"
FIGURES = ("accuracy", "f1", "auc")


def scarcity(
    real_few: pd.DataFrame,
    synthetic: pd.DataFrame,
    test: pd.DataFrame,
    target: str,
    *,
    learner: str = "forest",
    seed: int = 0,
) -> dict[str, dict[str, Score]]:
    """Train on few real rows, on synthetic rows and on both, and test on other real rows.

    Parameters
    ----------
    real_few : DataFrame
        The real rows the synthetic ones were made from.
    synthetic : DataFrame
        Rows of the same columns.
    test : DataFrame
        Real rows that were used for nothing yet.
    target : str
        Column with the class.
    learner : str
        One of `models.ALL`.
    seed : int
        Of the learner and the resampling.

    Returns
    -------
    dict of dict of Score
        By rows trained on ("real rows", "synthetic rows", "both") and figure, each 0 to 1 with a 95 % interval:
        "accuracy"; "f1", of that one of two classes that fewer real rows have, the mean over several; "auc", 0.5 is
        chance.

    Raises
    ------
    TableError
        If the target has no classes to tell, a table has no row with a target, or the synthetic rows have other
        classes.

    Examples
    --------
    >>> rows = pd.DataFrame({"x": range(40), "y": ["no"] * 25 + ["yes"] * 15})
    >>> scarcity(rows, rows, rows, "y")["real rows"]["auc"].value
    1.0
    """
    tables = encode_tables(real_few, synthetic, test)
    problem = problem_of(tables[0], target)
    if isinstance(problem, str):
        raise TableError(f"scarcity: expected a target with classes to tell, got {target!r}: {problem}")
    if problem.task == "regression":
        raise TableError(
            f"scarcity: expected a target with classes, got {target!r}, a number; cut it into classes first"
        )
    few, made, tested = (problem.rows(table) for table in tables)
    for name, rows in ((REAL, few), (SYNTHETIC, made), ("test rows", tested)):
        if not len(rows):
            raise TableError(f"scarcity: expected {name} that have a target, got none of {target!r}")
    if not np.isin(made.classes, np.union1d(few.classes, tested.classes)).any():
        raise TableError(
            f"scarcity: expected synthetic rows with classes of {target!r} that real rows have, got none; write the "
            "classes as the real table does"
        )
    positive = None
    if problem.task == "binary":  # the few rows alone may say it wrongly
        positive = int(np.argmin(np.bincount(few.joined(tested).classes, minlength=2)[:2]))
    trained_on = {REAL: few, SYNTHETIC: made, BOTH: few.joined(made)}
    return {name: _figures(problem, positive, rows, tested, learner, seed) for name, rows in trained_on.items()}


def _figures(
    problem: Problem, positive: int | None, rows: Rows, tested: Rows, learner: str, seed: int
) -> dict[str, Score]:
    own_seed, n_classes = derive(seed, "scarcity") % 2**32, problem.n_classes
    model = train(learner, problem.layout, rows.features, rows.target, n_classes, own_seed)
    probability = model.predict(tested.features)
    drawn = np.random.default_rng(own_seed).multinomial(len(tested), np.full(len(tested), 1 / len(tested)), BOOTSTRAPS)
    weights = np.concatenate([np.ones((1, len(tested))), drawn]).astype(np.float32).T
    counts = confusion(tested.classes, probability.argmax(axis=1), n_classes, weights)
    if positive is None:
        f1 = class_figure("f1_macro", tested.classes, probability, weights, None)
    else:
        f1 = _f1(counts, positive)
    accuracy = np.trace(counts, axis1=1, axis2=2) / counts.sum(axis=(1, 2))
    found = accuracy, f1, class_figure("auroc", tested.classes, probability, weights, positive)
    return {name: scored(values, len(tested)) for name, values in zip(FIGURES, found, strict=True)}


def _f1(counts: FloatArray, one: int) -> FloatArray:
    """F1 of a class from (replicates, classes, classes); 0 where it is neither there nor predicted."""
    either = counts[:, one].sum(axis=1) + counts[:, :, one].sum(axis=1)
    return np.asarray(2 * counts[:, one, one] / np.where(either > 0, either, 1.0))
