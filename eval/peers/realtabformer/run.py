"""REaLTabFormer: a GPT-2 of six layers from random weights over digits and levels.

With its defaults but for the end and for digits: it keeps four decimals and ten characters of a number, which merges
values that differ in the sixth; here it gets as many as the table has, where those are more.

    python run.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M

Budget: three steps are timed, fewer if they take a fifth of the budget, the rest of it is filled with steps of its
planned 1,000 epochs, so that the learning rate falls to nothing within the budget, and a callback ends training should
the guess be wrong. Its own early
stopping (`n_critic`) is off: it draws 500 bootstraps of distance matrices before the first step, which no budget of
minutes holds. Sampling: batches until there are enough rows or the seconds for sampling are over.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main, role
from timing import Clock, Steps

MISSING = "(missing)"
PROBE_STEPS = 3
LEFT_AFTER_PROBE = 0.8
EPOCHS = 1000
BATCH, ACCUMULATED = 8, 4
ROWS_AT_ONCE = 256
DECIMALS, CHARACTERS = 4, 10
"""Their defaults for a number."""
SEED_OF_THEIRS = 1029
"""Their default seed; added to ours, because they take 0 for no seed."""


def digits(table) -> dict[str, int]:
    """Return the decimals that 99 % of the table's fractions need and the characters then, at least their defaults."""
    import decimal

    numbers = [value for name in table.select_dtypes("number") for value in table[name].dropna().tolist()]
    exact = [decimal.Decimal(repr(value)) for value in numbers if value - value == 0]
    needed = sorted(-int(value.as_tuple().exponent) for value in exact if value % 1)
    decimals = max(DECIMALS, needed[int(0.99 * (len(needed) - 1))] if needed else 0)
    longest = max((len(f"{value:.{decimals if value % 1 else 0}f}") for value in exact), default=0)
    return {"numeric_precision": decimals, "numeric_max_len": max(CHARACTERS, longest)}


def train(table, folder: Path, steps: int, job: Job, timed: Steps):
    """Return a model after a number of steps."""
    from realtabformer import REaLTabFormer

    class Timed(REaLTabFormer):
        def _build_tabular_trainer(self, *positional, **named):
            trainer = super()._build_tabular_trainer(*positional, **named)
            trainer.add_callback(timed.callback())
            return trainer

    model = Timed(
        model_type="tabular",
        **digits(table),
        epochs=EPOCHS,
        batch_size=BATCH,
        checkpoints_dir=str(folder / f"steps-{steps}"),
        samples_save_dir=str(folder / "samples"),
        full_save_dir=str(folder / "full"),
        random_state=SEED_OF_THEIRS + job.seed,
        max_steps=steps,
        gradient_accumulation_steps=ACCUMULATED,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
    )
    model.fit(table, device="cpu", n_critic=0)
    return model


def typed(table, named: dict[str, str]):
    """Return the table with dates as dates and levels as text: it goes by data types.

    A missing level is a level of its own: it sorts them, and text does not compare with NaN.
    """
    import pandas as pd

    columns = {}
    for column in table:
        kind, values = role(table, column, named), table[column]
        if kind == "categorical":
            columns[column] = values.astype(str).where(values.notna(), MISSING).astype(object)
        else:
            columns[column] = pd.to_datetime(values, format="ISO8601") if kind == "datetime" else values
    return pd.DataFrame(columns)


def fit(table, job: Job, clock: Clock) -> Fitted:
    rows = typed(table, job.roles)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        probe = Steps(clock, LEFT_AFTER_PROBE * job.budget_seconds)
        train(rows, folder, PROBE_STEPS, job, probe)
        all_steps = EPOCHS * math.ceil(len(table) / (BATCH * ACCUMULATED))
        timed, steps = Steps(clock), min(all_steps, probe.within())
        model = train(rows, folder, steps, job, timed)
    epochs = timed.made * BATCH * ACCUMULATED / len(table)
    settings = {**digits(rows), "planned_steps": steps, "steps": timed.made, "epochs": epochs}
    notes = ["its own early stopping is off; the budget ends training", "sampling draws from the global generators"]
    gaps = [column for column in rows if role(table, column, job.roles) == "categorical" and table[column].isna().any()]
    if gaps:
        notes.append(f"missing levels of {len(gaps)} columns: a level of their own, taken back")

    def draw(n: int):
        drawn = model.sample(n_samples=n, gen_batch=min(128, n), device="cpu")
        return drawn.assign(**{column: drawn[column].where(drawn[column] != MISSING) for column in gaps})

    return Fitted(draw, settings, notes, ROWS_AT_ONCE)


if __name__ == "__main__":
    main(
        __doc__,
        fit,
        ["torch._dynamo", "realtabformer", "transformers"],
        ["realtabformer", "transformers", "datasets", "torch"],
    )
