"""`BaselineSynthesizer`: one estimator for all generators without a language model.

The same contract as `TableSynthesizer`: the constructor only stores, `fit` returns the estimator, `sample` gives
exactly n legal rows in the table's own data types, what is learned ends in an underscore. The method is an argument and
not a subclass, so a comparison is a loop over names. Schema, conditions and files are handled here; `methods` has the
rest. Long because it is the whole public face of one estimator, most of it what its methods promise.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any, Self, cast

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from llmsynth.baselines.features import Features
from llmsynth.baselines.method import Conditional, Fitted, Imputing, Method, Probabilistic, Probability, Task
from llmsynth.baselines.methods import get_method, method_options
from llmsynth.baselines.progress import Bar, silent
from llmsynth.baselines.store import read_baseline, write_baseline
from llmsynth.config_fields import typed
from llmsynth.errors import ConfigError, InputError, NotFittedError
from llmsynth.seeding import derive, generator
from llmsynth.table.conditions import Where, compile_condition
from llmsynth.table.dtypes import relabelled
from llmsynth.table.files import read_table
from llmsynth.table.infer import infer_schema
from llmsynth.table.labels import decode_label, encode_label
from llmsynth.table.own_cells import with_own_cells
from llmsynth.table.schema import Schema
from llmsynth.table.schema_file import read_schema_yaml

ROWS_AT_ONCE = 65_536
"""Rows drawn in one piece."""


class BaselineSynthesizer(BaseEstimator):  # type: ignore[misc]
    """A generator without a language model.

    Parameters
    ----------
    method : str
        One of `llmsynth.baselines.methods.METHODS`.
    options : mapping or None
        The method's own options by name; see its options class. None uses its defaults.
    target : label or None
        Column of the task, for the methods that use one.
    random_state : int
        Seed of the fit, and of `sample` where it has none of its own.
    progress : bool
        Whether slow fits show a progress bar on standard error.

    Attributes
    ----------
    schema_ : Schema
        What the columns are.
    method_ : Method
        The method.
    fitted_ : Fitted
        What it learned; each method documents its own.
    report_ : dict
        ``seconds`` of the fit and ``notices``.

    Examples
    --------
    >>> from llmsynth import datasets
    >>> table = datasets.load_ehr(200, random_state=0)
    >>> rows = BaselineSynthesizer("independent").fit(table).sample(3, random_state=1)
    >>> rows.shape, bool((rows.dtypes == table.dtypes).all())
    ((3, 8), True)
    """

    def __init__(
        self,
        method: str = "copula",
        *,
        options: Mapping[str, Any] | None = None,
        target: object = None,
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.method = method
        self.options = options
        self.target = target
        self.random_state = random_state
        self.progress = progress

    def fit(
        self,
        table: object,
        schema: Schema | str | os.PathLike[str] | Mapping[Any, Mapping[str, Any]] | None = None,
    ) -> Self:
        """Learn a table.

        Parameters
        ----------
        table : DataFrame, path, or anything `read_table` takes
            Training rows, at least two.
        schema : Schema, path of a schema file, mapping of overrides, or None
            What the columns are; None infers it.

        Raises
        ------
        ConfigError
            On an unknown method or option, or a target that the method needs and has not.
        TableError, SchemaError, InputError
            On rows that cannot be learned.
        """
        began = time.monotonic()
        method = get_method(self.method)
        options = method_options(method, self.options)
        frame = read_table(table)
        if len(frame) < 2:
            raise InputError(f"expected at least 2 rows to learn from, got {len(frame)}: give the table more rows")
        if isinstance(schema, str | os.PathLike):
            schema = infer_schema(frame, target=self.target, overrides=read_schema_yaml(schema))
        elif not isinstance(schema, Schema):
            schema = infer_schema(frame, target=self.target, overrides=schema)
        features = Features.from_frame(frame, schema)
        target = self._target_place(method, features)
        with Bar(method.name) if self.progress else nullcontext() as bar:
            task = Task(features.features, target, self._seed(None, "fit"), bar or silent)
            fitted = method.fit(task, options)
        # All at once: a fit that failed leaves the one before whole.
        self.schema_, self.fitted_ = schema, fitted
        self.method_, self._features, self._options = method, _without_rows(features), options
        notices = [*_notices(method, features), *getattr(fitted, "notices", ())]
        self.report_ = {"seconds": time.monotonic() - began, "notices": notices}
        return self

    def _seed(self, random_state: int | None, purpose: str) -> int:
        own = self.random_state if random_state is None else random_state
        return derive(typed(int, own, "random_state"), "baseline", purpose)

    def _target_place(self, method: Method, features: Features) -> int | None:
        schema = features.schema
        name = schema.target if self.target is None else schema.name_of(self.target)
        if name is None:
            if method.needs_target:
                raise ConfigError(f"method {method.name!r} needs a target: name the column of the class")
            return None
        names = [feature.name for feature in features.features]
        kind = schema[name].kind
        if name not in names and kind in ("constant", "missing"):
            how = "is the same in every row" if kind == "constant" else "is empty"
            raise ConfigError(f"target: {name!r} {how}, so there is nothing to learn of it; choose another or none")
        if name not in names:
            raise ConfigError(f"target: expected one of the learned columns {', '.join(names)}, got {name!r}")
        return names.index(name)

    def sample(
        self, n_samples: int = 1, random_state: int | None = None, *, where: Where | None = None
    ) -> pd.DataFrame:
        """Draw rows.

        Parameters
        ----------
        n_samples : int
            Exactly so many rows come back, all of them legal.
        random_state : int or None
            Seed; None uses the estimator's.
        where : str, mapping, sequence of them, or None
            Condition as in `TableSynthesizer.sample`.

        Returns
        -------
        DataFrame, shape (n_samples, n_columns)
            Columns, labels and data types of the training table. Rules of the schema are not enforced.

        Raises
        ------
        InputError
            If the method cannot draw under a condition, or the condition can hold for no row.
        """
        fitted = self._fitted()
        if isinstance(n_samples, bool) or not isinstance(n_samples, int | np.integer) or n_samples < 0:
            raise InputError(f"n_samples: expected a whole number of 0 or more, got {n_samples!r}")
        seed = self._seed(random_state, "sample")
        boxes = None if where is None else self._boxes(where)
        parts = []
        for start in range(0, max(1, n_samples), ROWS_AT_ONCE):
            n, rng = max(1, min(ROWS_AT_ONCE, n_samples - start)), generator(seed, start)
            drawn = fitted.sample(n, rng) if boxes is None else cast(Conditional, fitted).sample_where(n, rng, boxes)
            parts.append(self._features.to_frame(drawn, seed, start))
        whole = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        return whole.iloc[:n_samples]

    def probability(self, where: Where, random_state: int | None = None, *, n_points: int | None = None) -> Probability:
        """Probability of a condition under the fitted law, with its standard error.

        Parameters
        ----------
        where : str, mapping, or sequence of them
            Condition as in `sample`.
        random_state : int or None
            Seed; None uses the estimator's.
        n_points : int or None
            Points that estimate each of the condition's boxes; None takes as many as its size allows. Fewer are faster
            and leave a larger standard error.

        Returns
        -------
        Probability
            ``probability`` and ``standard_error``.

        Raises
        ------
        InputError
            If the method cannot tell, or the condition can hold for no row.
        """
        fitted = self._fitted()
        n_points = typed(int | None, n_points, "n_points")
        if n_points is not None and n_points < 1:
            raise InputError(f"n_points: expected 1 or more, got {n_points!r}")
        if not hasattr(fitted, "probability"):
            raise InputError(f"probability: method {self.method_.name!r} cannot tell that of a condition; 'copula' can")
        rng = generator(self._seed(random_state, "probability"))
        return cast(Probabilistic, fitted).probability(self._boxes(where), rng, n_points)

    def _boxes(self, where: Where) -> list[Any]:
        if not hasattr(self._fitted(), "sample_where"):
            able = "copula and independent, and the language model (TableSynthesizer)"
            raise InputError(f"where: method {self.method_.name!r} cannot draw rows under a condition; {able} can")
        columns = [self.schema_[feature.name] for feature in self._features.features]
        codecs = [self._features.codecs[column.name] for column in columns]
        boxes = compile_condition(where, columns, codecs, schema=self.schema_)
        return [self._features.allowed(box) for box in boxes]

    def impute(self, table: object, random_state: int | None = None) -> pd.DataFrame:
        """Fill the missing cells of rows by draws given the observed ones, which stay exactly as they are.

        Raises
        ------
        InputError
            If the method cannot, or an observed cell lies outside the schema.
        """
        fitted = self._fitted()
        if not hasattr(fitted, "impute"):
            raise InputError(f"impute: method {self.method_.name!r} cannot fill missing cells; 'diffusion' can")
        frame = relabelled(read_table(table), self.schema_)
        rows = self._features.read(frame)
        known = [
            ~(row.missing if row.is_number else (row.values < 0) | (row.nullable & (row.values == row.n_levels - 1)))
            for row in rows
        ]
        seed = self._seed(random_state, "impute")
        drawn = cast(Imputing, fitted).impute(rows, known, generator(seed))
        filled = self._features.to_frame(drawn, seed, gaps=False)
        return with_own_cells(filled, frame, self.schema_, seed).set_axis(frame.index)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write what was learned to a folder: JSON and safetensors. Some methods keep training rows there.

        Raises
        ------
        RunFolderError
            If the folder holds something already, or cannot be written to.
        """
        tensors, state = self._fitted().state()
        learned = {
            "method": self.method_.name,
            "options": asdict(self._options),
            "target": None if self.target is None else encode_label(self.target),
            "random_state": int(self.random_state),
            "features": self._features.to_dict(),
            "state": state,
            "report": self.report_,
        }
        write_baseline(path, self.schema_, learned, tensors, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        RunFolderError
            If the folder is missing, incomplete, altered or unsafe.
        """
        saved = read_baseline(path)
        learned: dict[str, Any] = saved.learned
        target = learned["target"]
        own = cls(
            learned["method"],
            options=learned["options"],
            target=target if isinstance(target, int | None) else decode_label(target),
            random_state=learned["random_state"],
        )
        own.method_ = get_method(own.method)
        own.schema_, own.report_ = saved.schema, learned["report"]
        own._options = method_options(own.method_, own.options)
        own._features = Features.from_dict(saved.schema, learned["features"])
        own.fitted_ = own.method_.load(own._features.features, own._options, saved.tensors, learned["state"])
        return own

    def _fitted(self) -> Fitted:
        if not hasattr(self, "fitted_"):
            raise NotFittedError("nothing was learned yet: call fit(table), or BaselineSynthesizer.load(path)")
        return self.fitted_


def _without_rows(features: Features) -> Features:
    bare = tuple(feature.without_values() for feature in features.features)
    return Features(features.schema, features.codecs, bare, features.texts)


def _notices(method: Method, features: Features) -> Sequence[str]:
    notices = []
    if not method.safe:
        notices.append(f"{method.name}: its rows are real rows with a little changed; do not release them")
    if features.texts:
        names = ", ".join(features.texts)
        notices.append(f"free text is copied from training rows, each column on its own: {names}")
    if features.schema.rules:
        notices.append(f"the schema's rules are not enforced by method {method.name!r}")
    return notices
