"""Sequential trees: each column is drawn from a tree on the columns before it, as synthpop does.

A row falls into a leaf of the column's tree and takes the value of one of the training rows there (Reiter 2005, "Using
CART to generate partially synthetic, public use microdata", Journal of Official Statistics 21; Nowok, Raab and Dibben
2016 for synthpop). Trees find what a copula cannot say: that a charge depends on age in one way for smokers and in
another for everyone else. Several sequences are grown, every second one in a random column order, each on a bootstrap
sample; each gives its share of the rows. All training rows are donors, also those a tree was not grown on, so a leaf
holds what new rows would bring and not only what it was fitted to. A number that does not repeat moves a little
(`cart_columns`), so that a rare value that lies apart from all others comes out as it went in by chance only. Whole
numbers with no gap between them do come out exactly, as do levels.

Leaves decide how close rows come. On Insurance (1,000 rows, mean of three seeds) leaves of 5, 20 and 40 rows give a
C2ST AUC of 0.32, 0.41 and 0.48 (below one half: near-copies) at a TSTR R2 of 0.79, 0.76 and 0.77 (real 0.80); on 5,000
rows of Magic leaves of 20 and 40 give an AUC of 0.50 and 0.56. So small tables have large leaves. One sequence with
leaves of 5 and unmoved values, near synthpop's defaults, gives 0.42 there.

ForestDiffusion (Jolicoeur-Martineau, Fatras and Kachman 2024, arXiv 2309.09968) boosts trees on 100 noisy copies of the
table at each of 50 noise levels. It was left out for that cost; its quality was not measured. `eval/LOG.md` has more.

A condition is refused: given one, the columns before it would have to be drawn from a law that trees do not hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmsynth.baselines.cart_columns import CartColumn
from llmsynth.baselines.cart_steps import CartStep, grow_step
from llmsynth.baselines.features import Drawn, Feature, IntArray
from llmsynth.baselines.method import Features, Fitted, Method, Task, Tensors
from llmsynth.baselines.option_checks import check_at_least, check_whole

MOST_ROWS = 16_384
"""Rows that a tree is grown on; all rows are donors."""
FEW_ROWS = 2_000
"""Training rows up to which leaves are large: leaves of 20 rows repeat so small a table."""
COLUMN_PARTS = ("distinct", "ranks", "smooth")
STEP_PARTS = ("nodes", "thresholds", "begins", "donors", "places")


@dataclass(frozen=True)
class TreeOptions:
    """Options of the sequential trees."""

    min_leaf: int | None = None
    """Rows of a leaf: fewer follow the table more closely, and then repeat its rows. None: 40 where there are at most
    2,000 training rows, 20 where there are more."""
    sequences: int = 5
    """Sequences of trees, one tree per column in each; time and memory grow with it."""
    reach: float = 0.002
    """How far a number that does not repeat moves to either side, as a share of such values in its column, at least
    half the way to the next; 0 returns the training rows' own values."""

    def __post_init__(self) -> None:
        check_whole(1, sequences=self.sequences)
        if self.min_leaf is not None:
            check_whole(1, min_leaf=self.min_leaf)
        check_at_least(0.0, reach=self.reach)

    def leaf_rows(self, n_rows: int) -> int:
        """Least rows of a leaf for a table of so many."""
        return self.min_leaf or (40 if n_rows <= FEW_ROWS else 20)


@dataclass(frozen=True, eq=False)
class Tree:
    """Grown trees.

    Parameters
    ----------
    columns : tuple of CartColumn
        By feature.
    orders : ndarray of int64, shape (n_sequences, n_columns)
        In which order each sequence draws the columns.
    steps : tuple of tuple of CartStep
        The trees of each sequence, in that order.
    reach : float
        As in the options.
    """

    columns: tuple[CartColumn, ...]
    orders: IntArray
    steps: tuple[tuple[CartStep, ...], ...]
    reach: float

    def sample(self, n: int, rng: np.random.Generator) -> list[Drawn]:
        """See `Fitted.sample`; every sequence gives as many rows as the next."""
        counts = n // len(self.steps) + (rng.permutation(len(self.steps)) < n % len(self.steps))
        parts = [self._sequence(at, count, rng) for at, count in enumerate(counts.tolist())]
        rows = np.concatenate(parts, axis=1)[:, rng.permutation(n)]
        return [column.drawn(codes, self.reach, rng) for column, codes in zip(self.columns, rows, strict=True)]

    def _sequence(self, at: int, n: int, rng: np.random.Generator) -> IntArray:
        codes = np.empty((len(self.columns), n), dtype=np.int64)
        order = self.orders[at].tolist()
        for done, (place, step) in enumerate(zip(order, self.steps[at], strict=True)):
            before = order[:done]
            codes[place] = step.draw([self.columns[own] for own in before], [codes[own] for own in before], n, rng)
        return codes

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Fitted.state`: values of each column and of each leaf, and no training row."""
        tensors: Tensors = {"orders": self.orders}
        for place, column in enumerate(self.columns):
            tensors.update({f"{place}.{name}": getattr(column, name) for name in COLUMN_PARTS})
        for at, steps in enumerate(self.steps):
            for done, step in enumerate(steps):
                tensors.update({f"{at}.{done}.{name}": getattr(step, name) for name in STEP_PARTS})
        return tensors, {}


def fit_tree(task: Task, options: TreeOptions) -> Tree:
    """Grow the trees."""
    rng = np.random.default_rng(task.seed)
    columns, codes = zip(*(CartColumn.read(feature) for feature in task.features), strict=True)
    n_rows, n_columns = codes[0].size, len(columns)
    orders, sequences = [], []
    for number in range(options.sequences):
        order = rng.permutation(n_columns) if number % 2 else np.arange(n_columns)
        grown = rng.integers(0, n_rows, min(n_rows, MOST_ROWS))
        steps = []
        for done in range(1, n_columns + 1):
            places = order[:done].tolist()
            own = [columns[place] for place in places], [codes[place] for place in places]
            steps.append(grow_step(*own, grown, options.leaf_rows(n_rows), rng))
            task.progress(number * n_columns + done, options.sequences * n_columns, "trees")
        orders.append(order)
        sequences.append(tuple(steps))
    return Tree(columns, np.array(orders, dtype=np.int64), tuple(sequences), options.reach)


def _load(features: Features, options: TreeOptions, tensors: Tensors, meta: Mapping[str, Any]) -> Fitted:
    def parts(prefix: str, names: Sequence[str]) -> list[Any]:
        return [tensors[f"{prefix}.{name}"] for name in names]

    def column(place: int, feature: Feature) -> CartColumn:
        distinct, ranks, smooth = parts(str(place), COLUMN_PARTS)
        return CartColumn(distinct, ranks, smooth, feature.is_number)

    columns = tuple(column(place, feature) for place, feature in enumerate(features))
    orders: IntArray = tensors["orders"]
    steps = tuple(
        tuple(CartStep(*parts(f"{at}.{done}", STEP_PARTS)) for done in range(len(columns))) for at in range(len(orders))
    )
    return Tree(columns, orders, steps, options.reach)


METHOD = Method(
    name="tree",
    summary="each column drawn from a tree on the columns before it, as synthpop does",
    options=TreeOptions,
    fit=fit_tree,
    load=_load,
)
