"""An option that takes two values and may be repeated, such as ``--boost CONDITION FACTOR``.

typer knows options of several values and options that are repeated, but not both at once. So a command of this class
joins the two values into one text before typer sees them, and `from_pairs` takes them apart again. One value such as
``CONDITION=FACTOR`` would be simpler, but conditions hold ``==`` and much else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand

from llmsynth.errors import ConfigError

PAIRED = ("--boost",)


class PairedCommand(TyperCommand):
    """A command whose options in `PAIRED` take two values each time they are given."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Join the values of paired options, then parse as ever."""
        return super().parse_args(ctx, joined(args))


def joined(arguments: Sequence[str]) -> list[str]:
    """Arguments with the two values after a paired option as one; what lacks a value is left for `from_pairs`.

    Examples
    --------
    >>> joined(["t.csv", "--boost", "a == 'b'", "5", "--seed", "1"])
    ['t.csv', '--boost', '["a == \\'b\\'", "5"]', '--seed', '1']
    """
    result: list[str] = []
    left = list(arguments)
    while left:
        option, is_joined, first = left[0].partition("=")
        if left[0] == "--":
            return [*result, *left]
        if option not in PAIRED:
            result.append(left.pop(0))
            continue
        values = [first, *left[1:2]] if is_joined else left[1:3]
        left = left[len(values) + (not is_joined) :]
        result += [option, json.dumps(values)]
    return result


def from_pairs(option: str, texts: Sequence[str] | None) -> list[tuple[str, float]] | None:
    """The pairs of a paired option; None where it was not given.

    Raises
    ------
    ConfigError
        If a second value is absent or no number.
    """
    if not texts:
        return None
    pairs = []
    for text in texts:
        values = json.loads(text)
        if len(values) != 2:
            raise ConfigError(f'{option}: expected a condition and a factor, such as {option} "outcome == 1" 5')
        try:
            pairs.append((str(values[0]), float(values[1])))
        except ValueError:
            raise ConfigError(f"{option}: expected a number after the condition, got {values[1]!r}") from None
    return pairs
