"""Given cells stay exactly as they are, the rest is drawn from the conditional, and no row is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from llmsynth import TableSynthesizer
from llmsynth.errors import InputError, SchemaError

TINY = {
    "compact": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32},
    "pretrained": {"lora": {"r": 2}, "head_rank": 2},
    "train": {"calibrate": False},
}


@pytest.fixture(scope="module", params=["compact", "pretrained"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def table(mixed_table, kind):
    """A random pretrained model would write hundreds of tokens of free text: only the compact one gets some."""
    return mixed_table(60) if kind == "compact" else mixed_table(60).drop(columns=["note"])


@pytest.fixture(scope="module")
def fitted(kind, table, tiny_llama):
    model = "compact" if kind == "compact" else str(tiny_llama())
    recipe = {**TINY, "compact": {**TINY["compact"], "warm_up": False}}
    return TableSynthesizer(model, recipe=recipe, max_epochs=1, random_state=0).fit(table)


def holes(table, seed=0, share=0.3):
    """The table with cells taken away, and which were."""
    taken = np.random.default_rng(seed).random(table.shape) < share
    taken[:, [list(table.columns).index(name) for name in ("key", "constant")]] = False
    frame = table.copy()
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if taken[:, place].any() and column.dtype.kind in "iub":
            column = column.astype("Int64" if column.dtype.kind == "i" else "boolean")
        frame.isetitem(place, column.where(~taken[:, place]))
    return frame, taken


def test_given_cells_come_back_exactly_and_nothing_is_missing_after_imputation(fitted, table):
    frame, taken = holes(table)
    filled = fitted.impute(frame)
    assert filled.shape == table.shape and filled.index.equals(frame.index)
    for place, column in enumerate(fitted.schema_.columns):
        given = frame.iloc[:, place].notna().to_numpy()
        ours, theirs = filled.iloc[:, place], frame.iloc[:, place]
        assert (ours[given].astype(object).to_numpy() == theirs[given].astype(object).to_numpy()).all(), column.name
        if column.kind != "missing":
            assert not ours.isna().any(), column.name
    assert taken.any()


def test_draws_stand_together_per_row_or_per_draw(fitted, table):
    frame = holes(table)[0].iloc[:7]
    several = fitted.sample_like(frame, n_draws=3, random_state=1)
    assert len(several) == 21
    for draw in range(3):
        part = several.iloc[draw::3].reset_index(drop=True)
        given = frame["whole"].notna().to_numpy()
        assert (part["whole"][given].to_numpy() == frame["whole"][given].to_numpy()).all()
    stacked = fitted.impute(frame, n_draws=3, random_state=1)
    assert stacked.index.names[0] == "draw" and len(stacked) == 21
    assert stacked.loc[2].index.equals(frame.index)


def test_absent_columns_are_drawn_and_their_order_does_not_matter(fitted, table):
    part = table[["whole", "american"]].iloc[:20]
    drawn = fitted.sample_like(part, random_state=4)
    assert list(drawn.columns) == list(table.columns)
    assert (drawn["whole"].to_numpy() == part["whole"].to_numpy()).all()
    assert drawn.equals(fitted.sample_like(part[["american", "whole"]], random_state=4))


def test_rows_do_not_depend_on_the_batch_and_follow_the_seed(fitted, table, monkeypatch):
    frame = holes(table, seed=1)[0].iloc[:30]
    whole = fitted.sample_like(frame, random_state=5)
    assert whole.equals(fitted.sample_like(frame, random_state=5))
    assert not whole.equals(fitted.sample_like(frame, random_state=6))
    sampler = fitted._sampler(fitted._engine)
    monkeypatch.setattr(
        type(fitted), "_sampler", lambda self, engine: type(sampler)(**{**vars(sampler), "batch_size": 4})
    )
    assert whole.equals(fitted.sample_like(frame, random_state=5))


def test_draws_of_a_row_are_spread_and_each_of_them_alone_is_a_plain_sample(fitted, table):
    n_rows, n_draws, label = 400, 8, "ordered"
    row = table.drop(columns=["key", "constant", "empty"]).dropna().iloc[[0]]
    expected = fitted.predict_proba(row, label).iloc[0]
    frame = pd.concat([row.drop(columns=[label])] * n_rows, ignore_index=True)
    drawn = fitted.sample_like(frame, n_draws, random_state=3)[label].astype(object)
    likely = [name for name in ("low", "mid, high", "is") if 0.1 < expected[name] < 0.9]
    assert len(likely) > 1
    for name in likely:
        share, hits = expected[name], (drawn == name).to_numpy().reshape(n_rows, n_draws)
        assert hits[:, 2].mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / n_rows))
        assert hits.sum(axis=1).var() < 0.5 * n_draws * share * (1 - share)  # of independent draws: all of it


def test_the_mode_is_the_same_every_time(fitted, table):
    frame = holes(table, seed=2)[0].iloc[:10]
    one, other = (fitted.impute(frame, method="mode", random_state=seed) for seed in (1, 2))
    with pytest.raises(InputError, match=r"n_draws: expected 1 with method='mode'.*got 3"):
        fitted.impute(frame, 3, method="mode")
    assert one.equals(other)


def test_complete_rows_come_back_as_they_are(fitted, table):
    whole = table.drop(columns=["empty"]).dropna()
    assert len(whole) > 5
    back = fitted.impute(whole)[list(whole.columns)]
    pd.testing.assert_frame_equal(back, whole, check_freq=False)


def test_bad_requests_are_one_clear_error(fitted, table):
    with pytest.raises(InputError, match="n_draws: expected 1 or more, got 0"):
        fitted.sample_like(table, n_draws=0)
    with pytest.raises(InputError, match="method: expected 'draw' or 'mode', got 'median'"):
        fitted.impute(table, method="median")
    with pytest.raises(SchemaError, match=r"'whole'.*1 of 3 rows hold a value outside the schema, the first in row 1 "):
        fitted.sample_like(table[["whole"]].iloc[:3].assign(whole=[1, 99, 2]))
    with pytest.raises(SchemaError, match="unknown: 'colour'"):
        fitted.sample_like(pd.DataFrame({"colour": ["red"]}))


def test_draws_follow_the_conditional_probabilities(fitted, table, kind):
    """A class that is not given is drawn as often as its conditional probability says."""
    known = table[["whole", "american", ""]].dropna().iloc[[3] * 300].reset_index(drop=True)
    probability = np.exp(
        [
            fitted.log_prob(known.iloc[:1].assign(ordered=name), ["ordered"], ["whole", "american", ""])[0]
            for name in ("low", "mid, high", "is")
        ]
    )
    # Columns before it are drawn first and may shift it: score it on the rows that were drawn.
    drawn = fitted.sample_like(known, random_state=3)
    share = np.array([(drawn["ordered"] == name).mean() for name in ("low", "mid, high", "is")])
    assert 0.05 < probability.sum() <= 1.0001
    assert share == pytest.approx(probability, abs=0.15)
