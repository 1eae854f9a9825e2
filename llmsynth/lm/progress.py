"""Where a training run stands, and who is told.

`Progress` holds the counters that a checkpoint stores beside its tensors; a `TrainerListener` hears of every step.
Neither knows how a model is trained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from llmsynth.lm.plan import TrainPlan

if TYPE_CHECKING:
    from llmsynth.lm.trainer import Trainer


@dataclass
class Progress:
    """Counters of a run; everything that is not a tensor in a checkpoint."""

    step: int = 0
    progress: float = 0.0
    seconds: float = 0.0
    best_nats: float = math.inf
    best_step: int = 0
    evaluations_without_gain: int = 0
    cooling: bool = False
    evaluated: int = 0
    finished: bool = False
    refit_from: int = 0
    """The step at which training began again on all rows; 0 while it has not."""
    history: list[dict[str, float | int | str]] = field(default_factory=list)


class TrainerListener(Protocol):
    """Hears what the trainer does."""

    def on_step(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """After each optimiser step."""
        ...

    def on_evaluation(self, progress: Progress, plan: TrainPlan, nats_per_row: float) -> None:
        """After each evaluation."""
        ...

    def on_checkpoint_due(self, trainer: Trainer) -> None:
        """After each step; the listener decides by its own clock whether to save `trainer.state()`."""
        ...
