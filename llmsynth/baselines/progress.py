"""A progress bar on standard error for methods whose fits are slow, with rate and time left."""

from __future__ import annotations

from types import TracebackType
from typing import Self


def silent(done: float, total: float, note: str = "") -> None:
    """Show nothing."""


class Bar:
    """A bar that appears with the first step it is told of.

    Parameters
    ----------
    title : str
        What is being fitted.
    """

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            refresh_per_second=2,
        )
        self._title, self._started = title, False

    def __enter__(self) -> Self:
        """Nothing is shown yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar off the screen's last line."""
        if self._started:
            self._bar.stop()

    def __call__(self, done: float, total: float, note: str = "") -> None:
        """See `Progress`."""
        if not self._started:
            self._task = self._bar.add_task(self._title, total=total, note=note)
            self._bar.start()
            self._started = True
        self._bar.update(self._task, completed=done, total=total, note=note)
