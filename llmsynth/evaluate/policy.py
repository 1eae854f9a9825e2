"""What synthetic rows must keep to be released: conditions on ends of intervals, read from TOML.

A condition is one line such as `privacy.mia.tpr_at_1fpr.upper <= 0.05`: a metric, perhaps a part of it, an end of the
95 % interval, and a number. It may name the same metric of held-out real rows instead, as in
`fidelity.pair_tv.lower <= reference.upper + 0.02`, since many figures depend on the number of rows and only their
distance from the hold-out's can be judged; and `*` for every part, as in `fidelity.ks.*.lower <= 0.2`. A point estimate
cannot be asked for: one that passes by luck is how bad tables get released. To ask for the good end (`upper <= `)
demands proof that rows are good; to ask for the bad end (`lower <= `) refuses rows that are proven bad.

What is not known is an error that names the nearest known thing, since a condition that is never read protects nobody.

Knows the language of conditions. Refuses to know reports; `gate` puts the two together.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, cast

from llmsynth.config_fields import nearest
from llmsynth.errors import ConfigError

End = Literal["lower", "upper"]
Severity = Literal["block", "review"]
Need = Literal["", "target", "quasi_identifiers", "sensitive", "unit"]

SEVERITIES: tuple[Severity, ...] = ("block", "review")
NEEDS: tuple[Need, ...] = ("target", "quasi_identifiers", "sensitive", "unit")
MAX_BYTES = 1024 * 1024
DEFAULT = "default_policy.toml"
EVERY_PART = "*"

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_CONDITION = re.compile(r"(?P<left>.+?)\s*(?P<sign><=|>=|==|!=|<|>|=)\s*(?P<right>.+)", re.DOTALL)
_LIMIT = re.compile(rf"(?:(?P<number>{_NUMBER})|reference\.(?P<end>\w+)(?:\s*(?P<by>[-+*])\s*(?P<amount>{_NUMBER}))?)")
_POLICY_KEYS = ("title", "fewest_rows", "condition")
_CONDITION_KEYS = ("require", "severity", "needs", "optional", "why")


@dataclass(frozen=True)
class Limit:
    """Right-hand side of a condition: a number, or an end of the reference's interval, times and plus a number.

    Attributes
    ----------
    number : float
        What is added.
    end : str
        "lower" or "upper" end of the reference's interval; empty if the limit is the number alone.
    factor : float
        What the end is multiplied with.
    """

    number: float
    end: End | Literal[""] = ""
    factor: float = 1.0


@dataclass(frozen=True)
class Condition:
    """One thing that must hold.

    Attributes
    ----------
    text : str
        As it was written.
    path : str
        Metric, such as "privacy.mia".
    part : str
        Part of the metric's result; empty for the metric itself, `*` for every part.
    end : str
        Which end of the interval is read.
    at_most : bool
        Whether it must be at most (else at least) the limit.
    limit : Limit
    severity : str
        "block" or "review": what follows if it does not hold.
    needs : str
        Role without which there is nothing to ask, such as "target"; empty if always asked.
    why : str
        One sentence for the reader.
    optional : bool
        Whether it is not asked where the metric was computed and has no figure for these tables, such as a distance
        of numbers in a table without any.
    """

    text: str
    path: str
    part: str
    end: End
    at_most: bool
    limit: Limit
    severity: Severity
    needs: Need = ""
    why: str = ""
    optional: bool = False

    @property
    def pillar(self) -> str:
        """First name of the path."""
        return self.path.split(".")[0]


@dataclass(frozen=True)
class Policy:
    """Conditions, and how many rows are too few to release anything.

    Attributes
    ----------
    title : str
    conditions : tuple of Condition
    fewest_rows : int
        With fewer training, synthetic or held-out rows the verdict is REVIEW at best.
    """

    title: str
    conditions: tuple[Condition, ...]
    fewest_rows: int = 100


def read_policy(path: str | Path | None = None) -> Policy:
    """Read a policy file, or the one that ships with the package.

    Parameters
    ----------
    path : str or Path, optional
        TOML in UTF-8.

    Raises
    ------
    ConfigError
        If the file is missing, no TOML, or asks for what does not exist.

    Examples
    --------
    >>> read_policy().title
    'llmsynth default'
    """
    if path is None:
        return parse_policy(files("llmsynth.evaluate").joinpath(DEFAULT).read_text(encoding="utf-8"), DEFAULT)
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; expected a policy in TOML") from None
    except OSError as problem:
        raise ConfigError(f"{path}: cannot be read ({problem.strerror})") from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{path}: expected a policy of at most {MAX_BYTES:,} bytes, got {len(raw):,}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: expected UTF-8 text; save the file as UTF-8 and try again") from None
    return parse_policy(text, str(path))


def parse_policy(text: str, source: str = "policy", known: Collection[str] | None = None) -> Policy:
    """Read the text of a policy.

    Parameters
    ----------
    text : str
        TOML.
    source : str
        What to call it in errors.
    known : collection of str, optional
        Paths of metrics that may be named; the catalogue's if omitted.

    Raises
    ------
    ConfigError
        On anything that is not understood.
    """
    if known is None:
        from llmsynth.evaluate.catalogue import metrics

        known = [metric.path for metric in metrics()]
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise ConfigError(f"{source}: is no TOML ({problem})") from None
    _only(found, _POLICY_KEYS, source)
    rows, title, listed = found.get("fewest_rows", 100), found.get("title", "policy"), found.get("condition", [])
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
        raise ConfigError(f"{source}: fewest_rows: expected a whole number of at least 0, got {rows!r}")
    if not isinstance(title, str):
        raise ConfigError(f"{source}: title: expected a text, got {title!r}")
    if not isinstance(listed, list) or not listed:
        raise ConfigError(f"{source}: expected at least one [[condition]]; without any, every table would pass")
    conditions = tuple(
        _condition(entry, f"{source}, condition {place}", known) for place, entry in enumerate(listed, 1)
    )
    return Policy(title, conditions, rows)


def _only(found: Mapping[str, Any], wanted: Collection[str], source: str) -> None:
    for key in found:
        if key not in wanted:
            raise ConfigError(f"{source}: unknown key {key!r}; {nearest(key, wanted)}")


def _condition(entry: Any, source: str, known: Collection[str]) -> Condition:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{source}: expected a table, [[condition]], got {type(entry).__name__}")
    _only(entry, _CONDITION_KEYS, source)
    for key, value in entry.items():
        if not isinstance(value, bool if key == "optional" else str):
            expected = "true or false" if key == "optional" else "a text"
            raise ConfigError(f"{source}: {key}: expected {expected}, got {value!r}")
    if "require" not in entry:
        raise ConfigError(f'{source}: expected require = "...", such as "utility.tstr_ratio.lower >= 0.9"')
    severity, needs = entry.get("severity", "block"), entry.get("needs", "")
    if severity not in SEVERITIES:
        raise ConfigError(f"{source}: severity: expected one of {', '.join(SEVERITIES)}, got {severity!r}")
    if needs not in ("", *NEEDS):
        raise ConfigError(f"{source}: needs: expected one of {', '.join(NEEDS)}, got {needs!r}")
    path, part, end, at_most, limit = parse_requirement(entry["require"], source, known)
    return Condition(
        entry["require"], path, part, end, at_most, limit, cast(Severity, severity), cast(Need, needs),
        entry.get("why", ""), entry.get("optional", False),
    )  # fmt: skip


def parse_requirement(text: str, source: str, known: Collection[str]) -> tuple[str, str, End, bool, Limit]:
    """Take a condition apart.

    Parameters
    ----------
    text : str
        Such as "privacy.mia.tpr_at_1fpr.upper <= 0.05".
    source : str
        What to call it in errors.
    known : collection of str
        Paths of metrics.

    Returns
    -------
    tuple
        Path, part, end, whether the end must be at most the limit, and the limit.

    Raises
    ------
    ConfigError
        On anything that is not understood.

    Examples
    --------
    >>> parse_requirement("privacy.mia.auc.upper <= 0.6", "x", ["privacy.mia"])
    ('privacy.mia', 'auc', 'upper', True, Limit(number=0.6, end='', factor=1.0))
    """
    source = f"{source}: {text!r}"
    match = _CONDITION.fullmatch(text.strip())
    if match is None or match["sign"] not in ("<=", ">="):
        raise ConfigError(f"{source}: expected METRIC.lower or METRIC.upper, then <= or >=, then a limit")
    path, part, end = _figure(match["left"], source, known)
    return path, part, end, match["sign"] == "<=", _limit(match["right"], source)


def _figure(text: str, source: str, known: Collection[str]) -> tuple[str, str, End]:
    names = text.split(".")
    path = ".".join(names[:2])
    if path not in known:
        raise ConfigError(f"{source}: unknown metric {path!r}; {nearest(path, known)}")
    if len(names) < 3 or names[-1] not in ("lower", "upper"):
        raise ConfigError(
            f"{source}: a condition reads an end of the 95 % interval, never a point estimate; "
            f"write {text.removesuffix('.value')}.lower or {text.removesuffix('.value')}.upper"
        )
    return path, ".".join(names[2:-1]), cast(End, names[-1])


def _limit(text: str, source: str) -> Limit:
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise ConfigError(
            f"{source}: expected a number or, for that of held-out rows, reference.upper or reference.lower, perhaps "
            f"with + 0.02 or * 1.5 after it; got {text!r}"
        )
    if not all(math.isfinite(float(match[part] or 0)) for part in ("number", "amount")):
        raise ConfigError(f"{source}: expected a finite limit, got {text!r}; without a limit leave the condition out")
    if match["number"] is not None:
        return Limit(float(match["number"]))
    if match["end"] not in ("lower", "upper"):
        raise ConfigError(f"{source}: the reference too is read at an end: reference.lower or reference.upper")
    end, amount = cast(End, match["end"]), float(match["amount"] or 0)
    if match["by"] == "*":
        return Limit(0.0, end, amount)
    return Limit(-amount if match["by"] == "-" else amount, end)
