"""Membership by spelling: is there a synthetic row that is written nearly as this one?

Language models learn strings of digits by heart, and change one of them now and then. LevAtt (Ward, Gu, Wang and Cheng
2025, "When Tables Leak: Attacking String Memorization in LLM-Based Tabular Data Generation"): the score of a row is
minus the smallest Levenshtein distance of its string to that of a synthetic row, here divided by the longer one's
length. Two variants: "digits", the digits of the row alone, and "row", all of it. The headline is "digits" where rows
have digits.

Of 50,000 synthetic rows those are compared that can be near: for each row asked about the 16 whose letters differ least
in number, whatever their order (half of that is a bound on the distance from below), and the 16 with the most equal
cells. `details` says for how many rows no other could have been nearer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import BoolArray, FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.levenshtein import Strings, edit_distances
from llmsynth.evaluate.membership import Trial, measure_attack, trial
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.row_texts import coded_texts, digits_only, row_strings

MAX_SYNTHETIC_ROWS = 50_000
CANDIDATES = 16  # of each kind
LONGEST_ROW = 512
WHOLE_ROW = "row"
_BUCKETS = 16  # letters of the same last four bits are counted together; the ten digits are apart
_BLOCK = 32


@dataclass(frozen=True, eq=False)
class Nearest:
    """How near others come to each string, arrays of shape (targets,).

    Attributes
    ----------
    distances : float64 array
        Smallest edit distance over the longer string's length: 0 (the same string, or two empty ones) to 1.
    edits : int64 array
        Smallest edit distance.
    proven : bool array
        Whether no other string has a smaller edit distance.
    """

    distances: FloatArray
    edits: IntArray
    proven: BoolArray


def letter_counts(strings: Strings) -> npt.NDArray[np.uint8]:
    """Return how often letters of each bucket occur, uint8 of shape (16, strings), at most 255."""
    counts = np.empty((_BUCKETS, len(strings)), np.uint8)
    inside = np.arange(strings.letters.shape[1]) < strings.lengths[:, None]
    buckets = np.where(inside, strings.letters % _BUCKETS, _BUCKETS)
    for bucket in range(_BUCKETS):
        counts[bucket] = np.minimum((buckets == bucket).sum(axis=1), 255)
    return counts


def _least(costs: IntArray, k: int) -> IntArray:
    """Return the places of the k lowest costs of each row, (rows, k)."""
    k = min(k, costs.shape[1])
    return np.argpartition(costs, k - 1, axis=1)[:, :k]


def nearest_strings(targets: Strings, others: Strings, target_cells: IntArray, other_cells: IntArray) -> Nearest:
    """Return the smallest edit distances of each target to the others it may be near to.

    Parameters
    ----------
    targets, others : Strings
        At least one of the others.
    target_cells, other_cells : int64 arrays of shape (rows, columns)
        Numbers of the cells, equal for equal cells.
    """
    counts, other_counts = letter_counts(targets), letter_counts(others)
    cells, other_cells = target_cells.astype(np.int32), np.ascontiguousarray(other_cells.T.astype(np.int32))
    best, proven = np.empty(len(targets)), np.empty(len(targets), bool)
    fewest = np.empty(len(targets), np.int64)
    for start in range(0, len(targets), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(targets)))
        bags = np.abs(targets.lengths[rows, None] - others.lengths[None]).astype(np.int16)
        for own, theirs in zip(counts[:, rows], other_counts, strict=True):
            bags += np.maximum(own[:, None], theirs) - np.minimum(own[:, None], theirs)
        unlike = np.zeros(bags.shape, np.int16)
        for column in range(other_cells.shape[0]):
            unlike += cells[rows, column, None] != other_cells[column]
        by_letters = _least(bags, CANDIDATES)
        chosen = np.concatenate([by_letters, _least(unlike, CANDIDATES)], axis=1)
        left, right = targets.take(np.repeat(rows, chosen.shape[1])), others.take(chosen.ravel())
        edits = edit_distances(left, right).reshape(chosen.shape)
        longer = np.maximum(np.maximum(left.lengths, right.lengths), 1).reshape(chosen.shape)
        best[rows], fewest[rows] = (edits / longer).min(axis=1), edits.min(axis=1)
        bound = np.take_along_axis(bags, by_letters, axis=1).max(axis=1) / 2
        proven[rows] = (fewest[rows] <= bound) | (by_letters.shape[1] == len(others))
    return Nearest(best, fewest, proven)


def _strings(evidence: Evidence, drawn: Trial) -> dict[str, Nearest]:
    frames = evidence.frames
    if frames.holdout is None:
        raise ValueError("expected evidence with a hold-out; `trial` returns None without one")
    rng, n_made = evidence.rng("mia_string"), len(frames.synthetic)
    rows = np.arange(n_made)
    if n_made > MAX_SYNTHETIC_ROWS:
        rows = np.sort(rng.choice(n_made, MAX_SYNTHETIC_ROWS, replace=False))
    tables = (
        frames.real.iloc[drawn.member_rows], frames.holdout.iloc[drawn.non_member_rows], frames.synthetic.iloc[rows]
    )  # fmt: skip
    texts, codes = coded_texts(tables)
    members, others, made = (row_strings(columns) for columns in texts)
    asked, asked_codes = members + others, np.concatenate(codes[:2])
    found: dict[str, Nearest] = {}
    digits, made_digits = digits_only(asked), digits_only(made)
    pairs = {"digits": (digits, made_digits)} if any(digits) and any(made_digits) else {}
    for name, (left, right) in (pairs | {WHOLE_ROW: (asked, made)}).items():
        found[name] = nearest_strings(
            Strings.of(left, LONGEST_ROW), Strings.of(right, LONGEST_ROW), asked_codes, codes[2]
        )  # fmt: skip
    return found


def nearest_of_targets(evidence: Evidence, drawn: Trial) -> dict[str, Nearest]:
    """Return how near synthetic rows are spelled to the target rows, by variant, worked out once."""
    return evidence.once("nearest strings", lambda: _strings(evidence, drawn))


def scores(evidence: Evidence, drawn: Trial) -> dict[str, FloatArray]:
    """Return the scores of the target rows by variant, float64 of shape (rows,), higher for members."""
    return {name: -found.distances for name, found in nearest_of_targets(evidence, drawn).items()}


def mia_string(evidence: Evidence) -> Measured:
    """Attack by spelling.

    Returns
    -------
    Measured
        AUC of minus the normalised edit distance, 0 to 1: 0.5 guessing, 1 every member is found; see
        `membership.measure_attack`. Details: `proven`, the share of rows whose distance is the smallest there is.
    """
    measured = measure_attack(evidence, "mia_string", scores)
    if not measured.score.known:
        return measured
    drawn = trial(evidence)
    found = {} if drawn is None else nearest_of_targets(evidence, drawn)
    proven = {name: float(np.mean(one.proven)) for name, one in found.items()}
    return Measured(
        measured.score, measured.reference, measured.parts, measured.part_references,
        {**measured.details, "proven": proven},
    )  # fmt: skip


METRIC = Metric(
    key="mia_string",
    pillar="privacy",
    title="Membership by spelling (AUC)",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="0.5: guessing; 1: every training row is spelled more like a synthetic row than any unseen one is",
    source="Ward, Gu, Wang and Cheng 2025, LevAtt (arXiv 2512.08875); Levenshtein 1966; Myers 1999 (doi "
    "10.1145/316542.316550)",
    measure=mia_string,
    level="standard",
)
