"""The models of one evidence, trained once and read by every metric of utility.

Which rows a model is trained on and which it is tested on are named; models, predictions and figures are made when
they are asked for and kept (`Evidence.once`). Sizes are matched: all tables that are compared give as many rows with a
target as the smallest of them has, at most `ROWS` of the level, and the larger is subsampled. Learners and seeds are
matched too, so that synthetic rows equal to the training rows give exactly the same figures.

Intervals: figures are worked out for resamples of the tested rows (`weighted_figures`), of whole units where rows have
a unit. They say how much the figure owes to which real rows were held out, and, where several synthetic tables were
given, to which one was drawn; not how it would change with other training rows.

Knows rows and learners. Refuses to know what the figures are put together to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.intervals import BOOTSTRAPS, from_replicates
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.models import MAIN, N_TREES, Model, train
from llmsynth.evaluate.utility.problem import Problem, Rows, problem_of
from llmsynth.evaluate.weighted_figures import Weights, class_figure, r2, rmse

ROWS = {"quick": 5_000, "standard": 20_000, "full": 50_000}
TEST_ROWS = {"quick": 5_000, "standard": 10_000, "full": 50_000}
MOST_DRAWS = 5
FEWEST_ROWS = 10
N_FOLDS = 3
Thing = TypeVar("Thing")
REAL, WHOLE, JOINED, FRESH, REAL_AS_FRESH = "real", "all real", "real and synthetic", "fresh", "real as fresh"
SOME_REAL, SOME_SYNTHETIC = "some real", "some synthetic"
HOLDOUT, SECOND_HALF, FOLDS = "hold-out", "second half of the hold-out", "folds"
FEW = "the hold-out is too small to be cut in halves"
NO_TEST = f"{NO_HOLDOUT}; testing on rows it learned from is no test"


def draw(number: int) -> str:
    """Name of the rows of one synthetic table."""
    return f"synthetic {number}"


@dataclass
class Trained:
    """Rows by name, and the models trained on them.

    Attributes
    ----------
    problem : Problem
    rows : dict of str to Rows
        To train or to test on.
    n_draws : int
        Synthetic tables that can be trained on.
    units : dict of str to int64 array
        Whose rows they are, for the names where that is known.
    seed : int
    untestable : str
        Why nothing can be tested on the hold-out; empty if it can.
    n_trees : int
        Of forests and boosting, as the level has them.
    """

    problem: Problem
    rows: dict[str, Rows]
    n_draws: int
    units: dict[str, IntArray]
    seed: int
    untestable: str
    n_trees: int = N_TREES["standard"]
    _kept: dict[tuple[str, ...], Any] = field(default_factory=dict)

    @property
    def headline(self) -> str:
        """The figure that stands for all: "auroc", or "r2" for a number."""
        return "r2" if self.problem.task == "regression" else "auroc"

    def model(self, trained_on: str, learner: str) -> Model:
        """Return the learner trained on the named rows."""
        rows = self.rows[trained_on]
        return self._once(("model", trained_on, learner), lambda: self._train(rows, learner))

    def predicted(self, trained_on: str, tested_on: str, learner: str) -> FloatArray:
        """Return what the learner predicts of the named rows: probabilities (rows, classes), or numbers (rows,).

        Trained on `FOLDS`, each third of the rows is predicted by a model of the other two.
        """

        def predict() -> FloatArray:
            rows = self.rows[tested_on]
            if trained_on != FOLDS:
                return self.model(trained_on, learner).predict(rows.features)
            folds = self._folds(tested_on)
            result = np.zeros((len(rows), self.problem.n_classes) if self.problem.n_classes else len(rows))
            for fold in range(N_FOLDS):
                others = self._train(rows.take(np.flatnonzero(folds != fold)), learner)
                result[folds == fold] = others.predict(rows.features[folds == fold])
            return result

        return self._once(("predicted", trained_on, tested_on, learner), predict)

    def figure(self, trained_on: str, tested_on: str, learner: str, name: str) -> FloatArray:
        """Return a figure and its replicates, float64 of shape (1 + BOOTSTRAPS,)."""

        def compute() -> FloatArray:
            rows, weights = self.rows[tested_on], self.weights(tested_on)
            predicted = self.predicted(trained_on, tested_on, learner)
            if self.problem.task == "regression":
                return (r2 if name == "r2" else rmse)(rows.target, predicted, weights)
            return class_figure(name, rows.classes, predicted, weights, self.problem.positive)

        return self._once(("figure", trained_on, tested_on, learner, name), compute)

    def mean_figure(self, trained_on: str, tested_on: str, name: str) -> FloatArray:
        """Return the mean of a figure over the learners of `MAIN`, float64 of shape (1 + BOOTSTRAPS,)."""
        return np.asarray(np.mean([self.figure(trained_on, tested_on, learner, name) for learner in MAIN], axis=0))

    def over_draws(self, of_draw: Callable[[str], FloatArray]) -> FloatArray:
        """Return the mean of a figure over the synthetic tables; each replicate draws the tables again.

        Parameters
        ----------
        of_draw : callable
            From the name of a synthetic table's rows to (1 + BOOTSTRAPS, ...).
        """
        found = np.stack([of_draw(draw(number)) for number in range(self.n_draws)])  # (draws, replicates)
        if self.n_draws == 1:
            return np.asarray(found[0])
        rng = np.random.default_rng(self.seed)
        again = rng.integers(0, self.n_draws, (self.n_draws, found.shape[1]))
        replicates = found[again, np.arange(found.shape[1])].mean(axis=0)
        replicates[0] = found[:, 0].mean(axis=0)
        return np.asarray(replicates)

    def weights(self, tested_on: str) -> Weights:
        """Return ones, then how often each row is drawn in each resample, float32 of shape (rows, 1 + BOOTSTRAPS)."""

        def resample() -> Weights:
            units = self.units.get(tested_on)
            codes = np.arange(len(self.rows[tested_on])) if units is None else np.unique(units, return_inverse=True)[1]
            n_units = int(codes.max(initial=-1)) + 1
            rng = np.random.default_rng([self.seed, len(codes)])
            drawn = rng.multinomial(n_units, np.full(n_units, 1 / n_units), BOOTSTRAPS)
            return np.concatenate([np.ones((len(codes), 1)), drawn.T[codes]], axis=1, dtype=np.float32)

        return self._once(("weights", tested_on), resample)

    def has_folds(self, name: str) -> bool:
        """Whether the named rows can be cut into folds: they are of as many units."""
        units = self.units.get(name)
        return len(self.rows[name]) >= FEWEST_ROWS and (units is None or np.unique(units).size >= N_FOLDS)

    def _folds(self, name: str) -> IntArray:
        units = self.units.get(name)
        codes = np.arange(len(self.rows[name])) if units is None else np.unique(units, return_inverse=True)[1]
        n_units = int(codes.max(initial=-1)) + 1
        return np.asarray(np.random.default_rng(self.seed).permutation(n_units) % N_FOLDS)[codes]

    def _train(self, rows: Rows, learner: str) -> Model:
        problem = self.problem
        data = rows.features, rows.target
        return train(learner, problem.layout, *data, problem.n_classes, self.seed, self.n_trees)

    def _once(self, key: tuple[str, ...], make: Callable[[], Thing]) -> Thing:
        if key not in self._kept:
            self._kept[key] = make()
        return cast(Thing, self._kept[key])


def scored(values: FloatArray, n_rows: int, reason: str = "") -> Score:
    """Return the first value as a score, with the 95 % interval of the others."""
    value = float(values[0])
    if not np.isfinite(value):
        return unknown(reason or "has no value on these rows", n_rows)
    return Score(value, n_rows, reason).within(from_replicates(value, values[1:], "percentile"))


def of_fresh_rows(trained: Trained, score: Callable[[str, str, str], Score]) -> Score:
    """Score fresh real rows in place of synthetic ones: the reference of figures that compare two trainings.

    Parameters
    ----------
    trained : Trained
    score : callable
        Takes the names of the fresh rows (one half of the hold-out), of as many training rows, and of the rows that
        both are tested on (the other half).

    Returns
    -------
    Score
        Unknown where the hold-out is too small to be cut in halves.
    """
    return score(FRESH, REAL_AS_FRESH, SECOND_HALF) if FRESH in trained.rows else unknown(FEW)


def trained_for(evidence: Evidence, *, holdout: bool = True, synthetic: bool = True) -> Trained | str:
    """Return the models of the evidence, or why there are none.

    Parameters
    ----------
    evidence : Evidence
    holdout, synthetic : bool
        Whether models are to be tested on held-out rows, and trained on synthetic ones.
    """
    found = evidence.once("utility.trained", lambda: _prepare(evidence))
    if isinstance(found, str):
        return found
    if synthetic and not found.n_draws:
        return f"needs {FEWEST_ROWS} synthetic rows that have a target"
    return found.untestable if holdout and found.untestable else found


def _prepare(evidence: Evidence) -> Trained | str:
    problem = problem_of(evidence.train, evidence.target)
    if isinstance(problem, str):
        return problem
    seed, limit = evidence.seed_for("utility", "models"), ROWS[evidence.level]
    real = problem.rows(evidence.train)
    if len(real) < FEWEST_ROWS:
        return f"needs {FEWEST_ROWS} training rows that have a target"
    made = [problem.rows(table) for table in evidence.draws[:MOST_DRAWS]]
    enough = all(len(one) >= FEWEST_ROWS for one in made)
    size = min(limit, len(real), *((len(one) for one in made) if enough else ()))
    rows = {REAL: real.subsample(size, seed), WHOLE: real.subsample(limit, seed)}
    rows[JOINED] = rows[WHOLE].joined(made[0].subsample(limit, seed))
    if enough:
        rows |= {draw(number): one.subsample(size, seed) for number, one in enumerate(made)}
        rows |= {
            name: rows[of].subsample(TEST_ROWS[evidence.level], seed)
            for name, of in ((SOME_REAL, REAL), (SOME_SYNTHETIC, draw(0)))
        }
    held = (
        None if evidence.holdout is None else problem.rows(evidence.holdout).subsample(TEST_ROWS[evidence.level], seed)
    )
    untestable = _untestable(problem, held)
    if held is not None and not untestable:
        rows |= {HOLDOUT: held} | _halves(evidence, held, rows[REAL], seed)
    n_trees, n_draws = N_TREES[evidence.level], len(made) if enough else 0
    return Trained(problem, rows, n_draws, _units(evidence, rows), seed, untestable, n_trees)


def _untestable(problem: Problem, held: Rows | None) -> str:
    if held is None:
        return NO_TEST
    if len(held) < FEWEST_ROWS:
        return f"needs {FEWEST_ROWS} hold-out rows that have a target"
    if problem.task == "regression":
        return "the target does not vary in the hold-out" if np.ptp(held.target) == 0 else ""
    asked: Sequence[int] = np.unique(held.classes).tolist()
    if len(asked) < 2 or (problem.positive is not None and problem.positive not in asked):
        return "the hold-out has one class of the target only"
    return ""


def _halves(evidence: Evidence, held: Rows, real: Rows, seed: int) -> dict[str, Rows]:
    """Rows that measure what fresh real rows do: half of the hold-out to train on, the other half to test on."""
    units = None if evidence.units is None or evidence.units.holdout is None else evidence.units.holdout[held.numbers]
    codes = np.arange(len(held)) if units is None else np.unique(units, return_inverse=True)[1]
    first = np.random.default_rng(seed).permutation(int(codes.max()) + 1)[codes] % 2 == 0
    fresh, rest = held.take(np.flatnonzero(first)), held.take(np.flatnonzero(~first))
    size = min(len(fresh), len(real))
    if min(size, len(rest)) < FEWEST_ROWS:
        return {}
    return {FRESH: fresh.subsample(size, seed), REAL_AS_FRESH: real.subsample(size, seed), SECOND_HALF: rest}


def _units(evidence: Evidence, rows: dict[str, Rows]) -> dict[str, IntArray]:
    if evidence.units is None:
        return {}
    owners = {name: evidence.units.train for name in (REAL, WHOLE, SOME_REAL)}
    if evidence.units.holdout is not None:
        owners |= {HOLDOUT: evidence.units.holdout, SECOND_HALF: evidence.units.holdout}
    if evidence.units.synthetic is not None:
        owners[SOME_SYNTHETIC] = evidence.units.synthetic
    return {name: codes[rows[name].numbers] for name, codes in owners.items() if name in rows}
