"""Adversarial random forests (arfpy) with its defaults: 30 trees, leaves of five rows, up to ten rounds.

    python run.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M

Budget: it has no end of its own, so it is fitted on 500 rows and then on as many as the time allows. Missing
values and dates are dealt with by `plain_table`, which also gives numbers the decimals of the training column, as the
R package of the same authors does.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main
from timing import Clock, fit_most_rows


def fit(table, job: Job, clock: Clock) -> Fitted:
    from arfpy.arf import arf
    from plain_table import PlainTable

    plain = PlainTable(table, job.roles)

    def forest(rows):
        model = arf(rows.astype(dict.fromkeys(plain.levels, "category")), verbose=False, random_state=job.seed)
        model.forde()
        return model

    model, n_rows = fit_most_rows(forest, plain.frame, clock, job.seed)
    notes = [] if n_rows == len(table) else [f"fitted on {n_rows} of {len(table)} rows, which the budget held"]
    return Fitted(lambda rows: plain.restore(model.forge(n=rows)), {"trees": 30, "rows": n_rows}, plain.notes + notes)


if __name__ == "__main__":
    main(__doc__, fit, ["arfpy.arf"], ["arfpy", "scikit-learn", "pandas"])
