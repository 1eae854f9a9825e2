"""`imputation`: holes in held-out rows, filled by the compact model, by linear models and by forests.

The protocol, for each of three tables:

- every method learns from the training rows (80 %; of `adult` the official ones) as they are;
- of the held-out rows (of `adult` 1,500 drawn at random, for the time the forests take) 20 % of the cells that are
  there are taken away at random, and every method gets what is left. Small tables are masked several times, each time
  at other cells, so that more than a few dozen of them count;
- columns that are all names or numbers of things (`titanic`: name, ticket, cabin) are left out. A category that the
  training rows lack is taken away for every method and counts for none. A number outside the training rows' range goes
  to the compact model as the nearest one inside it, to the others as it is;
The compact model is trained with every row in a random order of columns (`natural_order_share: 0`), so that it learns
all it can about columns given others; on the two small tables three models are averaged, since one fit there differs
from the next by more than methods do. It answers with 10 draws, as in multiple imputation by ten tables: the most
frequent category, the mean of a number. The same of all draws (`N_DRAWS`) and `impute(method="mode")` are given beside
it. Intervals are those of all draws; from ten they would be too short. How answers are judged is in `hole_scores`.

"Better" is told by the figure alone; the interval of the difference, from resampled rows, says how sure it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from eval import data, fits, hole_scores, record
from eval.imputers import Codes, Forests, linear_one_hot, linear_ordinal
from eval.record import Target

FloatArray = npt.NDArray[np.float64]
MINUTES, MINUTES_OF_SEVERAL = 3.0, 6.0
SHARE = 0.2
FEW_DRAWS, N_DRAWS = 10, 100
FORESTS = Forests()
OTHERS = ("linear_ordinal", "linear_one_hot", "forests")


@dataclass(frozen=True)
class Plan:
    """What is done with one table."""

    minutes: float
    n_masks: int
    most_rows: int | None = None
    left_out: tuple[str, ...] = ()
    n_members: int = 1

    @property
    def recipe(self) -> dict[str, Any]:
        """Options of the compact model."""
        recipe: dict[str, Any] = {"train": {"natural_order_share": 0.0}}
        return recipe if self.n_members == 1 else {**recipe, "compact": {"n_members": self.n_members}}


PLANS = {
    "heart_cleveland": Plan(MINUTES_OF_SEVERAL, 10, n_members=3),
    "titanic": Plan(MINUTES_OF_SEVERAL, 4, None, ("name", "ticket", "cabin"), n_members=3),
    "adult": Plan(MINUTES, 1, 1_500),
}


@dataclass(frozen=True)
class Holes:
    """Held-out rows with cells taken away."""

    frame: pd.DataFrame
    truth: FloatArray
    """Codes, (rows, columns)."""
    scored: npt.NDArray[np.bool_]
    """Cells that were taken away and count."""


def run(
    *,
    minutes: float | None = None,
    run_folder: Path | None = None,
    fit: fits.Fit = fits.fit,
    plans: dict[str, Plan] = PLANS,
    forests: Forests = FORESTS,
    n_draws: int = N_DRAWS,
    folder: Path = record.RESULTS,
) -> Path:
    """Fit each table, fill its holes with each method and write the result file.

    Parameters
    ----------
    minutes : float, optional
        Another training budget for each table.
    run_folder : Path, optional
        Keeps the run of `adult`, or holds it already.
    fit, plans, forests, n_draws, folder
        Replaced by tests.
    """
    tables, speed = {}, float("nan")
    for name, plan in plans.items():
        table = data.load(name)
        train, holdout = (table.typed(part).drop(columns=list(plan.left_out)) for part in (table.train, table.holdout))
        settings = fits.Settings("compact", table.target, minutes or plan.minutes, recipe=plan.recipe)
        fitted = fits.kept(train, settings, run_folder if name == "adult" else None, fit=fit)
        if name == "adult":
            speed = rows_per_second(fitted.generator, train, holdout)
        if plan.most_rows is not None:
            holdout = holdout.sample(min(plan.most_rows, len(holdout)), random_state=0).reset_index(drop=True)
        tables[name] = compare(fitted, train, holdout, plan, forests, n_draws)
    targets = [*_targets(tables), Target("rows of adult filled per second", speed, ">=", 300.0)]
    measured = {"share_of_holes": SHARE, "draws": n_draws, "tables": tables, "adult_rows_per_second": speed}
    return record.write("imputation", measured, targets, folder=folder)


def _targets(tables: dict[str, dict[str, Any]]) -> list[Target]:
    """Two of three tables at least as good as both competitors; every interval as wide as it should be."""
    wins = {"accuracy": 0, "rmse": 0}
    for one in tables.values():
        scores = one["scores"]
        wins["accuracy"] += scores["compact"]["accuracy"] >= max(scores[n]["accuracy"] for n in OTHERS)
        wins["rmse"] += scores["compact"]["rmse"] <= min(scores[n]["rmse"] for n in OTHERS)
    needed = len(tables) - 1
    coverage = [one["coverage"]["all"] for one in tables.values()]
    return [
        Target(
            f"categories: at least as good as every other method, tables (of {len(tables)})",
            float(wins["accuracy"]),
            ">=",
            needed,
        ),
        Target(
            f"numbers: at least as good as every other method, tables (of {len(tables)})",
            float(wins["rmse"]),
            ">=",
            needed,
        ),
        Target("share inside the 90 % interval, lowest table", min(coverage), ">=", 0.85),
        Target("share inside the 90 % interval, highest table", max(coverage), "<=", 0.95),
    ]


def compare(
    fitted: fits.Fitted, train: pd.DataFrame, holdout: pd.DataFrame, plan: Plan, forests: Forests, n_draws: int
) -> dict[str, Any]:
    """Return the figures of all methods on one table."""
    codes = Codes.of(train)
    masks = [punch(holdout, train, codes, seed) for seed in range(plan.n_masks)]
    together = pd.concat([holes.frame for holes in masks], ignore_index=True)
    truth, scored = (np.concatenate([getattr(holes, part) for holes in masks]) for part in ("truth", "scored"))
    encoded, asked = codes.encode(train), codes.encode(together)
    answers, seconds = {}, {"fit": fitted.seconds}
    for name, method in zip(OTHERS, (linear_ordinal, linear_one_hot, forests), strict=True):
        start = time.perf_counter()
        answers[name] = method(codes, encoded, asked)
        seconds[name] = time.perf_counter() - start
    start = time.perf_counter()
    inside = clipped(together, train, codes)
    mode = codes.encode(fitted.generator.impute(inside, method="mode"))
    few, drawn = (
        codes.encode(fitted.generator.impute(inside, n, random_state=1)).reshape(n, *truth.shape)
        for n in (FEW_DRAWS, n_draws)
    )
    seconds["compact"] = time.perf_counter() - start
    numeric = codes.numeric
    answers["compact"] = np.where(numeric, few.mean(axis=0), hole_scores.most_frequent(few))
    answers["compact_all_draws"] = np.where(numeric, drawn.mean(axis=0), hole_scores.most_frequent(drawn))
    answers["compact_mode"] = mode
    scale = np.nanstd(encoded, axis=0)
    wrong = {name: hole_scores.wrong_cells(answer, truth, scored, numeric, scale) for name, answer in answers.items()}
    source = np.tile(np.arange(len(holdout)), plan.n_masks)
    return {
        "rows": {"train": len(train), "holdout": len(holdout), "masks": plan.n_masks},
        "holes": {"categories": int(scored[:, ~numeric].sum()), "numbers": int(scored[:, numeric].sum())},
        "settings": fitted.settings.to_dict(),
        "seconds": seconds,
        "scores": {name: hole_scores.scores(one, numeric) for name, one in wrong.items()},
        "compact_less_other": {
            name: hole_scores.differences(wrong["compact"], wrong[name], numeric, source) for name in OTHERS
        },
        "coverage": hole_scores.coverage(drawn, truth, scored, train.columns[numeric], np.flatnonzero(numeric)),
    }


def punch(holdout: pd.DataFrame, train: pd.DataFrame, codes: Codes, seed: int) -> Holes:
    """Take away 20 % of the cells that are there, and all whose category is unknown."""
    truth = codes.encode(holdout)
    known = ~np.isnan(truth)
    taken = known & (np.random.default_rng(seed).random(truth.shape) < SHARE)
    empty = taken | (~known & holdout.notna().to_numpy())
    columns = {}
    for place, label in enumerate(holdout.columns):
        column = holdout.iloc[:, place]
        if codes.numeric[place]:
            column = column.astype(float)
        elif isinstance(train[label].dtype, pd.CategoricalDtype):
            column = column.astype(object).where(known[:, place]).astype(train[label].dtype)
        columns[label] = column.mask(empty[:, place])
    return Holes(pd.DataFrame(columns), truth, taken)


def clipped(frame: pd.DataFrame, train: pd.DataFrame, codes: Codes) -> pd.DataFrame:
    """Numbers moved into the range of the training rows: outside it, the model refuses a cell."""
    numbers = [label for label, numeric in zip(train.columns, codes.numeric, strict=True) if numeric]
    return frame.assign(**{label: frame[label].clip(train[label].min(), train[label].max()) for label in numbers})


def rows_per_second(generator: fits.Generator, train: pd.DataFrame, holdout: pd.DataFrame) -> float:
    """Rows filled in a second, one draw each, after a warm call."""
    codes = Codes.of(train)
    frame = clipped(punch(holdout, train, codes, 100).frame, train, codes)
    generator.impute(frame.head(512))
    start = time.perf_counter()
    generator.impute(frame)
    return len(frame) / (time.perf_counter() - start)
