"""A stand-in for the facade, so that the command line is tested without torch, and a way to call the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from llmsynth.config import FitConfig
from llmsynth.lm.run_folder import Run
from llmsynth.sample.report import SampleReport


@dataclass
class FakeFacade:
    """What was asked of the stand-in, and what it is told to do."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failure: BaseException | None = None
    late_failure: BaseException | None = None
    checkpoint: bool = False
    report: SampleReport | None = None
    weights: str | None = None
    evaluated_rows: int = 90
    fitted: tuple[Any, ...] | None = None

    def said(self, name: str) -> dict[str, Any]:
        """Arguments of the only call of that name."""
        (found,) = [arguments for called, arguments in self.calls if called == name]
        return found


def _facade_class(fake: FakeFacade) -> type:
    from llmsynth.table.files import read_table, write_table
    from llmsynth.table.infer import infer_schema

    class TableSynthesizer:
        model_name_, model_reason_ = "compact", "as asked"

        def __init__(self, **settings: Any) -> None:
            fake.calls.append(("init", settings))
            self.settings = settings

        def fit(self, table: object) -> Any:
            frame = read_table(table).drop(columns=self.settings.get("weight_column") or [])
            self.schema_ = infer_schema(frame, target=self.settings.get("target"))
            rows = {"n_holdout_rows": 90, "n_evaluated_rows": fake.evaluated_rows}
            self.frame, self.report_ = frame, {"seconds": 1.5, "holdout_nats_per_row": 12.25} | rows
            allowed = {name: self.settings.get(name, False) for name in ("overwrite", "resume")}
            fake.fitted = self.frame, self.report_, self.schema_, self.settings
            with Run.create(self.settings["run_dir"], **allowed) as run:
                if fake.checkpoint:
                    (run.checkpoints / "step-00000001").mkdir(parents=True)
                if fake.failure is not None:
                    raise fake.failure
                run.write_json("schema.json", self.schema_.to_dict())
                run.seal()
                if fake.late_failure is not None:
                    raise fake.late_failure
            return self

        @classmethod
        def load(cls, path: Path, **settings: Any) -> Any:
            Run.open(path)
            fake.calls.append(("load", settings))
            synthesizer = cls()
            if fake.fitted is not None:
                synthesizer.frame, synthesizer.report_, synthesizer.schema_, synthesizer.settings = fake.fitted
            return synthesizer

        schema = property(lambda self: self.settings.get("schema"))

        def fit_config(self) -> Any:
            return FitConfig.from_mapping(
                {
                    "model": self.settings.get("model", "auto"),
                    "target": self.settings.get("target"),
                    "train": {"max_minutes": self.settings.get("max_minutes")},
                }
            )

        def is_fitted_on(self, table: pd.DataFrame) -> bool:
            return self.frame.equals(table)

        def sample(self, n_samples: int, **settings: Any) -> pd.DataFrame:
            fake.calls.append(("sample", settings))
            rng = np.random.default_rng(settings.get("random_state", 0))
            return self.frame.iloc[rng.integers(0, len(self.frame), n_samples)].reset_index(drop=True)

        def sample_to(self, path: Path, n_samples: int, **settings: Any) -> dict[str, Any]:
            assert callable(settings.pop("on_rows"))
            fake.calls.append(("sample_to", settings))
            if fake.failure is not None:
                raise fake.failure
            frame = pd.DataFrame({"a": range(n_samples)})
            write_table(frame, path, overwrite=settings.get("overwrite", False))
            return {"rows": n_samples, "path": str(path)}

        schema_ = None
        sample_report_ = property(lambda self: fake.report)

        def sample_like(self, table: pd.DataFrame, n_draws: int = 1, **settings: Any) -> pd.DataFrame:
            fake.calls.append(("sample_like", {"n_draws": n_draws, **settings}))
            return table.loc[np.repeat(table.index, n_draws)].reset_index(drop=True)

        def impute(self, table: pd.DataFrame, n_draws: int = 1, **settings: Any) -> pd.DataFrame:
            fake.calls.append(("impute", {"n_draws": n_draws, **settings}))
            filled = table.fillna(7).drop(columns=[fake.weights] if fake.weights else [])
            return filled if n_draws == 1 else pd.concat([filled] * n_draws, keys=range(n_draws), names=["draw"])

        def log_prob_by_column(self, table: pd.DataFrame) -> pd.DataFrame:
            nats = pd.DataFrame(0.0, index=range(len(table)), columns=table.columns)
            nats.iloc[:, 0] = self.log_prob(table)
            nats.iloc[78, :2] = [-9.0, -70.0]
            return nats

        def log_prob(self, table: object) -> Any:
            values = -np.arange(1.0, len(read_table(table)) + 1)
            values[-1] = -np.inf
            return values

    return TableSynthesizer


@pytest.fixture
def facade(monkeypatch: pytest.MonkeyPatch) -> FakeFacade:
    """Put the stand-in where the commands import the facade from."""
    fake = FakeFacade()
    module = ModuleType("llmsynth.synthesizer")
    module.TableSynthesizer = _facade_class(fake)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "llmsynth.synthesizer", module)
    return fake


@pytest.fixture
def llmsynth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call the command line in a folder of its own; arguments are turned into texts."""
    from llmsynth.cli.app import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLMSYNTH_DEBUG", raising=False)

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write a small table, ``table.csv``, with a number, a category and a target."""
    rng = np.random.default_rng(0)
    age = rng.integers(20, 80, 80)
    frame = pd.DataFrame({"age": age, "smoker": np.where(age > 50, "yes", "no"), "glucose": 80 + age})
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """Write a sealed run folder, ``model``."""
    with Run.create(tmp_path / "model") as run:
        run.write_text("config.yaml", "model: compact\n")
        run.seal()
    return tmp_path / "model"


@pytest.fixture(autouse=True)
def no_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printed tables are as wide as without a terminal; parallel test processes are told a width of their own."""
    monkeypatch.delenv("COLUMNS", raising=False)
