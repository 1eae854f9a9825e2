"""Reading YAML that a stranger may have written.

This file knows how to turn a small YAML file into plain Python values. It refuses to know what the values mean.

A plain `yaml.safe_load` is safe against code, but not against three other things, so the loader here is narrower:
anchors and aliases are refused (a few hundred bytes of them expand into gigabytes when walked), a key given twice is an
error instead of the last one silently winning, and `1e-4` is a number (YAML 1.1 reads it as text because of the
missing dot, which is a well-known trap in learning rates).
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from llmsynth.errors import ConfigError, InputError

MAX_BYTES = 4 * 1024 * 1024
"""Largest file that is read. A schema of 10,000 columns takes about 2 MiB."""

MAX_DEPTH = 16
"""Deepest nesting that is read."""


class _NarrowLoader(yaml.SafeLoader):
    """SafeLoader without aliases, without duplicate keys, with a depth limit and floats like `1e-4`."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise self._refusal("anchors and aliases are not read")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._refusal(f"nested deeper than {MAX_DEPTH} levels")
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def _refusal(self, why: str) -> yaml.MarkedYAMLError:
        mark = self.get_mark()
        return yaml.MarkedYAMLError(problem=why, problem_mark=mark)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool | None):
                raise yaml.MarkedYAMLError(problem="a key must be a plain value", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(problem="the same key is given twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return dict(super().construct_mapping(node, deep=deep))


_NarrowLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)


def parse_yaml(text: str, *, source: str, error: type[InputError] = ConfigError) -> object:
    """Return the plain values that a YAML text describes.

    Parameters
    ----------
    text : str
        The YAML document.
    source : str
        What to call the text in an error message, usually the file name.
    error : type, default ConfigError
        The error to raise.

    Returns
    -------
    object
        Nested dict, list, str, int, float, bool, date or None. An empty text gives None.

    Raises
    ------
    ConfigError
        (or `error`) if the text is not YAML, has aliases or duplicate keys, or is too large or too deep. The message
        gives the line number and never the line.

    Examples
    --------
    >>> parse_yaml("learning_rate: 1e-4", source="recipe")
    {'learning_rate': 0.0001}
    """
    if len(text) > MAX_BYTES:
        raise error(f"{source}: expected at most {MAX_BYTES:,} characters of YAML, got {len(text):,}")
    try:
        return yaml.load(text, Loader=_NarrowLoader)  # a SafeLoader, narrowed above
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise error(f"{source}: not readable as YAML{_where(problem)}") from None


def read_yaml(path: str | Path, *, error: type[InputError] = ConfigError) -> object:
    """Return the plain values of a YAML file; see `parse_yaml`.

    Parameters
    ----------
    path : str or Path
        A UTF-8 file of at most `MAX_BYTES` bytes.
    error : type, default ConfigError
        The error to raise.

    Returns
    -------
    object
        Nested plain values.

    Raises
    ------
    ConfigError
        (or `error`) if the file is missing, not UTF-8, or not readable as YAML.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise error(f"{path}: expected a YAML file of at most {MAX_BYTES:,} bytes, got {size:,}")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise error(f"{path}: no such file; give the path of a YAML file") from None
    except UnicodeDecodeError:
        raise error(f"{path}: expected UTF-8 text; save the file as UTF-8 and try again") from None
    except OSError as problem:
        raise error(f"{path}: cannot be read ({problem.strerror})") from None
    return parse_yaml(text, source=str(path), error=error)


def _where(problem: Exception) -> str:
    if isinstance(problem, yaml.MarkedYAMLError) and problem.problem_mark is not None:
        # The problem text of PyYAML may quote a character of the file, never a cell; ours are fixed sentences.
        return f" at line {problem.problem_mark.line + 1}: {problem.problem or 'unexpected structure'}"
    return f" ({type(problem).__name__})"
