"""Experiments whose intervals are counted, and what each of them claims to cover.

Three claims, and the truth that goes with each:

- `POPULATION`: what the metric would be for endless rows of both distributions. From one large sample.
- `MODELS`: what the models that were trained would score on endless unseen rows; other training rows would give other
  models, and the interval does not speak of those. From a large sample that the same models predict.
- `SIZE`: the expected figure at this number of rows: shares of rows that are hit, which no larger sample has. Known
  where the generator knows no training row (0, or a half), else the mean over all simulations.

An experiment draws its tables and returns each figure with its truth (NaN: the mean over all simulations).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from eval.coverage_worlds import TARGET, leaking, rows
from llmsynth.evaluate.attack_scores import FALSE_ALARMS, read
from llmsynth.evaluate.c2st import ToldApart, tell_apart
from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.encoding import EncodedTable
from llmsynth.evaluate.evidence import Evidence, gather
from llmsynth.evaluate.fidelity import tail_quantiles
from llmsynth.evaluate.fidelity.cells import numeric_places
from llmsynth.evaluate.fidelity.discrimination import auc_score
from llmsynth.evaluate.fidelity.quantiles import quantiles
from llmsynth.evaluate.learners import ClassifierFactory, boosted_classifier
from llmsynth.evaluate.privacy.mia_worst import strongest
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.utility.models import MAIN
from llmsynth.evaluate.utility.trained import REAL, Trained, draw, trained_for
from llmsynth.evaluate.utility.tstr import tstr
from llmsynth.evaluate.utility.tstr_gap import tstr_gap
from llmsynth.evaluate.utility.tstr_ratio import tstr_ratio
from llmsynth.evaluate.weighted_figures import class_figure

POPULATION, MODELS, SIZE = "population", "models", "size"
LARGE = 200_000
LARGE_TEST = 10_000
Found = dict[str, tuple[Score, float]]


@dataclass(frozen=True)
class Experiment:
    """Simulations that share their tables.

    Attributes
    ----------
    name : str
    claim : str
        `POPULATION`, `MODELS` or `SIZE`.
    rows : int
        Of each table.
    simulate : callable
        Takes a generator, a seed and the number of rows.
    """

    name: str
    claim: str
    rows: int
    simulate: Callable[[np.random.Generator, int, int], Found]


HEADLINE = (
    "ks", "tv_categorical", "missing_rate", "pair_tv", "pearson", "mutual_information", "tail_quantiles", "tstr",
    "tstr_ratio", "tstr_gap", "c2st auc", "category_adherence", "duplicates", "exact_matches", "near_matches",
    "near_spellings", "dcr_share", "singling_out", "linkability", "attribute_inference", "disco", "mia",
    "strongest mia",
)  # fmt: skip
"""Figures that the shipped policy, the report's cards or a summary read; the others are counted and stand beside.

