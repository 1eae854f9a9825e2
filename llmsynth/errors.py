"""Every error llmsynth raises on purpose.

    LlmsynthError
    ├── InputError(ValueError)          something the caller gave is wrong; exit code 2
    │   ├── TableError                  the table itself: file, header, cells
    │   ├── SchemaError                 the schema file or an override that the data contradicts
    │   ├── ConfigError                 an unknown or impossible option
    │   └── RunFolderError              a run folder that is missing, altered or unsafe
    ├── TrainingError(RuntimeError)     training could not go on (loss not finite, nothing to learn)
    ├── NotFittedError(AttributeError)  used before `fit`
    └── MissingExtraError(ImportError)  an optional dependency is absent; names the pip line

Each message says what was expected, what came, and what to do next. Messages carry column names, row numbers and
counts, never cell values: tables may be private and messages end up in logs.
"""

from __future__ import annotations


class LlmsynthError(Exception):
    """Root of everything llmsynth raises on purpose."""


class InputError(LlmsynthError, ValueError):
    """Something the caller gave is wrong. The command line exits with code 2."""


class TableError(InputError):
    """The table cannot be used as it is: missing file, ragged line, duplicate column, infinite value."""


class SchemaError(InputError):
    """The schema file is malformed, or an override is contradicted by the data."""


class ConfigError(InputError):
    """An option is unknown or its value is impossible."""


class RunFolderError(InputError):
    """A run folder is missing, incomplete, altered, or contains something that is never loaded."""


class TrainingError(LlmsynthError, RuntimeError):
    """Training cannot go on; what was saved before stays."""


class NotFittedError(LlmsynthError, AttributeError):
    """A fitted attribute was used before `fit` or `load`."""


class MissingExtraError(LlmsynthError, ImportError):
    """An optional dependency is not installed; the message names the pip line."""
