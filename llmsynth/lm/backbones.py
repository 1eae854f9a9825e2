"""Getting a pretrained causal language model ready: load it and adapt it.

Weights are read from safetensors only, as float32 on a CPU (bfloat16 products crash some virtual machines). On a GPU
that supports it they are bfloat16 where they stay as they are. Code that comes with a model runs only when the caller
says so. Which files may be loaded at all is decided by `model_files`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from transformers.utils import logging as transformers_logging

from llmsynth.config import LoraSettings, PretrainedConfig
from llmsynth.errors import ConfigError, InputError, MissingExtraError
from llmsynth.lm.gguf_sources import file_sha256
from llmsynth.lm.model_files import find_model, refuse_remote_code

CPU_LAYERS = 10


@dataclass(frozen=True, eq=False)
class Backbone:
    """A loaded model with its tokenizer.

    Parameters
    ----------
    causal : transformers.PreTrainedModel
        Not adapted yet.
    tokenizer : transformers.PreTrainedTokenizerBase
        Its tokenizer.
    source : str
        Folder or hub id it was loaded from.
    is_own : bool
        Whether it was loaded from a folder or file of the user's, and by no alias or hub id.
    """

    causal: Any
    tokenizer: Any
    source: str
    is_own: bool = False

    @cached_property
    def own_weights(self) -> dict[str, str] | None:
        """sha256 of each file of weights of the user's own; None of an alias or a hub id."""
        if not self.is_own:
            return None
        return {path.name: file_sha256(path) for path in sorted(Path(self.source).glob("*.safetensors"))}


def choose_device(name: str) -> torch.device:
    """Device for a name; "auto" prefers CUDA, then the CPU.

    Raises
    ------
    ConfigError
        If there is no such device here; names those that are.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if gpus else "cpu")
    there = ["cpu", *(["cuda"] if gpus else []), *(f"cuda:{number}" for number in range(gpus))]
    if torch.backends.mps.is_available():
        there.append("mps")
    if name not in there:
        raise ConfigError(f"device: expected auto, or one that torch finds here ({', '.join(there)}), got {name!r}")
    return torch.device(name)


def load_backbone(name: str, config: PretrainedConfig, device: torch.device, *, remote_code: bool = False) -> Backbone:
    """Load a causal language model and its tokenizer.

    Parameters
    ----------
    name : str
        Alias, folder, GGUF file or hub id.
    config : PretrainedConfig
        Depth, quantisation, checkpointing.
    device : torch.device
        Where to put it.
    remote_code : bool
        Allow code that comes with the model.

    Raises
    ------
    InputError
        If the model cannot be found or read, wants remote code, or 4-bit weights are asked for without a GPU.
    MissingExtraError
        If its weights or its settings need a package that is not installed, such as bitsandbytes for 4-bit weights.
    """
    quantized = _quantized(config, device)  # refused before a model is fetched or converted for it
    source, local = find_model(name)
    if local and not remote_code:
        refuse_remote_code(Path(source))
    with _loading(name), _quiet():
        causal, tokenizer = _load(source, local, config, device, remote_code, quantized)
        if config.quantization == "none":
            causal = causal.to(device)
    if config.gradient_checkpointing:
        # transformers 5 renamed it; both names are public, in turn.
        enable = getattr(causal, "activation_checkpointing_enable", None) or causal.gradient_checkpointing_enable
        enable()
    return Backbone(causal, tokenizer, source, Path(name).is_dir() or name.lower().endswith(".gguf"))


def _load(
    source: str,
    local: bool,
    config: PretrainedConfig,
    device: torch.device,
    remote_code: bool,
    quantized: dict[str, Any],
) -> Any:
    """(model, tokenizer), with every weight of the kept layers read from the files."""
    settings = AutoConfig.from_pretrained(source, trust_remote_code=remote_code, local_files_only=local)
    depth, whole = kept_layers(config, device), settings.get_text_config().num_hidden_layers
    if depth is not None:
        _keep_layers(settings.get_text_config(), depth)
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        source,
        config=settings,
        dtype=_dtype(config, device),
        use_safetensors=True,
        trust_remote_code=remote_code,
        local_files_only=local,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # refused below, by name
        **quantized,
    )
    causal, found = loaded
    absent = sorted(found["missing_keys"])
    if absent:
        raise ValueError(f"its files lack {len(absent)} weights that the model needs, such as {absent[0]}")
    other = sorted(str(key[0]) for key in found["mismatched_keys"])
    if other and depth is not None and depth < whole:
        raise InputError(
            f"model {source!r} cannot be cut to its first {depth} of {whole} layers: {other[0]} holds something of all "
            "of them. Keep all, with `pretrained: {num_hidden_layers: null}` in a recipe"
        )
    if other:
        raise InputError(
            f"model {source!r}: config.json does not fit the weights: {len(other)} have another shape, such as "
            f"{other[0]}. Take both from the same model"
        )
    return causal, AutoTokenizer.from_pretrained(source, trust_remote_code=remote_code, local_files_only=local)


@contextmanager
def _loading(name: str) -> Iterator[None]:
    """Whatever is wrong with a model's files, as one error that names the model."""
    try:
        yield
    except (InputError, torch.OutOfMemoryError):
        raise
    except ImportError as error:
        raise MissingExtraError(
            f"model {name!r}: it needs a package that is not there: {_first_line(error)}. Install that, or choose a "
            "model of plain weights and ordinary attention, which needs none"
        ) from error
    except (OSError, ValueError, StrictDataclassError) as error:
        raise InputError(
            f"model {name!r}: expected an alias (smollm2-135m), a model folder, a .gguf file or a hub id that can be "
            f"reached; {_first_line(error)}"
        ) from error
    except Exception as error:  # the boundary: a damaged file ends in whatever its reader stumbles over
        raise InputError(
            f"model {name!r}: expected config, weights and tokenizer that transformers can read; it fails with "
            f"{type(error).__name__}: {_first_line(error)}. Download the model anew, or choose another"
        ) from error


