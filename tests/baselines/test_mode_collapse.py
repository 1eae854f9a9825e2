from __future__ import annotations

import numpy as np
import pytest

from llmsynth.baselines.features import Feature
from llmsynth.baselines.mode_collapse import ModeCollapseWarning, lost_modes, warn_of_collapse


def feature(name: str) -> Feature:
    return Feature(name, "levels", np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool), n_levels=3)


def test_only_modes_of_more_than_one_percent_can_be_lost() -> None:
    common = np.repeat([0, 1, 2], [1960, 20, 20])  # 1 % each: not more
    rare = np.repeat([0, 1, 2], [1958, 21, 21])
    drawn = np.zeros((50, 2), dtype=np.int64)
    assert lost_modes(np.stack([common, rare], 1), drawn, (feature("a"), feature("b"))) == {"b": 2}
    drawn[0, 1] = 2
    assert lost_modes(np.stack([common, rare], 1), drawn, (feature("a"), feature("b"))) == {"b": 1}


def test_the_warning_names_columns_and_counts() -> None:
    with pytest.warns(ModeCollapseWarning, match=r"ctgan: 3 categories or modes.*'a' \(2\), 'b' \(1\)"):
        notices = warn_of_collapse("ctgan", {"a": 2, "b": 1})
    assert len(notices) == 1
    assert warn_of_collapse("ctgan", {}) == ()
