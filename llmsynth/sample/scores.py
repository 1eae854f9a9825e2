"""Probabilities that a fitted model gives to the cells of a table, with columns named as the table names them.

It turns labels into places, checks what was asked, and leaves the arithmetic to `lm.likelihood`. It refuses to know how
a model was trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import InputError, SchemaError
from llmsynth.grammar.encoder import decode_column
from llmsynth.lm.likelihood import Likelihood
from llmsynth.sample.classes import classes_of
from llmsynth.table.dtypes import Physical, physical_table
from llmsynth.table.overrides import resolve_column
from llmsynth.table.schema import Column, Schema, encode_key

Labels = Sequence[object]


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores tables.

    Parameters
    ----------
    likelihood : Likelihood
        The fitted model's.
    schema : Schema
        All columns, modelled or not.
    """

    likelihood: Likelihood
    schema: Schema

    @property
    def columns(self) -> tuple[Column, ...]:
        """The modelled columns."""
        return self.likelihood.encoder.columns

    def log_prob(self, frame: pd.DataFrame, columns: Labels | None = None, given: Labels | None = None) -> pd.DataFrame:
        """Nats of each scored cell given the conditions and the scored cells before it.

        Parameters
        ----------
        frame : DataFrame
            The scored and the given columns; all columns when neither is named.
        columns, given : sequence of labels or None
            None scores all that are not given; None gives nothing.

        Returns
        -------
        DataFrame, shape (n_rows, n_scored)
            -inf where a value lies outside the schema. Numbered as the table; labels as in the training table.

        Raises
        ------
        SchemaError
            For a column that is unknown, absent, or both scored and given, or where none that is scored is modelled.
        """
        conditions = self.places(given or (), learned_only=True)
        rest = [place for place in range(len(self.columns)) if place not in conditions]
        places = rest if columns is None else self.places(columns, learned_only=True) or self.places(columns)
        both = [repr(self.columns[place].name) for place in places if place in conditions]
        if both:
            raise SchemaError(f"expected columns either scored or given; both: {', '.join(both)}")
        partial = columns is not None or given is not None
        plain = physical_table(frame, self.schema, strict=False, partial=partial)
        self._check_present(plain, [*places, *conditions])
        nats = self.likelihood.log_prob(plain, places, conditions)
        labels = dict(zip(self.schema.names, self.schema.labels, strict=True))
        index = pd.Index([labels[self.columns[place].name] for place in sorted(places)], tupleize_cols=False)
        return pd.DataFrame(nats, index=frame.index, columns=index)

    def class_probabilities(self, frame: pd.DataFrame, target: object) -> pd.DataFrame:
        """P(target = c | all other columns) for every class c, shape (n_rows, n_classes).

        Parameters
        ----------
        frame : DataFrame
            The other columns; the target's own values are not looked at.
        target : label
            A column with classes: categories, or whole numbers that each have a code (see `classes`).

        Returns
        -------
        DataFrame
            Columns are the classes, None for "missing" where the column may be missing. NaN in rows with a value
            outside the schema.

        Raises
        ------
        InputError
            If the target has no classes.
        SchemaError
            For a column that is unknown, absent or not modelled.
        """
        (place,) = self.places([target])
        column = self.columns[place]
        codec = self.likelihood.encoder.codecs[place]
        values = classes_of(column, codec)
        if values is None:
            raise InputError(
                f"expected a column with classes, {column.name!r} is of kind {column.kind}; predict gives its mean, "
                "log_prob the probabilities of its values"
            )
        others = [other for other in range(len(self.columns)) if other != place]
        plain = physical_table(frame, self.schema, strict=False, partial=True)
        self._check_present(plain, others)
        # Any legal value: it is not looked at, but tells how many rows there are where no other column is learned.
        plain[column.name] = decode_column(codec, np.zeros(len(frame), dtype=np.int64), np.full(len(frame), 0.5))
        codes, probability = self.likelihood.class_probabilities(plain, place, others)
        classes = np.empty(codes.size, dtype=object)
        classes[:] = [None if code < 0 else values[code] for code in codes]
        order = np.arange(codes.size)
        if column.categories is None:
            order = np.array(sorted(order, key=lambda place: (classes[place] is not None, classes[place] or 0)))
        index = pd.Index(classes[order], dtype=object, tupleize_cols=False)
        return pd.DataFrame(probability[:, order], columns=index)

    def places(self, labels: Labels, *, learned_only: bool = False) -> list[int]:
        """Places among the modelled columns of columns given by label; with `learned_only`, of those that are modelled.

        Raises
        ------
        SchemaError
            For a column that is unknown or that no model learns.
        """
        if isinstance(labels, str) or not isinstance(labels, Iterable):
            raise SchemaError(f"expected a list of columns, got {labels!r}")
        keys = {encode_key(label): name for name, label in zip(self.schema.names, self.schema.labels, strict=True)}
        modelled = [column.name for column in self.columns]
        places: list[int] = []
        for label in labels:
            name = resolve_column(label, keys, "column")
            if name not in modelled:
                if learned_only:
                    continue
                raise SchemaError(
                    f"column {name!r} ({self.schema[name].kind}) is learned by no model, so it has no probability"
                )
            places.append(modelled.index(name))
        return sorted(set(places))

    def _check_present(self, plain: dict[str, Physical], places: list[int]) -> None:
        absent = [repr(self.columns[place].name) for place in places if self.columns[place].name not in plain]
        if absent:
            raise SchemaError(f"expected the columns that are scored or given, missing: {', '.join(absent[:10])}")


def likeliest(probability: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The likeliest class of each row; None where there is none to be had."""
    known = probability.notna().all(axis=1).to_numpy()
    best = np.argmax(np.where(known[:, None], probability.to_numpy(), 0.0), axis=1)
    classes = np.empty(len(probability), dtype=object)
    classes[:] = [probability.columns[place] for place in best]
    classes[~known] = None
    return classes
