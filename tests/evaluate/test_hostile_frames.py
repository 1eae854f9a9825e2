"""Whatever tables come, `evaluate` returns a report or raises an error of the library's own.

Thirty calls here; twenty thousand with ``pytest --hypothesis-profile nightly`` and this file.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from eval.evaluate_hostile import ends
from eval.hostile_frames import KINDS, NAMES, Call, calls
from llmsynth.evaluate.gate import GRAVEST_FIRST

ENDS = {*GRAVEST_FIRST, "TableError", "ConfigError"}
EXAMPLES = settings().max_examples
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(UNHURRIED, max_examples=EXAMPLES if EXAMPLES > 100 else 30)
@given(calls("quick"))
def test_any_table_ends_in_a_verdict_or_an_error_of_our_own(call: Call) -> None:
    assert ends(call) in ENDS


@settings(UNHURRIED, max_examples=max(5, EXAMPLES // 40))
@given(calls("full"))
def test_any_table_ends_well_with_every_metric(call: Call) -> None:
    assert ends(call) in ENDS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_column_ends_well_alone(kind: str) -> None:
    values, make = KINDS[kind]
    frame = make([values[place % len(values)] for place in range(12)]).to_frame("x")
    assert ends(Call(frame, frame, frame, {"target": "x", "level": "quick"})) in ENDS


def test_every_name_ends_well_alone() -> None:
    for name in NAMES:
        frame = pd.DataFrame({"other": np.arange(4.0)}).set_axis(pd.Index([name], dtype=object), axis=1)
        assert ends(Call(frame, frame, None, {"level": "quick"})) in ENDS
