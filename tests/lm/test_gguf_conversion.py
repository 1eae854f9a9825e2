"""Any GGUF file becomes a plain model folder with the same weights."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from llmsynth.errors import InputError
from llmsynth.lm.gguf_conversion import check_gguf, convert_gguf

_SPEC = importlib.util.spec_from_file_location("tiny_gguf", Path(__file__).with_name("tiny_gguf.py"))
tiny_gguf = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tiny_gguf)


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gguf")
    source = tiny_gguf.write_tiny_gguf(folder / "tiny.gguf")
    (folder / "model").mkdir()
    convert_gguf(source, folder / "model")
    return source, folder / "model"


def test_the_tensors_are_those_of_the_file(converted):
    import gguf
    from safetensors.numpy import load_file

    source, folder = converted
    weights = load_file(folder / "model.safetensors")
    tensors = {tensor.name: tensor.data for tensor in gguf.GGUFReader(source).tensors}
    same = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "blk.1.ffn_down.weight": "model.layers.1.mlp.down_proj.weight",
        "blk.0.attn_v.weight": "model.layers.0.self_attn.v_proj.weight",
    }
    for theirs, ours in same.items():
        assert weights[ours].dtype == np.float32
        assert np.array_equal(weights[ours], tensors[theirs]), theirs


def test_the_folder_loads_as_any_other_and_hides_where_it_came_from(converted):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source, folder = converted
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    assert not hasattr(model.config, "quantization_config")
    assert tokenizer.model_max_length == model.config.max_position_embeddings == 128
    assert tokenizer.decode(tokenizer("age is 39")["input_ids"]) == "age is 39"
    for path in folder.glob("*.json"):
        assert str(source.parent) not in path.read_text(encoding="utf-8")
        json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a wheel", b"GGU"])
def test_what_is_not_gguf_is_refused_before_anything_is_loaded(tmp_path, content):
    (tmp_path / "a.gguf").write_bytes(content)
    with pytest.raises(InputError, match="does not begin with the letters GGUF"):
        check_gguf(tmp_path / "a.gguf")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.gguf: expected a GGUF file"):
        check_gguf(tmp_path / "none.gguf")


def test_a_truncated_file_is_one_clear_error(tmp_path, converted):
    (tmp_path / "cut.gguf").write_bytes(converted[0].read_bytes()[:3000])
    (tmp_path / "model").mkdir()
    with pytest.raises(InputError, match=r"cut\.gguf: cannot be converted"):
        convert_gguf(tmp_path / "cut.gguf", tmp_path / "model")
