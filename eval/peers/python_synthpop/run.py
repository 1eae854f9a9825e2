"""CART of python-synthpop 0.1.2, with its defaults: leaves of five rows, values of a leaf as they are.

    python run.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M

Unlike R's synthpop it is not sequential: it takes a real row, and draws each column given all other columns of that
same real row (`CARTMethod.predict`). Budget: it has no end of its own, so it is fitted on 500 rows and then on as many
as the time allows. Missing values, dates and levels are dealt with by `plain_table`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main
from timing import Clock, fit_most_rows


def fit(table, job: Job, clock: Clock) -> Fitted:
    from plain_table import PlainTable
    from synthpop.method import CARTMethod

    plain = PlainTable(table, job.roles)
    kinds = {name: "categorical" if name in plain.levels else "numerical" for name in plain.frame}

    def trees(rows):
        model = CARTMethod(kinds, random_state=job.seed)
        model.fit(rows)
        return model

    model, n_rows = fit_most_rows(trees, plain.codes(), clock, job.seed)
    notes = [] if n_rows == len(table) else [f"fitted on {n_rows} of {len(table)} rows, which the budget held"]
    return Fitted(
        lambda rows: plain.restore(plain.uncode(model.sample(rows).astype(float))),
        {"rows": n_rows},
        plain.notes + notes,
    )


if __name__ == "__main__":
    main(__doc__, fit, ["synthpop.method"], ["python-synthpop", "scikit-learn"])
