"""The machine is asked, never assumed."""

import subprocess
from pathlib import Path

import pytest

from llmsynth import resources


def test_cores_memory_and_disk_are_positive_and_bounded(tmp_path):
    import psutil

    assert 1 <= resources.physical_cores() <= (psutil.cpu_count() or 1)
    assert 0 < resources.available_memory() <= psutil.virtual_memory().total
    assert 1e6 < resources.peak_memory() < 1e12
    assert resources.free_disk(tmp_path / "not" / "there" / "yet") > 0


def test_a_container_limit_counts(monkeypatch):
    monkeypatch.setattr(resources, "_container_cores", lambda: 1)
    assert resources.physical_cores() == 1


@pytest.mark.parametrize(
    ("limit", "used", "statistics"),
    [
        ("memory.max", "memory.current", "anon 50\ninactive_file 300\nactive_file 7\nslab_reclaimable 40\n"),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "inactive_file 9\ntotal_inactive_file 340\ntotal_rss 50\n",
        ),
    ],
    ids=["version 2", "version 1"],
)
def test_cached_files_of_a_container_count_as_free(monkeypatch, tmp_path, limit, used, statistics):
    monkeypatch.setattr(resources, "_CGROUP", tmp_path)
    (tmp_path / limit).parent.mkdir(exist_ok=True)
    (tmp_path / limit).write_text("1000\n")
    (tmp_path / used).write_text("400\n")
    assert resources.available_memory() == 600
    (tmp_path / limit).with_name("memory.stat").write_text(statistics)
    assert resources.available_memory() == 940
    (tmp_path / used).write_text("200\n")  # both files are read, one after the other: the sums need not agree
    assert resources.available_memory() == 1000
    (tmp_path / used).write_text("1400\n")
    assert resources.available_memory() == 0
    (tmp_path / limit).write_text("max\n")
    assert resources.available_memory() > 1e6


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("LLMSYNTH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert resources.cache_folder() == tmp_path / "llmsynth"
    monkeypatch.setenv("LLMSYNTH_CACHE", str(tmp_path / "own"))
    assert resources.cache_folder() == tmp_path / "own"
    assert not (tmp_path / "own").exists()


@pytest.mark.skipif("sys.platform == 'win32'")
def test_without_any_variable_the_cache_is_in_the_home_folder(monkeypatch, tmp_path):
    for name in ("LLMSYNTH_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resources.cache_folder() == Path(tmp_path) / ".cache" / "llmsynth"


@pytest.mark.parametrize(("code", "answer"), [(0, True), (3, False), (-4, False)])
def test_a_child_that_dies_means_no_bfloat16(monkeypatch, code, answer):
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, code))
    resources.survives_bfloat16.cache_clear()
    assert resources.survives_bfloat16() is answer
    resources.survives_bfloat16.cache_clear()


def test_a_child_that_hangs_means_no_bfloat16(monkeypatch):
    def hang(command, **_):
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(subprocess, "run", hang)
    resources.survives_bfloat16.cache_clear()
    assert resources.survives_bfloat16() is False
    resources.survives_bfloat16.cache_clear()
