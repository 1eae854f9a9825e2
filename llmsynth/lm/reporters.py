"""Experiment trackers by the names that Hugging Face's ``report_to`` uses: tensorboard, mlflow, wandb.

This file knows how to pass numbers on to three programs that a user may have. It refuses to depend on any of them: a
tracker is imported when it is asked for, and one that is not installed is an error before training, not after.
Only numbers and options leave: no cell, no path, no environment variable. Of options that can hold a cell or a path it
is only said how many conditions there are, and that a model is a local one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from llmsynth.config_fields import nearest
from llmsynth.errors import ConfigError, MissingExtraError

TRACKERS = {
    "tensorboard": ("tensorboard", "pip install 'llmsynth[track]'"),
    "mlflow": ("mlflow", "pip install mlflow"),
    "wandb": ("wandb", "pip install wandb"),
}
"""Name in `report_to` to (module, pip line)."""


class Reporter(Protocol):
    """Somewhere numbers are sent to."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Send numbers of one optimiser step."""
        ...

    def close(self) -> None:
        """Flush and end."""
        ...


def check_reporters(names: Iterable[str]) -> None:
    """Make sure that every tracker is known and installed; meant to be called before training.

    Raises
    ------
    ConfigError
        On an unknown name; the nearest known one is suggested.
    MissingExtraError
        If one is not installed; names the pip line.
    """
    for name in names:
        if name not in TRACKERS:
            raise ConfigError(f"report_to: unknown tracker {name!r}; {nearest(name, TRACKERS)}")
        module, pip_line = TRACKERS[name]
        if find_spec(module) is None:
            raise MissingExtraError(f"report_to: {name} is not installed; {pip_line}")


def open_reporters(
    names: Iterable[str], folder: Path, *, run_name: str = "llmsynth", config: Mapping[str, Any] | None = None
) -> list[Reporter]:
    """Start the trackers.

    Parameters
    ----------
    names : iterable of str
        Of `TRACKERS`.
    folder : Path
        For files that a tracker writes, such as ``run.tracking``.
    run_name : str
        Shown by the tracker.
    config : Mapping, optional
        Options of the fit, nested; `shareable` ones are sent once.

    Returns
    -------
    list of Reporter
        Close them when training ends. If one cannot be started, those before it are closed again.
    """
    names = list(dict.fromkeys(names))
    check_reporters(names)
    makers: dict[str, Callable[[Path, str, Mapping[str, str]], Reporter]]
    makers = {"tensorboard": _Tensorboard, "mlflow": _Mlflow, "wandb": _Wandb}
    options = flat_options(shareable(config or {}))
    with ExitStack() as started:
        reporters = []
        for name in names:
            reporters.append(makers[name](folder, run_name, options))
            started.callback(reporters[-1].close)
        started.pop_all()
    return reporters


def shareable(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a fit without what can hold a cell or a path.

    Examples
    --------
    >>> shareable({"model": "/home/me/model", "train": {"boost": {"age > 90": 5.0}, "patience": 3}})
    {'model': 'a local model', 'train': {'boost': '1 condition', 'patience': 3}}
    """
    result = dict(config)
    if isinstance(model := result.get("model"), str):
        result["model"] = "a local model" if _is_path(model) else model
    if isinstance(result.get("train"), Mapping):
        train = result["train"] = dict(result["train"])
        if n_conditions := len(train.get("boost") or ()):
            train["boost"] = f"{n_conditions} condition{'s' if n_conditions > 1 else ''}"
    return result


def _is_path(model: str) -> bool:
    """Whether a model's name says where it lies; an alias and a hub id (owner/name) do not."""
    looks_like_one = model.startswith((".", "~", "/")) or "\\" in model or model.count("/") > 1
    return looks_like_one or model.lower().endswith(".gguf") or Path(model).exists()


def flat_options(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested options as one level of texts.

    Examples
    --------
    >>> flat_options({"train": {"patience": 3}})
    {'train.patience': '3'}
    """
    result: dict[str, str] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            result.update(flat_options(value, f"{prefix}{key}."))
        else:
            result[f"{prefix}{key}"] = str(value)
    return result


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}


class _Tensorboard:
    def __init__(self, folder: Path, run_name: str, options: Mapping[str, str]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder))
        listing = "\n".join(f"    {name}: {value}" for name, value in options.items())
        self._writer.add_text("options", f"{run_name}\n\n{listing}")

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        for name, value in _finite(metrics).items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class _Mlflow:
    def __init__(self, folder: Path, run_name: str, options: Mapping[str, str]) -> None:
        import mlflow

        self._mlflow: Any = mlflow
        self._own = mlflow.active_run() is None  # a run the user started is written to and left open
        if self._own:
            # The source would be the path of the program.
            mlflow.start_run(run_name=run_name, tags={"mlflow.source.name": run_name})
        try:
            mlflow.log_params({name: value[:500] for name, value in options.items()})
        except BaseException:
            self.close()
            raise

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        self._mlflow.log_metrics(_finite(metrics), step=step)

    def close(self) -> None:
        if self._own:
            self._mlflow.end_run()


class _Wandb:
    def __init__(self, folder: Path, run_name: str, options: Mapping[str, str]) -> None:
        import wandb

        folder.mkdir(parents=True, exist_ok=True)
        # Neither code nor console output is sent, which could hold cells, nor the command line, which names files too.
        settings = wandb.Settings(save_code=False, console="off", disable_git=True)
        if hasattr(settings, "x_disable_meta"):
            settings.x_disable_meta = True
        self._run: Any = wandb.init(
            project="llmsynth", name=run_name, dir=str(folder), config=dict(options), settings=settings
        )

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        self._run.log(_finite(metrics), step=step)

    def close(self) -> None:
        self._run.finish()