Not here though the policy reads them, with wide margins: `category_coverage` and `rare_recall`. Whether a category
occurs in the tables at hand is a fact and no estimate; of other draws of as many rows, drawing again says nothing."""
COLUMNS = ("ks", "wasserstein", "tv_categorical", "tv_binned", "hellinger", "missing_rate", "tail_quantiles")
PAIRS = ("pearson", "spearman", "association", "pair_tv", "mutual_information")
AT_SIZE = ("category_coverage", "category_adherence", "rare_recall", "duplicates")
CONTROLLED = ("exact_matches", "near_matches", "near_spellings", "dcr_share", "identifiability", "singling_out",
              "linkability", "attribute_inference", "disco")  # fmt: skip
_ROLES = {"quasi_identifiers": ("age", "city", "smokes"), "sensitive": ("income",)}


@cache
def _metric(path: str) -> Callable[[Evidence], object]:
    return next(metric.measure for metric in metrics() if metric.path == path)


def _measured(evidence: Evidence, path: str) -> dict[str, Score]:
    found = _metric(path)(evidence)
    key = path.split(".")[1]
    return {key: found.score, **{f"{key}: {name}": part for name, part in found.parts.items()}}  # type: ignore[attr-defined]


@cache
def _population(path: str, large: int) -> Mapping[str, float]:
    rng = np.random.default_rng(99)
    evidence = gather(rows(rng, large), rows(rng, large, synthetic=True), level="standard")
    return {name: score.value for name, score in _measured(evidence, path).items()}


@cache
def _population_tails(large: int, n: int) -> Mapping[str, float]:
    """Shifts of the quantiles that count in tables of n rows."""
    rng = np.random.default_rng(99)
    evidence = gather(rows(rng, large), rows(rng, large, synthetic=True))
    places = numeric_places(evidence.train)
    real, made = (np.ascontiguousarray(one.values[:, places].T) for one in (evidence.train, evidence.synthetic))
    levels = tail_quantiles.LEVELS[tail_quantiles.levels_for(n)]
    shifts = tail_quantiles.tail_errors(quantiles(real, levels), quantiles(made, levels), tail_quantiles.units(real))
    names = (f"tail_quantiles: {evidence.train.layout.names[place]}" for place in places)
    return {"tail_quantiles": float(shifts.mean()), **dict(zip(names, shifts.tolist(), strict=True))}


def fidelity(names: tuple[str, ...], large: int = LARGE) -> Callable[[np.random.Generator, int, int], Found]:
    """Distances of two distributions that differ; truth: of a large sample."""

    def simulate(rng: np.random.Generator, seed: int, n: int) -> Found:
        evidence = gather(rows(rng, n), rows(rng, n, synthetic=True), level="standard", seed=seed)
        result: Found = {}
        for path in (f"fidelity.{name}" for name in names):
            truth = _population_tails(large, n) if path == "fidelity.tail_quantiles" else _population(path, large)
            result |= {name: (score, truth.get(name, math.nan)) for name, score in _measured(evidence, path).items()}
        return result

    return simulate


def at_size(rng: np.random.Generator, seed: int, n: int) -> Found:
    """Shares that depend on the number of rows."""
    evidence = gather(rows(rng, n), rows(rng, n, synthetic=True), rows(rng, n), level="standard", seed=seed)
    return {name: (score, math.nan)
            for path in AT_SIZE for name, score in _measured(evidence, f"fidelity.{path}").items()
            if ":" not in name}  # fmt: skip


def c2st(
    factory: ClassifierFactory = boosted_classifier, large: int = LARGE_TEST
) -> Callable[[np.random.Generator, int, int], Found]:
    """AUC of the classifiers of five folds, each row predicted by one that did not see it."""

    def simulate(rng: np.random.Generator, seed: int, n: int) -> Found:
        from sklearn.metrics import roc_auc_score

        frames = rows(rng, n), rows(rng, n, synthetic=True), rows(rng, large), rows(rng, large, synthetic=True)
        evidence = gather(*frames[:2])
        real, made = evidence.train, evidence.synthetic
        told = tell_apart(real, made, seed, factory)
        score = auc_score(told, np.random.default_rng(seed))
        fresh = gather(frames[0], frames[3], frames[2])
        labels, predicted = _unseen(told, fresh)
        return {"c2st auc": (score, float(roc_auc_score(labels, predicted)))}

    return simulate


def _unseen(told: ToldApart, fresh: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions of fresh rows, a fifth of them by each fold's classifier."""
    labels, predicted = [], []
    for label, table in ((0, _holdout(fresh)), (1, fresh.synthetic)):
        for fold, (model, _) in enumerate(told.folds):
            part = table.values[fold :: len(told.folds)]
            predicted.append(np.asarray(model.predict_proba(part))[:, 1])
            labels.append(np.full(len(part), label))
    return np.concatenate(labels), np.concatenate(predicted)


def _holdout(evidence: Evidence) -> EncodedTable:
    if evidence.holdout is None:
        raise ValueError("expected evidence with a hold-out")
    return evidence.holdout


