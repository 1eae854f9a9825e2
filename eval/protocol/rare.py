"""Average precision of a rare class: trained on synthetic rows, beside training on as many real ones.

Not part of the published protocol, which has no table with a class rarer than a fifth. AUROC hides what happens to a
rare class; average precision, whose chance level is the share of the class, does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from eval.tables import Table
from llmsynth.evaluate import EncodedTable, Learners, Score, encode_tables
from llmsynth.evaluate.intervals import BOOTSTRAPS, from_replicates
from llmsynth.evaluate.weighted_figures import average_precision

RARE = 0.1


def rare_class(table: Table) -> object | None:
    """Return the class of fewer than a tenth of the training rows, if the target has two classes and there is one."""
    shares = table.train[table.target].value_counts(normalize=True)
    return shares.index[-1] if table.task == "binclass" and len(shares) == 2 and shares.iloc[-1] < RARE else None


def rare_precision(table: Table, synthetic: pd.DataFrame, *, seed: int, learners: Learners) -> dict[str, Any] | None:
    """Return average precision on the hold-out, with 95 % intervals over resamples of it.

    Returns
    -------
    dict or None
        "synthetic" and "real" (scores), "chance", "synthetic_share"; None where no class is rare.
    """
    rare = rare_class(table)
    if rare is None:
        return None
    typed = [table.dataset.typed(frame) for frame in (table.train, synthetic, table.holdout)]
    real, made, held = encode_tables(*typed)
    place = real.layout.names.index(table.target)
    code = real.values[int(np.flatnonzero((table.train[table.target] == rare).to_numpy())[0]), place]
    truth = held.values[:, place] == code
    n_rows = min(len(real), len(made))
    drawn = np.random.default_rng(seed).multinomial(len(truth), np.full(len(truth), 1 / len(truth)), BOOTSTRAPS)
    weights = np.concatenate([np.ones((len(truth), 1)), drawn.T], axis=1, dtype=np.float32)
    result: dict[str, Any] = {
        "chance": float(truth.mean()),
        "synthetic_share": float(np.mean(made.values[:, place] == code)),
    }
    for name, one in (("synthetic", made), ("real", real)):
        score = _predicted(one.subsample(n_rows, seed), held, place, code, seed, learners)
        values = average_precision(truth, score, weights)
        value = float(values[0])
        result[name] = Score(value, n_rows).within(from_replicates(value, values[1:], "percentile")).to_dict()
    return result


def _predicted(
    train: EncodedTable, held: EncodedTable, place: int, code: float, seed: int, learners: Learners
) -> np.ndarray:
    labels = (train.values[:, place] == code).astype(np.int64)
    if labels.min() == labels.max():
        return np.zeros(len(held))  # nothing to learn: chance
    target = train.layout.names[place]
    model = learners.classifier(train.without(target).layout, seed)
    model.fit(train.without(target).values, labels)
    return np.asarray(model.predict_proba(held.without(target).values))[:, 1]
