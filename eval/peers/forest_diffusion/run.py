"""ForestDiffusion: flow matching with boosted trees (XGBoost), one ensemble a noise level.

    python run.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M [--target T]

Its defaults are 50 noise levels, 100 rounds each, on 100 noisy copies of every row; where the target is categorical,
one model for each of its classes, as the paper has it. Budget: a fifth of the rounds of one level is
timed with one copy and with five; then as many copies as the budget holds, down to ten, then fewer levels, down to ten,
then fewer rounds; and should the guess be wrong, the levels still to come get the rounds that the time left holds.
Missing values and dates are dealt with by `plain_table`; whole numbers are named to the peer, which rounds them.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main
from timing import Clock

LEVELS, COPIES, ROUNDS = 50, 100, 100
LEAST_LEVELS, LEAST_COPIES = 10, 10
PROBE_ROUNDS, PROBE_COPIES = 20, (1, 5)
SHARE_FOR_TRAINING = 0.9
SLACK = 0.1
"""Share of the budget to go over it by, rather than leave the last noise levels without rounds."""
MOST_CLASSES = 20


def sizes(seconds: float, base: float, per_copy: float) -> dict[str, int]:
    """Return noise levels, copies and rounds that fit into seconds, from what a level costs by the number of copies."""
    copies = (seconds / LEVELS - base) / max(per_copy, 1e-9)
    if copies >= LEAST_COPIES:
        return {"n_t": LEVELS, "duplicate_K": min(COPIES, int(copies)), "n_estimators": ROUNDS}
    a_level = base + LEAST_COPIES * per_copy
    levels = seconds / a_level
    if levels >= LEAST_LEVELS:
        return {"n_t": min(LEVELS, int(levels)), "duplicate_K": LEAST_COPIES, "n_estimators": ROUNDS}
    rounds = max(1, int(ROUNDS * levels / LEAST_LEVELS))
    return {"n_t": LEAST_LEVELS, "duplicate_K": LEAST_COPIES, "n_estimators": rounds}


def described(plain, target: str | None):
    """Return the numbers, what their columns are, and the labels if the target is to condition on."""
    labelled = target in plain.levels and len(plain.levels[target]) <= MOST_CLASSES
    codes = plain.codes()
    columns = [name for name in codes if not (labelled and name == target)]
    places = {name: place for place, name in enumerate(columns)}
    levels = {name: plain.levels[name] for name in columns if name in plain.levels}
    kinds = {
        "bin_indexes": [places[name] for name, found in levels.items() if len(found) == 2],
        "cat_indexes": [places[name] for name, found in levels.items() if len(found) > 2],
        "int_indexes": [places[name] for name in columns if plain.decimals.get(name) == 0],
    }
    return codes[columns], kinds, codes[target].to_numpy() if labelled else None


def in_time(clock: Clock, ensembles: int, made: list[int]):
    """Return the peer's class, made to end in time; `made` gets the rounds of each ensemble."""
    from ForestDiffusion import ForestDiffusionModel

    class InTime(ForestDiffusionModel):
        started = clock.spent()

        def train_iterator(self, *positional, **named):
            if made:
                per_round = (clock.spent() - self.started) / sum(made)
                held = (clock.left() + SLACK * clock.budget_seconds) / (ensembles - len(made)) / per_round
                self.n_estimators = max(1, min(self.n_estimators, int(held)))
            made.append(self.n_estimators)
            return super().train_iterator(*positional, **named)

    return InTime


def fit(table, job: Job, clock: Clock) -> Fitted:
    import pandas as pd
    from ForestDiffusion import ForestDiffusionModel
    from plain_table import PlainTable

    plain = PlainTable(table, job.roles)
    codes, kinds, labels = described(plain, job.target)

    def forest(kind, **size: int):
        lists = {name: list(places) for name, places in kinds.items()}
        return kind(codes.to_numpy(), label_y=labels, n_jobs=1, seed=job.seed, **lists, **size)

    costs = []
    for copies in PROBE_COPIES:
        started = clock.spent()
        forest(ForestDiffusionModel, n_t=1, duplicate_K=copies, n_estimators=PROBE_ROUNDS)
        costs.append((clock.spent() - started) * ROUNDS / PROBE_ROUNDS)
    per_copy = (costs[1] - costs[0]) / (PROBE_COPIES[1] - PROBE_COPIES[0])
    chosen = sizes(SHARE_FOR_TRAINING * clock.left(), costs[0] - per_copy * PROBE_COPIES[0], per_copy)
    made: list[int] = []
    ensembles = chosen["n_t"] * (1 if labels is None else len(set(labels)))
    model = forest(in_time(clock, ensembles, made), **chosen)

    def draw(rows: int):
        drawn = pd.DataFrame(model.generate(batch_size=rows))
        drawn.columns = [*codes.columns, *([job.target] if labels is not None else [])]
        return plain.restore(plain.uncode(drawn))

    rounds = {"mean_rounds": sum(made) / len(made), "least_rounds": min(made)}
    return Fitted(draw, {**chosen, **rounds, "by_class": labels is not None}, plain.notes)


if __name__ == "__main__":
    main(__doc__, fit, ["ForestDiffusion"], ["ForestDiffusion", "xgboost-cpu"])
