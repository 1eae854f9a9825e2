"""SynDiffix: trees of noisy, suppressed counts, stitched together; built for strong anonymity rather than likeness.

    python run.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M [--target T]

With its defaults, and the target named where there is one. `sample` makes about as many rows as it was fitted on: more
are drawn again from the same trees, fewer are the first of them, shuffled. Budget: it has no end of its own, so it is
fitted on 500 rows and then on as many as the time allows; its first `sample`, which does most of the work, counts. Its
noise comes from a salt, which is made from the seed here. It deals with missing values and dates itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main, role
from timing import Clock, fit_most_rows


def typed(table, named: dict[str, str]):
    """Return the table with dates as dates and levels as text: it goes by data types."""
    import pandas as pd

    columns = {}
    for column in table:
        kind, values = role(table, column, named), table[column]
        if kind == "categorical":
            columns[column] = values.astype(object).where(values.isna(), values.astype(str))
        else:
            columns[column] = pd.to_datetime(values, format="ISO8601") if kind == "datetime" else values
    return pd.DataFrame(columns)


def fit(table, job: Job, clock: Clock) -> Fitted:
    from syndiffix import Synthesizer
    from syndiffix.common import AnonymizationParams

    salt = AnonymizationParams(salt=job.seed.to_bytes(8, "little"))
    first = []

    def trees(rows):
        made = Synthesizer(rows, anonymization_params=salt, target_column=job.target)
        first[:] = [made.sample()]
        return made

    model, n_rows = fit_most_rows(trees, typed(table, job.roles), clock, job.seed)

    def draw(rows: int):
        drawn = first.pop() if first else model.sample()
        return drawn.sample(frac=1, random_state=job.seed).head(rows)

    notes = [] if n_rows == len(table) else [f"fitted on {n_rows} of {len(table)} rows, which the budget held"]
    return Fitted(draw, {"rows": n_rows}, notes)


if __name__ == "__main__":
    main(__doc__, fit, ["syndiffix"], ["syndiffix", "pandas"])
