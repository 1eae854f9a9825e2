"""DiSCO: synthetic rows that disclose a secret, and disclose it right.

Raab, Nowok and Dibben 2024 (arXiv 2406.16826): a combination of known columns ("keys") is disclosive in the synthetic
table if all rows that have it agree on the secret. Figure: the share of training rows whose keys are disclosive and
whose secret is the one disclosed, minus the same share of held-out rows: what follows from the keys for everybody is
disclosed by any faithful table. CAP (Elliot 2014), the mean share of synthetic rows of the same keys that have
the same secret, is a part, minus the hold-out's own too.

Numbers are cut at the training rows' deciles. Keys are the quasi-identifiers, secrets the sensitive columns; where
none are declared they are chosen, and said in the details. Of several secrets the one that discloses most is picked on
half of the people and read on the other half.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.attackers import asked_rows, known_columns, only, wanted_columns
from llmsynth.evaluate.control import measured_excess, strongest_arms
from llmsynth.evaluate.encoding import BoolArray, EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.row_codes import row_codes
from llmsynth.evaluate.score import Score

BINS = 10
ASKED = 50_000
MOST_SECRETS = 5
FEWEST_ROWS = 20


def in_bins(real: EncodedTable, table: EncodedTable) -> EncodedTable:
    """Return the table with numbers replaced by the decile of the real rows they fall into; missing stays missing."""
    values = table.values.copy()
    for column in np.flatnonzero(real.layout.numeric):
        known = real.values[~np.isnan(real.values[:, column]), column]
        if known.size:
            edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
            bins = np.searchsorted(edges, values[:, column], side="right").astype(np.float64)
            values[:, column] = np.where(np.isnan(values[:, column]), np.nan, bins)
    return EncodedTable(table.layout, values)


def disclosed(
    keys: IntArray, secrets: FloatArray, made_keys: IntArray, made_secrets: FloatArray
) -> tuple[BoolArray, FloatArray]:
    """Return for each row whether its secret is disclosed by the synthetic rows, and its CAP.

    Parameters
    ----------
    keys, made_keys : int64 arrays of shape (rows,)
        Numbers of key combinations, of real and of synthetic rows.
    secrets, made_secrets : float64 arrays of shape (rows,)
        Codes of the secret, none missing.

    Returns
    -------
    tuple of bool and float64 arrays of shape (rows,)
        CAP is 0 where no synthetic row has the keys.

    Examples
    --------
    >>> made = np.array([0, 0, 1, 1]), np.array([7.0, 7.0, 7.0, 8.0])
    >>> hit, cap = disclosed(np.array([0, 0, 1]), np.array([7.0, 8.0, 7.0]), *made)
    >>> hit.tolist(), cap.tolist()
    ([True, False, False], [1.0, 0.0, 0.5])
    """
    n_keys = int(max(keys.max(initial=-1), made_keys.max(initial=-1))) + 1
    low, high = np.full(n_keys, np.inf), np.full(n_keys, -np.inf)
    np.minimum.at(low, made_keys, made_secrets)
    np.maximum.at(high, made_keys, made_secrets)
    hit = (low[keys] == high[keys]) & (low[keys] == secrets)
    labels, codes = np.unique(np.concatenate([secrets, made_secrets]), return_inverse=True)
    pair, made_pair = keys * labels.size + codes[: keys.size], made_keys * labels.size + codes[keys.size :]
    pairs, counts = np.unique(made_pair, return_counts=True)
    place = np.minimum(np.searchsorted(pairs, pair), max(pairs.size - 1, 0))
    alike = np.where(pairs[place] == pair, counts[place], 0) if pairs.size else np.zeros(pair.size)
    of_keys = np.bincount(made_keys, minlength=n_keys)[keys]
    return np.asarray(hit, bool), np.asarray(alike / np.maximum(of_keys, 1), np.float64)


def _with_secret(table: EncodedTable, keys: IntArray, column: int) -> tuple[IntArray, FloatArray]:
    secrets = table.values[:, column]
    known = ~np.isnan(secrets)
    return keys[known], secrets[known]


def disco(evidence: Evidence) -> Measured:
    """Measure disclosure.

    Returns
    -------
    Measured
        Share of training rows minus share of held-out rows that are disclosed, -1 to 1: 0 no more than for everybody, 1
        every training row. Parts: both shares, each secret's difference, "cap".
    """
    if evidence.holdout is None:
        return not_evaluable(NO_HOLDOUT)
    known = known_columns(evidence)
    secrets = wanted_columns(evidence, known.names, MOST_SECRETS)
    inside, outside = asked_rows(evidence, ASKED, "disco")
    if not known.names or not secrets or min(inside.size, len(evidence.synthetic)) < FEWEST_ROWS:
        return not_evaluable(f"needs a column to know, one to guess, and {FEWEST_ROWS} rows (people) in each table")
    tables = (evidence.train.take(inside), evidence.holdout.take(outside), evidence.synthetic)
    binned = [in_bins(evidence.train, table) for table in tables]
    keys = row_codes(*(only(table, known.names) for table in binned))
    outcomes, caps = {}, {}
    for secret in secrets:
        column = evidence.train.layout.names.index(secret)
        train, held, made = (_with_secret(table, codes, column) for table, codes in zip(binned, keys, strict=True))
        (hit, cap), (own_hit, own_cap) = disclosed(*train, *made), disclosed(*held, *made)
        if hit.size and own_hit.size:
            outcomes[secret], caps[secret] = (hit, own_hit), (cap, own_cap)
    if not outcomes:
        return not_evaluable("no secret has values in both training and held-out rows")
    arms = strongest_arms(outcomes, evidence.rng("disco"))
    picked = next(iter(arms))
    parts = {f"secret {name}": one.excess_score() for name, one in arms.items()} | {"cap": _mean_gap(*caps[picked])}
    return measured_excess(arms[picked], parts, {"secret": picked, "secrets": list(secrets), **known.to_dict()})


def _mean_gap(left: FloatArray, right: FloatArray) -> Score:
    """Return the difference of means with a normal interval."""
    value = float(left.mean() - right.mean())
    half = 1.959964 * math.sqrt(float(left.var() / left.size + right.var() / right.size))
    return Score(value, left.size).within((value - half, value + half))


METRIC = Metric(
    key="disco",
    pillar="privacy",
    title="Disclosive and correct (DiSCO)",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: secrets of training rows are disclosed no more than those of unseen rows; 1: all of them are disclosed",
    source="Raab, Nowok and Dibben 2024 (arXiv 2406.16826), DiSCO, minus the hold-out's own",
    measure=disco,
    unit="%",
)
