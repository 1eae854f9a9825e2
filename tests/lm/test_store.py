"""A fitted engine comes back from its run folder with the same probabilities and the same rows."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from llmsynth.config import CompactConfig, FitConfig, LoraSettings, PretrainedConfig
from llmsynth.errors import LlmsynthError, RunFolderError
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.engine import build_engine
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.run_folder import Run
from llmsynth.lm.store import load_engine, save_engine
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema

SMALL = CompactConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)


@pytest.fixture(scope="module")
def table(mixed_table):
    frame = mixed_table(60)
    schema = infer_schema(frame)
    return schema, physical_table(frame, schema)


def built(table, model, **pretrained):
    settings = PretrainedConfig(**{"lora": LoraSettings(r=2), "head_rank": 2, **pretrained})
    engine = build_engine(*table, FitConfig(model=str(model), compact=SMALL, pretrained=settings))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _, value in engine.model.trainable():
            value.add_(0.1 * torch.randn(value.shape, generator=generator))
    engine.model.train(False)
    return engine


def saved(engine, folder):
    with Run.create(folder) as run:
        save_engine(engine, run)
        run.seal({})
    return Run.open(folder)


@pytest.mark.parametrize("kind", ["compact", "lora", "full"])
def test_a_saved_engine_scores_and_samples_the_same(table, tiny_llama, tmp_path, kind):
    model = "compact" if kind == "compact" else tiny_llama()
    engine = built(table, model, full_fine_tuning=kind == "full")
    run = saved(engine, tmp_path / "run")
    back = load_engine(run, table[0], engine.config, device="cpu")
    assert (back.log_prob(table[1]) == engine.log_prob(table[1])).all()
    assert back.number_offsets == engine.number_offsets and not back.model.training
    rows = []
    for each in (engine, back):
        how = [ColumnSampling()] * each.encoder.grammar.n_columns
        rows.append(RowDecoder(each.model, each.number_offsets, how).decode(8, seed=1))
    assert [column.tolist() for column in rows[0]] == [column.tolist() for column in rows[1]]


def test_the_adapter_is_written_in_pefts_own_form(table, tiny_llama, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    engine = built(table, tiny_llama())
    run = saved(engine, tmp_path / "run")
    settings = json.loads(run.path("adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == str(tiny_llama()) and settings["r"] == 2
    plain = AutoModelForCausalLM.from_pretrained(tiny_llama())
    adapted = PeftModel.from_pretrained(plain, str(run.folder))
    ours = {name: value for name, value in engine.model.causal.named_parameters() if "lora_" in name}
    theirs = dict(adapted.named_parameters())
    assert ours and all(torch.equal(value, theirs[name]) for name, value in ours.items())


def test_the_base_model_is_named_and_not_copied(table, tiny_llama, tmp_path):
    run = saved(built(table, tiny_llama()), tmp_path / "run")
    names = sorted(str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file())
    assert "model.safetensors" not in names and "head.safetensors" in names
    assert "tokenizer/tokenizer.json" in names
    assert not any(name.endswith((".bin", ".pt", ".pkl", ".py")) for name in names)


@pytest.mark.parametrize("kind", ["compact", "pretrained"])
def test_files_of_two_runs_are_not_mixed(table, tiny_llama, tmp_path, kind):
    schema, plain = table
    name, file = ("compact", "model") if kind == "compact" else (tiny_llama(), "head")
    engine = built(table, name)
    few = {key: physical.take(np.arange(25)) for key, physical in plain.items()}
    other = saved(built((schema, few), name), tmp_path / "other")
    with Run.create(tmp_path / "run") as run:
        save_engine(engine, run)
        run.write_tensors(f"{file}.safetensors", other.read_tensors(f"{file}.safetensors"))
        run.seal({})
    with pytest.raises(RunFolderError, match="does not fit this run's grammar"):
        load_engine(Run.open(tmp_path / "run"), schema, engine.config, device="cpu")


def test_a_base_model_that_is_gone_is_one_clear_error(table, tiny_llama, tmp_path):
    shutil.copytree(tiny_llama(), tmp_path / "base")
    engine = built(table, tmp_path / "base")
    run = saved(engine, tmp_path / "run")
    shutil.rmtree(tmp_path / "base")
    with pytest.raises(LlmsynthError):
        load_engine(run, table[0], engine.config, device="cpu")


def test_a_base_model_named_by_a_relative_path_is_found_from_another_folder(table, tiny_llama, tmp_path, monkeypatch):
    shutil.copytree(tiny_llama(), tmp_path / "base")
    monkeypatch.chdir(tmp_path)
    engine = built(table, "base")
    run = saved(engine, tmp_path / "run")
    assert json.loads(run.path("adapter_config.json").read_text())["base_model_name_or_path"] == str(tmp_path / "base")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    back = load_engine(run, table[0], engine.config, device="cpu")
    assert (back.log_prob(table[1]) == engine.log_prob(table[1])).all()


@pytest.mark.parametrize("name", ["base", "SmolLM2-135M"])  # a folder may have the name of an alias
def test_a_run_that_was_loaded_elsewhere_is_saved_with_its_base_model(name, table, tiny_llama, tmp_path, monkeypatch):
    shutil.copytree(tiny_llama(), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    engine = built(table, name)
    run = saved(engine, tmp_path / "run")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = saved(load_engine(run, table[0], engine.config, device="cpu"), tmp_path / "again")
    assert again.read_json("base.json") == run.read_json("base.json")
    assert json.loads(again.path("adapter_config.json").read_text())["base_model_name_or_path"] == str(tmp_path / name)
    back = load_engine(again, table[0], engine.config, device="cpu")
    assert (back.log_prob(table[1]) == engine.log_prob(table[1])).all()


def test_a_tokenizer_that_is_code_is_read_with_its_base_model(table, tiny_llama, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    base = tmp_path / "base"
    shutil.copytree(tiny_llama(), base)
    code = "from transformers import PreTrainedTokenizerFast\n\n\nclass Own(PreTrainedTokenizerFast):\n    pass\n"
    (base / "tokenization_own.py").write_text(code)
    settings = json.loads((base / "tokenizer_config.json").read_text())
    settings |= {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": [None, "tokenization_own.Own"]}}
    (base / "tokenizer_config.json").write_text(json.dumps(settings))
    engine = build_engine(*table, FitConfig(model=str(base), compact=SMALL, trust_remote_code=True))
    run = saved(engine, tmp_path / "run")
    assert not run.has("tokenizer/tokenizer.json") and not list(run.folder.rglob("*.py"))
    back = load_engine(run, table[0], engine.config, device="cpu")
    assert type(back.backbone.tokenizer).__name__ == "Own"
    assert (back.log_prob(table[1]) == engine.log_prob(table[1])).all()
    with pytest.raises(LlmsynthError, match="trust_remote_code"):
        load_engine(run, table[0], replace(engine.config, trust_remote_code=False), device="cpu")


def test_a_base_model_that_moved_is_found_as_it_was_named(table, tiny_llama, tmp_path, monkeypatch):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    shutil.copytree(tiny_llama(), tmp_path / "old" / "base")
    monkeypatch.chdir(tmp_path / "old")
    engine = built(table, "base")
    run = saved(engine, tmp_path / "run")
    shutil.move(tmp_path / "old" / "base", tmp_path / "new" / "base")
    monkeypatch.chdir(tmp_path / "new")
    assert load_engine(run, table[0], engine.config, device="cpu").backbone.source == str(tmp_path / "new" / "base")


def test_other_weights_than_those_of_the_fit_are_refused_by_name(table, tiny_llama, tmp_path):
    shutil.copytree(tiny_llama(), tmp_path / "base")
    engine = built(table, tmp_path / "base")
    run = saved(engine, tmp_path / "run")
    weights = load_file(tmp_path / "base" / "model.safetensors")
    weights = {name: value + 1 for name, value in weights.items()}
    save_file(weights, tmp_path / "base" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RunFolderError, match=r"base/model\.safetensors: differs from the one that this run was fitted"):
        load_engine(run, table[0], engine.config, device="cpu")


@pytest.mark.parametrize("grammar", [[], {}, {"columns": 5}])
def test_a_grammar_of_another_form_is_one_error(table, tmp_path, grammar):
    engine = built(table, "compact")
    with Run.create(tmp_path / "run") as run:
        save_engine(engine, run)
        run.write_json("grammar.json", grammar)
        run.seal({})
    with pytest.raises(RunFolderError, match=r"grammar\.json: "):
        load_engine(Run.open(tmp_path / "run"), table[0], engine.config, device="cpu")