def _first_line(error: Exception) -> str:
    lines = [line.strip(" .") for line in str(error).splitlines()]
    return next(filter(None, lines), type(error).__name__)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' loading bar and its report of the layers that were left out on purpose.

    What the report could warn of, weights that are not in the files, is an error of ours.
    """
    level, bar = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        if bar:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def kept_layers(config: PretrainedConfig, device: torch.device) -> int | None:
    """Decoder layers to keep; None keeps all."""
    if isinstance(config.num_hidden_layers, str):
        return CPU_LAYERS if device.type == "cpu" and not config.full_fine_tuning else None
    return config.num_hidden_layers


def _keep_layers(settings: Any, depth: int) -> None:
    cut = max(0, settings.num_hidden_layers - depth)
    settings.num_hidden_layers -= cut
    if getattr(settings, "num_kv_shared_layers", 0):  # the last ones, which take the keys and values of earlier ones
        settings.num_kv_shared_layers = max(0, settings.num_kv_shared_layers - cut)
    if getattr(settings, "layer_types", None):  # one for each layer, where a model mixes kinds of attention
        with suppress(AttributeError):  # some derive them from the number of layers
            settings.layer_types = settings.layer_types[: settings.num_hidden_layers]


def context_of(causal: Any) -> int | None:
    """Most positions a model was made for; None where it has no such limit (some say so with -1).

    With "longrope" it is the limit before the extension: beyond it all positions of a batch are turned otherwise, those
    of its short rows too, so that a row would depend on its neighbours.
    """
    settings = causal.config.get_text_config()
    rope = getattr(settings, "rope_parameters", None) or {}
    found = getattr(settings, "max_position_embeddings", None)
    if rope.get("rope_type") == "longrope":
        found = rope.get("original_max_position_embeddings") or found
    return None if found is None or int(found) < 1 else int(found)


def _dtype(config: PretrainedConfig, device: torch.device) -> torch.dtype:
    """Weights that are trained themselves stay float32: a step is smaller than what bfloat16 can add to them."""
    if device.type == "cuda" and not config.full_fine_tuning and torch.cuda.is_bf16_supported():
        return torch.bfloat16
    return torch.float32


def _quantized(config: PretrainedConfig, device: torch.device) -> dict[str, Any]:
    if config.quantization == "none":
        return {}
    if device.type != "cuda":
        raise InputError(
            f"quantization: 4bit needs a CUDA device, got {device.type}. Fit with quantization none; a run that was "
            "fitted with 4bit can only be loaded where there is a CUDA device"
        )
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("4-bit weights need bitsandbytes: pip install bitsandbytes") from error
    quantization: Any = BitsAndBytesConfig
    settings = quantization(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=_dtype(config, device),
    )
    return {"quantization_config": settings, "device_map": {"": device}}


def adapt(causal: Any, config: PretrainedConfig, seed: int) -> Any:
    """Make the model trainable: LoRA adapters by peft, or all of its weights.

    Raises
    ------
    InputError
        If `target_modules` names no layer of this model.
    """
    if config.full_fine_tuning:
        causal.requires_grad_(True)
        return causal
    from peft import get_peft_model, prepare_model_for_kbit_training

    if config.quantization != "none":
        prepare: Any = prepare_model_for_kbit_training
        causal = prepare(causal, use_gradient_checkpointing=config.gradient_checkpointing)
    elif config.gradient_checkpointing:
        causal.enable_input_require_grads()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        try:
            with warnings.catch_warnings():
                # peft 0.21 asks transformers 5.23 by an old name, and puts right by itself what it says of GPT-2's
                # layers; nothing a user could do about either.
                warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
                warnings.filterwarnings("ignore", "fan_in_fan_out is set to False", UserWarning)
                return get_peft_model(causal, lora_config(config.lora))
        except ValueError as error:
            raise InputError(
                f"target_modules: {_first_line(error)}. Name other layers, or choose a decoder of attention layers "
                "alone, such as smollm2-135m"
            ) from error


def lora_config(settings: LoraSettings) -> Any:
    """peft's configuration for our settings, which carry the same names."""
    from peft import LoraConfig, TaskType

    modules = settings.target_modules
    return LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=settings.r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=modules if isinstance(modules, str) else list(modules),
        use_rslora=settings.use_rslora,
        bias=settings.bias,
    )
