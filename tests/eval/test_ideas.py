"""Ideas are compared with the default of the same rows and seed, and leave the library as it was."""

import json
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from eval import fits, ideas, tables
from eval.benchmark import idea_changes as changes
from llmsynth import TableSynthesizer, fitting, warm_up
from llmsynth.grammar import encoder as encoders
from llmsynth.grammar.row import RowGrammar
from llmsynth.lm import engine as engines
from llmsynth.lm.compact import CompactModel
from tests.eval.conftest import people

SMALL = {
    "compact": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16},
    "train": {"max_epochs": 2, "refit": False},
}


def watched():
    """Everything a change may replace."""
    return (
        vars(RowGrammar)["place_offsets"],
        encoders.compact_row_grammar,
        engines.build_compact,
        fitting.wants_warm_up,
        warm_up.draw_warm_up_rows,
        CompactModel.logits,
    )


def small_table():
    return tables.Table(
        "insurance", "Insurance", "regression", "charges", ("age", "children"), ("smoker",), people(0, 60),
        people(1, 40),
    )  # fmt: skip


def fitted(change, **compact):
    recipe = {**SMALL, "compact": {**SMALL["compact"], **compact}}
    with change():
        return TableSynthesizer(model="compact", recipe=recipe, random_state=0).fit(people(0, 60))


def result(idea, seed, nats, *, table="t", c2st=0.5):
    return {
        "table": table, "rows": 60, "minutes": 1.0, "idea": idea, "seed": seed, "nats_by_row": nats, "c2st": c2st,
        "tstr": 0.5, "shape_error": 0.1, "copies": 0.0, "steps": 100, "nats_at_temperature": {}, "commit": "c" * 40,
        "dirty": False, "machine": {"cpu": "A", "cores": 1}, "nats": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "change", [changes.one_embedding_per_column, changes.marker_tokens, changes.warm_up_of_any_model]
)
def test_a_change_fits_draws_and_scores_and_is_taken_back(change):
    before = watched()
    with change():
        assert watched() != before
        model = TableSynthesizer(model="compact", recipe=SMALL, random_state=0).fit(people(0, 60))
        assert len(model.sample(30, random_state=1)) == 30
        assert np.isfinite(model.log_prob(people(0, 60))).all()
    assert watched() == before


def test_a_marker_is_one_token_more_for_each_column():
    plain, marked = (fitted(change)._engine.encoder.grammar for change in (nullcontext, changes.marker_tokens))
    assert marked.most_positions == plain.most_positions + plain.n_columns
    assert marked.vocabulary_size == plain.vocabulary_size + plain.n_columns


