"""Exactly n rows in the table's own form, the same rows however they are batched."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch

from llmsynth.config import SampleConfig
from llmsynth.errors import InputError
from llmsynth.grammar.encoder import build_compact_encoder, build_pretrained_encoder
from llmsynth.lm.stub import StubModel
from llmsynth.sample.sampler import Sampler
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema


@pytest.fixture(scope="module", params=["compact", "byte_level_split_digits"])
def sampler(request, mixed_table, small_tokenizer):
    from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

    frame = mixed_table(60).drop(columns=["note"])
    schema = infer_schema(frame)
    table = physical_table(frame, schema)
    if request.param == "compact":
        encoder = build_compact_encoder(schema, table)
    else:
        encoder = build_pretrained_encoder(schema, table, TokenizerVocabulary(small_tokenizer(request.param)))
    encoded, _, _ = encoder.encode(table)
    return Sampler(StubModel(encoder.grammar, encoded), encoder, schema, (-1,) * len(encoder.columns), 64)


def rows(sampler, n, seed=0, **config):
    return pd.concat(list(sampler.iterate(n, seed, SampleConfig(**config))), ignore_index=True)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_exactly_n_rows_come_in_batches(sampler, n):
    sizes = [len(part) for part in sampler.iterate(n, 0)]
    assert sum(sizes) == n and all(size == 64 for size in sizes[:-1])


def test_no_rows_are_an_empty_frame_of_the_right_form(sampler):
    (empty,) = sampler.iterate(0, 0)
    one = rows(sampler, 1)
    assert len(empty) == 0 and empty.dtypes.tolist() == one.dtypes.tolist()
    assert list(map(repr, empty.columns)) == list(map(repr, one.columns))


def test_a_negative_number_is_refused(sampler):
    with pytest.raises(InputError, match="n_samples: expected 0 or more, got -1"):
        next(sampler.iterate(-1, 0))


@pytest.mark.parametrize("size", [1, 17, 500])
def test_the_rows_do_not_depend_on_the_batch_size(sampler, size):
    n = 20 if size == 1 else 100
    pd.testing.assert_frame_equal(rows(sampler, n, 3, batch_size=size), rows(sampler, n, 3))


def test_fewer_rows_are_the_first_of_more_rows(sampler):
    pd.testing.assert_frame_equal(rows(sampler, 100, 2), rows(sampler, 1000, 2).iloc[:100])


def test_quasi_random_rows_do_not_depend_on_the_batch_size_or_on_how_many_there_are(sampler):
    spread = rows(sampler, 300, 3, quasi_random=True)
    for size in (17, 64, 500):
        pd.testing.assert_frame_equal(rows(sampler, 200, 3, quasi_random=True, batch_size=size), spread.iloc[:200])
    assert not spread.equals(rows(sampler, 300, 3)) and not spread.equals(rows(sampler, 300, 4, quasi_random=True))


def test_quasi_random_rows_have_the_learned_frequencies(sampler):
    def first_column(**how):
        return [(rows(sampler, 256, seed, **how)["whole"] == 0).mean() for seed in range(8)]

    spread, plain = first_column(quasi_random=True), first_column()
    assert np.std(spread) < np.std(plain) / 3
    assert np.mean(spread) == pytest.approx(np.mean(plain), abs=3 * np.std(plain) / np.sqrt(8))


def test_another_seed_gives_other_rows(sampler):
    first, again, other = (rows(sampler, 50, seed)[3].tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_rows_are_made_as_they_are_asked_for(sampler):
    asked = []

    def script(column, position, state):
        asked.append(column)
        return torch.zeros(state.shape[0], sampler.encoder.grammar.columns[column].automaton.n_local)

    lazy = Sampler(StubModel(sampler.encoder.grammar, script=script), sampler.encoder, sampler.schema, (-1,) * 20, 8)
    parts = lazy.iterate(10**12, 0)
    assert asked == []
    assert [len(part) for part in itertools.islice(parts, 2)] == [32, 32]


def test_columns_that_are_not_learned_are_added(sampler, mixed_table):
    made = rows(sampler, 150)
    training = mixed_table(60)
    assert set(made["constant"]) == {"same"} and made["empty"].isna().all()
    assert made["key"].is_unique and not set(made["key"]) & set(training["key"])
    assert made.dtypes.tolist() == training.drop(columns=["note"]).dtypes.tolist()


def test_frequencies_are_those_of_the_table(sampler, mixed_table):
    made, training = rows(sampler, 2000), mixed_table(60)
    for label in ("whole", 3):
        assert (made[label] == 0).mean() == pytest.approx((training[label] == 0).mean(), abs=0.05)
    assert made["ordered"].isna().mean() == pytest.approx(training["ordered"].isna().mean(), abs=0.05)


def test_a_constant_that_may_be_missing_is_missing_as_often():
    frame = pd.DataFrame({"c": [None, "same", "same", "same"] * 10, "x": [1, 2, 3, 4] * 10})
    schema = infer_schema(frame, overrides={"c": {"kind": "constant", "nullable": True}})
    encoder = build_compact_encoder(schema, physical_table(frame, schema))
    sampler = Sampler(StubModel(encoder.grammar), encoder, schema, (-1,), 64)
    made = rows(sampler, 2000)["c"]
    assert set(made.dropna()) == {"same"} and made.isna().mean() == pytest.approx(0.25, abs=0.04)


def test_temperature_and_top_p_act_by_kind(sampler):
    cold = rows(sampler, 60, temperature={"integer": 1e-6})
    assert cold["whole"].nunique() == 1 and cold["ordered"].nunique() == 3
    assert rows(sampler, 60, top_p={"default": 1e-6, "integer": 1.0})["ordered"].nunique(dropna=False) == 1
    assert rows(sampler, 60, top_p={"default": 1e-6, "integer": 1.0})["whole"].nunique() > 1
    hot = rows(sampler, 400, temperature=100.0)
    assert hot["whole"].value_counts(normalize=True).max() < 0.45
    assert np.isfinite(hot["exact"]).all()
