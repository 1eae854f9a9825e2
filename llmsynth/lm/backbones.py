"""Getting a pretrained causal language model ready: find it, load it safely, adapt it.

Weights are read from safetensors only, as float32 on a CPU (bfloat16 products crash some virtual machines). On a GPU
that supports it they are bfloat16 where they stay as they are. A folder with pickled files beside them is refused
altogether: whoever handed it over may mean them to be loaded elsewhere. Code that comes with a model runs only when the
caller says so.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from transformers.utils import logging as transformers_logging

from llmsynth.config import LoraSettings, PretrainedConfig
from llmsynth.errors import InputError, MissingExtraError
from llmsynth.lm.embedded import ensure_model

CPU_LAYERS = 10
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
UNSAFE = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".msgpack", ".h5")


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
    """

    causal: Any
    tokenizer: Any
    source: str


def choose_device(name: str) -> torch.device:
    """Device for a name; "auto" prefers CUDA, then the CPU.

    Raises
    ------
    InputError
        If the name is no device, or a CUDA device is asked for and there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"device: expected auto, cpu, cuda, cuda:1 or mps, got {name!r}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device: expected one that is there, got {name!r} but no CUDA device is visible; use 'cpu'")
    return device


def find_model(name: str) -> tuple[str, bool]:
    """Folder (or hub id) of a model name, and whether it is local.

    An alias or a GGUF file is converted once and cached; a folder is used where it is, by its absolute path; anything
    else is a hub id.

    Raises
    ------
    InputError
        As `check_model_folder`; or if the name is a path at which there is no folder.
    """
    if Path(name).is_dir():
        check_model_folder(Path(name))
        return str(Path(name).absolute()), True
    if name.lower().endswith(".gguf") or not ("/" in name or "\\" in name):
        return str(ensure_model(name)), True
    if _HUB_ID.fullmatch(name) is None:
        raise InputError(
            f"{name}: no such model folder; expected an alias (smollm2-135m), a folder with config.json and "
            "*.safetensors, a .gguf file, or a hub id as owner/name"
        )
    return name, False


def check_model_folder(folder: Path) -> None:
    """Refuse a model folder with files that can run code, without readable safetensors, or without config.

    Raises
    ------
    InputError
        Naming the file.
    """
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: expected a model folder with config.json; there is none")
    unsafe = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in UNSAFE)
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        found = f"only {unsafe[0]}, which is never loaded (it can run code)" if unsafe else "none"
        raise InputError(
            f"{folder}: expected weights as *.safetensors, found {found}. "
            "Convert them with transformers' save_pretrained in an environment you trust"
        )
    if unsafe:
        raise InputError(
            f"{folder / unsafe[0]}: files ending in {Path(unsafe[0]).suffix} can run code and are never loaded; "
            "move it out of the model folder, whose weights are in *.safetensors"
        )
    for path in weights:
        _check_weights(path)


def _check_weights(path: Path) -> None:
    """Read the header of a safetensors file, which says how long the file must be."""
    try:
        with safe_open(path, framework="pt"):
            pass
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path}: is not a whole safetensors file ({type(error).__name__}); it was cut or changed. Copy it again"
        ) from error


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
        If the model cannot be found, wants remote code, or 4-bit weights are asked for without a GPU.
    MissingExtraError
        If 4-bit weights are asked for and bitsandbytes is not installed.
    """
    quantized = _quantized(config, device)  # refused before a model is fetched or converted for it
    source, local = find_model(name)
    if local and not remote_code:
        _refuse_remote_code(Path(source))
    try:
        with _quiet():
            causal, tokenizer = _load(source, local, config, device, remote_code, quantized)
    except InputError:
        raise
    except (OSError, ValueError, StrictDataclassError) as error:
        raise InputError(
            f"model {name!r}: expected an alias (smollm2-135m), a model folder, a .gguf file or a hub id that can be "
            f"reached; {str(error).splitlines()[0]}"
        ) from error
    if config.quantization == "none":
        causal = causal.to(device)
    if config.gradient_checkpointing:
        # transformers 5 renamed it; both names are public, in turn.
        enable = getattr(causal, "activation_checkpointing_enable", None) or causal.gradient_checkpointing_enable
        enable()
    return Backbone(causal, tokenizer, source)


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
    depth = kept_layers(config, device)
    if depth is not None:
        settings.num_hidden_layers = min(depth, settings.num_hidden_layers)
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
    if other:
        raise InputError(
            f"model {source!r}: config.json does not fit the weights: {len(other)} have another shape, such as "
            f"{other[0]}. Take both from the same model"
        )
    return causal, AutoTokenizer.from_pretrained(source, trust_remote_code=remote_code, local_files_only=local)


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


def _dtype(config: PretrainedConfig, device: torch.device) -> torch.dtype:
    """Weights that are trained themselves stay float32: a step is smaller than what bfloat16 can add to them."""
    if device.type == "cuda" and not config.full_fine_tuning and torch.cuda.is_bf16_supported():
        return torch.bfloat16
    return torch.float32


def _refuse_remote_code(folder: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{path.name} of the model folder is not valid JSON; restore the folder") from error
        if isinstance(content, dict) and "auto_map" in content:
            raise InputError(
                f"{path.name} of the model folder asks to run Python code that comes with the model (auto_map). "
                "Read that code first; then allow it with trust_remote_code=True / --trust-remote-code"
            )


def _quantized(config: PretrainedConfig, device: torch.device) -> dict[str, Any]:
    if config.quantization == "none":
        return {}
    if device.type != "cuda":
        raise InputError("quantization: 4bit needs a CUDA device; use quantization none on this machine")
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
                # peft 0.21 asks transformers 5.23 by an old name; nothing a user could do about.
                warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
                return get_peft_model(causal, lora_config(config.lora))
        except ValueError as error:
            raise InputError(f"target_modules: {str(error).splitlines()[0]}") from error


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
