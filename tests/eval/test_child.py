"""A child process says what its function returned, how long it took, and its own memory, not its parent's."""

import subprocess
import sys

import numpy as np
import pytest

from eval import child


def test_the_answer_comes_back_with_seconds_and_memory():
    ran = child.call("eval.record:commit")
    assert len(ran.answer) == 2 and ran.seconds > 0
    assert 5 < ran.peak_mib < 500


def test_a_child_that_takes_too_long_is_ended():
    with pytest.raises(subprocess.TimeoutExpired):
        child.call("multiprocessing.connection:wait", limit_seconds=0.2, object_list=[], timeout=60)  # sleeps


def test_memory_of_the_parent_is_not_counted():
    ballast = np.ones(75_000_000)  # 600 MB
    assert child.call("eval.record:commit").peak_mib < 500 < ballast.nbytes / 2**20


def test_a_command_is_measured_as_a_whole():
    ran = child.command([sys.executable, "-c", "x = bytearray(300 * 2**20); print(len(x))"])
    assert ran.answer.strip() == str(300 * 2**20)
    assert ran.peak_mib > 300 and ran.seconds > 0


def test_a_command_that_fails_says_so():
    with pytest.raises(SystemExit, match="exit code 0, got 3"):
        child.command([sys.executable, "-c", "raise SystemExit(3)"])
