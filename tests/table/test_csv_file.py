"""Laws of `llmsynth.table.csv_file`: no cell is changed, dropped or guessed, and each bad file is one clear error."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from llmsynth.errors import TableError
from llmsynth.table.files import read_table, write_table
from llmsynth.table.infer import infer_schema


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


def test_integers_beside_empty_cells_stay_integers_and_floats_stay_floats(tmp_path):
    text = "i,f,m,z\n6,6.0,6,\n,,,\n-3,7.0,7.0,\n"
    frame = read_table(save(tmp_path, text))
    assert frame["i"].dtype == "Int64" and frame["i"].isna().tolist() == [False, True, False]
    assert frame["f"].dtype == frame["m"].dtype == frame["z"].dtype == "float64"
    write_table(frame, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text() == "i,f,m,z\n6,6.0,6.0,\n,,,\n-3,7.0,7.0,\n"


def test_empty_cells_beside_integers_beyond_63_bits_are_missing(tmp_path):
    frame = read_table(save(tmp_path, f"a,b,c\n{2**64 - 1},-1,{2**64}\n,{2**63},\n3,,1\n"))
    assert frame["a"].dtype == "UInt64" and frame["a"][0] == 2**64 - 1 and frame["a"].isna().tolist()[1]
    assert frame["b"].isna().tolist() == [False, False, True] and frame["b"].tolist()[:2] == ["-1", str(2**63)]
    assert frame["c"].isna().tolist() == [False, True, False]


def test_phone_numbers_keep_their_plus_and_signed_numbers_stay_numbers(tmp_path):
    rows = "".join(f"+49171{7919 * k:07d},+{k}.5,+{k}\n" for k in range(30))
    frame = read_table(save(tmp_path, f"phone,f,i\n{rows}"))
    assert frame["phone"].tolist()[1] == "+491710007919"
    assert frame["f"].dtype == "float64" and frame["i"].dtype == "int64"
    column = infer_schema(frame)["phone"]
    assert column.kind == "identifier" and column.pattern.startswith("phone:+49171")


def test_a_blank_line_is_a_missing_cell_of_one_column_and_no_row_of_two(tmp_path):
    frame = read_table(save(tmp_path, "a\n\n1\n\n\n2\n\n"))
    assert frame["a"].tolist()[1] == 1 and frame["a"].isna().tolist() == [True, False, True, True, False]
    frame = read_table(save(tmp_path, 'a\r\nx\r\n\r\n"y\n\nz"\r\n'))
    assert frame["a"].isna().tolist() == [False, True, False] and frame["a"][2] == "y\n\nz"
    assert len(read_table(save(tmp_path, "a,b\n\n1,2\n\n3,4\n\n\n"))) == 2


def test_a_table_of_one_column_with_missing_cells_is_written_and_read_back(tmp_path):
    frame = pd.DataFrame({"a": pd.array([None, 1, None, None], dtype="Int64")})
    write_table(frame, tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").equals(frame)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_found_between_quoted_names(delimiter, tmp_path):
    frame = read_table(save(tmp_path, f'"a, ""x"""{delimiter}"b"\n0{delimiter}x0\n1{delimiter}x1\n'))
    assert frame.to_dict("list") == {'a, "x"': [0, 1], "b": ["x0", "x1"]}
    assert list(read_table(save(tmp_path, f'"a{delimiter}b"\n"x{delimiter}y"\n'))) == [f"a{delimiter}b"]
    assert list(read_table(save(tmp_path, f'"a{delimiter}b",c\n1,2\n'))) == [f"a{delimiter}b", "c"]
    assert list(read_table(save(tmp_path, f'"a\n{delimiter}b",c\n1,2\n'))) == [f"a\n{delimiter}b", "c"]


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
    "not_utf8": (b"a,b\n1,2\n\xff\xfe,3\n", "line 3 holds a byte that is not; save the file as UTF-8"),
    "huge_cell": ("a,b\n" + "x" * 200_000 + ",1\n", "field larger"),
}


@pytest.mark.parametrize("case", BAD)
def test_each_bad_file_is_one_clear_error(case, tmp_path):
    text, message = BAD[case]
    path = tmp_path / "t.csv" if text is None else save(tmp_path, text)
    with pytest.raises(TableError, match=message):
        read_table(path)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("number", [1, 2, 3, 4999, 5000])
@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_the_line_that_is_not_utf8_is_named(end, number, ending, tmp_path):
    lines = [b"a,b", *[b"1,\xc3\xa4 2"] * 4999]
    lines[number - 1] += b"\xe4"
    path = tmp_path / f"t{ending}"
    content = end.join(lines) + end
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    with pytest.raises(TableError, match=f"expected UTF-8 text, but line {number} holds"):
        read_table(path)


def test_no_error_shows_a_cell(tmp_path):
    for text in ("a,b\n1,2\nsecret\n", 'a,b\n"secret\n'):
        with pytest.raises(TableError) as caught:
            read_table(save(tmp_path, text))
        assert "secret" not in str(caught.value)


def test_codes_that_look_like_powers_of_ten_stay_text(tmp_path):
    frame = read_table(save(tmp_path, "code,n,mixed,dose\n47E1,1.5e3,20E2,1E3\n12E3,2e5,2.5,5E4\n"))
    assert frame["code"].tolist() == ["47E1", "12E3"]
    assert frame["n"].tolist() == [1500, 200_000] and frame["mixed"].tolist() == [2000, 2.5]
    assert frame["dose"].tolist() == [1000, 50_000]


def test_a_lone_surrogate_changes_no_other_column(tmp_path):
    lines = "note,bmi,n,zip\n" + "".join(f"t{k},{20 + k / 8},{k},0{k}\n" for k in range(9)) + "\ud800,1.5,,05\n"
    frame = read_table(save(tmp_path, lines.encode("utf-8", "surrogatepass")))
    assert frame["note"].tolist() == [*(f"t{k}" for k in range(9)), "\ud800"]
    assert frame["bmi"].tolist() == [*(20 + k / 8 for k in range(9)), 1.5]
    assert frame["n"].dtype == "Int64" and frame["n"].isna().sum() == 1
    assert frame["zip"].tolist() == [*(f"0{k}" for k in range(9)), "05"]


def test_thousands_of_digits_beside_an_empty_cell_are_a_text(tmp_path):
    frame = read_table(save(tmp_path, f"a,b\n{'1' * 5000},2\n,3\n"))
    assert frame["a"].tolist()[0] == "1" * 5000
