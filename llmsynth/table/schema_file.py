"""The schema as a YAML file that a person can read and edit.

Knows the file's form: one block per column with the properties that make sense for its kind, the relations between
columns (`rules`), and comments. Refuses to know how columns are inferred (`infer` checks what was written against the
data). Only editable properties are written; counts and shares are found again. The file shows bounds and categories,
which are read from the data: treat it like the data.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from llmsynth.errors import SchemaError
from llmsynth.table.overrides import Overrides, check_override
from llmsynth.table.rule_evidence import Suggestion
from llmsynth.table.rules import Dependency, Rule, parse_rules
from llmsynth.table.schema import VERSION, Column, Schema, nearest
from llmsynth.table.times import iso_time
from llmsynth.yaml_files import read_yaml

MOST_CATEGORIES = 200
"""Longer lists of categories are not written; they are read from the data again."""

_HEADER = """\
# llmsynth schema: what each column is. Edit it and give it back with --schema.
# Everything here was inferred; a line that is removed is inferred again, a line that the data contradicts is an error.
# It shows bounds and categories of the data: treat it like the data.
#
# kind         integer | decimal | boolean | categorical | datetime | text | identifier | constant | missing
# minimum, maximum, clip    numbers and dates; clip: true moves values beyond them to the bound
# decimals     fixed number of decimals;  significant: significant digits instead
# categories   legal values;  fold_below: 5 folds those seen fewer than five times into one
# datetime_format           strftime form of dates written as text; %-m means "not zero-padded"
# time_unit    D, h, min, s, ms, us or ns of UTC or of a clock without a zone; local D: days of the timezone
# pattern      how an identifier is made: integer:1000, template:A-{digits:5:1}, uuid, email:example.org, person:1:...
"""
_FOR_ALL = ("dtype", "nullable")
_BY_KIND: dict[str, tuple[str, ...]] = {
    "integer": ("minimum", "maximum", "clip"),
    "decimal": ("decimals", "significant", "minimum", "maximum", "clip"),
    "boolean": (),
    "categorical": ("ordered", "categories", "fold_below", "other"),
    "datetime": ("datetime_format", "time_unit", "timezone", "minimum", "maximum", "clip"),
    "text": ("max_length",),
    "identifier": ("pattern", "unique"),
    "constant": (),
    "missing": (),
}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.%/-]*(?: [A-Za-z0-9_.%/-]+)*")
_ALWAYS = ("nullable", "minimum", "maximum")
_TOP = ("version", "target", "fold_below", "columns", "rules")
_RULES_HEADER = """\
# Relations between columns: true in every row of the table, and so in every synthetic row.
#   a <= b | sum: {total: a, parts: [b, c]} | implies: {if: CONDITION, then: CONDITION}
#   unique: [a, b] | determines: {from: [a], to: [b]}"""


def schema_yaml(schema: Schema, suggestions: Sequence[Suggestion] = ()) -> str:
    """Text of a schema file.

    Parameters
    ----------
    schema : Schema
        What to write.
    suggestions : sequence of Suggestion
        Rules that the table bears out, written as comments with what supports them.
    """
    lines = [_HEADER.rstrip(), "", f"version: {VERSION}"]
    lines.append(f"target: {_scalar(schema.target)}" if schema.target is not None else "# target: COLUMN")
    lines += ["columns:"]
    for column in schema:
        lines += _block(column)
    if schema.rules or suggestions:
        lines += ["", _RULES_HEADER, "rules:"]
        lines += [f"  - {rule_yaml(rule)}" for rule in schema.rules]
        if suggestions:
            lines.append("  # Suggestions, which hold in all rows: remove '# ' in front of those that are true.")
        lines += [f"  # - {rule_yaml(found.rule)}  # {found.support}" for found in suggestions]
    return "\n".join(lines) + "\n"


def rule_yaml(rule: Rule) -> str:
    """A rule on one line of YAML; what `determines` has read from the rows is left out."""
    plain = rule.to_plain()
    if isinstance(plain, str):
        return _scalar(plain)
    ((key, body),) = plain.items()
    if isinstance(body, list):
        return f"{key}: {_value(tuple(body))}"
    parts = [
        f"{name}: {_value(tuple(item)) if isinstance(item, list) else _scalar(item)}"
        for name, item in body.items()
        if name != "seen"
    ]
    return f"{key}: {{{', '.join(parts)}}}"


