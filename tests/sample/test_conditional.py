"""Rows given a condition follow the enumerated conditional distribution, all of them, in an exact number."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from llmsynth import TableSynthesizer
from llmsynth.errors import InputError
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.picking import ColumnSampling
from llmsynth.sample import conditional
from llmsynth.sample.conditional import Conditional
from llmsynth.table.boxes import holds
from llmsynth.table.conditions import compile_condition
from llmsynth.table.decimals import round_significant
from llmsynth.table.dtypes import physical_table
from tests.tiny import TINY_COMPACT

RECIPE = {
    "compact": TINY_COMPACT,
    "train": {"calibrate": False},
}
COLUMNS = ["colour", "size", "heavy", "grade", "age"]
CONDITIONS = [
    'colour == "red"',
    'colour != "red"',
    'colour in ("red", "blue")',
    "size >= 2",
    "size between 2 and 3",
    "size is missing",
    "size is not missing",
    "not (size >= 2)",
    "heavy == true",
    'heavy == true and colour == "blue"',
    'heavy == true or colour == "blue"',
    'colour == "red" or size == 1 or size is missing',
    'not (heavy == true and colour == "blue")',
    'grade == "b" and size <= 3',
    '(grade == "a" and heavy == false) or (grade == "b" and heavy == true)',
    "age >= 33",
    "age < 33 and heavy == true",
    "age between 25 and 40 or age between 50 and 58",
    'age > 30 and colour in ("green", "blue") and size is not missing',
    "not (age <= 45)",
]


@pytest.fixture(scope="module")
def table():
    """Four small columns and one of cells; 3 x 5 x 2 x 2 combinations times the cells of age."""
    rng = np.random.default_rng(0)
    n = 160
    colour = rng.choice(["red", "green", "blue"], n, p=[0.2, 0.5, 0.3])
    return pd.DataFrame(
        {
            "colour": colour,
            "size": pd.array(np.where(rng.random(n) < 0.25, None, rng.integers(1, 5, n)), dtype="Int64"),
            "heavy": (colour == "blue") ^ (rng.random(n) < 0.3),
            "grade": rng.choice(["a", "b"], n),
            "age": np.clip(rng.normal(40, 12, n).round(), 18, 80).astype(int),
        }
    )


@pytest.fixture(scope="module")
def fitted(table):
    return TableSynthesizer("compact", recipe=RECIPE, max_epochs=15, random_state=0).fit(table)


@pytest.fixture(scope="module")
def every(fitted):
    """All rows that the model can write."""
    ages = range(int(fitted.schema_["age"].minimum), int(fitted.schema_["age"].maximum) + 1)
    rows = list(product(["red", "green", "blue"], [1, 2, 3, 4, None], [False, True], ["a", "b"], ages))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"size": "Int64"})


def conditional_distribution(fitted, every, where):
    """Probability of each row given the condition, conditioned columns first; and of the condition."""
    encoder = fitted._engine.encoder
    boxes = compile_condition(where, encoder.columns, encoder.codecs, schema=fitted.schema_)
    named = [name for name in COLUMNS if any(name in box.sets for box in boxes)]
    rest = [name for name in COLUMNS if name not in named]
    nats = fitted.log_prob(every, named) + (fitted.log_prob(every, rest, named) if rest else 0.0)
    inside = holds(boxes, physical_table(every, fitted.schema_))
    probability = np.where(inside, np.exp(nats), 0.0)
    return probability / probability.sum(), probability.sum()


def agrees(rows, every, share, *, n_effective):
    """Chi-square at 0.001 over groups of rows, each expected five times at least."""
    keys = {tuple(row): place for place, row in enumerate(every.astype(object).itertuples(index=False, name=None))}
    keys = {tuple(None if value is pd.NA else value for value in key): place for key, place in keys.items()}
    found = [
        keys[tuple(None if value is pd.NA else value for value in row)]
        for row in rows.astype(object).itertuples(index=False, name=None)
    ]
    observed = np.bincount(found, minlength=len(every)).astype(float)
    # Ages stay apart only as far as there are rows: merge neighbours in the order of the table.
    expected = share * len(rows)
    group = np.minimum((np.cumsum(expected) / 12).astype(int), int(expected.sum() / 12) - 1)
    observed, expected = np.bincount(group, observed), np.bincount(group, expected)
    used = expected > 0
    assert not observed[~used].any()
    observed, expected = observed[used], expected[used]
    shrink = n_effective / len(rows)
    return chisquare(observed * shrink, expected * shrink * observed.sum() / expected.sum()).pvalue > 0.001


@pytest.mark.parametrize("where", CONDITIONS)
def test_conditional_rows_follow_the_enumerated_distribution(fitted, every, where):
    share, total = conditional_distribution(fitted, every, where)
    rows = fitted.sample(1536, random_state=1, where=where)
    assert len(rows) == 1536 and rows.dtypes.equals(fitted.sample(1).dtypes)
    encoder = fitted._engine.encoder
    boxes = compile_condition(where, encoder.columns, encoder.codecs, schema=fitted.schema_)
    assert holds(boxes, physical_table(rows, fitted.schema_)).all()
    assert agrees(rows, every, share, n_effective=1536)
    estimate = fitted.probability(where, 2000, random_state=2)
    assert estimate.probability == pytest.approx(total, abs=4 * estimate.standard_error + 1e-4)


def test_rows_without_their_weights_would_be_noticed(fitted, every, monkeypatch):
    """Boxes of unequal probability: upside-down weights give another distribution."""
    where = 'colour == "red" or size == 1 or size is missing'
    share, _ = conditional_distribution(fitted, every, where)
    monkeypatch.setattr(conditional._Pool, "weight", property(lambda pool: 1.0 / np.exp(pool.log_weight)))
    rows = fitted.sample(1536, random_state=1, where=where)
    assert not agrees(rows, every, share, n_effective=1536)


def test_the_first_rows_of_many_are_those_of_few(fitted):
    where = 'heavy == true or colour == "blue"'
    many = fitted.sample(700, random_state=3, where=where)
    few = fitted.sample(90, random_state=3, where=where)
    pd.testing.assert_frame_equal(many.head(90), few)
    small = fitted.sample(90, random_state=3, where=where, batch_size=7)
    pd.testing.assert_frame_equal(small, few)
    assert not few.equals(fitted.sample(90, random_state=4, where=where))


def test_no_rows_and_a_condition_that_always_holds(fitted):
    assert fitted.sample(0, where="age >= 18").shape == (0, 5)
    assert len(fitted.sample(600, where="age >= 18")) == 600
    with pytest.raises(InputError, match="n_samples: expected 0 or more, got -1"):
        fitted.sample(-1, where="age >= 30")
    whole = fitted.probability("age >= 18")
    assert (whole.probability, whole.standard_error) == (1.0, 0.0)


def test_mappings_and_several_conditions_mean_the_same_as_text(fitted):
    text = fitted.sample(50, random_state=1, where='age >= 33 and colour in ("red", "blue")')
    mapping = fitted.sample(50, random_state=1, where={"age": (33, None), "colour": ["red", "blue"]})
    several = fitted.sample(50, random_state=1, where=["age >= 33", {"colour": {"red", "blue"}}])
    pd.testing.assert_frame_equal(text, mapping)
    pd.testing.assert_frame_equal(text, several)


def test_beginnings_are_drawn_in_pieces_that_fit_in_memory_and_are_the_same(fitted, monkeypatch):
    where = 'heavy == true or colour == "blue"'
    whole, estimate = fitted.sample(90, random_state=3, where=where), fitted.probability(where, 1000, random_state=2)
    sizes, decode = [], RowDecoder.decode_rows

    def counted(self, rows, *arguments, **how):
        sizes.append(rows.size)
        return decode(self, rows, *arguments, **how)

    monkeypatch.setattr(RowDecoder, "decode_rows", counted)
    sampler = fitted._sampler(fitted._engine)
    small = replace(sampler, batch_size=300)
    monkeypatch.setattr(type(fitted), "_sampler", lambda self, engine: small)
    pieces = fitted.probability(where, 1000, random_state=2)
    pd.testing.assert_frame_equal(fitted.sample(90, random_state=3, where=where), whole)
    assert pieces.n_drawn == estimate.n_drawn and pieces.probability == pytest.approx(estimate.probability, abs=1e-6)
    assert max(sizes) == 300 and len(sizes) > 8


def test_one_token_conditions_lose_nothing(fitted):
    estimate = fitted.probability('colour == "red"', 1000)
    assert estimate.standard_error == pytest.approx(0, abs=1e-9)
    assert estimate.effective_sample_size == pytest.approx(estimate.n_drawn)


def test_an_estimate_needs_a_draw(fitted):
    with pytest.raises(InputError, match="n_draws: expected 1 or more, got 0"):
        fitted.probability("size >= 2", 0)


def test_weights_that_stay_uneven_are_an_error_with_the_numbers(fitted, monkeypatch):
    monkeypatch.setattr(conditional, "LEAST_EFFECTIVE", 10.0**9)
    with pytest.raises(InputError, match=r"beginnings are worth .* expected at least 1000000000"):
        fitted.sample(5, where='colour == "red" and heavy == true')


def test_impossible_conditions_say_what_is_possible(fitted):
    with pytest.raises(InputError, match="red"):
        fitted.sample(5, where='colour == "rde"')
    with pytest.raises(InputError):
        fitted.sample(5, where="age > 500")


def test_numbers_are_drawn_inside_ranges_that_cut_cells(mixed_table):
    frame = mixed_table(150)[["exact", "zoned", "whole"]].dropna()
    model = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0).fit(frame)
    low, high = frame["exact"].quantile([0.31, 0.62])
    rows = model.sample(300, random_state=0, where={"exact": (float(low), float(high)), "whole": (1, 2)})
    assert rows["exact"].between(low, high).all() and rows["whole"].isin([1, 2]).all()
    assert rows["exact"].nunique() > 100
    middle = frame["zoned"].sort_values().iloc[60]
    rows = model.sample(300, random_state=0, where=f'zoned >= "{middle.isoformat()}"')
    assert (rows["zoned"] >= middle).all()


def test_conditions_work_on_a_pretrained_model(table, tiny_llama):
    recipe = {**RECIPE, "pretrained": {"lora": {"r": 2}, "head_rank": 2}}
    model = TableSynthesizer(str(tiny_llama()), recipe=recipe, max_epochs=1, random_state=0).fit(table.head(60))
    where = '(size >= 2 and colour == "blue") or age between 30 and 41'
    rows = model.sample(200, random_state=0, where=where)
    inside = ((rows["size"] >= 2).fillna(False) & (rows["colour"] == "blue")) | rows["age"].between(30, 41)
    assert len(rows) == 200 and inside.all()


def test_a_decoder_that_forgets_the_share_of_a_cut_cell_gives_another_probability(fitted, every, monkeypatch):
    where = "age >= 33"
    _, total = conditional_distribution(fitted, every, where)
    encoder = fitted._engine.encoder
    boxes = compile_condition(where, encoder.columns, encoder.codecs, schema=fitted.schema_)
    sampler = fitted._sampler(fitted._engine)
    decoder = RowDecoder(sampler.model, sampler.number_offsets, [ColumnSampling()] * 5)
    right = Conditional(sampler, decoder, boxes).estimate(3000, 0)
    whole = conditional.restrict
    monkeypatch.setattr(conditional, "restrict", lambda grammar, share: whole(grammar, np.ceil(share)))
    wrong = Conditional(sampler, decoder, boxes).estimate(3000, 0)
    assert right.probability == pytest.approx(total, abs=4 * right.standard_error + 1e-4)
    assert abs(wrong.probability - total) > 8 * right.standard_error


@pytest.fixture(scope="module")
def fine():
    """Grids of more points than float64 can count: microseconds, nanoseconds, whole numbers of 16 digits."""
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2015-01-01")
    frame = pd.DataFrame(
        {
            "us": (start + pd.to_timedelta(rng.integers(0, 3 * 10**14, 400), unit="us")).as_unit("us"),
            "ns": (start + pd.to_timedelta(rng.integers(0, 3 * 10**17, 400), unit="ns")).as_unit("ns"),
            "account": rng.integers(10**15, 10**16, 400),
            "wait": pd.to_timedelta(rng.integers(0, 10**12, 400), unit="us").astype("timedelta64[us]"),
        }
    )
    schema = {"account": {"kind": "integer"}}
    fitted = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0, schema=schema).fit(frame)
    return fitted, frame


@pytest.mark.parametrize("name", ["us", "ns", "account"])
def test_a_value_of_a_fine_grid_is_drawn_exactly_and_has_its_own_probability(fine, name):
    fitted, frame = fine
    values = np.sort(frame[name].to_numpy())[[0, 100, 200, 399]]
    for value in values:
        rows = fitted.sample(40, random_state=0, where={name: value})
        assert (rows[name].to_numpy() == value).all()
        nats = fitted.log_prob(frame[frame[name] == value].head(1), [name])[0]
        assert np.log(fitted.probability({name: value}).probability) == pytest.approx(nats, rel=1e-6)
    pair = fitted.sample(60, random_state=0, where={name: [values[1], values[2]]})[name].to_numpy()
    assert set(pair) == {values[1], values[2]}


def test_time_spans_are_asked_for_as_such(fine):
    fitted, frame = fine
    half = frame["wait"].median()
    for where in (f"wait > '{half}'", {"wait": (half, None)}, {"wait": (half.to_timedelta64(), None)}):
        assert (fitted.sample(40, random_state=0, where=where)["wait"] >= half).all()
    assert (fitted.sample(40, random_state=0, where="wait < '10h'")["wait"] < pd.Timedelta("10h")).all()
    with pytest.raises(InputError, match=r"column 'wait': expected a time span of weeks or shorter units"):
        fitted.sample(1, where={"wait": np.timedelta64(1, "M")})
    with pytest.raises(InputError, match=r"expected a number, got 'soon'; column 'wait' holds time spans in us from"):
        fitted.sample(1, where="wait > 'soon'")


def test_as_many_rows_are_decoded_as_asked_for_in_batches_of_the_size_asked_for(fitted, monkeypatch):
    sizes = []
    decode_rows = RowDecoder.decode_rows

    def noted(self, rows, *args, **how):
        sizes.append(len(rows))
        return decode_rows(self, rows, *args, **how)

    every = fitted.sample(20, random_state=0, where="heavy == true")
    monkeypatch.setattr(RowDecoder, "decode_rows", noted)
    pd.testing.assert_frame_equal(fitted.sample(20, random_state=0, where="heavy == true", batch_size=16), every)
    assert max(sizes) == 16
    sizes.clear()
    fitted.sample(20, random_state=0, where="heavy == true")
    assert sizes[-1] == 20


def test_a_condition_leaves_the_temperature_as_it_is(fitted):
    cold = fitted.sample(200, random_state=1, where='colour != "red"', temperature=1e-6)
    assert cold["colour"].nunique() == 1


def test_rounding_to_significant_digits_does_not_lead_out_of_a_condition():
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=120), "c": ["a", "b"] * 60})
    fitted = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0).fit(frame)
    encoder = fitted._engine.encoder
    edges = encoder.codecs[0].cells.bounds()[1] / 10.0 ** encoder.codecs[0].decimals
    asked = round_significant(edges, fitted.schema_["x"].significant)
    where = f"x in ({', '.join(map(str, asked))})"
    boxes = compile_condition(where, encoder.columns, encoder.codecs, schema=fitted.schema_)
    rows = fitted.sample(200, random_state=0, where=where)
    assert holds(boxes, physical_table(rows, fitted.schema_)).all()
    assert set(rows["x"]) <= set(asked)  # as written, not with the digits of a border
    assert (fitted.sample(40, random_state=1, where=f"x == {asked[7]}")["x"] == asked[7]).all()
