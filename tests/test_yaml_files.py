"""YAML files from strangers: plain values or one clear error."""

import pytest

from llmsynth.errors import ConfigError, SchemaError
from llmsynth.yaml_files import MAX_BYTES, parse_yaml, read_yaml

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("2E5", 2e5),
        (".5e1", 5.0),
        ("-1.5e+3", -1500.0),
        ("e4", "e4"),
        ("12", 12),
        ("0.1", 0.1),
        ("", None),
        ("a: [1, b, true, null]", {"a": [1, "b", True, None]}),
        ("{a: 'é: 💥'}", {"a": "é: 💥"}),
    ],
)
def test_plain_values_are_read_as_people_mean_them(text, value):
    got = parse_yaml(text, source="t")
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "line 2: anchors and aliases are not read"),
        ("a: 1\nb: 2\na: 3\n", "line 3: the same key is given twice"),
        ("? [a]\n: 1\n", "line 1: a key must be a plain value"),
        ("[" * 40 + "]" * 40, "nested deeper than 16 levels"),
        ("a: [1, 2", "line"),
        ("a: !!python/object/apply:os.system [ls]", "line 1"),
        ("a: !!python/name:os.system", "line 1"),
        ("d: 2020-13-45", "not readable as YAML"),
        ("\x00", "not readable as YAML"),
    ],
)
def test_what_is_not_plain_is_refused_by_line(text, words):
    with pytest.raises(ConfigError, match=words):
        parse_yaml(text, source="t")


def test_a_message_does_not_quote_the_file():
    with pytest.raises(ConfigError) as caught:
        parse_yaml("secret-cell: [1, 2\nother-cell: }", source="t")
    assert "cell" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        read_yaml(tmp_path / "none.yaml")


def test_a_file_that_is_too_large_is_not_parsed(tmp_path):
    (tmp_path / "big.yaml").write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="at most"):
        read_yaml(tmp_path / "big.yaml")


def test_another_encoding_is_named_and_a_byte_order_mark_is_not_a_key(tmp_path):
    (tmp_path / "a.yaml").write_bytes("é: 1".encode("latin-1"))
    with pytest.raises(SchemaError, match="UTF-8"):
        read_yaml(tmp_path / "a.yaml", error=SchemaError)
    (tmp_path / "b.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_yaml(tmp_path / "b.yaml") == {"a": 1}


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path)
