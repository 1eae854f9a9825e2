"""Marginals are compared by one definition, and the targets are what was measured."""

import json

import numpy as np
import pandas as pd
import pytest

from eval import child, evaluate_marginals
from eval.sdmetrics_peer import Answer

ROWS = {"memory": 300, "speed": 200, "agreement": 250}


def here(function, **arguments):
    found = getattr(evaluate_marginals, function.partition(":")[2])(**arguments)
    return child.Ran(json.loads(json.dumps(found)), 1.0, 700.0)


def by_hand(real, made):
    """KSComplement, TVComplement over the cells that are present, and CorrelationSimilarity, from their definitions."""
    found, numbers = {}, []
    for name in real:
        left, right = real[name].dropna(), made[name].dropna()
        if not pd.api.types.is_bool_dtype(left) and left.dtype.kind in "ifM":
            numbers.append(name)
            points = np.concatenate([left, right])
            gaps = [(left.to_numpy() <= one).mean() - (right.to_numpy() <= one).mean() for one in points]
            found[name] = 1 - np.abs(gaps).max()
        else:
            shares = [one.value_counts(normalize=True) for one in (left, right)]
            found[name] = 1 - shares[0].subtract(shares[1], fill_value=0).abs().sum() / 2
    for place, first in enumerate(numbers):
        for second in numbers[place + 1 :]:
            r = []
            for frame in (real, made):
                both = frame[[first, second]].dropna()
                r.append(np.corrcoef(*(both[name].astype("int64" if both[name].dtype.kind == "M" else float) for name in
                                       both))[0, 1])  # fmt: skip
            found[f"{first} × {second}"] = 1 - abs(r[0] - r[1]) / 2
    return found


def peer(what, real, synthetic, scratch, repeats):
    if what == "columns":
        return Answer(by_hand(real, synthetic), [1.0])
    return Answer({"Column Shapes": 0.9}, [50.0, 90.0, 70.0])


def test_figures_agree_by_column_and_pair_and_targets_are_what_was_measured(tmp_path):
    path = evaluate_marginals.run(peer=peer, rows=ROWS, call=here, folder=tmp_path)
    result = json.loads(path.read_text())
    memory, speed, columns, pairs = (target["measured"] for target in result["targets"])
    assert memory == 700.0 and columns < 1e-9 and pairs < 1e-9
    assert speed == pytest.approx(70.0 / np.median(result["speed"]["ours"]["seconds"]), rel=1e-4)
    figures = result["memory"]["figures"]
    assert set(figures) == {"shape", "trend", "ks", "tv_categorical", "pearson", "pair_tv"}
    assert 0.5 < figures["shape"] < 1 and 0 < figures["ks"] < 0.5 and result["memory"]["columns"] == 20


def test_a_difference_and_a_missing_name_miss_the_target():
    ours = {"a": 0.5, "b": 0.25, "a × b": 0.75}
    assert evaluate_marginals.differences(ours, {**ours, "b": 0.3}) == pytest.approx({"columns": 0.05, "pairs": 0.0})
    assert evaluate_marginals.differences(ours, {**ours, "a × b": float("nan")})["pairs"] != 0.0
    assert np.isnan(evaluate_marginals.differences(ours, {"a": 0.5})["columns"])
