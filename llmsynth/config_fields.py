"""From a mapping to a frozen dataclass and back, with errors that name the nearest right thing.

This file knows how to read the type hints of a dataclass. It refuses to know any particular option: `config.py` lists
those. It is written by hand instead of with pydantic because it is small, because an unknown key must name its nearest
neighbour, and because `import llmsynth` has to stay fast.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Iterable, Mapping
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, Literal, TypeVar

from llmsynth.errors import ConfigError

T = TypeVar("T")


def from_mapping(kind: type[T], mapping: Mapping[str, Any], *, path: str = "") -> T:
    """Build a dataclass from a mapping, checking every name and type.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are bool, int, float, str, None, Literal, tuples of str, mappings of str to float,
        other such dataclasses, or unions of these.
    mapping : Mapping
        Field name to value; what is left out keeps its default.
    path : str, default ""
        Where the mapping stands, for error messages, such as ``"train."``.

    Returns
    -------
    instance of `kind`

    Raises
    ------
    ConfigError
        On an unknown name (the nearest known one is suggested) or a value of the wrong type.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(
            f"{path.rstrip('.') or 'the recipe'}: expected a mapping of options, got {_describe(mapping)}"
        )
    hints = _hints(typing.cast(Any, kind))
    values = {}
    for name, value in mapping.items():
        if name not in hints:
            raise ConfigError(f"unknown option {path}{name}; {nearest(name, hints)}")
        values[str(name)] = typed(hints[name], value, f"{path}{name}")
    return kind(**values)


def check_types(config: object) -> None:
    """Give each field of a dataclass the type of its hint: 1 for a float becomes 1.0, numpy's integers become int.

    For `__post_init__`, so that a dataclass that is built or replaced in Python is checked like one from a file.

    Parameters
    ----------
    config : dataclass instance
        Changed in place, frozen or not.

    Raises
    ------
    ConfigError
        On a value of the wrong type, naming the field, what was expected and what came.
    """
    for name, hint in _hints(typing.cast(Any, type(config))).items():
        object.__setattr__(config, name, typed(hint, getattr(config, name), name))


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    """Type of each field of a dataclass, in order."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(typing.cast(Any, kind))}


def to_mapping(config: Any) -> dict[str, Any]:
    """Return a dataclass as nested dicts and lists that YAML and JSON can hold.

    Parameters
    ----------
    config : dataclass instance
        Such as `FitConfig`.

    Returns
    -------
    dict
        Every field, with tuples as lists. `from_mapping` reads it back to an equal object.
    """
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def replace_path(config: T, name: str, value: object) -> T:
    """Return a copy of a nested dataclass with one option changed by its dotted name.

    Parameters
    ----------
    config : dataclass instance
        Such as `FitConfig`.
    name : str
        Such as ``"train.max_minutes"``.
    value : object
        The new value, checked like one from a file.

    Returns
    -------
    same type as `config`

    Raises
    ------
    ConfigError
        On an unknown name or a value of the wrong type.
    """
    mapping = to_mapping(config)
    inner = mapping
    *parents, last = name.split(".")
    for parent in parents:
        found = inner.get(parent)
        if not isinstance(found, dict):
            raise ConfigError(f"unknown option {name}; {nearest(parent, inner)}")
        inner = found
    if last not in inner:
        raise ConfigError(f"unknown option {name}; {nearest(last, inner)}")
    inner[last] = value
    return from_mapping(type(config), mapping)


def nearest(name: object, known: Iterable[str]) -> str:
    """Return the half-sentence that helps after an unknown name.

    Parameters
    ----------
    name : object
        What was given.
    known : iterable of str
        What would have been right.

    Returns
    -------
    str
        ``did you mean 'x'?`` or, when nothing is near, the list of known names.

    Examples
    --------
    >>> nearest("max_minute", ["max_minutes", "patience"])
    "did you mean 'max_minutes'?"
    """
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(names)}"


def typed(hint: Any, value: Any, path: str) -> Any:
    """Return a value as the hinted type.

    Parameters
    ----------
    hint : type or union of types
        As in `from_mapping`.
    value : object
        What was given. Truth values are no numbers, texts neither; numpy's numbers are.
    path : str
        Name of the option, for the error.

    Returns
    -------
    object
        The value, or the plain Python number that it says.

    Raises
    ------
    ConfigError
        Naming the option, what was expected and what came.

    Examples
    --------
    >>> typed(int | None, 3, "n_samples"), typed(float, 3, "temperature")
    (3, 3.0)
    """
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _typed_union(hint, value, path)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return value if isinstance(value, hint) else from_mapping(hint, value, path=f"{path}.")
    if origin is Literal:
        for choice in typing.get_args(hint):
            if type(choice) is type(value) and choice == value:
                return choice
    elif origin is tuple and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {str(key): typed(float, item, f"{path}.{key}") for key, item in value.items()}
    elif hint is type(None) and value is None:
        return None
    elif isinstance(value, bool):  # True is an int to Python, not to a reader
        if hint is bool:
            return value
    elif hint is float and isinstance(value, Real) and math.isfinite(value):
        return float(value)
    elif hint is int and isinstance(value, Integral):
        return int(value)
    elif hint is str and isinstance(value, str):
        return str(value)
    raise ConfigError(f"{path}: expected {_expected(hint)}, got {_describe(value)}")


def _typed_union(hint: Any, value: Any, path: str) -> Any:
    choices = typing.get_args(hint)
    if isinstance(value, Mapping):  # no choice but a mapping fits; what is wrong inside is then told by its own name
        choices = tuple(choice for choice in choices if _is_mapping(choice)) or choices
        if len(choices) == 1:
            return typed(choices[0], value, path)
    for choice in choices:
        try:
            return typed(choice, value, path)
        except ConfigError:
            continue
    raise ConfigError(f"{path}: expected {_expected(hint)}, got {_describe(value)}")


def _is_mapping(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _expected(hint: Any) -> str:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_expected(choice) for choice in typing.get_args(hint))
    if origin is Literal:
        return " or ".join(repr(choice) for choice in typing.get_args(hint))
    if origin is tuple:
        return "a list of texts"
    if origin is not None:
        return "a mapping of names to numbers"
    plain = {
        bool: "true or false",
        int: "a whole number",
        float: "a finite number",
        str: "a text",
        type(None): "nothing",
    }
    return plain.get(hint, "a mapping of options")


def _describe(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_mapping(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
