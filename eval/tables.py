"""The tables as `python -m eval.run` uses them: column roles and splits of the TabSyn/TabDiff protocol.

Where the protocol has the table, rows, columns and split are its own; elsewhere they are those of `data`, whose
hold-outs are larger than a tenth. Knows tables. Refuses to know generators and metrics.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from eval import data

Task = Literal["binclass", "multiclass", "regression"]
FIRST_SEED = 1234
MOST_HELD_OUT = 500
"""Held-out rows of a table that is cut to few rows."""


@dataclass(frozen=True)
class Table:
    """One table, split, with its column roles.

    Attributes
    ----------
    name, title : str
    task : str
        "binclass", "multiclass" or "regression".
    target : str
    numerical, categorical : tuple of str
        Columns but the target.
    train, holdout : DataFrame
        Rows a generator may see, and rows it may not.
    protocol : bool
        Whether split and roles are those of the published protocol.
    half : bool
        Whether this is the split in two halves that the protocol's share of distances is measured on.
    cut : bool
        Whether `train` is a part of the rows there are to learn from.
    """

    name: str
    title: str
    task: Task
    target: str
    numerical: tuple[str, ...]
    categorical: tuple[str, ...]
    train: pd.DataFrame
    holdout: pd.DataFrame
    protocol: bool = False
    half: bool = False
    cut: bool = False

    @property
    def dataset(self) -> data.Dataset:
        """The same for the library's metrics: categories that are numbers are named."""
        roles = [*self.categorical, *(() if self.task == "regression" else (self.target,))]
        named = tuple(name for name in roles if pd.api.types.is_numeric_dtype(self.train[name]))
        return data.Dataset(self.name, self.train, self.holdout, self.target, named)

    def meta(self) -> dict[str, Any]:
        """What a peer is told about the table, as JSON."""
        return {
            "dataset": self.name,
            "task": self.task,
            "target": self.target,
            "numerical": list(self.numerical),
            "categorical": list(self.categorical),
            "rows": len(self.train),
        }

    def fingerprint(self) -> str:
        """A digest of both parts and the roles: results of other rows, columns, splits or roles have another."""
        parts = [frame.to_csv(index=False) for frame in (self.train, self.holdout)]
        parts.append(json.dumps(self.meta()))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def names() -> list[str]:
    """Tables that take part."""
    return [name for name, entry in data.entries().items() if "benchmark" in entry]


def load(name: str, *, half: bool = False) -> Table:
    """Return a table of datasets.yaml.

    Parameters
    ----------
    name : str
        One of `names`.
    half : bool
        Split all rows in two halves, as the protocol does for its share of distances.
    """
    if name not in names():
        raise SystemExit(f"expected one of the tables {', '.join(names())}, got {name!r}")
    entry = data.entry_of(name)
    return prepared(name, data.read(name), entry, half=half)


def prepared(name: str, frame: pd.DataFrame, entry: dict[str, Any], *, half: bool = False) -> Table:
    """Return the table with its roles from an entry of datasets.yaml."""
    rules, target = entry["benchmark"], entry["target"]
    numerical, categorical = tuple(rules["numerical"]), tuple(rules["categorical"])
    chosen = {*numerical, *categorical, target}
    unknown = chosen - set(frame.columns)
    if unknown:
        raise SystemExit(f"{name}: expected the columns of datasets.yaml, {', '.join(sorted(unknown))} are not there")
    frame = frame.iloc[rules.get("skip_rows", 0) :].reset_index(drop=True)
    frame = frame[[column for column in frame.columns if column in chosen]].copy()
    for column in rules.get("ordinal", ()):
        frame[column] = pd.factorize(frame[column], sort=True)[0]
    if "negative" in rules:
        frame[target] = (frame[target] != rules["negative"]).astype(int)
    rows, n_train = _order(frame, rules["split"], target, categorical, half=half)
    train, holdout = (frame.iloc[part].reset_index(drop=True) for part in (rows[:n_train], rows[n_train:]))
    protocol = bool(rules.get("protocol"))
    return Table(name, entry["title"], rules["task"], target, numerical, categorical, train, holdout, protocol, half)


def cut(table: Table, n_rows: int, seed: int) -> Table:
    """Return the table with few rows to learn from, and at most `MOST_HELD_OUT` held out.

    The rows are the first of a permutation by the seed, so that those of a smaller table are among those of a larger
    one. The held-out rows are the same for every number of rows and every seed.

    Parameters
    ----------
    table : Table
    n_rows : int
        From 1 to the number of training rows.
    seed : int
    """
    if not 1 <= n_rows <= len(table.train):
        raise SystemExit(f"{table.name}: expected 1 to {len(table.train):,} rows to learn from, got {n_rows}")
    order = np.random.default_rng([FIRST_SEED, seed]).permutation(len(table.train))[:n_rows]
    train, holdout = table.train.iloc[order].reset_index(drop=True), table.holdout
    if len(holdout) > MOST_HELD_OUT:
        held = np.random.default_rng(FIRST_SEED).permutation(len(holdout))[:MOST_HELD_OUT]
        holdout = holdout.iloc[held].reset_index(drop=True)
    return replace(table, train=train, holdout=holdout, cut=True)


def _order(
    frame: pd.DataFrame, how: dict[str, Any], target: str, categorical: tuple[str, ...], *, half: bool
) -> tuple[np.ndarray, int]:
    """Return row numbers, training rows first, and the number of those."""
    if "stratified" in how:
        shares = (0.5, 0.0, 0.5) if half else tuple(how["stratified"])
        return _stratified(frame[target].to_numpy(), shares)
    if half or "shuffle" in how:
        return _shuffled(frame, categorical, 0.5 if half else float(how["shuffle"]))
    if "first" in how:
        return np.arange(len(frame)), int(how["first"])
    return np.random.default_rng(0).permutation(len(frame)), int(how["permutation"] * len(frame))


def _shuffled(frame: pd.DataFrame, categorical: tuple[str, ...], share: float) -> tuple[np.ndarray, int]:
    """The protocol's rule; once more with the next seed while a category is in the hold-out only."""
    order, n_train, seed = np.arange(len(frame)), int(share * len(frame)), FIRST_SEED
    columns = [pd.factorize(frame[name], use_na_sentinel=False)[0] for name in categorical]
    while True:
        np.random.RandomState(seed).shuffle(order)  # the generator of the published splits
        if all(np.unique(codes[order[:n_train]]).size == codes.max(initial=-1) + 1 for codes in columns):
            return order, n_train
        seed += 1
        if seed > FIRST_SEED + 1000:
            raise SystemExit("expected a split with every category among the training rows, found none in 1,000 seeds")


def _stratified(classes: np.ndarray, shares: tuple[float, ...]) -> tuple[np.ndarray, int]:
    """Train and hold-out of TabDiff's split of Diabetes; the validation rows are in neither."""
    from sklearn.model_selection import train_test_split

    _, validation, test = shares
    rest, held = train_test_split(np.arange(len(classes)), test_size=test, stratify=classes, random_state=42)
    if validation:
        share = validation / (1 - test)
        rest, _ = train_test_split(rest, test_size=share, stratify=classes[rest], random_state=42)
    return np.concatenate([rest, held]), len(rest)
