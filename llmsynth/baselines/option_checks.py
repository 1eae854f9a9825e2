"""Checks that options of several methods share."""

from __future__ import annotations

import math

import numpy as np

from llmsynth.errors import ConfigError


def check_at_least(least: float, **options: float) -> None:
    """Refuse options that are not numbers of `least` or more.

    Raises
    ------
    ConfigError
        On the first that is not.

    Examples
    --------
    >>> check_at_least(0.0, penalty=-1.0)
    Traceback (most recent call last):
        ...
    llmsynth.errors.ConfigError: penalty: expected a number of 0 or more, got -1.0
    """
    for name, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
            raise ConfigError(f"{name}: expected a number of {least:g} or more, got {value!r}")


def check_whole(least: int, **options: int) -> None:
    """Refuse options that are not whole numbers of `least` or more.

    Raises
    ------
    ConfigError
        On the first that is not.
    """
    for name, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ConfigError(f"{name}: expected a whole number of {least} or more, got {value!r}")
