"""SeqTrees: sequential decision trees after El Emam, Mosquera and Zheng (2020), the recipe of R's synthpop.

    python run.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M

Columns in the table's order, trees of scikit-learn with its defaults (depth five, leaves of five rows), values of a
leaf as they are. Budget: it has no end of its own, so it is fitted on 500 rows and then on as many as the time
allows. Missing values, dates and levels are dealt with by `plain_table`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main
from timing import Clock, fit_most_rows


def fit(table, job: Job, clock: Clock) -> Fitted:
    from plain_table import PlainTable
    from seqtrees import SequentialTreeSynthesizer

    plain = PlainTable(table, job.roles)
    numbers = [name for name in plain.frame if name not in plain.levels]

    def trees(rows):
        return SequentialTreeSynthesizer(
            tree_backend="sklearn",
            continuous_columns=numbers,
            discrete_columns=list(plain.levels),
            random_state=job.seed,
        ).fit(rows)

    codes = plain.codes().astype(dict.fromkeys(plain.levels, int))
    model, n_rows = fit_most_rows(trees, codes, clock, job.seed)
    notes = [] if n_rows == len(table) else [f"fitted on {n_rows} of {len(table)} rows, which the budget held"]
    return Fitted(lambda rows: plain.restore(plain.uncode(model.sample(rows))), {"rows": n_rows}, plain.notes + notes)


if __name__ == "__main__":
    main(__doc__, fit, ["seqtrees"], ["seqtrees", "scikit-learn"])
