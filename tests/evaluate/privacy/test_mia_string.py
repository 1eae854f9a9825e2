"""Membership by spelling."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.levenshtein import Strings, edit_distances
from llmsynth.evaluate.privacy import mia_string
from llmsynth.evaluate.privacy.mia_string import METRIC, nearest_strings
from tests.evaluate.privacy.attacks import check_parts, false_alarms, honest, memoriser
from tests.evaluate.privacy.tables import mixed_rows, with_one_digit_changed


def _numbers(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({f"n{place}": rng.integers(10_000, 99_999, n) for place in range(4)})


def test_a_memoriser_is_found() -> None:
    found = METRIC.measure(memoriser())
    check_parts(found)
    assert found.score.value > 0.99 and found.parts["row: auc"].value > 0.99


def test_honest_rows_give_no_more_than_guessing() -> None:
    found = METRIC.measure(honest(500))
    assert found.score.lower <= 0.5 <= found.score.upper
    assert false_alarms(METRIC, 20) <= 0.05


def test_a_row_with_one_digit_changed_is_the_nearest_of_all() -> None:
    real, fresh = _numbers(50, 0), _numbers(3000, 1)
    changed = real.assign(n2=real["n2"] + np.where(real["n2"] % 10 > 5, -1, 1))
    made = pd.concat([fresh, changed], ignore_index=True)
    members, others = (
        METRIC.measure(gather(real, made, _numbers(120, 2))),
        METRIC.measure(gather(real, fresh, _numbers(120, 2))),
    )
    assert members.score.value == 1.0 and members.parts["row: auc"].value == 1.0
    assert others.score.lower <= 0.5 <= others.score.upper


def test_one_per_cent_of_rows_with_a_digit_changed_are_those_found_first() -> None:
    real, held, fresh = _numbers(2000, 0), _numbers(4000, 1), _numbers(1980, 2)
    made = pd.concat([fresh, real[:20].assign(n0=real["n0"][:20] ^ 1)], ignore_index=True)
    found = METRIC.measure(gather(real, made, held))
    assert found.parts["tpr_at_0_1fpr"].value >= 0.01  # twenty of two thousand, at one false alarm in a thousand
    assert found.details["p_value_tpr_at_0_1fpr"] < 1e-3


def test_the_smallest_distance_is_found_where_it_is_said_to_be_proven() -> None:
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("0123456789"), rng.integers(3, 9))) for _ in range(460)]
    left, right = Strings.of(texts[:60], 64), Strings.of(texts[60:], 64)
    cells = np.zeros((60, 1), np.int64), np.zeros((400, 1), np.int64)
    nearest = nearest_strings(left, right, *cells)
    found, proven = nearest.distances, nearest.proven
    every = edit_distances(left.take(np.repeat(np.arange(60), 400)), right.take(np.tile(np.arange(400), 60)))
    closest = every.reshape(60, 400).min(axis=1)
    assert 0.3 < proven.mean() < 1.0
    longest = np.maximum(left.lengths, right.lengths.max())
    assert (found * longest >= closest - 1e-9).all()
    assert (nearest.edits >= closest).all() and (nearest.edits[proven] == closest[proven]).all()
    assert (found[proven] * left.lengths[proven] <= closest[proven] * 2).all()


def test_tables_without_digits_are_attacked_by_their_letters() -> None:
    words = pd.DataFrame({"c": ["ab", "cd", "xy"] * 30})
    found = METRIC.measure(gather(words, words, words))
    assert found.details["attack"] == "row" and "digits: auc" not in found.parts and found.score.known


def test_of_many_synthetic_rows_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mia_string, "MAX_SYNTHETIC_ROWS", 30)
    assert METRIC.measure(honest(60)).score.known


def test_changed_digits_of_mixed_rows_are_found() -> None:
    real, held = mixed_rows(200, 0), mixed_rows(400, 1)
    found = METRIC.measure(gather(real, with_one_digit_changed(real), held))
    assert found.score.value > 0.95 and found.parts["row: auc"].value > 0.95
