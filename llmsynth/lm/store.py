"""A fitted engine in a run folder, and back.

What is written: ``grammar.json`` (cells, text vocabularies), ``head.safetensors`` or ``model.safetensors`` (our own
tensors), and for a pretrained model ``adapter_model.safetensors`` with ``adapter_config.json`` in peft's own form (or
all weights after full fine-tuning) and the tokenizer as JSON, but for one that is Python code of its own: a run folder
holds no code, so that one is read with its base model. The base model is named, not copied: it is found again by
`config.model`. Of a model folder or GGUF file of the user's, ``base.json`` holds the absolute path, so that the run
can be used from another working directory, and the sha256 of the weights, so that other weights are not taken for them.
(Aliases have checksums of their own; a hub's files are the hub's affair.)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from transformers import AutoTokenizer

from llmsynth.config import FitConfig
from llmsynth.errors import RunFolderError
from llmsynth.grammar.encoder import encoder_from_dict
from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary
from llmsynth.lm.backbones import adapt, choose_device, load_backbone, lora_config
from llmsynth.lm.description import as_written
from llmsynth.lm.engine import Engine, build_compact, to_cpu
from llmsynth.lm.gguf_sources import file_sha256
from llmsynth.lm.model_files import find_model
from llmsynth.lm.pretrained import PretrainedModel
from llmsynth.lm.run_folder import Run
from llmsynth.table.schema import Schema

BASE = "base.json"
GRAMMAR, MODEL, HEAD = "grammar.json", "model.safetensors", "head.safetensors"
ADAPTER, ADAPTER_CONFIG, TOKENIZER = "adapter_model.safetensors", "adapter_config.json", "tokenizer"


def save_engine(engine: Engine, run: Run) -> None:
    """Write everything but schema, options and history."""
    run.write_json(GRAMMAR, engine.encoder.to_dict())
    model = engine.model
    if not isinstance(model, PretrainedModel):
        run.write_tensors(MODEL, to_cpu(model.state_dict()))
        return
    assert engine.backbone is not None
    run.write_tensors(HEAD, to_cpu(model.head_state()))
    own = engine.backbone.own_weights
    if own is not None:
        run.write_json(BASE, {"folder": engine.backbone.source, "sha256": own})
    if not _is_code(engine.backbone.tokenizer):
        engine.backbone.tokenizer.save_pretrained(str(run.path(f"{TOKENIZER}/x").parent))
    if engine.config.pretrained.full_fine_tuning:
        run.write_tensors(MODEL, to_cpu(dict(model.causal.named_parameters())))
        return
    from peft import get_peft_model_state_dict

    run.write_tensors(ADAPTER, to_cpu(get_peft_model_state_dict(model.causal)))
    settings = lora_config(engine.config.pretrained.lora).to_dict()
    settings["base_model_name_or_path"] = engine.config.model if own is None else engine.backbone.source
    run.write_json(ADAPTER_CONFIG, {key: _plain(value) for key, value in settings.items()})


def _is_code(tokenizer: object) -> bool:
    """Whether a tokenizer's class came with its model; transformers puts such classes into a package of that name."""
    return type(tokenizer).__module__.partition(".")[0] == "transformers_modules"


def _base_model(run: Run, config: FitConfig) -> str:
    """Name or folder of the base model, whose weights are those of the fit.

    Raises
    ------
    RunFolderError
        Naming the file of weights that differs.
    """
    if not run.has(BASE):
        return config.model
    stored = run.read_json(BASE)
    known = isinstance(stored, dict) and isinstance(stored.get("folder"), str)
    if not known or not isinstance(stored.get("sha256"), dict):
        raise RunFolderError(f"{run.path(BASE)}: expected the folder and sha256 of the base model; fit again")
    folder = Path(stored["folder"])
    if not folder.is_dir():
        # Moved, perhaps together with the run: then it may still be found as it was named.
        folder = Path(find_model(config.model)[0])
    found = {path.name: file_sha256(path) for path in folder.glob("*.safetensors")}
    for name, expected in stored["sha256"].items():
        if found.get(name) != expected:
            state = "differs from the one" if name in found else "is missing, and there was one"
            raise RunFolderError(
                f"{folder / str(name)}: {state} that this run was fitted with; restore the base model or fit again"
            )
    return str(folder)


def _plain(value: object) -> object:
    """JSON-able form of peft's option values (sets and enumerations among them)."""
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    if value is None or isinstance(value, (bool, int, float, str, list, dict)):
        return value
    return str(getattr(value, "value", value))


@contextmanager
def _fitting(name: str) -> Iterator[None]:
    """Tensors of another shape or name than the model's, as one error that names the file."""
    try:
        yield
    except (KeyError, RuntimeError) as error:
        raise RunFolderError(f"{name} does not fit this run's grammar: {str(error).splitlines()[0]}") from error


def load_engine(run: Run, schema: Schema, config: FitConfig, *, device: str = "auto") -> Engine:
    """Inverse of `save_engine`.

    Raises
    ------
    RunFolderError
        If tensors do not fit the grammar, as when files of two runs were mixed, or the base model is another one.
    """
    place = choose_device(device)
    config = replace(config, device=device)
    stored = run.read_json(GRAMMAR)
    if config.model == "compact":
        with as_written(run.path(GRAMMAR)):
            encoder = encoder_from_dict(schema, stored, vocabulary=None, cell_tokens=config.compact.cell_tokens)
        model = build_compact(encoder, config)
        with _fitting(MODEL):
            model.load_state_dict(run.read_tensors(MODEL))
        model.train(False)
        return Engine(model.to(place), encoder, config)
    backbone = load_backbone(_base_model(run, config), config.pretrained, place, remote_code=config.trust_remote_code)
    tokenizer = backbone.tokenizer
    if (run.folder / TOKENIZER).is_dir():
        tokenizer = AutoTokenizer.from_pretrained(str(run.folder / TOKENIZER), local_files_only=True)
    elif not _is_code(tokenizer):
        raise RunFolderError(f"{run.folder / TOKENIZER}: expected the tokenizer of this run; fit again")
    with as_written(run.path(GRAMMAR)):
        encoder = encoder_from_dict(schema, stored, vocabulary=TokenizerVocabulary(tokenizer))
    causal = adapt(backbone.causal, config.pretrained, 0)
    pretrained = PretrainedModel(causal, encoder.grammar, config.pretrained, 0)
    with _fitting(HEAD):
        pretrained.load_head_state(run.read_tensors(HEAD))
    if config.pretrained.full_fine_tuning:
        with _fitting(MODEL):
            causal.load_state_dict(run.read_tensors(MODEL), strict=False)
    else:
        from peft import set_peft_model_state_dict

        with _fitting(ADAPTER):
            set_peft_model_state_dict(causal, run.read_tensors(ADAPTER))
    pretrained.train(False)
    return Engine(pretrained.to(place), encoder, config, replace(backbone, causal=causal, tokenizer=tokenizer))
