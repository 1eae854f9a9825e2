"""What a run says of its fit is read back, and anything else is one error that names the file."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from llmsynth.config import FitConfig, SampleConfig
from llmsynth.errors import RunFolderError
from llmsynth.lm.description import as_written, read_description
from llmsynth.lm.run_folder import Run
from llmsynth.table.infer import infer_schema

CONFIG = FitConfig(model="compact", target="é", sample=SampleConfig(temperature={"text": 0.5, "default": 1.0}))
ALIASES = "a: &a [1, 1]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abc", "bcd", strict=True))


@pytest.fixture
def sealed(tmp_path):
    """Seals a run with some of its files replaced by given texts."""
    schema = infer_schema(pd.DataFrame({"age": [1, 2, 3], "é": ["x", "y", "x"]}))
    texts = {
        "config.yaml": yaml.safe_dump(CONFIG.to_mapping(), allow_unicode=True),
        "schema.json": json.dumps(schema.to_dict()),
        "report.json": '{"seconds": 1.5, "model_reason": "as asked"}',
        "history.json": '[{"step": 1, "split": "train", "nats_per_row": 2.0, "seconds": 0.1}]',
    }

    def seal(**replaced):
        with Run.create(tmp_path / "run") as run:
            for name, text in {**texts, **replaced}.items():
                run.write_text(name, text)
            run.seal()
        return schema, Run.open(tmp_path / "run")

    return seal


def test_what_was_written_is_read_back(sealed):
    schema, run = sealed()
    found = read_description(run)
    assert found.config == CONFIG and found.schema == schema
    assert (found.model_reason, found.report) == ("as asked", {"seconds": 1.5})
    assert found.history[0]["nats_per_row"] == 2.0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.yaml", ""),
        ("config.yaml", "[1]"),
        ("config.yaml", "a: ["),
        ("config.yaml", "[" * 5000),
        ("config.yaml", ALIASES),
        ("config.yaml", "!!python/object/apply:os.system [ls]"),
        ("config.yaml", "model: 5"),
        ("config.yaml", "seed: -1"),
        ("schema.json", "[]"),
        ("schema.json", "{}"),
        ("schema.json", '{"columns": 5}'),
        ("schema.json", '{"columns": [{"name": "a"}]}'),
        ("schema.json", '{"columns": '),
        ("report.json", "[]"),
        ("report.json", "{}"),
        ("report.json", '{"model_reason": 5}'),
        ("history.json", "{}"),
        ("history.json", "[5]"),
    ],
)
def test_anything_else_is_one_error_that_names_the_file(sealed, name, text):
    _, run = sealed(**{name: text})
    with pytest.raises(RunFolderError, match=rf"run/{name}: .*(it again|fit again|[Ff]it again, or restore it)"):
        read_description(run)


def test_an_unexpected_error_is_told_by_its_type_and_never_by_its_text(tmp_path):
    told = pytest.raises(RunFolderError, match=r"grammar.json: is not what a fit writes \(KeyError\)")
    with told as caught, as_written(tmp_path / "grammar.json"):
        {}["Jane Doe"]
    assert "Jane" not in str(caught.value)
