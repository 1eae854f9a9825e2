"""Names and figures as a reader sees them, whatever they hold.

Column names and categories are strangers' texts: they may hold markup, line breaks, characters that turn the reading
direction, or ten thousand letters. Escaping is the renderers' task; here they are made visible and short.

Knows texts and scores. Refuses to know any format.
"""

from __future__ import annotations

from llmsynth.evaluate.findings import shown
from llmsynth.evaluate.score import Score

LONGEST = 60


def visible(text: object, most: int = LONGEST) -> str:
    r"""Return a text on one line with unprintable characters spelled out, cut to a length.

    Parameters
    ----------
    text : object
        Anything.
    most : int
        Characters kept.

    Examples
    --------
    >>> visible("a\nb\u202e"), visible("long name", most=6)
    ('a\\nb\\u202e', 'long …')
    """
    whole = str(text)
    spelled = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in whole[: most + 1])
    return spelled if len(whole) <= most and len(spelled) <= most else f"{spelled[: most - 1]}…"


def value(score: Score, unit: str = "") -> str:
    """The figure, a dash where there is none."""
    return f"{shown(score.value, unit == '%')}{f' {unit}' if unit not in ('', '%') and score.known else ''}"


def interval(score: Score, unit: str = "") -> str:
    """The 95 % interval, empty where there is none."""
    if score.lower != score.lower and score.upper != score.upper:
        return ""
    return f"{shown(score.lower, unit == '%')} to {shown(score.upper, unit == '%')}"
