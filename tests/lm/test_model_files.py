"""Which model a name means, and whether its folder may be loaded."""

from __future__ import annotations

import shutil

import pytest

from llmsynth.errors import InputError
from llmsynth.lm.model_files import check_model_folder, find_model


@pytest.fixture
def folder(tiny_llama, tmp_path):
    shutil.copytree(tiny_llama(), tmp_path / "model")
    return tmp_path / "model"


def test_a_folder_without_config_or_weights_is_refused(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"expected weights as \*\.safetensors, found none"):
        check_model_folder(folder)
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match=r"expected a model folder with config\.json"):
        check_model_folder(folder)


def test_a_folder_is_known_by_its_absolute_path(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert find_model("model") == (str(folder), True)


def test_a_name_is_a_folder_an_alias_or_a_hub_id(folder):
    assert find_model(str(folder)) == (str(folder), True)
    assert find_model("owner/name") == ("owner/name", False)
    for said, meant in (("smollm-135m", "smollm2-135m"), ("compct", "compact"), ("atuo", "auto")):
        with pytest.raises(InputError, match=rf"no model is named '{said}'; did you mean '{meant}'\? Or give"):
            find_model(said)
    with pytest.raises(InputError, match=r"no model is named 'x'; known: 'auto', 'compact', 'smollm2-135m'\. Or give"):
        find_model("x")


@pytest.mark.parametrize("name", ["/no/such/folder", "./model", "../a/b", "models/a/b", "C:\\\\models\\\\a"])
def test_a_path_with_nothing_there_is_not_taken_for_a_hub_id(name):
    with pytest.raises(InputError, match="no such model folder; expected an alias"):
        find_model(name)


@pytest.mark.parametrize("name", ["./none.gguf", "folder/NONE.GGUF"])
def test_a_gguf_file_is_known_by_its_ending_in_any_case(name):
    with pytest.raises(InputError, match=r"(?i)none\.gguf: expected a GGUF file; No such file"):
        find_model(name)
