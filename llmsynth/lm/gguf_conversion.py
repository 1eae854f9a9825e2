"""From one GGUF file to a plain Hugging Face model folder.

This file knows how to ask transformers to read a GGUF file and what must be undone afterwards. It refuses to know where
the file came from and where the folder will live; `embedded.py` decides both.

transformers dequantises a GGUF file on load but refuses to save the result, because its configuration still says
"quantised". So the tensors are copied into a fresh model with a clean configuration, in float32: the values of 4-bit
blocks (scale times code plus offset) are exact there and in no shorter format.

It runs as a child process (``python -m llmsynth.lm.gguf_conversion FILE FOLDER``): reading takes several times the
memory of the result, which goes back to the system when the child ends, and the progress bar of transformers can be
switched by an environment variable without touching the caller's settings.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from llmsynth.errors import InputError

_CHILD_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore",
}
_REFUSED = 2


def convert_gguf(source: Path, folder: Path, *, show_progress: bool = False) -> None:
    """Convert a GGUF file in a child process.

    Parameters
    ----------
    source : Path
        The GGUF file.
    folder : Path
        An existing, empty folder; it receives config.json, model.safetensors and the tokenizer's files.
    show_progress : bool, default False
        Let transformers draw its progress bar on stderr.

    Raises
    ------
    InputError
        If the file is not GGUF, or of an architecture transformers cannot read.
    """
    check_gguf(source)
    environment = {**os.environ, **_CHILD_ENVIRONMENT, "TQDM_DISABLE": "" if show_progress else "1"}
    command = [sys.executable, "-m", "llmsynth.lm.gguf_conversion", str(source.absolute()), str(folder.absolute())]
    child = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if show_progress else subprocess.PIPE,
        check=False,
    )
    if child.returncode:
        said = child.stdout.decode("utf-8", "replace").strip() if child.returncode == _REFUSED else ""
        why = said or f"the converting process ended with code {child.returncode}; is there enough memory?"
        raise InputError(f"{source.name}: cannot be converted: {why}")


def check_gguf(source: Path) -> None:
    """Raise an `InputError` unless the file exists and begins like a GGUF file.

    Parameters
    ----------
    source : Path
        The file.

    Raises
    ------
    InputError
        Saying what was found instead.
    """
    try:
        with source.open("rb") as file:
            start = file.read(4)
    except OSError as problem:
        raise InputError(f"{source}: expected a GGUF file; {problem.strerror}") from None
    if start != b"GGUF":
        raise InputError(f"{source}: expected a GGUF file, but it does not begin with the letters GGUF")


def convert_here(source: Path, folder: Path) -> None:
    """Convert a GGUF file in this process.

    Parameters
    ----------
    source : Path
        The GGUF file.
    folder : Path
        Receives config.json, model.safetensors and the tokenizer's files.

    Raises
    ------
    ValueError, OSError
        Whatever transformers raises on a file it cannot read.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    read = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name)
    settings = {name: value for name, value in read.config.to_dict().items() if name != "quantization_config"}
    config = type(read.config).from_dict({**settings, "_name_or_path": ""})
    plain = type(read)(config)  # float32, torch's default
    plain.load_state_dict(read.state_dict(), strict=True)
    plain.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    longest = getattr(config, "max_position_embeddings", None)
    if longest:
        tokenizer.model_max_length = longest
    tokenizer.save_pretrained(folder)


def main() -> int:
    """Convert the file named on the command line; exit code 2 and one line on stdout when it cannot be read."""
    source, folder = map(Path, sys.argv[1:3])
    try:
        convert_here(source, folder)
    except Exception as problem:  # the boundary: tokenizers raises bare `Exception`, gguf whatever numpy does
        lines = str(problem).strip().splitlines() or [type(problem).__name__]
        print(lines[0])
        return _REFUSED
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
