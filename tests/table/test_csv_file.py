"""Laws of `llmsynth.table.csv_file`: no cell is changed, dropped or guessed, and each bad file is one clear error."""

from pathlib import Path

import pytest

from llmsynth.errors import TableError
from llmsynth.table.files import read_table


def save(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_codes_with_leading_zeros_stay_text_and_measurements_do_not(tmp_path):
    frame = read_table(save(tmp_path, "zip,n,f,gap\n02134,1,0.5,007\n10001,10,05.5,\n"))
    assert frame["zip"].tolist() == ["02134", "10001"]
    assert frame["n"].tolist() == [1, 10]
    assert frame["f"].tolist() == ["0.5", "05.5"]
    assert frame["gap"].tolist()[0] == "007"


def test_truth_values_keep_their_own_spelling(tmp_path):
    frame = read_table(save(tmp_path, "a,b,c\ntrue,True,True\nfalse,False,\n"))
    assert frame["a"].tolist() == ["true", "false"]
    assert frame["b"].dtype == bool
    assert frame["c"].tolist()[0] is True


def test_large_integers_beside_missing_values_lose_no_digit(tmp_path):
    frame = read_table(save(tmp_path, f"a,b\n{2**53 + 1},1\n,2\n"))
    assert frame["a"].dtype == "Int64" and frame["a"][0] == 2**53 + 1


def test_words_for_missing_are_text(tmp_path):
    frame = read_table(save(tmp_path, "a,b\nNone,1\nN/A,2\n,3\n"))
    assert frame["a"].tolist()[:2] == ["None", "N/A"] and frame["a"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_found_when_the_header_has_no_comma(delimiter, tmp_path):
    frame = read_table(save(tmp_path, f"a{delimiter}b\n1{delimiter}x,y\n"))
    assert frame.to_dict("list") == {"a": [1], "b": ["x,y"]}


def test_a_byte_order_mark_and_windows_lines_are_no_part_of_the_table(tmp_path):
    frame = read_table(save(tmp_path, b"\xef\xbb\xbfa,b\r\n1,x\r\n\r\n2,y\r\n"))
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


BAD = {
    "no_such_file": (None, "does not exist"),
    "empty": ("", "is empty"),
    "blank_header": ("\n1,2\n", "starts with an empty line"),
    "header_only": ("a,b\n", "header but no rows"),
    "duplicates": ("a,b,a\n1,2,3\n", "repeated: 'a'"),
    "short_line": ("a,b\n1,2\n3\n", "line 3 has 1 fields where the header has 2"),
    "long_line": ("a,b\n1,2\n3,4,5\n", "line 3 has 3 fields"),
    "ragged_after_break": ('a,b\n"x\ny",2\n3\n', "line 4 has 1 fields"),
    "open_quote": ('a,b\n"x,2\n', "line 2 has 1 fields"),
    "not_utf8": (b"a,b\n1,2\n\xff\xfe,3\n", "after line 1|UTF-8"),
    "huge_cell": ("a,b\n" + "x" * 200_000 + ",1\n", "field larger"),
}


@pytest.mark.parametrize("case", BAD)
def test_each_bad_file_is_one_clear_error(case, tmp_path):
    text, message = BAD[case]
    path = tmp_path / "t.csv" if text is None else save(tmp_path, text)
    with pytest.raises(TableError, match=message):
        read_table(path)


def test_no_error_shows_a_cell(tmp_path):
    for text in ("a,b\n1,2\nsecret\n", 'a,b\n"secret\n'):
        with pytest.raises(TableError) as caught:
            read_table(save(tmp_path, text))
        assert "secret" not in str(caught.value)
