"""What can be compared: the language models and the baselines, by name, each fitted in the same way.

Knows which names there are, how each is called in a sentence, and how a budget and options reach it. Refuses to know
how rows are judged. Language models are imported when one is fitted: torch takes longer to import than a copula to fit.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import pandas as pd

from llmsynth.baselines.methods import METHODS, get_method, method_options
from llmsynth.config import FitConfig
from llmsynth.errors import ConfigError, MissingExtraError
from llmsynth.recipes import load_recipe
from llmsynth.table.schema import Schema, nearest

LANGUAGE_MODELS = {"lm": "smollm2-135m", "compact": "compact"}
"""Names of a comparison that are language models, and the `model` of `TableSynthesizer` that each stands for."""

LANGUAGE_MODEL_OPTIONS = ("max_minutes", "max_epochs", "recipe", "boost", "trust_remote_code")
"""Arguments of `TableSynthesizer` that a comparison leaves to the user."""

CONTENDERS = (*LANGUAGE_MODELS, *METHODS)
"""Every name that can be compared."""

_TITLES = {
    "lm": "the language model SmolLM2-135M",
    "compact": "the compact language model",
    "copula": "a Gaussian copula",
    "ctgan": "CTGAN",
    "tvae": "TVAE",
    "diffusion": "latent diffusion",
    "smote": "interpolation by SMOTE",
    "noise": "noise on real rows",
    "independent": "drawing each column on its own",
    "tree": "a sequence of trees",
}


class Generator(Protocol):
    """What is compared: draws rows once it is fitted."""

    def sample(self, n_samples: int, random_state: int | None = None) -> pd.DataFrame:
        """Return exactly so many rows."""
        ...


@dataclass(frozen=True)
class Request:
    """How a contender is to be fitted.

    Parameters
    ----------
    name : str
        One of `CONTENDERS`.
    schema : Schema
        What the columns are, with the target.
    seed : int
        Of the fit.
    max_minutes : float or None
        Budget of the fit, for contenders that take one.
    options : mapping of str to value
        The contender's own options; they win over the budget.
    device : str
        For the contenders that are networks.
    progress : bool
        Whether slow fits show a bar on standard error.
    """

    name: str
    schema: Schema
    seed: int
    max_minutes: float | None
    options: Mapping[str, Any]
    device: str = "auto"
    progress: bool = False

    def prepare(self) -> Any:
        """Import what the contender needs and return it unfitted, so that none of this counts as time of the fit.

        Raises
        ------
        LlmsynthError
            If it is not to be had: an optional dependency or the language model is absent.
        """
        common: dict[str, Any] = {"random_state": self.seed, "progress": self.progress}
        if self.name not in LANGUAGE_MODELS:
            from llmsynth.baselines.synthesizer import BaselineSynthesizer

            options = self._given(get_method(self.name).options)
            return BaselineSynthesizer(self.name, options=options, target=self.schema.target, **common)
        from llmsynth.lm.embedded import EMBEDDED, ensure_model
        from llmsynth.synthesizer import TableSynthesizer

        model = LANGUAGE_MODELS[self.name]
        if model in EMBEDDED:
            ensure_model(model)
        settings = {"max_minutes": self.max_minutes, "device": self.device, **self.options}
        return TableSynthesizer(model=model, schema=self.schema, target=self.schema.target, **common, **settings)

    def fit(self, contender: Any, rows: pd.DataFrame) -> Generator:
        """Fit what `prepare` returned."""
        fitted: Generator
        fitted = contender.fit(rows) if self.name in LANGUAGE_MODELS else contender.fit(rows, self.schema)
        return fitted

    def _given(self, options: type) -> dict[str, Any]:
        """Budget and device, as far as a baseline has options of these names; its own options win."""
        known = {field.name for field in fields(options)}
        common = {"max_minutes": self.max_minutes, "device": None if self.device == "auto" else self.device}
        return {name: value for name, value in common.items() if value is not None and name in known} | {**self.options}


def title(name: str) -> str:
    """What a contender is called within a sentence."""
    return _TITLES.get(name, name)


def is_safe(name: str) -> bool:
    """Whether rows of a contender may be released at all; those that are real rows with a little changed may not.

    Examples
    --------
    >>> is_safe("independent"), is_safe("compact")
    (True, True)
    """
    if name in LANGUAGE_MODELS:
        return True
    try:
        return get_method(name).safe
    except (MissingExtraError, ImportError, OSError):  # it will fail, and say so itself
        return True


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names of a comparison, each once, in the order given.

    Raises
    ------
    ConfigError
        If there is none, or one is unknown; the nearest name is given.
    """
    if isinstance(names, str):
        names = names.split(",")
    chosen = tuple(dict.fromkeys(str(name).strip() for name in names))
    for name in chosen:
        if name not in CONTENDERS:
            raise ConfigError(
                f"methods: expected some of {', '.join(CONTENDERS)}, got {name!r}; {nearest(name, CONTENDERS)}"
            )
    if not chosen:
        raise ConfigError(f"methods: expected at least one of {', '.join(CONTENDERS)}, got none")
    return chosen


def check_options(options: object, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Look at the options of contenders before anything is fitted, and return them as JSON holds them.

    Raises
    ------
    ConfigError
        On options of a contender that is not compared, an option that the contender does not have, or a value that JSON
        cannot hold.
    """
    if not isinstance(options, Mapping):
        raise ConfigError(f"options: expected a mapping from method to options, got {type(options).__name__}")
    found: dict[str, dict[str, Any]] = {}
    for name, given in options.items():
        if name not in names:
            raise ConfigError(f"options: expected those of {', '.join(names)}, got some of {name!r}")
        if not isinstance(given, Mapping):
            raise ConfigError(f"options: expected a mapping from option to value for {name!r}, got {given!r}")
        given = {key: _held_by_json(value, f"{name}: {key}") for key, value in given.items()}
        found[name] = given
        if name in LANGUAGE_MODELS:
            _check_known(name, given)
            recipe_hash(given)
            continue
        try:
            method_options(get_method(name), given)
        except MissingExtraError:  # the comparison goes on without this contender
            continue
    return found


def recipe_hash(options: Mapping[str, Any]) -> str:
    """A hash of what the recipe among the options says now; empty without one.

    Raises
    ------
    ConfigError
        If there is no such recipe, or it cannot be used.
    """
    recipe = options.get("recipe")
    if recipe is None:
        return ""
    config = FitConfig.from_mapping(recipe) if isinstance(recipe, Mapping) else load_recipe(recipe)
    return hashlib.sha256(json.dumps(config.to_mapping(), sort_keys=True, default=str).encode()).hexdigest()


def _held_by_json(value: Any, place: str) -> Any:
    """The value, a path or a number of numpy's as a plain one."""
    if isinstance(value, FitConfig):
        return value.to_mapping()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    value = value.tolist() if hasattr(value, "tolist") else value
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        raise ConfigError(
            f"{place}: expected a value that JSON can hold, such as a number or a text, got {type(value).__name__}"
        ) from None
    return value


def _check_known(name: str, given: Mapping[str, Any]) -> None:
    for key in given:
        if key not in LANGUAGE_MODEL_OPTIONS:
            raise ConfigError(f"{name}: unknown option {key!r}; {nearest(str(key), LANGUAGE_MODEL_OPTIONS)}")
