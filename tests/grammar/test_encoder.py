"""From plain arrays to tokens and back, for both vocabularies and every kind of column."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import InputError
from llmsynth.grammar.encoder import build_compact_encoder, build_pretrained_encoder, encoder_from_dict
from llmsynth.table.dtypes import from_physical, physical_table
from llmsynth.table.infer import infer_schema


@pytest.fixture(scope="module")
def plain(mixed_table):
    frame = mixed_table(120)
    schema = infer_schema(frame)
    return schema, physical_table(frame, schema)


@pytest.fixture(scope="module")
def compact(plain):
    return build_compact_encoder(*plain)


@pytest.fixture(scope="module")
def spelled(plain, vocabulary):
    return build_pretrained_encoder(*plain, vocabulary)


def decoded(encoder, encoded):
    values = [
        grammar.decode(column.paths)[column.index]
        for grammar, column in zip(encoder.grammar.columns, encoded, strict=True)
    ]
    draws = [np.random.default_rng(0).random(encoded[0].index.size)] * len(values)
    return encoder.decode(values, draws)


def check_round_trip(encoder, schema, table):
    encoded, open_nats, legal = encoder.encode(table)
    assert legal.all() and (open_nats >= 0).all() and np.isfinite(open_nats).all()
    back = decoded(encoder, encoded)
    again, _, legal = encoder.encode(back)
    assert legal.all()
    for column, codec, before, after in zip(encoder.columns, encoder.codecs, encoded, again, strict=True):
        assert (before.values[before.index] == after.values[after.index]).all()
        series = from_physical(back[column.name], column)
        expected = from_physical(table[column.name], column)
        assert series.dtype == expected.dtype and (series.isna() == expected.isna()).all()
        if codec is None or codec.features() is None:
            pd.testing.assert_series_equal(series, expected)
    assert set(back) == {column.name for column in schema.modelled}


def test_every_row_comes_back_through_the_compact_vocabulary(compact, plain):
    check_round_trip(compact, *plain)


def test_every_row_comes_back_through_a_tokenizer(spelled, plain):
    check_round_trip(spelled, *plain)


def test_the_compact_encoder_comes_back_from_json(compact, plain):
    schema, table = plain
    stored = json.loads(json.dumps(compact.to_dict()))
    check_same(compact, encoder_from_dict(schema, stored, vocabulary=None), table)


def test_a_tokenizers_encoder_comes_back_from_json(spelled, plain, vocabulary):
    schema, table = plain
    stored = json.loads(json.dumps(spelled.to_dict()))
    check_same(spelled, encoder_from_dict(schema, stored, vocabulary=vocabulary), table)


def check_same(encoder, back, table):
    for name in ("first_spans", "later_spans", "start_id", "vocabulary_size", "names"):
        assert getattr(back.grammar, name) == getattr(encoder.grammar, name)
    for mine, theirs in zip(encoder.grammar.columns, back.grammar.columns, strict=True):
        assert (mine.automaton.next_state == theirs.automaton.next_state).all()
        assert (mine.automaton.token_ids == theirs.automaton.token_ids).all()
    ours, open_nats, _ = encoder.encode(table)
    others, other_nats, _ = back.encode(table)
    assert (open_nats == other_nats).all()
    for mine, theirs in zip(ours, others, strict=True):
        assert (mine.paths == theirs.paths).all() and (mine.index == theirs.index).all()


def test_a_row_outside_the_schema_is_not_legal_and_is_still_encoded(compact, plain, mixed_table):
    schema, _ = plain
    frame = mixed_table(120).iloc[:6].copy()
    frame[3] = [0, 10**6, 0, 0, 0, 0]
    frame["note"] = [None, None, "a fine note", "x" * 5000, None, None]
    encoded, open_nats, legal = compact.encode(physical_table(frame, schema, strict=False))
    assert legal.tolist() == [True, False, True, False, True, True]
    assert np.isfinite(open_nats).all() and all(column.index.size == 6 for column in encoded)


def test_a_missing_value_where_none_was_is_not_legal():
    frame = pd.DataFrame({"a": ["x", "y"] * 20, "t": [f"some words {i}" for i in range(40)]})
    schema = infer_schema(frame, overrides={"t": {"kind": "text"}})
    encoder = build_compact_encoder(schema, physical_table(frame, schema))
    other = pd.DataFrame({"a": ["x", None, "y"], "t": ["some words", "other", None]})
    _, _, legal = encoder.encode(physical_table(other, schema, strict=False))
    assert legal.tolist() == [True, False, False]


def test_the_drawn_remainder_has_its_share_of_the_probability():
    values = np.random.default_rng(0).normal(0, 10, 200).round(2)
    frame = pd.DataFrame({"x": values, "y": [1, 2] * 100})
    schema = infer_schema(frame)
    encoder = build_compact_encoder(schema, physical_table(frame, schema))
    codec = encoder.codecs[0]
    table = physical_table(frame, schema)
    _, open_nats, _ = encoder.encode(table)
    assert np.allclose(open_nats, -codec.log_share(table["x"], codec.encode(table["x"])))
    assert open_nats.mean() > 1


def test_a_table_with_nothing_to_learn_is_refused():
    frame = pd.DataFrame({"same": ["x"] * 30, "none": [None] * 30})
    schema = infer_schema(frame)
    with pytest.raises(InputError, match="nothing to learn: all 2 columns"):
        build_compact_encoder(schema, physical_table(frame, schema))


def test_numbers_have_features_and_others_have_none(compact):
    kinds = {column.name: column.kind for column in compact.columns}
    for column, feature, codec in zip(compact.columns, compact.features, compact.codecs, strict=True):
        assert (feature is None) == (kinds[column.name] in ("text", "categorical", "boolean"))
        assert feature is None or feature.shape == (codec.n_codes, 32)


def test_rare_ones_of_many_categories_take_two_tokens_and_come_back_from_json():
    codes = [f"c{number % 60:02d}" for number in range(120)] + ["c07"] * 40 + ["c31"] * 30
    frame = pd.DataFrame({"code": codes, "x": range(190)})
    schema = infer_schema(frame, overrides={"code": {"kind": "categorical"}})
    table = physical_table(frame, schema)
    encoder = build_compact_encoder(schema, table)
    assert encoder.texts[0] == [7, 31]
    assert encoder.grammar.columns[0].automaton.n_local == 2 + 2 * 8 + 1  # eight stretches of eight, and the filler
    check_round_trip(encoder, schema, table)
    stored = json.loads(json.dumps(encoder.to_dict()))
    check_same(encoder, encoder_from_dict(schema, stored, vocabulary=None), table)
    stored["texts"][0] = None  # as a run of an earlier version has it
    older = encoder_from_dict(schema, stored, vocabulary=None)
    assert older.grammar.columns[0].automaton.n_local == 60
    check_round_trip(older, schema, table)
