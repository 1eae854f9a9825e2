"""The cache is filled once, completely, by one process, and never believed blindly."""

import json
import threading

import pytest

from llmsynth.errors import InputError
from llmsynth.lm import model_cache
from llmsynth.lm.model_cache import ModelCache

DIGEST = "ab" * 32


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache whose conversion writes two small files and counts."""
    cache = ModelCache(tmp_path)
    cache.conversions = 0

    def convert(source, folder, *, show_progress):
        cache.conversions += 1
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(source.read_bytes())

    monkeypatch.setattr(model_cache, "convert_gguf", convert)
    return cache


def find(work):
    (work / "a.gguf").write_bytes(b"GGUF weights")
    return work / "a.gguf", DIGEST


def test_a_model_is_converted_once(cache):
    said = []
    first = cache.ensure("a", DIGEST, find, size=10, notify=said.append)
    assert cache.ensure("a", DIGEST, find, size=10, notify=said.append) == first
    assert cache.conversions == 1 and len(said) == 1
    assert cache.is_there(first)
    assert (first / "model.safetensors").read_bytes() == b"GGUF weights"
    assert json.loads((first / "source.json").read_text())["sha256"] == DIGEST


@pytest.mark.parametrize("damage", ["flip", "delete", "record", "escape"])
def test_a_damaged_model_is_converted_again(cache, damage):
    folder = cache.ensure("a", DIGEST, find, size=10)
    weights, record = folder / "model.safetensors", folder / "source.json"
    if damage == "flip":
        weights.write_bytes(b"GGUF weightz")
    elif damage == "delete":
        weights.unlink()
    elif damage == "record":
        record.write_text("{")
    else:
        record.write_text(record.read_text().replace("config.json", "../../config.json").replace(DIGEST, "cd" * 32))
    cache.ensure("a", DIGEST, find, size=10)
    assert cache.conversions == 2 and weights.read_bytes() == b"GGUF weights"


def test_a_failed_conversion_leaves_nothing_and_an_abandoned_one_is_removed(cache, monkeypatch):
    def fail(work):
        raise InputError("no")

    (cache.root / f"a-{DIGEST[:12]}.tmp-dead" / "model").mkdir(parents=True)
    with pytest.raises(InputError, match="no"):
        cache.ensure("a", DIGEST, fail, size=10)
    assert [path.suffix for path in cache.root.iterdir()] in ([], [".lock"])


def test_two_at_once_convert_once(cache):
    start = threading.Barrier(2)

    def work():
        start.wait()
        ModelCache(cache.root.parent).ensure("a", DIGEST, find, size=10)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.conversions == 1


def test_a_full_disk_is_told_before_anything_is_written(cache, monkeypatch):
    monkeypatch.setattr(model_cache, "free_disk", lambda _: 1000)
    with pytest.raises(InputError, match=r"expected 850\.0 MB of free disk .*, found 1\.0 kB"):
        cache.ensure("a", DIGEST, find, size=100_000_000)
    assert cache.conversions == 0


def test_a_cache_that_cannot_be_written_names_the_variable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="LLMSYNTH_CACHE"):
        ModelCache(tmp_path / "file").ensure("a", DIGEST, find, size=10)


@pytest.mark.parametrize("name", ["../../etc", "a b/c", "", "..", "é💥", "x" * 500])
def test_any_name_stays_inside_the_cache(tmp_path, name):
    folder = ModelCache(tmp_path).folder(name, DIGEST)
    assert folder.parent == tmp_path / "models" and len(folder.name) < 80
