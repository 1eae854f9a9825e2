"""Tensors to and from safetensors files, the only format of weights that is read or written.

This file knows names and tensors. It refuses to know pickles: a safetensors file holds numbers and nothing that runs.
torch is imported when it is first needed, so that a run folder can be checked without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from llmsynth.errors import RunFolderError

if TYPE_CHECKING:
    import torch


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write named tensors; views and tensors that share memory are written as copies.

    Parameters
    ----------
    path : Path
        Ends in .safetensors.
    tensors : Mapping of str to Tensor
        On any device.
    """
    from safetensors.torch import save_file

    plain: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        own = tensor.detach().cpu().contiguous()
        address = own.untyped_storage().data_ptr()
        if address in seen or own.untyped_storage().nbytes() != own.numel() * own.element_size():
            own = own.clone()
        seen.add(own.untyped_storage().data_ptr())
        plain[name] = own
    path.touch()
    mode = path.stat().st_mode  # that of any new file here; safetensors itself makes files private to the user
    save_file(plain, path)
    path.chmod(mode)


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file, on the CPU.

    Raises
    ------
    RunFolderError
        If the file is missing or is not safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except FileNotFoundError:
        raise RunFolderError(f"{path}: is missing; restore the folder or fit again") from None
    except (SafetensorError, ValueError) as problem:
        raise RunFolderError(f"{path}: is not readable as safetensors ({type(problem).__name__}); fit again") from None


def n_bytes(tensors: Mapping[str, torch.Tensor]) -> int:
    """Return how many bytes the values of the tensors take."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