def write_schema_yaml(schema: Schema, path: str | os.PathLike[str], suggestions: Sequence[Suggestion] = ()) -> Path:
    """Write a schema file.

    Parameters
    ----------
    schema, suggestions
        As in `schema_yaml`.
    path : path
        An existing file is replaced.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    SchemaError
        If it cannot be written.
    """
    target = Path(path)
    part = target.with_name(f".{target.name[:200]}.part")
    try:
        part.write_text(schema_yaml(schema, suggestions), encoding="utf-8")
        part.replace(target)
    except OSError as error:
        raise SchemaError(f"{str(target)!r} cannot be written ({error.strerror}); choose another folder") from error
    return target


def read_schema_yaml(path: str | os.PathLike[str]) -> Overrides:
    """Read a schema file.

    Raises
    ------
    SchemaError
        If it is missing, no YAML, or has an unknown property (the nearest known one is named).

    Examples
    --------
    >>> import tempfile
    >>> from llmsynth.table.schema import Column, Schema
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     schema = Schema((Column("age", "integer", dtype="int64", maximum=90),))
    ...     read_schema_yaml(write_schema_yaml(schema, f"{folder}/s.yaml")).columns["age"]["maximum"]
    90
    """
    name = Path(path).name
    data = read_yaml(Path(path), error=SchemaError)
    if not isinstance(data, dict):
        raise SchemaError(f"{name}: expected 'columns:' with a block per column, got {type(data).__name__}")
    for key in data:
        if key not in _TOP:
            raise SchemaError(f"{name}: unknown entry {key!r}; {nearest(str(key), _TOP)}")
    if data.get("version", VERSION) != VERSION:
        raise SchemaError(f"{name}: expected schema version {VERSION}, got {data['version']!r}; update llmsynth")
    columns = data.get("columns") or {}
    if not isinstance(columns, dict):
        raise SchemaError(f"{name}: expected a block per column under 'columns:', got {type(columns).__name__}")
    fold_below = data.get("fold_below")
    if fold_below is not None and (isinstance(fold_below, bool) or not isinstance(fold_below, int) or fold_below < 1):
        raise SchemaError(f"{name}: fold_below must be a whole number of at least 1, got {fold_below!r}")
    target = data.get("target")
    return Overrides(
        columns={str(key): check_override(str(key), value or {}) for key, value in columns.items()},
        target=None if target is None else str(target),
        fold_below=fold_below,
        rules=_rules(data.get("rules"), name),
    )


def _rules(items: object, source: str) -> tuple[Rule, ...]:
    """Rules without what only a table can say."""
    rules = parse_rules(items, source)
    return tuple(replace(rule, seen=()) if isinstance(rule, Dependency) else rule for rule in rules)


def _block(column: Column) -> list[str]:
    key = _scalar(column.name)
    # A key of more than 1024 characters must be marked as one (YAML 1.1, simple keys).
    head, indent = (f"  {key}:", "    ") if len(key) < 1000 else (f"  ? {key}\n  :", "    ")
    lines = [head + _remark(column), f"{indent}kind: {column.kind}"]
    if column.role == "target":
        lines[1] += "  # target"
    defaults = {item.name: item.default for item in column.__dataclass_fields__.values()}
    for name in (*_BY_KIND[column.kind], *_FOR_ALL):
        value = getattr(column, name)
        if value is None or (value == defaults[name] and name not in _ALWAYS):
            continue
        if name == "categories" and len(value) > MOST_CATEGORIES:
            lines.append(f"{indent}# categories: {len(value)} of them, read from the data")
            continue
        if name == "other" and len(column.categories or ()) > MOST_CATEGORIES:
            continue
        if name in ("minimum", "maximum") and column.kind == "datetime":
            value = iso_time(int(value), column.time_unit or "s")
        lines.append(f"{indent}{name}: {_value(value)}")
    return lines


def _remark(column: Column) -> str:
    if column.kind == "identifier":
        return "  # identifies rows: generated afresh, never learned"
    if column.kind in ("constant", "missing"):
        return "  # the same in every row: kept as it is"
    return f"  # {column.missing_share:.1%} missing" if column.nullable else ""


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_scalar(item) for item in value)}]"
    return _scalar(value)


def _scalar(value: object) -> str:
    """One YAML scalar on one line that reads back as the same value."""
    if isinstance(value, str) and len(value) < 100 and _PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
        return value
    style = '"' if isinstance(value, str) else None
    text = yaml.safe_dump(value, default_style=style, width=float("inf"), allow_unicode=True)
    return str(text).removesuffix("\n").removesuffix("\n...")
