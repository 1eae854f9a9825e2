"""A process is timed, its memory is its own, and it ends when its time is over, with all that it started."""

import sys
import time

import psutil

from eval.benchmark import process


def run(code, tmp_path, limit=30.0):
    command = [sys.executable, "-c", code]
    ended = process.run(
        command, folder=tmp_path, limit_seconds=limit, errors=tmp_path / "errors", environment={"X": "1"}
    )
    return ended, (tmp_path / "errors").read_text()


def test_code_output_folder_and_variables_are_the_process_s(tmp_path):
    ended, printed = run("import os, sys; print(os.getcwd(), os.environ['X']); sys.exit(3)", tmp_path)
    assert ended.code == 3 and not ended.stopped and str(tmp_path) in printed and printed.strip().endswith("1")


def test_memory_is_what_the_process_held_and_not_what_we_hold(tmp_path):
    ours = bytearray(300 * 2**20)
    small, _ = run("import time; time.sleep(0.5)", tmp_path)
    large, _ = run("import time; x = b'1' * 200 * 2**20; time.sleep(0.5)", tmp_path)
    assert small.peak_rss_mib < 100 < 200 < large.peak_rss_mib < 300 < len(ours)


def test_processor_seconds_are_those_of_the_process_and_what_it_waited_for_not_of_the_clock(tmp_path):
    busy = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.5: pass"
    both = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])\n{busy}"
    idle, _ = run("import time; time.sleep(1.0)", tmp_path)
    worked, _ = run(both, tmp_path)
    assert idle.processor_seconds < 0.5 < 1.0 <= idle.seconds
    assert 1.0 <= worked.processor_seconds < 2.0


def test_a_hanging_process_is_stopped_with_its_children_even_if_it_will_not_listen(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.5)
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    ended, printed = run(code, tmp_path, limit=2.0)
    assert ended.stopped and ended.code == -9 and 2.0 <= ended.seconds < 10
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and psutil.pid_exists(int(printed)):
        if psutil.Process(int(printed)).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    assert not psutil.pid_exists(int(printed)) or psutil.Process(int(printed)).status() == psutil.STATUS_ZOMBIE
