"""The benchmark's tables: read, split into train and hold-out, and typed for the metrics.

Knows where the tables are (LLMSYNTH_DATA), that they are the ones that were measured (a digest), and how each is split
(datasets.yaml). Nothing about models or metrics.

    python -m eval.data                      # which tables are there, and whether they are the right ones
    python -m eval.data fetch --from PLACE   # copy what is missing from a folder, or from an address (https://, file://)
                                             # to which the names of the files are appended

No address is built in: the originals (`source`) come in forms of their own, and a digest of ours fits ours only.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pandas as pd
import yaml

SPEC = Path(__file__).with_name("datasets.yaml")


@dataclass(frozen=True)
class Dataset:
    """One table, split."""

    name: str
    train: pd.DataFrame
    """Rows a generator may see."""
    holdout: pd.DataFrame
    """Rows it may not."""
    target: str
    categorical: tuple[str, ...] = ()
    """Numeric columns the metrics compare as categories."""

    def typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with `categorical` columns as categories, for the metrics."""
        return frame.astype(dict.fromkeys(self.categorical, "category")) if self.categorical else frame


def data_folder() -> Path:
    """Return the folder LLMSYNTH_DATA names."""
    folder = os.environ.get("LLMSYNTH_DATA")
    if not folder or not Path(folder).is_dir():
        raise SystemExit("LLMSYNTH_DATA must name the folder that holds the benchmark's tables (adult.csv.gz, ...)")
    return Path(folder)


def entries() -> dict[str, dict[str, Any]]:
    """Return what datasets.yaml says, by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    return found


def entry_of(name: str) -> dict[str, Any]:
    """Return what datasets.yaml says about one table."""
    known = entries()
    if name not in known:
        raise SystemExit(f"expected a table of {SPEC.name} ({', '.join(known)}), got {name!r}")
    return known[name]


def load(name: str) -> Dataset:
    """Return a dataset of datasets.yaml by name, read and split."""
    entry = entry_of(name)
    train, holdout = split(read(name), entry["split"])
    return Dataset(name, train, holdout, entry["target"], tuple(entry["categorical"]))


def read(name: str) -> pd.DataFrame:
    """Return the whole table of that name; an empty field is a missing value."""
    entry = entry_of(name)
    path = data_folder() / entry["file"]
    if not path.is_file():
        raise SystemExit(f"{path}: is not there; LLMSYNTH_DATA names the folder, `python -m eval.data fetch` fills it")
    check(path, entry["sha256"])
    return pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False)


def check(path: Path, sha256: str) -> None:
    """Stop unless the unpacked file has this digest: figures of other rows cannot be compared."""
    found = digest(path)
    if found != sha256:
        raise SystemExit(
            f"{path}: expected the table with SHA-256 {sha256[:12]}... (unpacked), got {found[:12]}...: these are not "
            "the rows that the recorded figures rest on; fetch the file again"
        )


def digest(path: Path) -> str:
    """Return the SHA-256 of a gzipped file's content, so that packing it anew changes nothing."""
    try:
        with gzip.open(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (gzip.BadGzipFile, EOFError):
        return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(name: str, place: str, folder: Path) -> Path:
    """Copy a table from a folder or an address, and keep it only if it is the right one.

    Parameters
    ----------
    name : str
        A table of datasets.yaml.
    place : str
        A folder, or an address with a scheme; the file's name is appended.
    folder : Path
        Where to.
    """
    entry = entry_of(name)
    path, draft = folder / entry["file"], folder / f".{entry['file']}.part"
    if path.is_file() and digest(path) == entry["sha256"]:
        return path
    address = (
        f"{place.rstrip('/')}/{entry['file']}" if "://" in place else (Path(place) / entry["file"]).resolve().as_uri()
    )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with urlopen(address, timeout=60) as source:
            draft.write_bytes(source.read())
        check(draft, entry["sha256"])
        draft.replace(path)
    except OSError as problem:
        raise SystemExit(f"{address}: expected the table {name!r} there ({type(problem).__name__})") from None
    finally:
        draft.unlink(missing_ok=True)
    return path


def split(frame: pd.DataFrame, how: dict[str, float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return train and hold-out rows, both numbered from 0."""
    if "first" in how:
        rows, n_train = np.arange(len(frame)), int(how["first"])
    else:
        rows = np.random.default_rng(0).permutation(len(frame))
        n_train = int(how["permutation"] * len(frame))
    parts = rows[:n_train], rows[n_train:]
    return frame.iloc[parts[0]].reset_index(drop=True), frame.iloc[parts[1]].reset_index(drop=True)


def main(arguments: list[str] | None = None) -> int:
    """List the tables, or fetch those that are missing; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m eval.data", description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["list", "fetch"], nargs="?", default="list")
    parser.add_argument("names", nargs="*", help="all tables if none is named")
    parser.add_argument("--from", dest="place", help="a folder or an address")
    options = parser.parse_args(arguments)
    folder = data_folder()
    if options.action == "fetch" and not options.place:
        parser.error("fetch: expected --from with a folder or an address")
    for name in options.names or entries():
        if options.action == "fetch":
            fetch(name, options.place, folder)
        entry = entry_of(name)
        path = folder / entry["file"]
        state = "missing" if not path.is_file() else "there" if digest(path) == entry["sha256"] else "OTHER ROWS"
        print(f"{name:<20} {state:<11} {entry['licence']}; {entry['source']['name']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
