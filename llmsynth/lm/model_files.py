"""Which model a name means, and whether its folder may be loaded.

A folder with pickled files beside its weights is refused altogether: whoever handed it over may mean them to be loaded
elsewhere. This file knows names and files. It refuses to know what a model does.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from safetensors import SafetensorError, safe_open

from llmsynth.errors import InputError
from llmsynth.lm.embedded import EMBEDDED, ensure_model
from llmsynth.table.schema import nearest

UNSAFE = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".msgpack", ".h5")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)


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
        if name.lower() not in EMBEDDED and not name.lower().endswith(".gguf"):
            near = nearest(name, ("auto", "compact", *EMBEDDED))
            raise InputError(
                f"no model is named {name!r}; {near}{'' if near.endswith('?') else '.'} Or give a model folder, a "
                ".gguf file, or a hub id as owner/name"
            )
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


def refuse_remote_code(folder: Path) -> None:
    """Refuse a model folder whose configuration asks for code that comes with it.

    Raises
    ------
    InputError
        Naming the file; also if one is not JSON.
    """
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
