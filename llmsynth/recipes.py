"""Recipes by name or by path: `FitConfig` written as YAML.

This file knows where the shipped recipes are. It refuses to know what is in them. They live in `training/` of the
source tree, so that a change of a recipe stands out in a diff, and inside the package as `_training` once installed
from a wheel; an editable install finds the former.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from llmsynth.config import FitConfig
from llmsynth.config_fields import nearest
from llmsynth.errors import ConfigError
from llmsynth.yaml_files import read_yaml


def shipped_folder(name: str) -> Path:
    """Return a folder of text that ships with the package.

    Parameters
    ----------
    name : str
        Such as ``"training"``.

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        If the installation is incomplete.
    """
    package = Path(str(files("llmsynth")))
    for folder in (package / f"_{name}", package.parent / name):
        if folder.is_dir():
            return folder
    raise ConfigError(f"the folder {name!r} that ships with llmsynth is missing; install the package again")


def recipe_names() -> list[str]:
    """Return the names of the shipped recipes, sorted.

    Returns
    -------
    list of str

    Examples
    --------
    >>> "compact-cpu" in recipe_names()
    True
    """
    return sorted(path.stem for path in shipped_folder("training").glob("*.yaml"))


def load_recipe(name_or_path: str | os.PathLike[str]) -> FitConfig:
    """Read a recipe by its shipped name or from a YAML file.

    Parameters
    ----------
    name_or_path : str or Path
        A name that `recipe_names` lists, or a path that ends in .yaml or .yml or exists.

    Returns
    -------
    FitConfig
        Without leave to run code that comes with a model, whatever the file says: that is given by typing it.

    Raises
    ------
    ConfigError
        If there is no such recipe (the nearest name is suggested), or an option in it is unknown or impossible.
    """
    text = os.fspath(name_or_path)
    names = recipe_names()
    if text in names:
        path = shipped_folder("training") / f"{text}.yaml"
    elif Path(text).is_file() or text.endswith((".yaml", ".yml")):
        path = Path(text)
    else:
        raise ConfigError(f"no recipe named {text!r} and no such file; {nearest(text, names)}")
    values = read_yaml(path)
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path}: expected a mapping of options; see the recipes {', '.join(names)}")
    try:
        return replace(FitConfig.from_mapping(values), trust_remote_code=False)
    except ConfigError as problem:
        raise ConfigError(f"{path}: {problem}") from None
