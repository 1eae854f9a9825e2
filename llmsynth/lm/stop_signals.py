"""Ctrl-C and SIGTERM while training: held back until a checkpoint is on the disk, then passed on.

This file knows signals and who handled them before. It refuses to know what is saved. A signal that arrives is only
noted; whoever can save asks `pending`, saves and calls `deliver`, which hands the signal to the handler that was there
before: Python's own raises KeyboardInterrupt, the command line's ends with its exit code. So an embedding program keeps
its own way of stopping. The second signal is passed on at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self


class StopSignals:
    """Notes SIGINT and SIGTERM instead of acting on them, within a ``with`` statement.

    Outside the main thread, where Python allows no handlers, and for signals that are ignored, it changes nothing.

    Parameters
    ----------
    notify : callable, optional
        Called inside the handler of the first signal; must not write to a buffered stream.

    Examples
    --------
    >>> with StopSignals() as signals:
    ...     signals.pending
    False
    """

    def __init__(self, notify: Callable[[], object] | None = None) -> None:
        self._notify = notify
        self._before: dict[int, Any] = {}
        self._number: int | None = None

    @property
    def pending(self) -> bool:
        """Whether a signal arrived that was not passed on."""
        return self._number is not None

    def deliver(self) -> None:
        """Pass the noted signal on to the handler that was there before; later ones go there too."""
        number, self._number = self._number, None
        self._restore()
        if number is not None:
            signal.raise_signal(number)

    def __enter__(self) -> Self:
        """Start noting signals."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.getsignal(number)
                if before not in (signal.SIG_IGN, None):
                    self._before[number] = before
                    signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the former handlers back; a signal that is still pending is passed on, unless an error is under way."""
        if kind is None:
            self.deliver()
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self._number = self.pending, number
        if again:
            self.deliver()
        elif self._notify is not None:
            self._notify()

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())
