"""NRGBoost: an energy of boosted trees over binned columns, sampled by Gibbs steps, with its defaults.

    python run.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M

Budget: 200 trees at most; what stands in for its progress bar ends the loop when time is over. Half a minute of
compilation, the same for every table, comes before the clock starts: three trees on a few rows. Missing values and
dates are dealt with by `plain_table`; numbers are its own matter: it finds out how many decimals they have.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main
from timing import Clock

TREES, WARM_TREES, WARM_ROWS = 200, 3, 200
ROWS_AT_ONCE = 2000


def compiled(table, job: Job) -> None:
    from nrgboost import Dataset, NRGBooster
    from plain_table import PlainTable

    plain = PlainTable(table.head(WARM_ROWS), job.roles)
    frame = plain.frame.astype(dict.fromkeys(plain.levels, "category"))
    NRGBooster.fit(Dataset(frame), {"num_trees": WARM_TREES, "num_model_samples": 2000}, seed=0)


def fit(table, job: Job, clock: Clock) -> Fitted:
    from nrgboost import Dataset, NRGBooster
    from nrgboost.tree import ensemble
    from plain_table import PlainTable

    plain = PlainTable(table, job.roles)
    frame = plain.frame.astype(dict.fromkeys(plain.levels, "category"))
    made = [0]
    ensemble.tqdm = clock.bar(made)
    model = NRGBooster.fit(Dataset(frame), {"num_trees": TREES}, seed=job.seed)
    drawn = [0]

    def draw(rows: int):
        drawn[0] += 1
        return plain.restore(model.sample(rows, seed=1000 * job.seed + drawn[0]))

    return Fitted(draw, {"planned_trees": TREES, "trees": made[0]}, plain.notes, ROWS_AT_ONCE)


if __name__ == "__main__":
    main(__doc__, fit, ["numba", "nrgboost"], ["nrgboost", "numba"], warm=compiled)