def utility(large: int = LARGE_TEST) -> Callable[[np.random.Generator, int, int], Found]:
    """TSTR, its ratio and its gap; truth: the same models on a large hold-out."""

    def simulate(rng: np.random.Generator, seed: int, n: int) -> Found:
        frames = rows(rng, n), rows(rng, n, synthetic=True), rows(rng, n)
        evidence = gather(*frames, target=TARGET, seed=seed, level="standard")
        trained = trained_for(evidence)
        if isinstance(trained, str):
            raise ValueError(f"expected models, got none: {trained}")
        test = gather(frames[0], frames[1], rows(rng, large), target=TARGET)
        real, made = (_auroc(trained, test, name) for name in (REAL, draw(0)))
        return {
            "tstr": (tstr(evidence).score, made),
            "tstr_gap": (tstr_gap(evidence).score, real - made),
            "tstr_ratio": (tstr_ratio(evidence).score, made / real),
        }

    return simulate


def _auroc(trained: Trained, test: Evidence, trained_on: str) -> float:
    large = trained.problem.rows(_holdout(test))
    once = np.ones((len(large), 1), np.float32)
    figures = [
        class_figure("auroc", large.classes, trained.model(trained_on, one).predict(large.features), once,
                     trained.problem.positive)[0]
        for one in MAIN
    ]  # fmt: skip
    return float(np.mean(figures))


def controlled(leak: bool) -> Callable[[np.random.Generator, int, int], Found]:
    """Attacks on honest rows (the truth is nothing) or on rows that leak."""

    def simulate(rng: np.random.Generator, seed: int, n: int) -> Found:
        train = rows(rng, n)
        made = leaking(rng, train, n) if leak else rows(rng, n)
        evidence = gather(train, made, rows(rng, n), target=TARGET, seed=seed, level="standard", **_ROLES)
        name = "leak" if leak else "honest"
        found: Found = {}
        for path in CONTROLLED:
            measured = _measured(evidence, f"privacy.{path}")
            wanted = {path: measured[path]}
            if path == "near_matches":
                wanted["near_matches: phantoms"] = measured["near_matches: phantoms"]
            truth = math.nan if leak else 0.5 if path == "dcr_share" else 0.0
            found |= {f"{key}, {name}": (score, truth) for key, score in wanted.items()}
        return found

    return simulate


def membership(rng: np.random.Generator, seed: int, n: int) -> Found:
    """Readings of attacks whose scores are normal, with members ahead by a known step; the true rates are known."""
    from scipy.stats import norm

    found: Found = {}
    for step in (0.0, 0.5, 1.5):
        measured = read(rng.normal(step, 1.0, n), rng.normal(0.0, 1.0, n))
        found[f"mia auc, step {step:g}"] = (measured.score, float(norm.cdf(step / math.sqrt(2))))
        for part, rate in FALSE_ALARMS.items():
            found[f"mia {part}, step {step:g}"] = (measured.parts[part], float(norm.sf(norm.isf(rate) - step)))
    strong = {
        name: (rng.normal(step, 1.0, n), rng.normal(0.0, 1.0, n)) for name, step in (("a", 1.5), ("b", 0), ("c", 0))
    }
    worst = strongest(strong, rng)
    found["strongest mia auc, step 1.5"] = (worst.score, float(norm.cdf(1.5 / math.sqrt(2))))
    found["strongest mia tpr_at_1fpr, step 1.5"] = (
        worst.parts["tpr_at_1fpr"], float(norm.sf(norm.isf(0.01) - 1.5)),
    )  # fmt: skip
    coins = {name: (rng.normal(size=n), rng.normal(size=n)) for name in "abcde"}
    nothing = strongest(coins, rng)
    found["strongest mia auc, coins"] = (nothing.score, 0.5)
    found["strongest mia tpr_at_1fpr, coins"] = (nothing.parts["tpr_at_1fpr"], 0.01)
    return found


EXPERIMENTS = (
    Experiment("columns", POPULATION, 500, fidelity(COLUMNS)),
    Experiment("pairs", POPULATION, 500, fidelity(PAIRS)),
    Experiment("shares at a size", SIZE, 500, at_size),
    Experiment("c2st", MODELS, 200, c2st()),
    Experiment("utility", MODELS, 200, utility()),
    Experiment("privacy, honest rows", SIZE, 300, controlled(leak=False)),
    Experiment("privacy, leaking rows", SIZE, 300, controlled(leak=True)),
    Experiment("membership", SIZE, 2_000, membership),
)
