"""Rows given a condition: the model's own P(row | condition), with no rejection and an exact count.

The columns that the condition names are written first, each kept inside its set (`lm.restriction`); the probability of
what was left out is the weight of such a beginning. Beginnings are drawn in blocks, more than are needed, and resampled
in proportion to their weights (sampling importance resampling, Rubin 1988; systematic resampling, Kitagawa 1996); then
the other columns are written given them. A condition with *or* is a union of disjoint boxes: all boxes put their
weighted beginnings into one pool, which weighs each box by its probability.

The mean weight estimates the probability of the condition. How uneven the weights are is told by the effective sample
size, (sum w)**2 / sum w**2 (Kong 1992): for a condition on one column written by one token all weights are equal and
nothing is lost. A block whose effective sample size is below the number of rows it must give draws more, up to
`MOST_DRAWN` beginnings, and fails below `LEAST_EFFECTIVE`.

A row depends on the seed, its number and the condition: blocks are of fixed size, so the first rows of a long sample
are those of a short one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import InputError
from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.encoder import decode_column
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.request import Request, Values
from llmsynth.lm.restriction import Restriction, never_missing, only_missing, restrict
from llmsynth.sample.report import ConditionTally
from llmsynth.sample.sampler import Sampler
from llmsynth.seeding import derive, generator, uniforms
from llmsynth.table.boxes import Box
from llmsynth.table.cell_cover import CellCover, cover
from llmsynth.table.codec import NumberCodec
from llmsynth.table.decimals import round_significant
from llmsynth.table.dtypes import Physical
from llmsynth.table.value_sets import ValueSet

FloatArray = npt.NDArray[np.float64]
BLOCK = 512
"""Rows of a block."""
OVERDRAWN = 4
"""Beginnings drawn at first for each row of a block, all boxes together."""
LEAST_PER_BOX = 64
MOST_DRAWN = 64 * BLOCK
LEAST_EFFECTIVE = 32.0


@dataclass(frozen=True)
class ConditionEstimate:
    """What is known of a condition's probability.

    Parameters
    ----------
    probability : float
        Of the condition under the model, in [0, 1].
    standard_error : float
        Of `probability`; 0 where every weight is the same.
    effective_sample_size : float
        Equally weighted rows that the weighted beginnings are worth.
    n_drawn : int
        Beginnings drawn.
    """

    probability: float
    standard_error: float
    effective_sample_size: float
    n_drawn: int


@dataclass(frozen=True, eq=False)
class _Pool:
    """Weighted beginnings of all boxes."""

    values: dict[int, Values]
    box: IntArray
    log_weight: FloatArray
    n_per_box: int

    @property
    def weight(self) -> FloatArray:
        """Weights over the largest one."""
        return np.asarray(np.exp(self.log_weight - self.log_weight.max()))

    @property
    def log_weight_by_box(self) -> FloatArray:
        """Shape (n_boxes, n_per_box)."""
        return self.log_weight.reshape(-1, self.n_per_box)

    @property
    def effective_sample_size(self) -> float:
        weight = self.weight
        return float(weight.sum() ** 2 / (weight**2).sum())


@dataclass(frozen=True, eq=False)
class Beginnings:
    """Beginnings of a block of rows, drawn given the condition.

    Parameters
    ----------
    request : Request
        The columns that the condition names are given, the others are to be written.
    table : dict of str to Physical
        Values of the former.
    log_weight_by_box : ndarray of float64, shape (n_boxes, n_per_box)
        Log weights of the beginnings they were chosen from.
    """

    request: Request
    table: dict[str, Physical]
    log_weight_by_box: FloatArray


@dataclass(frozen=True, eq=False)
class Conditional:
    """Draws rows that lie in a union of boxes.

    Parameters
    ----------
    sampler : Sampler
        A fitted model's.
    decoder : RowDecoder
        Its decoder, with the temperatures to use.
    boxes : sequence of Box
        From `compile_condition`; at least one.
    """

    sampler: Sampler
    decoder: RowDecoder
    boxes: Sequence[Box]

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Columns that some box constrains; all boxes write them first, so all share one joint distribution."""
        named = {name for box in self.boxes for name in box.sets}
        return tuple(place for place, column in enumerate(self.sampler.encoder.columns) if column.name in named)

    @cached_property
    def _restrictions(self) -> list[dict[int, Restriction]]:
        return [{place: self._restriction(place, values) for place, values in self._sets(box)} for box in self.boxes]

    @cached_property
    def _covers(self) -> list[dict[int, CellCover]]:
        covers: list[dict[int, CellCover]] = []
        for box in self.boxes:
            own = {}
            for place, values in self._sets(box):
                codec = self.sampler.encoder.codecs[place]
                if isinstance(codec, NumberCodec):
                    own[place] = cover(codec.cells, values.intervals or ())
            covers.append(own)
        return covers

    def _sets(self, box: Box) -> list[tuple[int, ValueSet]]:
        columns = self.sampler.encoder.columns
        return [(place, box.sets[columns[place].name]) for place in self.places if columns[place].name in box.sets]

    def _restriction(self, place: int, values: ValueSet) -> Restriction:
        grammar, codec = self.sampler.encoder.grammar.columns[place], self.sampler.encoder.codecs[place]
        if codec is None:
            return only_missing(grammar) if values.missing else never_missing(grammar)
        share = np.zeros(codec.n_codes + 1)
        share[-1] = float(values.missing)
        if isinstance(codec, NumberCodec):
            share[:-1] = cover(codec.cells, values.intervals or ()).share
        else:
            share[sorted(values.codes or ())] = 1.0
        return restrict(grammar, share)

    def _draw(self, seed: int, n_per_box: int, start: int) -> _Pool:
        values: dict[int, list[Values]] = {place: [] for place in self.places}
        weights = []
        rows, size = start + np.arange(n_per_box, dtype=np.int64), self.sampler.batch_size
        for number, within in enumerate(self._restrictions):
            request, own = Request(self.places, within=within), derive(seed, "box", number)
            # Memory is made for so many rows at once, whatever the number of beginnings.
            for begin in range(0, n_per_box, size):
                made = self.decoder.decode_rows(rows[begin : begin + size], own, request=request)
                for place in self.places:
                    values[place].append(made.values[place])
                weights.append(made.log_weight)
        joined = {place: np.concatenate(parts) for place, parts in values.items()}
        box = np.repeat(np.arange(len(self.boxes), dtype=np.int64), n_per_box)
        return _Pool(joined, box, np.concatenate(weights), n_per_box)

    def estimate(self, n_draws: int, seed: int) -> ConditionEstimate:
        """Probability of the condition from at least `n_draws` beginnings."""
        per_box = max(LEAST_PER_BOX, -(-n_draws // len(self.boxes)))
        if not self.places:
            return ConditionEstimate(1.0, 0.0, float(n_draws), 0)
        pool = self._draw(derive(seed, "probability"), per_box, 0)
        tally = ConditionTally()
        tally.add(pool.log_weight_by_box, 0)
        found = tally.report()
        return ConditionEstimate(found.probability, found.standard_error, found.effective_sample_size, found.n_drawn)

    def iterate(self, n_samples: int, seed: int, tally: ConditionTally | None = None) -> Iterator[pd.DataFrame]:
        """Yield `n_samples` rows in all, block by block.

        Parameters
        ----------
        n_samples : int
            0 yields one empty frame.
        seed : int
            Seed.
        tally : ConditionTally, optional
            Counts each block before it is yielded.

        Raises
        ------
        InputError
            If the weights stay too uneven, with the numbers, or `n_samples` is negative.
        """
        if n_samples < 0:
            raise InputError(f"n_samples: expected 0 or more, got {n_samples!r}")
        tally = tally or ConditionTally()
        if n_samples == 0:
            frame, log_weight = self._block(0, 1, seed)
            tally.add(log_weight, 0)
            yield frame.iloc[:0]
        for start in range(0, n_samples, BLOCK):
            frame, log_weight = self._block(start, min(BLOCK, n_samples - start), seed)
            tally.add(log_weight, len(frame))
            yield frame

    def _block(self, start: int, n: int, seed: int) -> tuple[pd.DataFrame, FloatArray]:
        """The first n rows of a block, and the log weights of its beginnings, shape (n_boxes, n_per_box)."""
        encoder = self.sampler.encoder
        if not self.places:
            frame = self.sampler.part(self.decoder, (start, n), seed, self.sampler.batch_size)
            return frame, np.zeros((1, BLOCK))
        begun = self.beginnings(start, seed)
        here = np.arange(n, dtype=np.int64)
        values = self.decoder.decode_all(start + here, seed, self.sampler.batch_size, begun.request.take(here))
        draws = [uniforms(seed, ("remainder", place), start, n) for place in range(len(values))]
        table = {**encoder.decode(values, draws), **{name: cells.take(here) for name, cells in begun.table.items()}}
        return self.sampler.frame(table, n, seed, start), begun.log_weight_by_box

    def beginnings(self, start: int, seed: int) -> Beginnings:
        """Values of the columns that the condition names, for the rows start .. start + `BLOCK` - 1 of a sample."""
        pool = self._enough(derive(seed, "block", start // BLOCK))
        chosen = _systematic(pool.weight, BLOCK, generator(seed, "resample", start // BLOCK))
        given = {place: values[chosen] for place, values in pool.values.items()}
        rest = tuple(place for place in range(len(self.sampler.encoder.columns)) if place not in self.places)
        draws = {place: uniforms(seed, ("remainder", place), start, BLOCK) for place in self.places}
        table = self._decoded(given, draws, pool.box[chosen])
        return Beginnings(Request(rest, given), table, pool.log_weight_by_box)

    def _enough(self, seed: int) -> _Pool:
        per_box = max(LEAST_PER_BOX, -(-OVERDRAWN * BLOCK // len(self.boxes)))
        while True:
            pool = self._draw(seed, per_box, 0)
            if pool.effective_sample_size >= BLOCK or 2 * pool.log_weight.size > max(
                MOST_DRAWN, LEAST_PER_BOX * len(self.boxes)
            ):
                break
            per_box *= 2
        effective = pool.effective_sample_size
        if effective < LEAST_EFFECTIVE:
            raise InputError(
                f"the condition is too unlikely in the order of the columns: {pool.log_weight.size:,} beginnings are "
                f"worth {effective:.1f} equally weighted rows, expected at least {LEAST_EFFECTIVE:.0f}. Ask for fewer "
                "columns at once, or for wider ranges"
            )
        return pool

    def _decoded(
        self, values: Mapping[int, Values], draws: dict[int, FloatArray], box: IntArray
    ) -> dict[str, Physical]:
        """Values of the named columns with the open parts of numbers drawn inside the condition."""
        encoder, table = self.sampler.encoder, {}
        for place, drawn in values.items():
            table[encoder.columns[place].name] = decode_column(encoder.codecs[place], drawn, draws[place])
        for number, covers in enumerate(self._covers):
            for place, covered in covers.items():
                codes, codec, name = np.asarray(values[place]), encoder.codecs[place], encoder.columns[place].name
                rows = np.flatnonzero((box == number) & (codes >= 0))
                assert isinstance(codec, NumberCodec)
                points = covered.draw(codes[rows].astype(np.int64), draws[place][rows])
                table[name] = codec.placed(table[name], rows, points)
        for number, one in enumerate(self.boxes):
            for place, wanted in self._sets(one):
                codec, column = self.sampler.encoder.codecs[place], self.sampler.encoder.columns[place]
                if isinstance(codec, NumberCodec) and column.significant is not None:
                    # Rounding to significant digits may have led across the border: take the border then.
                    table[column.name] = _inside(codec, table[column.name], wanted, box == number)
        return table


def _inside(codec: NumberCodec, physical: Physical, wanted: ValueSet, rows: npt.NDArray[np.bool_]) -> Physical:
    outside = rows & ~physical.missing & ~wanted.contains(physical)
    if not outside.any():
        return physical
    grid = codec.grid(physical)[outside]
    ends = np.array(sorted({end for pair in wanted.intervals or () for end in pair}), dtype=np.int64)
    nearest = ends[np.abs(ends[None, :].astype(np.float64) - grid[:, None]).argmin(axis=1)]
    values = physical.values.copy()
    values[outside] = _with_digits(codec, np.round(nearest / 10.0**codec.decimals, codec.decimals), wanted)
    return Physical(values, physical.missing)


def _with_digits(codec: NumberCodec, borders: FloatArray, wanted: ValueSet) -> FloatArray:
    """The numbers of so many significant digits at borders of a set, inside it; a border where there is none."""
    digits, found = codec.column.significant or 15, borders.copy()
    unit = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(borders), 1e-300))) + 1 - digits)
    left = np.ones(borders.shape, dtype=bool)
    for shift in (0, 1, -1):
        rounded = round_significant(borders + shift * unit, digits)
        good = left & wanted.contains(Physical(rounded, np.zeros(borders.shape, dtype=bool)))
        found[good] = rounded[good]
        left &= ~good
    return found


def _systematic(weight: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """Indices drawn in proportion to weights with one uniform number, in random order."""
    edges = np.cumsum(weight) / weight.sum()
    chosen = np.minimum(np.searchsorted(edges, (rng.random() + np.arange(n)) / n, side="right"), weight.size - 1)
    return rng.permutation(chosen).astype(np.int64)
