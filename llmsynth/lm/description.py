"""What a run folder says of its fit: options, schema, report and history, read back and checked for form.

The manifest tells whether a file is the one that was written, not whether what was written makes sense: whoever changes
a file can compute its hash anew. So each file is read as if a stranger had written it, and one that is not what a fit
writes is one error that names it. This file refuses to know tensors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmsynth.config import FitConfig
from llmsynth.errors import InputError, RunFolderError
from llmsynth.lm.run_folder import Run
from llmsynth.table.schema import Schema
from llmsynth.yaml_files import parse_yaml

CONFIG, SCHEMA, REPORT, HISTORY = "config.yaml", "schema.json", "report.json", "history.json"


@dataclass(frozen=True)
class Description:
    """What a run says of its fit.

    Attributes
    ----------
    config : FitConfig
        The options, with the model that was chosen.
    schema : Schema
        What the columns are.
    model_reason : str
        Why that model.
    report : dict
        Seconds, held-out nats per row, numbers of rows, steps and parameters.
    history : list of dict
        step, split, nats_per_row, seconds.
    """

    config: FitConfig
    schema: Schema
    model_reason: str
    report: dict[str, Any]
    history: list[dict[str, Any]]


def read_description(run: Run) -> Description:
    """Read what a run says of its fit.

    Raises
    ------
    RunFolderError
        Naming the file that is missing or not what a fit writes.
    """
    text = run.read_text(CONFIG)
    with as_written(run.path(CONFIG)):
        options = parse_yaml(text, source=CONFIG)
        if not isinstance(options, Mapping):
            raise TypeError
        config = FitConfig.from_mapping(options)
    stored = run.read_json(SCHEMA)
    with as_written(run.path(SCHEMA)):
        schema = Schema.from_dict(stored)
    report, history = run.read_json(REPORT), run.read_json(HISTORY)
    with as_written(run.path(REPORT)):
        reason = report.pop("model_reason")
        if not isinstance(reason, str):
            raise TypeError
    with as_written(run.path(HISTORY)):
        if not isinstance(history, list) or not all(isinstance(entry, dict) for entry in history):
            raise TypeError
    return Description(config, schema, reason, report, history)


@contextmanager
def as_written(path: Path) -> Iterator[None]:
    """Turn whatever a file of another form causes into one error that names the file.

    Raises
    ------
    RunFolderError
        With our own message where there is one; else with the type of the error only, which could quote the file.
    """
    advice = "restore the folder from where you copied it, or fit again"
    try:
        yield
    except RunFolderError:
        raise
    except InputError as problem:
        raise RunFolderError(f"{path}: {problem}; {advice}") from None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as problem:
        raise RunFolderError(f"{path}: is not what a fit writes ({type(problem).__name__}); {advice}") from problem
