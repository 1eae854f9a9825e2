"""What is worth knowing about rows that were drawn, beside the rows.

A `SampleReport` has one part for each thing that can be asked of the rows; a part that was not asked for is None. The
part on conditions is tallied block by block while rows stream, in memory that does not grow with their number.

The weights w of the beginnings of a condition (see `sample.conditional`) give

- its probability, the sum over boxes of the mean weight, with the standard error of that sum, and
- the effective sample size (sum w)**2 / sum w**2 over all beginnings (Kong 1992).

It knows weights and counts. It refuses to know conditions, models and rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
EXACT = 1e-6
"""Standard errors below this share of the probability are rounding: all weights are the same."""


@dataclass(frozen=True)
class ConditionReport:
    """What drawing rows under a condition has told about it.

    Parameters
    ----------
    probability : float
        Of the condition under the model at the temperatures it sampled with, before `top_p` cuts what is left, in
        [0, 1]; of balanced classes, of all of them together.
    standard_error : float
        Of `probability`; 0 where every weight is the same.
    effective_sample_size : float
        Equally weighted beginnings that all weighted ones are worth, at most `n_drawn`.
    n_drawn : int
        Beginnings drawn; rows are resampled from them.
    n_samples : int
        Rows delivered.
    n_blocks : int
        Blocks of rows, each resampled from beginnings of its own.
    smallest_effective_sample_size : float
        Of a block.
    """

    probability: float
    standard_error: float
    effective_sample_size: float
    n_drawn: int
    n_samples: int
    n_blocks: int
    smallest_effective_sample_size: float

    def __str__(self) -> str:
        """As one line, ``probability 0.0231 ± 0.0004, effective sample size 3,912 of 4,096 drawn``."""
        return (
            f"probability {_with_error(self.probability, self.standard_error)}, "
            f"effective sample size {self.effective_sample_size:,.0f} of {self.n_drawn:,} drawn"
        )


@dataclass
class RuleReport:
    """What it took to draw rows that obey the rules of the schema.

    Parameters
    ----------
    restricted : tuple of str
        Rules that narrow what a column may be while it is written, given what its row already holds.
    checked : tuple of str
        Rules that are only looked at in finished rows.
    n_rows : int
        Rows delivered; none contradicts a rule.
    n_drawn : int
        Rows drawn for them.
    n_redrawn : int
        Rows delivered that took more than one draw.
    most_draws : int
        Draws of one row, at most.
    n_weighed : int
        Rows that were chosen by weight among several draws because none was accepted on its own.
    refused : dict of str to int
        By rule, finished draws that contradicted it; and draws in which rules left no value for a column.
    """

    restricted: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    n_rows: int = 0
    n_drawn: int = 0
    n_redrawn: int = 0
    most_draws: int = 0
    n_weighed: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """As one line."""
        share = self.n_redrawn / self.n_rows if self.n_rows else 0.0
        return (
            f"{len(self.restricted)} restrict while decoding, {len(self.checked)} are checked; {self.n_redrawn:,} of "
            f"{self.n_rows:,} rows ({share:.1%}) drawn again, {self.n_drawn:,} draws, at most {self.most_draws} for a "
            "row; 0 violations"
        )


@dataclass
class SampleReport:
    """What is known about the rows of one call.

    Parameters
    ----------
    condition : ConditionReport or None
        Of rows drawn under a condition or with chosen shares of classes.
    rules : RuleReport or None
        Of rows of a table with rules.
    """

    condition: ConditionReport | None = None
    rules: RuleReport | None = None

    def to_dict(self) -> dict[str, Any]:
        """The parts that were asked for, as JSON."""
        return {name: part for name, part in asdict(self).items() if part is not None}


class ConditionTally:
    """Adds up the weights of one condition, block by block."""

    def __init__(self) -> None:
        self._count = 0
        self._mean: FloatArray = np.zeros(1)
        self._squares: FloatArray = np.zeros(1)
        self._log_sum = self._log_sum_of_squares = -math.inf
        self._n_drawn = self._n_samples = self._n_blocks = 0
        self._smallest = math.inf

    def add(self, log_weight: FloatArray, n_samples: int) -> None:
        """Count one block.

        Parameters
        ----------
        log_weight : ndarray of float64, shape (n_boxes, n_per_box)
            Log weights of its beginnings, the same number of boxes in each block.
        n_samples : int
            Rows it delivered.
        """
        weight, n = np.exp(log_weight), log_weight.shape[1]
        mean = weight.mean(axis=1)
        squares = ((weight - mean[:, None]) ** 2).sum(axis=1)
        # Moments of two groups joined (Chan, Golub and LeVeque 1983), which loses no digits where weights are the same.
        before, after = self._count, self._count + n
        shift = mean - self._mean
        self._mean = self._mean + shift * (n / after)
        self._squares = self._squares + squares + shift**2 * (before * n / after)
        self._count = after
        log_sum, log_squares = (
            np.logaddexp.reduce(log_weight, axis=None),
            np.logaddexp.reduce(2 * log_weight, axis=None),
        )
        self._smallest = min(self._smallest, float(np.exp(2 * log_sum - log_squares)))
        self._log_sum = float(np.logaddexp(self._log_sum, log_sum))
        self._log_sum_of_squares = float(np.logaddexp(self._log_sum_of_squares, log_squares))
        self._n_drawn += log_weight.size
        self._n_samples += n_samples
        self._n_blocks += 1

    def report(self) -> ConditionReport:
        """What the blocks so far, one at least, have told."""
        n = self._count
        return ConditionReport(
            probability=min(1.0, float(self._mean.sum())),
            standard_error=math.sqrt(float((self._squares / max(1, n - 1) / n).sum())),
            effective_sample_size=math.exp(2 * self._log_sum - self._log_sum_of_squares),
            n_drawn=self._n_drawn,
            n_samples=self._n_samples,
            n_blocks=self._n_blocks,
            smallest_effective_sample_size=self._smallest,
        )


def joined(tallies: Sequence[ConditionTally]) -> ConditionReport:
    """The report of rows drawn under several conditions that exclude each other, such as the classes of a column.

    Parameters
    ----------
    tallies : sequence of ConditionTally
        At least one, each with a block at least.
    """
    parts = [tally.report() for tally in tallies]
    return ConditionReport(
        probability=min(1.0, sum(part.probability for part in parts)),
        standard_error=math.sqrt(sum(part.standard_error**2 for part in parts)),
        effective_sample_size=sum(part.effective_sample_size for part in parts),
        n_drawn=sum(part.n_drawn for part in parts),
        n_samples=sum(part.n_samples for part in parts),
        n_blocks=sum(part.n_blocks for part in parts),
        smallest_effective_sample_size=min(part.smallest_effective_sample_size for part in parts),
    )


def _with_error(value: float, error: float) -> str:
    """A number to the digit its standard error has."""
    if error <= EXACT * value:
        return f"{value:.4g} ± 0"
    digits = max(1, 1 + math.floor(math.log10(value)) - math.floor(math.log10(error)))
    return f"{value:#.{digits}g}".rstrip(".") + f" ± {error:.1g}"
