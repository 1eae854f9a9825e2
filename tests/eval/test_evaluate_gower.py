"""Distances are compared by SDMetrics' definition, written out here, and the targets are what was measured."""

import json

import numpy as np
import pytest

from eval import child, evaluate_gower
from eval.sdmetrics_peer import Answer


def here(function, **arguments):
    return child.Ran(getattr(evaluate_gower, function.partition(":")[2])(**arguments), 1.0, 900.0)


def by_hand(real, synthetic):
    """Each synthetic row's smallest mean over columns of |a - b| / range of the real rows (at most 1), or 0 and 1."""
    total = np.zeros((len(synthetic), len(real)))
    for name in real:
        left, right = synthetic[name], real[name]
        gone = left.isna().to_numpy()[:, None], right.isna().to_numpy()[None, :]
        if left.dtype.kind in "ifM":
            own, other = (one.astype("int64") if one.dtype.kind == "M" else one for one in (left, right))
            own, other = (np.where(one.isna(), np.nan, one.astype(float)) for one in (own, other))
            known = other[~gone[1][0]]
            gap = np.minimum(np.abs(own[:, None] - other[None, :]) / (known.max() - known.min()), 1.0)
        else:
            gap = (left.astype(str).to_numpy()[:, None] != right.astype(str).to_numpy()[None, :]).astype(float)
        total += np.where(gone[0] & gone[1], 0.0, np.where(gone[0] | gone[1], 1.0, gap))
    return (total / real.shape[1]).min(axis=1).tolist()


@pytest.mark.parametrize("off", [0.0, 0.01])
def test_distances_are_the_peer_s_and_a_difference_misses_the_target(tmp_path, off):
    def peer(what, real, synthetic, scratch, repeats):
        assert what == "distances"
        return Answer([one + off for one in by_hand(real, synthetic)], [30.0, 10.0, 20.0])

    rows = {"speed": 150, "memory": 100}
    result = json.loads(evaluate_gower.run(peer=peer, rows=rows, call=here, folder=tmp_path).read_text())
    faster, apart, memory = result["targets"]
    assert faster["measured"] == pytest.approx(20.0 / np.median(result["speed"]["ours"]), rel=1e-4)
    assert apart["measured"] == pytest.approx(off, abs=1e-6) and apart["reached"] == (off == 0.0)
    assert memory["measured"] == 900.0 and result["memory"]["seconds"] > 0
    assert 0.3 < result["memory"]["closer_to_train"] < 0.7
