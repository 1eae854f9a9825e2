"""Synthetic tables from a language model that you fine-tune on your own machine.

>>> from llmsynth import TableSynthesizer, datasets
>>> table = datasets.load_ehr(200, random_state=0)
>>> list(table.columns)[:3]
['age', 'sex', 'bmi']

Synthetic rows of any origin are judged by `from llmsynth.evaluate import evaluate`; the package has that name, so the
function is no name of this one.

The names below are loaded when they are first used (PEP 562), so that `import llmsynth` and `llmsynth --help` cost no
more than a bare interpreter: torch alone takes seconds to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmsynth import datasets, errors
    from llmsynth.augmentation import augment
    from llmsynth.baselines.synthesizer import BaselineSynthesizer
    from llmsynth.comparison.run import compare
    from llmsynth.evaluate import judge, report_diff, report_from_statistics, summarize
    from llmsynth.synthesizer import TableSynthesizer
    from llmsynth.table.files import read_table, write_table
    from llmsynth.table.infer import infer_schema
    from llmsynth.table.schema import Schema

__version__ = "0.1.0"

_HOMES = {
    "BaselineSynthesizer": "llmsynth.baselines.synthesizer",
    "TableSynthesizer": "llmsynth.synthesizer",
    "augment": "llmsynth.augmentation",
    "compare": "llmsynth.comparison.run",
    "Schema": "llmsynth.table.schema",
    "infer_schema": "llmsynth.table.infer",
    "read_table": "llmsynth.table.files",
    "write_table": "llmsynth.table.files",
    "judge": "llmsynth.evaluate",
    "report_diff": "llmsynth.evaluate",
    "report_from_statistics": "llmsynth.evaluate",
    "summarize": "llmsynth.evaluate",
}
_MODULES = ("datasets", "errors")

__all__ = [
    "BaselineSynthesizer",
    "Schema",
    "TableSynthesizer",
    "__version__",
    "augment",
    "compare",
    "datasets",
    "errors",
    "infer_schema",
    "judge",
    "read_table",
    "report_diff",
    "report_from_statistics",
    "summarize",
    "write_table",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"llmsynth.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'llmsynth' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