def test_names_begin_with_projections_of_what_the_pretrained_model_has(monkeypatch):
    words = {}

    def tokenizer(text, add_special_tokens):
        return {"input_ids": [words.setdefault(text, len(words))]}

    weight = torch.randn(50, 24, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(changes, "_pretrained_embeddings", lambda: (tokenizer, weight))
    engine = fitted(changes.embeddings_of_names)._engine
    assert {" smoker", " yes", " no", " age"} <= set(words)
    plain, begun = (engines.build_compact(engine.encoder, engine.config) for _ in range(2))
    changes._begin_with_names(begun, engine.encoder)
    changed = (begun.slot_embedding.weight != plain.slot_embedding.weight).any(dim=1)
    assert changed[1:].all() and not changed[0]


def test_a_projection_keeps_distances_and_has_the_spread_of_random_weights():
    vectors = np.random.default_rng(0).normal(size=(6, 40))
    found = changes.projected(vectors, 16)
    assert found.shape == (6, 16) and found.std() == pytest.approx(changes.STANDARD_DEVIATION)
    assert (found[:, 6:] == 0).all()

    def distances(points):
        return np.linalg.norm(points[:, None] - points[None], axis=2)

    ratio = distances(found)[0, 1:] / distances(vectors)[0, 1:]
    assert ratio == pytest.approx(np.full(5, ratio[0]))


def test_rows_of_a_teacher_are_half_of_the_warm_up():
    model = fitted(nullcontext)
    engine, table = model._engine, people(0, 60)
    plain = {c.name: changes.to_physical(table[c.name], c) for c in engine.encoder.columns}
    encoded, _, _ = engine.encoder.encode_columns(plain)
    teacher = table.iloc[:1]
    with changes.taught_by(teacher)():
        drawn = warm_up.draw_warm_up_rows(engine, encoded, np.arange(60), 40)
    for column, indices in zip(encoded, drawn, strict=True):
        assert indices.size == 40 and (indices[20:] == column.index[0]).all()


def test_temperature_divides_logits(stub):
    model = fitted(nullcontext)
    rows = people(0, 60)
    plain = model.log_prob(rows)
    with changes.at_temperature(1.0):
        assert model.log_prob(rows) == pytest.approx(plain)
    with changes.at_temperature(3.0):
        assert not np.allclose(model.log_prob(rows), plain)


def test_a_result_has_all_figures_and_is_kept(tmp_path, stub):
    path = ideas.run(small_table(), "default", seed=3, minutes=1.0, folder=tmp_path, fit=stub.fit)
    content = json.loads(path.read_text())
    assert path.name == "insurance-n60-default-1m-s3.json"
    assert (content["nats"], content["impossible_rows"], content["steps"]) == (10.0, 1, 30)
    assert len(content["nats_by_row"]) == 40 and content["nats_by_row"][0] is None
    assert (
        content["copies"] == 1.0
        and 0 <= content["c2st"] <= 1
        and set(content["nats_at_temperature"].values()) == {10.0}
    )

    def never(train, settings):
        raise AssertionError("fitted again")

    assert ideas.run(small_table(), "default", seed=3, minutes=1.0, folder=tmp_path, fit=never) == path
    settings = []
    ideas.run(
        small_table(), "wider", seed=3, minutes=1.0, folder=tmp_path,
        fit=lambda train, one: settings.append(one) or fits.Fitted(stub.Bootstrap(train), one, 1.0),
    )  # fmt: skip
    assert settings[0].recipe["compact"]["hidden_size"] == 128
    assert ideas.render(tmp_path).read_text().count("width 128") == 1


def test_differences_are_of_the_same_seed_and_the_rows_both_have():
    found = ideas.compared([
        result("default", 0, [1.0, 2.0, None, 4.0]), result("default", 1, [5.0, 5.0, 5.0, 5.0]),
        result("wider", 0, [0.5, 2.0, 3.0, 4.0], c2st=0.7), result("wider", 1, [4.5, 5.0, 5.0, 5.0], c2st=0.5),
        result("wider", 2, [0.0, 0.0, 0.0, 0.0]), result("deeper", 0, [1.0, 2.0, None, 5.0]),
        result("wider", 0, [0.0] * 4, table="no default of this one"),
    ])  # fmt: skip
    deeper, wider = found
    assert (wider["idea"], wider["seeds"], wider["better_seeds"]) == ("wider", 2, 2)
    assert wider["nats"] == pytest.approx(-0.5 / 3) and wider["c2st"] == pytest.approx(0.1)
    assert wider["standard_error"] == pytest.approx(np.std([-0.5, 0, 0], ddof=1) / np.sqrt(3))
    assert (deeper["better_seeds"], deeper["nats"], deeper["steps"]) == (0, pytest.approx(1 / 3), 1.0)


def test_temperatures_are_means_over_seeds():
    one, other = result("default", 0, [1.0]), result("default", 1, [1.0])
    for value, content in ((1.0, one), (3.0, other)):
        content["nats_at_temperature"] = {f"{t:g}": value + t for t in ideas.TEMPERATURES}
    assert ideas.temperatures([one, other]) == {("t", 60, 1.0): pytest.approx([2.0 + t for t in ideas.TEMPERATURES])}


def test_a_teacher_is_fitted_once(tmp_path, stub, monkeypatch):
    asked = []
    monkeypatch.setattr(fits, "fit", lambda train, one: asked.append(one) or stub.fit(train, one))
    table = small_table()
    first = ideas.teacher_rows(table, 4, tmp_path)
    again = ideas.teacher_rows(table, 4, tmp_path)
    assert [(one.model, one.seed, one.max_minutes) for one in asked] == [(ideas.SMOLLM2, 4, ideas.TEACHER_MINUTES)]
    assert first.equals(again) and list(first.dtypes) == list(table.train.dtypes)


def test_the_command_says_what_it_expects(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        ideas.main([])
    assert "expected a table" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="found none"):
        ideas.render(tmp_path)
    ideas.main(["--list"])
    listed = capsys.readouterr().out
    assert all(name in listed for name in ideas.IDEAS)
    done = []
    monkeypatch.setattr(tables, "load", lambda name: small_table())
    monkeypatch.setattr(ideas, "run", lambda table, name, **how: done.append((len(table.train), name, how["seed"])))
    ideas.main(["insurance", "--train-rows", "30", "--ideas", "default", "wider", "--seeds", "1", "2"])
    assert done == [(30, "default", 1), (30, "wider", 1), (30, "default", 2), (30, "wider", 2)]


def test_every_idea_has_a_base_and_options_that_exist():
    from llmsynth.config import FitConfig

    for idea in ideas.IDEAS.values():
        assert ideas.BASES[idea.model] in ideas.IDEAS
        FitConfig.from_mapping({"model": idea.model, **idea.recipe})
