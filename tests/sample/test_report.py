"""The figures beside rows are those of a model whose rows can be counted, and of weights added up by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from llmsynth import TableSynthesizer
from llmsynth.errors import InputError
from llmsynth.sample import conditional
from llmsynth.sample.report import ConditionReport, ConditionTally, SampleReport, joined
from tests.tiny import TINY_COMPACT

RECIPE = {
    "compact": TINY_COMPACT,
    "train": {"calibrate": False, "refit": False, "learning_rate": 0.02},
}


def by_hand(blocks):
    """Probability, standard error and effective sample size of weights, shape (n_boxes, n), of all blocks at once."""
    weight = np.concatenate(blocks, axis=1)
    error = math.sqrt((weight.var(axis=1, ddof=1) / weight.shape[1]).sum())
    return weight.mean(axis=1).sum(), error, weight.sum() ** 2 / (weight**2).sum()


def tallied(blocks, rows=512):
    tally = ConditionTally()
    for weight in blocks:
        tally.add(np.log(weight), rows)
    return tally


@pytest.fixture
def blocks():
    rng = np.random.default_rng(0)
    return [rng.beta(2, 5, (3, n)) / 3 for n in (100, 37, 500)]


def test_a_tally_of_blocks_is_that_of_all_weights_at_once(blocks):
    report = tallied(blocks).report()
    found = (report.probability, report.standard_error, report.effective_sample_size)
    assert found == pytest.approx(by_hand(blocks), rel=1e-12)
    assert (report.n_drawn, report.n_samples, report.n_blocks) == (3 * 637, 3 * 512, 3)
    smallest = min(by_hand([block])[2] for block in blocks)
    assert report.smallest_effective_sample_size == pytest.approx(smallest, rel=1e-12)


def test_equal_weights_have_no_error_and_lose_nothing_however_small():
    report = tallied([np.full((1, 2048), 0.3)] * 7).report()
    assert report.probability == pytest.approx(0.3) and report.standard_error < 1e-12
    assert report.effective_sample_size == pytest.approx(7 * 2048)
    tally = ConditionTally()
    tally.add(np.full((1, 64), -900.0), 64)  # exp(-900) is no double
    assert tally.report().effective_sample_size == pytest.approx(64)
    assert str(tally.report()) == "probability 0 ± 0, effective sample size 64 of 64 drawn"


def test_conditions_that_exclude_each_other_add_up(blocks):
    one, other = tallied(blocks[:1]), tallied(blocks[1:])
    both, parts = joined([one, other]), (one.report(), other.report())
    assert both.probability == pytest.approx(sum(part.probability for part in parts))
    assert both.standard_error == pytest.approx(math.hypot(*(part.standard_error for part in parts)))
    for name in ("effective_sample_size", "n_drawn", "n_samples", "n_blocks"):
        assert getattr(both, name) == pytest.approx(sum(getattr(part, name) for part in parts))
    assert both.smallest_effective_sample_size == min(part.smallest_effective_sample_size for part in parts)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (0.023123, 0.0004123, "probability 0.0231 ± 0.0004,"),
        (0.02300, 0.00041, "probability 0.0230 ± 0.0004,"),
        (0.6, 0.2, "probability 0.6 ± 0.2,"),
        (0.02, 0.03, "probability 0.02 ± 0.03,"),
        (1.0, 0.001, "probability 1.000 ± 0.001,"),
        (0.25, 1e-17, "probability 0.25 ± 0,"),
        (3.21e-7, 4e-9, "probability 3.21e-07 ± 4e-09,"),
    ],
)
def test_a_line_shows_the_digits_that_are_known(value, error, words):
    report = ConditionReport(value, error, 3912.4, 4096, 500, 2, 1900.0)
    assert str(report).startswith(words)
    assert str(report).endswith("effective sample size 3,912 of 4,096 drawn")


def test_only_what_was_asked_for_is_in_the_report():
    report = ConditionReport(0.5, 0.1, 10.0, 20, 5, 1, 10.0)
    assert SampleReport().to_dict() == {}
    assert json.loads(json.dumps(SampleReport(report).to_dict()))["condition"]["n_drawn"] == 20


@pytest.fixture(scope="module")
def fitted():
    """A model of 3 x 5 x 2 kinds of row, colour and size far from independent."""
    rng = np.random.default_rng(0)
    n = 300
    colour = rng.choice(["red", "green", "blue"], n, p=[0.3, 0.3, 0.4])
    size = np.where(colour == "red", rng.integers(3, 5, n), rng.integers(1, 3, n))
    size[:2] = 3
    table = pd.DataFrame(
        {
            "colour": colour,
            "size": pd.array(np.where(rng.random(n) < 0.2, None, size), dtype="Int64"),
            "heavy": (colour == "blue") ^ (rng.random(n) < 0.3),
        }
    )
    return TableSynthesizer("compact", recipe=RECIPE, max_epochs=40, target="colour", random_state=0).fit(table)


def moments(fitted, colours, sizes):
    """E w and E w**2 of beginnings in colours x sizes: w = P(colours) P(sizes | colour), by enumeration."""
    rows = [(colour, size) for colour in ("red", "green", "blue") for size in (1, 2, 3, 4, None)]
    every = pd.DataFrame(rows, columns=["colour", "size"]).astype({"size": "Int64"})
    first = np.exp(fitted.log_prob(every, ["colour"])).reshape(3, 5)[:, 0]
    second = np.exp(fitted.log_prob(every, ["size"], ["colour"])).reshape(3, 5)
    assert first.sum() == pytest.approx(1, abs=1e-5) and second.sum(axis=1) == pytest.approx(1, abs=1e-5)
    inside = [["red", "green", "blue"].index(colour) for colour in colours]
    mass = second[:, [size - 1 for size in sizes]].sum(axis=1)
    weight, proposal = first[inside].sum() * mass[inside], first[inside] / first[inside].sum()
    return float(proposal @ weight), float(proposal @ weight**2)


def test_probability_error_and_effective_sample_size_are_those_of_the_enumerated_model(fitted):
    assert fitted.sample_report_ is None
    mean, square = moments(fitted, ["red", "blue"], [3, 4])
    assert square > 1.1 * mean**2  # uneven weights, or there is nothing to see
    rows = fitted.sample(3000, where='colour in ("red", "blue") and size >= 3', random_state=1)
    report = fitted.sample_report_.condition
    assert (report.n_samples, report.n_blocks) == (len(rows), 6) and report.n_drawn == 6 * 2048
    exact_error = math.sqrt((square - mean**2) / report.n_drawn)
    assert report.standard_error == pytest.approx(exact_error, rel=0.05)
    assert report.probability == pytest.approx(mean, abs=4 * exact_error)
    assert report.effective_sample_size == pytest.approx(report.n_drawn * mean**2 / square, rel=0.02)
    assert report.smallest_effective_sample_size == pytest.approx(2048 * mean**2 / square, rel=0.05)


def test_balanced_classes_report_their_common_probability(fitted):
    fitted.sample(50, proportions={"red": 0.5, "blue": 0.5}, where="size >= 3")
    report = fitted.sample_report_.condition
    both = sum(moments(fitted, [colour], [3, 4])[0] for colour in ("red", "blue"))
    # One colour leaves one beginning's weight: nothing is estimated.
    assert report.probability == pytest.approx(both, rel=1e-4) and report.standard_error < 1e-6
    assert (report.n_samples, report.n_blocks, report.n_drawn) == (50, 2, 2 * 2048)
    fitted.sample(60, balance="colour")
    assert fitted.sample_report_.condition.n_samples == 60 and fitted.sample_report_.condition.n_blocks == 3


def test_a_report_comes_with_the_last_row_and_goes_with_the_next_call(fitted, tmp_path):
    fitted.sample_to(tmp_path / "rows.csv", 600, where="size >= 3")
    assert fitted.sample_report_.condition.n_samples == 600
    frames = fitted.iter_samples(600, where="size >= 3")
    next(frames)
    assert fitted.sample_report_ is None
    list(frames)
    assert fitted.sample_report_.condition.n_samples == 600
    fitted.sample(3)
    assert fitted.sample_report_ == SampleReport() and fitted.sample_report_.condition is None


def test_no_rows_and_a_condition_that_always_holds_are_reported_too(fitted):
    fitted.sample(0, where="heavy == true")
    report = fitted.sample_report_.condition
    assert report.n_samples == 0 and 0 < report.probability < 1
    fitted.sample(700, where="heavy == true or heavy == false")
    report = fitted.sample_report_.condition
    assert (report.probability, report.standard_error) == (pytest.approx(1), pytest.approx(0, abs=1e-6))
    assert report.n_samples == 700 and report.effective_sample_size == pytest.approx(report.n_drawn)


def test_a_condition_that_fails_leaves_no_report(fitted, monkeypatch):
    fitted.sample(3, where="size >= 3")
    monkeypatch.setattr(conditional, "LEAST_EFFECTIVE", 10.0**9)
    with pytest.raises(InputError, match="beginnings are worth"):
        fitted.sample(3, where='colour in ("red", "blue") and size >= 3')
    assert fitted.sample_report_ is None
