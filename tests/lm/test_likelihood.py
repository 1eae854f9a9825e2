"""Joint, marginal and conditional probabilities: they sum to one, and they are those that decoding draws from."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from llmsynth.config import FitConfig
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.engine import build_engine
from llmsynth.lm.likelihood import Likelihood
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.request import Request
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


@pytest.fixture(params=["compact", "ensemble", "pretrained"])
def engine(request, tiny_llama, stir):
    """An untrained model with random weights behind three small columns, one of which may be missing."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "colour": rng.choice(["red", "green", "blue"], 60),
            "size": pd.array(np.where(rng.random(60) < 0.3, None, rng.integers(1, 5, 60)), dtype="Int64"),
            "heavy": rng.random(60) < 0.4,
        }
    )
    schema = infer_schema(frame)
    model = str(tiny_llama()) if request.param == "pretrained" else "compact"
    sizes = {**SIZES, "n_members": 2 if request.param == "ensemble" else 1}
    config = FitConfig.from_mapping({"model": model, "compact": sizes})
    built = build_engine(schema, physical_table(frame, schema), config)
    stir(built.model, 3, 0.3)
    return built, schema


@pytest.fixture
def every(engine):
    """Every row the model can write, as plain arrays."""
    rows = list(product(["red", "green", "blue"], [1, 2, 3, 4, None], [False, True]))
    frame = pd.DataFrame(rows, columns=["colour", "size", "heavy"]).astype({"size": "Int64"})
    return frame, physical_table(frame, engine[1])


def likelihood(engine) -> Likelihood:
    return engine[0].likelihood


@pytest.mark.parametrize("columns", [[0], [1], [2], [0, 2], [1, 2], [0, 1, 2]])
def test_marginals_sum_to_one(engine, every, columns):
    frame, table = every
    nats = likelihood(engine).log_prob(table, columns).sum(axis=1)
    distinct = ~frame.iloc[:, columns].duplicated()
    assert np.exp(nats[distinct]).sum() == pytest.approx(1, abs=1e-4)
    # Columns that are not scored have no say, and need not be there.
    names = [frame.columns[place] for place in columns]
    alone = likelihood(engine).log_prob({name: table[name] for name in names}, columns).sum(axis=1)
    assert alone == pytest.approx(nats, abs=1e-4)


@pytest.mark.parametrize("columns, given", [([0], [2]), ([0, 1], [2]), ([1], [0, 2]), ([2], [0])])
def test_conditionals_sum_to_one_for_every_condition(engine, every, columns, given):
    frame, table = every
    nats = likelihood(engine).log_prob(table, columns, given).sum(axis=1)
    distinct = frame[~frame.iloc[:, columns + given].duplicated()].index
    keys = frame.iloc[distinct, given].astype(str).agg("|".join, axis=1)
    totals = pd.Series(np.exp(nats[distinct])).groupby(keys.to_numpy()).sum()
    assert totals.to_numpy() == pytest.approx(1, abs=1e-4)


def test_the_chain_rule_holds_in_the_order_that_is_written(engine, every):
    _, table = every
    scored = likelihood(engine)
    joint = scored.log_prob(table, [0, 1, 2])
    assert joint[:, 0] == pytest.approx(scored.log_prob(table, [0])[:, 0], abs=1e-4)
    assert joint[:, 1:] == pytest.approx(scored.log_prob(table, [1, 2], [0]), abs=1e-4)


def test_conditionals_are_those_that_decoding_draws_from(engine, every):
    frame, table = every
    built, n = engine[0], 4000
    place_given, code = 2, 1
    decoder = RowDecoder(built.model, built.number_offsets, [ColumnSampling()] * 3)
    request = Request((2, 0, 1), {place_given: np.full(n, code)})
    values = decoder.decode_rows(np.arange(n), 0, request=request).values
    expected = likelihood(engine).log_prob(table, [0, 1], [2]).sum(axis=1)
    encoded, _, _ = built.encoder.encode(table)
    codes = np.stack([column.values[column.index] for column in encoded], axis=1)
    for row in np.flatnonzero(frame["heavy"]):
        drawn = ((values[0] == codes[row, 0]) & (values[1] == codes[row, 1])).mean()
        p = np.exp(expected[row])
        assert drawn == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / n) + 1e-3)


def test_class_probabilities_are_conditionals_and_sum_to_one(engine, every):
    frame, table = every
    codes, probability = likelihood(engine).class_probabilities(table, 1, [0, 2])
    assert codes.tolist() == [-1, 0, 1, 2, 3]
    assert probability.sum(axis=1) == pytest.approx(1, abs=1e-4)
    nats = likelihood(engine).log_prob(table, [1], [0, 2])[:, 0]
    own = np.where(frame["size"].isna(), 0, frame["size"].fillna(0).astype(int))
    assert probability[np.arange(len(frame)), own] == pytest.approx(np.exp(nats), abs=1e-4)


def test_rows_outside_the_schema_have_no_probability(engine):
    frame = pd.DataFrame({"colour": ["red", "mauve"], "size": pd.array([9, 1], dtype="Int64"), "heavy": [True, True]})
    table = physical_table(frame, engine[1], strict=False)
    scored = likelihood(engine)
    assert np.isneginf(scored.log_prob(table, [0, 1, 2])).tolist() == [[False, True, False], [True, False, False]]
    assert np.isneginf(scored.log_prob(table, [1, 2], [0])).tolist() == [[True, False], [True, True]]
    _, probability = scored.class_probabilities(table, 1, [0, 2])
    assert np.isnan(probability).all(axis=1).tolist() == [False, True]
