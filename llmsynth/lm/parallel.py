"""Several processes, one model: data-parallel training under ``accelerate launch``.

Each process holds the whole model and takes every n-th row of each batch; gradients are averaged before the step, so
all processes hold the same weights throughout. Averaging by hand rather than wrapping the model, because only adapters
and heads have gradients (a few megabytes) and the model is driven through several methods that a wrapper would hide.

A process on its own never imports accelerate.

A group of processes that is made here is left at exit, while the interpreter still runs: a thread of gloo's may hold
the tensors of a finished operation a moment longer, and one that lets go of them while the interpreter is taken down
aborts the process after all its work is done. A group that was there before belongs to whoever made it.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable
from typing import Any

import torch

from llmsynth.grammar.automaton import IntArray


class Parallel:
    """What this process does of the common work.

    Attributes
    ----------
    rank, size : int
        Number of this process, and of all.
    """

    def __init__(self) -> None:
        self.rank, self.size = 0, int(os.environ.get("WORLD_SIZE", "1"))
        if self.size > 1:
            from accelerate import PartialState

            ours = not torch.distributed.is_initialized()
            state = PartialState(cpu=not torch.cuda.is_available())
            if ours:
                atexit.register(state.destroy_process_group)
            self.rank, self.size, self._device = state.process_index, state.num_processes, state.device

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def share(self, rows: IntArray) -> IntArray:
        """This process's rows of a batch; all of them on its own, and at least one in any case."""
        part = rows[self.rank :: self.size]
        return part if part.size else rows[:1]

    def average_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace each gradient by its mean over all processes."""
        if self.size == 1:
            return
        from accelerate.utils import reduce

        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            parameter.grad.copy_(reduce(parameter.grad, reduction="mean"))

    def mean(self, value: float) -> float:
        """Mean of a number over all processes."""
        if self.size == 1:
            return value
        from accelerate.utils import reduce

        averaged: Any = reduce(torch.tensor([value], dtype=torch.float64, device=self._device), reduction="mean")
        return float(averaged[0])

    def agree(self, yes: bool) -> bool:
        """Whether all processes say yes."""
        return self.mean(float(yes)) == 1.0
