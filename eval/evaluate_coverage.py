"""`evaluate-coverage`: how often do the 95 % intervals of the report's figures cover the truth?

500 simulated pairs of tables from distributions that are known. What an interval claims to cover is not the same for
all figures; `coverage_experiments` says which of three claims each makes and where its truth comes from. An interval
that never misses is no better than one that misses often: 93 to 97 % is asked, and what is above must be conservative
by construction, with the reason in `CONSERVATIVE`. The standard error of a count of 500 is one point.

Shape and Trend of a run's summary have no interval; their parts are here as `ks` and `tv_categorical`, `pearson` and
`pair_tv`. Counts depend on no clock; three quarters of an hour on one core.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eval import record
from eval.coverage_experiments import EXPERIMENTS, HEADLINE, Experiment
from eval.record import Target
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.score import Score

SIMULATIONS = 500
LEAST, MOST = 0.93, 0.97
NEAR_NOTHING = "a distance near 0 or of many cells: the lower end is 0 or takes off the larger of two biases"
ALL_OR_NONE = "a share at the end of its range: one end of its interval cannot miss"
AS_GIVEN = "two shares that go up and down together, since one synthetic table is set against both kinds of rows"
CONSERVATIVE: Mapping[str, str] = {
    "ks": NEAR_NOTHING,
    "tv_categorical": NEAR_NOTHING,
    "missing_rate": NEAR_NOTHING,
    "pair_tv": NEAR_NOTHING,
    "tail_quantiles": NEAR_NOTHING,
    "pearson": NEAR_NOTHING,
    "mutual_information": "tables drawn again have more empty cells than tables drawn once, and vary more",
    "category_adherence": ALL_OR_NONE,
    "duplicates": ALL_OR_NONE,
    "exact_matches": ALL_OR_NONE,
    "near_spellings": ALL_OR_NONE,
    "near_matches": AS_GIVEN,
    "c2st auc": "widened by what was counted for small tables, where folds depend most on each other",
    "singling_out": "hits on one row count as one piece of luck, though some are of different pieces",
    "linkability": AS_GIVEN,
    "attribute_inference": AS_GIVEN,
    "disco": AS_GIVEN,
    "dcr_share": "its variance is that of coins for each nearest real row; nearby rows of both kinds balance",
    "mia tpr": "the exact interval of a share, and a lower end that stays at the rate as long as chance explains it",
    "strongest mia tpr": "as of one attack",
    "strongest mia auc": "the attack is picked on other people, so its luck is not in the figure",
}
"""Metrics whose intervals may cover more than 97 %, and why they must; parts and scenarios go with their metric."""


@dataclass
class Tally:
    """Intervals of one figure and their truths.

    Attributes
    ----------
    claim : str
    scores : list of Score
        With a number each.
    truths : list of float
        NaN: the mean over all scores.
    """

    claim: str
    scores: list[Score] = field(default_factory=list)
    truths: list[float] = field(default_factory=list)

    def add(self, score: Score, truth: float) -> None:
        """Count a score that has a number."""
        if score.known:
            self.scores.append(score)
            self.truths.append(truth)

    def summary(self) -> dict[str, Any]:
        """Coverage, its own interval, and on which side the misses are; scores without an interval cover nothing."""
        values = np.array([score.value for score in self.scores])
        low, high = (np.array([getattr(score, end) for score in self.scores]) for end in ("lower", "upper"))
        given = np.array(self.truths)
        truth = np.where(np.isnan(given), values.mean() if values.size else math.nan, given)
        covered = int(((low <= truth + 1e-12) & (truth <= high + 1e-12)).sum())
        n = len(values)
        return {
            "claim": self.claim, "simulations": n, "covered": covered, "coverage": covered / n if n else math.nan,
            "coverage_95": wilson(covered, n), "truth_above": int((truth > high + 1e-12).sum()),
            "truth_below": int((truth < low - 1e-12).sum()), "truth": float(np.mean(truth)) if n else math.nan,
            "mean_value": float(values.mean()) if n else math.nan,
            "mean_width": float(np.mean(high - low)) if n else math.nan,
        }  # fmt: skip


def simulated(experiment: Experiment, simulations: int, seed: int = 0) -> dict[str, Tally]:
    """Draw an experiment's tables again and again."""
    tallies: dict[str, Tally] = {}
    for number in range(simulations):
        rng = np.random.default_rng([seed, number])
        for name, (score, truth) in experiment.simulate(rng, number, experiment.rows).items():
            tallies.setdefault(name, Tally(experiment.claim)).add(score, truth)
    return tallies


def metric_of(name: str) -> str:
    """The metric of a figure: without the part after a colon and the scenario after a comma."""
    return name.split(":")[0].split(",")[0]


def is_headline(name: str) -> bool:
    """Whether a policy, a card or a summary reads the figure; parts go with the metric."""
    metric = metric_of(name)
    return metric in HEADLINE or metric.split(" tpr")[0].split(" auc")[0] in HEADLINE


def why_conservative(name: str, reasons: Mapping[str, str]) -> str:
    """Why a figure may cover more than asked; empty if it may not."""
    metric = metric_of(name)
    return reasons.get(metric) or (reasons.get(metric.split("_at_")[0], "") if "_at_" in metric else "")


def run(
    *,
    simulations: int = SIMULATIONS,
    experiments: Sequence[Experiment] = EXPERIMENTS,
    conservative: Mapping[str, str] = CONSERVATIVE,
    folder: Path = record.RESULTS,
) -> Path:
    """Count over all experiments and write the result file."""
    found: dict[str, dict[str, Any]] = {}
    for experiment in experiments:
        for name, tally in simulated(experiment, simulations).items():
            found[name] = {"rows": experiment.rows, "headline": is_headline(name), **tally.summary()}
            if reason := why_conservative(name, conservative):
                found[name]["conservative"] = reason
    headline = {name: one for name, one in found.items() if one["headline"]}
    few = [name for name, one in headline.items() if not one["coverage"] >= LEAST]
    many = [name for name, one in headline.items() if one["coverage"] > MOST and "conservative" not in one]
    within = sum(LEAST <= one["coverage"] <= MOST for one in headline.values())
    targets = [
        Target("least coverage of a headline interval", min(one["coverage"] for one in headline.values()), ">=", LEAST),
        Target("headline intervals that cover too little", float(len(few)), "<=", 0.0),
        Target("headline intervals that cover too much without a stated reason", float(len(many)), "<=", 0.0),
    ]
    measured = {
        "simulations": simulations, "headline": len(headline), "within": within, "too_little": few, "too_much": many,
        "intervals": found,
    }  # fmt: skip
    return record.write("evaluate-coverage", measured, targets, folder=folder)
