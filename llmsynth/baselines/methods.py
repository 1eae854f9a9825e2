"""The baselines by name. Each is imported when it is first asked for: some need torch, one an optional dependency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

import numpy as np

from llmsynth.baselines.method import Method
from llmsynth.errors import ConfigError, MissingExtraError
from llmsynth.table.schema import nearest

_HOMES = {
    "independent": "llmsynth.baselines.independent",
    "copula": "llmsynth.baselines.copula",
    "noise": "llmsynth.baselines.noise",
    "smote": "llmsynth.baselines.smote",
    "tree": "llmsynth.baselines.tree",
    "ctgan": "llmsynth.baselines.ctgan",
    "tvae": "llmsynth.baselines.tvae",
    "diffusion": "llmsynth.baselines.diffusion",
}
METHODS = tuple(_HOMES)


def get_method(name: str) -> Method:
    """The method of that name.

    Raises
    ------
    ConfigError
        If there is none; the nearest name is given.
    MissingExtraError
        If an optional dependency is absent; the pip line is given.

    Examples
    --------
    >>> get_method("independent").name
    'independent'
    """
    if not isinstance(name, str) or name not in _HOMES:
        raise ConfigError(f"method: expected one of {', '.join(METHODS)}, got {name!r}; {nearest(str(name), METHODS)}")
    try:
        module = import_module(_HOMES[name])
    except ModuleNotFoundError as problem:
        raise MissingExtraError(
            f"method {name!r} needs {problem.name}, which is not installed; pip install 'llmsynth[augment]'"
        ) from problem
    method: Method = module.METHOD
    return method


def method_options(method: Method, given: Mapping[str, Any] | None) -> Any:
    """A method's options, checked.

    Raises
    ------
    ConfigError
        On an unknown option (the nearest known one is named) or an impossible value.
    """
    if given is not None and not isinstance(given, Mapping):
        raise ConfigError(f"options: expected a mapping of names to values, got {given!r}")
    known = [item.name for item in fields(method.options)]
    for key in given or {}:
        if key not in known:
            raise ConfigError(f"{method.name}: unknown option {key!r}; {nearest(str(key), known)}")
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in (given or {}).items()}
    return method.options(**plain)
