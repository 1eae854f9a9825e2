"""More rows of a rare class: the real table with generated rows of the class below it, and what they are worth.

This file joins three rooms: `TableSynthesizer` draws the rows from P(row | class), which is exact, so that none is
thrown away; `curate.gain` measures what such rows are worth on held-out rows; `evaluate.near_copies` counts copies.
It stands above the synthesizer because it fits several of them.

The rows handed out come from a generator that has seen all real rows, since a rare class has none to spare. Two figures
on copying follow: of the rows handed out, with each twentieth of the real rows held out in turn to set the limit, and,
with the gain, of rows of generators that never saw the held-out ones. How
a generator is fitted for the class is `class_fitting`'s; one that was fitted elsewhere is taken as it is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from llmsynth.class_fitting import Boost, ClassFitting, boost_of, in_order
from llmsynth.config_fields import typed
from llmsynth.curate.gain import Gain, check_gain, measure_gain
from llmsynth.curate.rare_class import RareClass
from llmsynth.errors import InputError
from llmsynth.evaluate.encoding import encode_tables
from llmsynth.evaluate.near_copies import NearCopies, measure_in_turn, pool
from llmsynth.seeding import derive
from llmsynth.synthesizer import TableSynthesizer
from llmsynth.table.files import read_table
from llmsynth.table.infer import reordered
from llmsynth.table.labels import label_names
from llmsynth.table.schema import Schema

CELLS_PER_MINUTE = 400_000
MOST_MINUTES = 5.0


@dataclass(frozen=True, eq=False)
class AugmentReport:
    """How many rows were added, how near they are to real ones, and what such rows are worth.

    Attributes
    ----------
    target : str
        The column.
    minority : scalar
        The class.
    to : float
        The share asked for.
    boost : float or None
        How many times as often training visited a row of the class, 1 without a boost; None where the synthesizer
        decided that.
    rows : dict of str to int
        "real", "real_rare" (of the class), "new".
    near_copies : NearCopies
        Of the new rows, beside real rows of the class held out in turn.
    gain : Gain or None
        None where it was not measured.
    seconds : dict of str to float
        "fit" (0 for a synthesizer that was fitted already), "sample", "gain", "total".
    """

    target: str
    minority: Any
    to: float
    boost: float | None
    rows: dict[str, int]
    near_copies: NearCopies
    gain: Gain | None
    seconds: dict[str, float]

    @property
    def share(self) -> tuple[float, float]:
        """Share of the class before and after."""
        real, rare, new = (self.rows[name] for name in ("real", "real_rare", "new"))
        return rare / real, (rare + new) / (real + new)

    def to_dict(self) -> dict[str, Any]:
        """As JSON: counts and figures, and no cell but the class that was asked for, a date or span as its text."""
        return {
            "target": self.target,
            "minority": _plain(self.minority),
            "to": self.to,
            "boost": self.boost,
            "share": dict(zip(("before", "after"), self.share, strict=True)),
            "rows": dict(self.rows),
            "near_copies": self.near_copies.to_dict(),
            "gain": None if self.gain is None else self.gain.to_dict(),
            "seconds": dict(self.seconds),
        }


@dataclass(frozen=True, eq=False)
class Augmented:
    """What `augment` gives back.

    Attributes
    ----------
    table : DataFrame
        The real rows as they were, then the new ones; the table's labels and data types, rows numbered from 0.
    new_rows : DataFrame
        The new rows alone.
    report : AugmentReport
        About them.
    synthesizer : TableSynthesizer
        The fitted one that drew them; its first column is the target if it was fitted here.
    schema : Schema
        Its schema, in the table's order.
    """

    table: pd.DataFrame
    new_rows: pd.DataFrame
    report: AugmentReport
    synthesizer: TableSynthesizer
    schema: Schema


def augment(
    table: object,
    target: object,
    minority: object,
    to: float = 0.5,
    *,
    synthesizer: TableSynthesizer | None = None,
    boost: Boost = "auto",
    n_seeds: int = 5,
    random_state: int = 0,
    on_rows: Callable[[pd.DataFrame, Schema], object] | None = None,
) -> Augmented:
    """Add generated rows of a class until it has a share of the table.

    Parameters
    ----------
    table : DataFrame, path, or anything `read_table` takes
        The real rows.
    target : label
        The column of the class.
    minority : scalar
        The class; the text of it will do.
    to : float
        Share of the rows that are of the class afterwards, in (0, 1): the fewest rows with which it is met are added.
    synthesizer : TableSynthesizer, optional
        Fitted on this table: draws the rows. Not fitted: says how to fit. Omitted: the defaults, with the minutes of
        `default_minutes` for each fit. To measure the gain, copies of it with the same options are fitted anew, on
        parts of the table.
    boost : float or "auto"
        How many times as often training visits a row of the class (`TableSynthesizer`'s `boost`); 1: no more often.
        "auto": what `class_fitting.class_boost` says, unless the synthesizer is fitted or has boosts of its own.
    n_seeds : int
        Splits on which the gain is measured, each with a fit of its own; 0 leaves it out.
    random_state : int
        Same seed, same rows and figures.
    on_rows : callable, optional
        Is given the table with the new rows, and its schema, before their gain is measured, which takes far longer
        than they did: what is written then is not lost if that is interrupted.

    Returns
    -------
    Augmented

    Raises
    ------
    InputError
        If there is no such column or class, it has its share already, or the gain cannot be measured on so few rows.
    MissingExtraError
        If the gain is to be measured and imbalanced-learn is not installed.

    Examples
    --------
    >>> from llmsynth import TableSynthesizer, augment, datasets
    >>> patients = datasets.load_ehr(200, random_state=0)
    >>> quick = TableSynthesizer(model="compact", max_epochs=2)
    >>> more = augment(patients, "diabetes", "yes", to=0.5, synthesizer=quick, n_seeds=0)
    >>> bool((more.table["diabetes"] == "yes").mean() >= 0.5), more.report.rows["real"]
    (True, 200)
    """
    began = time.monotonic()
    n_seeds = typed(int, n_seeds, "n_seeds")
    if n_seeds < 0:
        raise InputError(f"n_seeds: expected 0 or more, got {n_seeds!r}")
    frame = read_table(table)
    rare = RareClass.of(frame, target, minority, to)
    is_rare = rare.mask(frame)
    n_new = rare.rows_to_add(is_rare)
    model = TableSynthesizer(max_minutes=default_minutes(frame)) if synthesizer is None else synthesizer
    fitted = hasattr(model, "schema_")
    how = ClassFitting.of(model, rare, boost_of(model, boost, is_rare), frame)
    _check_weights(frame, model, alone=fitted and n_seeds == 0)
    if fitted:
        _check_columns(frame, model)
    if n_seeds:
        check_gain(frame, rare)
    notify = _notify if model.progress else _silent
    if not fitted:
        notify(f"Fitting on all {len(frame):,} rows, {int(is_rare.sum()):,} of them of the class.")
        model = how.fit(frame, random_state)
    seconds = {"fit": 0.0 if fitted else time.monotonic() - began}
    start = time.monotonic()
    seed = derive(random_state, "augment")
    new = model.sample(n_new, random_state=seed, where={rare.label: rare.value})
    new, schema = in_order(new, list(frame.columns)), reordered(model.schema_, list(frame.columns))
    seconds["sample"] = time.monotonic() - start
    joined = _joined(frame, new)
    if on_rows is not None:
        on_rows(joined, schema)
    real, made = encode_tables(frame, new, schema=schema)
    real_rare = real.without(rare.name).take(np.flatnonzero(is_rare))
    near = pool([measure_in_turn(real_rare, made.without(rare.name), seed=seed % 2**32)])
    gain = None
    if n_seeds:
        gain = measure_gain(frame, rare, how.fit, n_seeds=n_seeds, random_state=random_state, notify=notify)
    seconds |= {"gain": 0.0 if gain is None else gain.seconds, "total": time.monotonic() - began}
    rows = {"real": len(frame), "real_rare": int(is_rare.sum()), "new": n_new}
    report = AugmentReport(rare.name, rare.value, rare.to, how.boost, rows, near, gain, seconds)
    return Augmented(joined, new, report, model, schema)


def default_minutes(frame: pd.DataFrame) -> float:
    """Budget of each fit unless the synthesizer has its own: a minute for 400,000 cells, at least one, at most five."""
    return float(min(max(frame.size / CELLS_PER_MINUTE, 1.0), MOST_MINUTES))


def _plain(value: Any) -> object:
    """A class as JSON has it."""
    value = value.item() if isinstance(value, np.generic) and not isinstance(value, np.datetime64) else value
    return value if isinstance(value, str | bool | int | float) else str(value)


def _check_columns(frame: pd.DataFrame, synthesizer: TableSynthesizer) -> None:
    known = list(synthesizer.schema_.labels)
    absent = [str(label) for label in known if label not in frame.columns]
    if not absent and len(known) == frame.shape[1]:
        return
    detail = f"{len(absent)} are absent: {', '.join(absent[:5])}" if absent else "there are others"
    raise InputError(
        f"expected the {len(known)} columns that the synthesizer was fitted on; {detail}; fit on this table, or bring "
        "its columns in line"
    )


def _check_weights(frame: pd.DataFrame, synthesizer: TableSynthesizer, *, alone: bool) -> None:
    """New rows have no weights; only one fitted synthesizer alone, which needs none any more, can do without."""
    column = synthesizer.fit_config().train.weight_column
    if column is None or (alone and column not in label_names(frame.columns)):
        return
    raise InputError(
        f"weight_column: new rows have no weights, so a table with weights in {column!r} cannot get more rows; leave "
        "the weights out of the table and of the options"
    )


def _joined(frame: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Real rows and new ones in the table's data types; categories that only new rows have, folded ones, are added."""
    dtypes = {label: _both(frame[label].dtype, new[label].dtype) for label in frame.columns}
    known = {label: dtype for label, dtype in dtypes.items() if isinstance(dtype, pd.CategoricalDtype)}
    joined = pd.concat([frame.astype(known), new.astype(known)], ignore_index=True)
    changed = {label: dtype for label, dtype in dtypes.items() if joined[label].dtype != dtype}
    return joined.astype(changed) if changed else joined


def _both(real: Any, made: Any) -> Any:
    """The real data type, with the other's categories behind its own where both are categories."""
    if real == made or not (isinstance(real, pd.CategoricalDtype) and isinstance(made, pd.CategoricalDtype)):
        return real
    more = [category for category in made.categories if category not in real.categories]
    if not more:
        return real
    ordered = real.ordered and made.ordered
    if ordered and [category for category in made.categories if category in real.categories] == list(real.categories):
        return made
    return pd.CategoricalDtype([*real.categories, *more])


def _notify(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _silent(text: str) -> None:
    return None
