"""The history of a training, as numbers and as a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmsynth.errors import RunFolderError
from llmsynth.lm.history import History


def _history() -> History:
    history = History()
    for step, nats in ((10, 33.0), (20, 31.0), (30, 31.5)):
        history.append(step, "train", nats - 1, step / 10)
        history.append(step, "holdout", nats, step / 10)
    return history


def test_entries_survive_json() -> None:
    history = _history()
    assert History(history.to_list()).to_list() == history.to_list()
    assert len(history) == 6


def test_the_best_entry_has_the_fewest_held_out_nats() -> None:
    best = _history().best()
    assert best is not None and (best["step"], best["nats_per_row"]) == (20, 31.0)
    assert History().best() is None


def test_an_entry_without_a_field_is_one_error() -> None:
    with pytest.raises(RunFolderError, match="lacks nats_per_row"):
        History([{"step": 1, "split": "train", "seconds": 0.1}])


def test_the_picture_names_both_splits_and_is_the_same_each_time(tmp_path: Path) -> None:
    first = _history().plot(tmp_path / "a.svg").read_bytes()
    second = _history().plot(tmp_path / "b.svg").read_bytes()
    assert first == second
    text = first.decode()
    for words in ("training rows", "held-out rows", "best: 31.00 at step 20", "nats per row", "optimiser step"):
        assert words in text


def test_drawing_changes_nothing_that_a_user_plots(tmp_path: Path) -> None:
    import matplotlib

    before = (matplotlib.get_backend(auto_select=False), matplotlib.rcParams.copy())
    _history().plot(tmp_path / "a.svg")
    assert (matplotlib.get_backend(auto_select=False), matplotlib.rcParams.copy()) == before


@pytest.mark.parametrize("entries", [[], [{"step": 1, "split": "holdout", "nats_per_row": float("inf"), "seconds": 0}]])
def test_an_empty_or_infinite_history_can_be_drawn(tmp_path: Path, entries: list[dict[str, object]]) -> None:
    assert History(entries).plot(tmp_path / "a.svg").stat().st_size > 0


def test_a_picture_can_be_a_png(tmp_path: Path) -> None:
    assert _history().plot(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
