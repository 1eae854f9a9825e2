"""Which files may be loaded: names, links, code, hashes."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsynth import safe_files
from llmsynth.errors import RunFolderError


@given(
    st.text(max_size=30) | st.sampled_from(["..", "a/../../b", "/etc/passwd", "C:\\x", "a\\b", "./a", "a//b", "\0", ""])
)
def test_a_safe_name_never_leaves_the_folder(name: str) -> None:
    root = Path("/srv/run")
    if safe_files.safe_name(name):
        assert (root / name).is_relative_to(root)
        assert ".." not in (root / name).parts


@pytest.mark.parametrize("name", ["../x", "/x", "a/../x", "", ".", "..", "a\\b", "C:/x", "a/", "./a", None, 3])
def test_names_that_lead_out_are_refused(name: object) -> None:
    assert not safe_files.safe_name(name)


@pytest.mark.parametrize(
    "name", ["model.pkl", "pytorch_model.bin", "a.pt", "b.PTH", "c.ckpt", "d.joblib", "modeling.py"]
)
def test_a_file_that_can_run_code_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).write_bytes(b"x")
    with pytest.raises(RunFolderError, match=rf"sub/{name}.*can run code"):
        safe_files.refuse_unsafe_names(tmp_path)


@pytest.mark.parametrize(("name", "is_refused"), [("a/.DS_Store", False), ("Desktop.ini", False), ("DS_Store", True)])
def test_files_of_a_file_browser_need_no_voucher(tmp_path: Path, name: str, is_refused: bool) -> None:
    with pytest.raises(RunFolderError, match="not listed") if is_refused else nullcontext():
        safe_files.refuse_unlisted(tmp_path, [name], {})


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("/etc/hostname")
    with pytest.raises(RunFolderError, match=r"link\.json: is a symbolic link"):
        safe_files.refuse_unsafe_names(tmp_path)


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer").symlink_to("/etc")
    with pytest.raises(RunFolderError, match="tokenizer: is a symbolic link"):
        safe_files.refuse_unsafe_names(tmp_path)


def test_an_altered_byte_and_a_changed_size_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}  ")
    records = {"a.json": safe_files.file_record(path)}
    safe_files.verify_files(tmp_path, records)
    path.write_text("{} x")
    with pytest.raises(RunFolderError, match=r"a\.json: its sha256 differs"):
        safe_files.verify_files(tmp_path, records)
    path.write_text("{}")
    with pytest.raises(RunFolderError, match=r"a\.json: expected 4 bytes, found 2"):
        safe_files.verify_files(tmp_path, records)
    path.unlink()
    with pytest.raises(RunFolderError, match=r"a\.json: is listed in the manifest but missing"):
        safe_files.verify_files(tmp_path, records)


def test_auto_map_is_found_at_any_depth_of_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"text_config": [{"auto_map": {"AutoModel": "x.Y"}}]}))
    with pytest.raises(RunFolderError, match=r"config\.json: asks for code"):
        safe_files.refuse_remote_code(tmp_path, {"config.json": {}})


def test_a_column_named_auto_map_is_no_code(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text(json.dumps({"auto_map": {}}))
    safe_files.refuse_remote_code(tmp_path, {"schema.json": {}})


@pytest.mark.parametrize("text", ['{"a": 1', '{"a": 1, "a": 2}', "[" * 100_000, ""])
def test_broken_json_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"a\.json: is not readable JSON"):
        safe_files.read_json(tmp_path / "a.json")


def test_json_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1, 2, 3, 4, 5]")
    with pytest.raises(RunFolderError, match="at most 10 bytes"):
        safe_files.read_json(tmp_path / "a.json", most_bytes=10)


def test_numbers_of_numpy_and_any_text_survive_json(tmp_path: Path) -> None:
    import numpy as np

    value = {"a": np.int64(3), "b": np.array([1.5]), "c": "\ud800 emoji 😀 \0"}
    safe_files.write_json(tmp_path / "a.json", value)
    assert safe_files.read_json(tmp_path / "a.json") == {"a": 3, "b": [1.5], "c": "\ud800 emoji 😀 \0"}
