"""Signals held back until they are passed on."""

from __future__ import annotations

import signal
import threading

import pytest

from llmsynth.lm.stop_signals import StopSignals

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


class Ended(BaseException):
    pass


def end(number, frame):
    raise Ended


@pytest.fixture(autouse=True)
def handlers():
    """Both signals raise `Ended`, and what pytest had comes back afterwards."""
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    assert [signal.getsignal(number) for number in before] == [end, end]
    for number, handler in before.items():
        signal.signal(number, handler)


@BOTH
def test_a_signal_waits_until_it_is_delivered_to_the_former_handler(number):
    said = []
    with pytest.raises(Ended), StopSignals(lambda: said.append(True)) as signals:
        assert not signals.pending
        signal.raise_signal(number)
        assert signals.pending and said == [True]
        signals.deliver()


@BOTH
def test_the_second_signal_is_passed_on_at_once(number):
    reached = []
    with pytest.raises(Ended), StopSignals():
        signal.raise_signal(signal.SIGINT)
        reached.append(True)
        signal.raise_signal(number)
        reached.append(True)
    assert reached == [True]


@BOTH
def test_a_signal_that_nobody_asked_for_is_passed_on_at_the_end(number):
    with pytest.raises(Ended), StopSignals():
        signal.raise_signal(number)


def test_an_error_is_not_replaced_by_a_signal():
    with pytest.raises(ValueError, match="first"), StopSignals():
        signal.raise_signal(signal.SIGINT)
        raise ValueError("first")


def test_ignored_signals_stay_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with StopSignals() as signals:
        signal.raise_signal(signal.SIGINT)
        assert not signals.pending
    assert signal.signal(signal.SIGINT, end) is signal.SIG_IGN


def test_another_thread_changes_no_handler():
    seen = []

    def work():
        with StopSignals():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [end]
