"""Reading a CSV file so that no cell is changed, dropped or guessed.

Knows the CSV format and what pandas' parser does to cells; refuses to know kinds of columns. The file is read twice:
once by the standard library to check its shape (ragged lines, with their numbers; encoding; header), once by pandas
for speed. Then the few columns whose cells pandas would have changed are read again as text, and kept as text or as
nullable integers: codes with leading zeros ("02134"), phone numbers ("+49171..."), truth values not written True and
False, integers beside empty cells (which pandas makes floats, or beyond 2**63 texts). Formulas that were guarded when
they were written lose the apostrophe (`formula_cells`).

A blank line is a missing cell of a table of one column, but for the last line of the file; in wider tables it is no
row.

Why not one parser: pandas fills short lines with missing values without a word and names no line of bad encoding;
the standard library alone is ten times slower on typed columns.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from llmsynth.errors import TableError
from llmsynth.table.formula_cells import bare, bare_column

_LEADING_ZERO = re.compile(r"0(?<![0-9A-Za-z./:-]0)[0-9]")
# A plus and seven digits are a phone number; shorter ones ("+0.5") are numbers with a sign.
_PHONE = re.compile(r"(?<![0-9A-Za-z])\+[0-9]{7}")
_CODE = re.compile(r"\s*(?:[+-]?0[0-9]|\+[0-9]{7,}\s*$)")
# Several digits, an E and digits are a code ("12E3") in a column that holds nothing else: a number of that size would
# have a point after the first digit.
_EXPONENT = re.compile(r"(?<![0-9A-Za-z.])[0-9]{2,}[eE][0-9]+(?![0-9A-Za-z.])")
_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")
# A carriage return by itself ends a line too.
_RETURN = re.compile(rb"\r(?!\n)")
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class _Shape:
    """What the first reading found."""

    header: list[str]
    delimiter: str
    n_rows: int
    codes: bool


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a plain, .gz or .zst file for reading, decompressed."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        with gzip.open(path, "rb") as stream:
            yield cast(IO[bytes], stream)
    elif suffix == ".zst":
        with pa.input_stream(str(path), compression="zstd") as stream:
            yield cast(IO[bytes], io.BytesIO(stream.read()))
    else:
        with path.open("rb") as stream:
            yield stream


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file; an empty field is a missing value, every other text is itself.

    Parameters
    ----------
    path : Path
        UTF-8, with a header line. The delimiter is a tab in .tsv files, else a comma; if the header has no comma
        outside quotes, a semicolon, tab or bar that it has there.

    Returns
    -------
    DataFrame

    Raises
    ------
    TableError
        If the file is empty, not UTF-8, has only a header, repeats a column name, or has a ragged line.
    """
    try:
        shape = _check(path)
        frame = _parse(path, shape)
        for place in _to_read_again(frame, shape):
            texts = _parse(path, shape, columns=[place], dtype="str").iloc[:, 0]
            frame[place] = _as_written(frame.iloc[:, place], texts)
        for place in range(frame.shape[1]):
            frame[place] = bare_column(frame.iloc[:, place])
    except (OSError, EOFError, pa.ArrowException, pd.errors.ParserError) as error:
        raise TableError(f"{path.name} cannot be read: {_reason(error)}; check that the file is whole") from error
    # pandas' own string type cannot hold lone surrogates.
    names = [bare(name) for name in shape.header]
    encodable = all(name.isascii() or name.encode("utf-8", "ignore").decode() == name for name in names)
    frame.columns = pd.Index(names, dtype=None if encodable else object)
    return frame


def _reason(error: Exception) -> str:
    # Parser messages may quote cells; only the class and a row number are passed on.
    number = re.search(r"(?:row|line) (\d+)", str(error))
    return f"{type(error).__name__}{f' near line {number[1]}' if number else ''}"


def _check(path: Path) -> _Shape:
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogatepass", newline="")
        try:
            return _check_lines(_Lines(text), path.name)
        except UnicodeDecodeError as error:
            raise TableError(
                f"{path.name}: expected UTF-8 text, but line {_undecodable_line(path)} holds a byte that is not; "
                "save the file as UTF-8"
            ) from error
        except csv.Error as error:
            raise TableError(
                f"{path.name}: {error}; cells may have up to {csv.field_size_limit()} characters"
            ) from error


def _undecodable_line(path: Path) -> int:
    """Number of the first line that is not UTF-8; the stream decodes blocks of lines, so it cannot tell."""
    number = 1
    with open_bytes(path) as stream:
        for line in stream:
            try:
                line.decode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                return number + len(_RETURN.findall(line[: error.start]))
            number += 1 + len(_RETURN.findall(line))
    return number


class _Lines:
    """Lines of a file, noting what pandas would change."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text
        self.codes = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self.text)
        if not self.codes:
            self.codes = (
                _LEADING_ZERO.search(line) is not None
                or ("+" in line and _PHONE.search(line) is not None)
                or _EXPONENT.search(line) is not None
            )
        return line


def _check_lines(lines: _Lines, name: str) -> _Shape:
    first = next(lines, None)
    if first is None:
        raise TableError(f"{name} is empty; expected a header line and rows")
    delimiter = "\t" if ".tsv" in name.lower() else _delimiter(first)
    reader = csv.reader(_chain(first, lines), delimiter=delimiter)
    header = next(reader, [])
    if not header:
        raise TableError(f"{name} starts with an empty line; expected a header line")
    repeated = [label for label, count in Counter(header).items() if count > 1]
    if repeated:
        listed = ", ".join(repr(label) for label in repeated[:10])
        raise TableError(f"{name}: column names must be distinct; repeated: {listed}; rename them")
    width, n_rows, blank, start = len(header), 0, 0, reader.line_num + 1
    for row in reader:
        if len(row) == width:
            n_rows += 1 + blank
            blank = 0
        elif not row:
            blank += width == 1
        else:
            raise TableError(
                f"{name}: line {start} has {len(row)} fields where the header has {width}; correct that line "
                "(a text with a comma or line break needs quotes)"
            )
        start = reader.line_num + 1
    n_rows += max(0, blank - 1)
    if n_rows == 0:
        raise TableError(f"{name} has a header but no rows; expected at least one row")
    return _Shape(header, delimiter, n_rows, lines.codes)


def _chain(first: str, lines: _Lines) -> Iterator[str]:
    yield first
    yield from lines


def _delimiter(header: str) -> str:
    # What stands in quotes is part of a name; a quote that is still open ends on another line.
    bare = re.sub(r'"(?:[^"]|"")*(?:"|$)', "", header)
    return next((delimiter for delimiter in _DELIMITERS if delimiter in bare), ",")


def _parse(path: Path, shape: _Shape, columns: list[int] | None = None, dtype: Any = None) -> pd.DataFrame:
    """Columns of the file, labelled by their places."""
    options: dict[str, Any] = {
        "sep": shape.delimiter,
        "header": 0,
        "names": list(range(len(shape.header))),
        "index_col": False,
        "usecols": columns,
        "dtype": dtype,
        "keep_default_na": False,
        "na_values": [""],
        "low_memory": False,
        "skip_blank_lines": len(shape.header) > 1,
        "encoding": "utf-8",
        "encoding_errors": "surrogatepass",
    }
    with open_bytes(path) as stream:
        try:
            frame: pd.DataFrame = pd.read_csv(stream, **options)
        except UnicodeError:
            # A lone surrogate does not fit pandas' own string type; plain objects hold it.
            stream.seek(0)
            frame = pd.read_csv(stream, **{**options, "dtype": dtype or object})
            whole = [place for place in frame.columns if not _has_surrogates(frame[place])]
            if dtype is None and whole:
                stream.seek(0)
                others = pd.read_csv(stream, **{**options, "usecols": whole})
                frame = pd.concat([frame.drop(columns=whole), others], axis=1)[list(frame.columns)]
    if len(shape.header) == 1 and len(frame) == shape.n_rows + 1 and bool(frame.iloc[-1:].isna().to_numpy().all()):
        # The blank line at the end of the file.
        frame = frame.iloc[:-1]
    if len(frame) != shape.n_rows:
        raise TableError(f"{path.name}: {shape.n_rows} rows were counted but {len(frame)} read; check its quotes")
    return frame


def _has_surrogates(texts: pd.Series[Any]) -> bool:
    joined = "".join(texts.dropna())
    return joined.encode("utf-8", "ignore").decode("utf-8") != joined


def _to_read_again(frame: pd.DataFrame, shape: _Shape) -> list[int]:
    """Places of the columns whose cells pandas may have changed."""
    again = []
    for place in range(frame.shape[1]):
        column = frame[place]
        kind = column.dtype.kind
        missing = column.isna().to_numpy()
        truth = kind == "b" or (kind == "O" and pd.api.types.infer_dtype(column) == "boolean")
        coded = kind in "iuf" and shape.codes and not missing.all()
        whole = False
        if kind == "f" and missing.any() and not missing.all():
            present = column.to_numpy()[~missing]
            whole = bool((np.floor(present) == present).all())
        # An empty cell beside integers beyond 2**63.
        empty = isinstance(column.dtype, pd.StringDtype) and bool((column == "").any())
        if truth or coded or whole or empty:
            again.append(place)
    return again


def _as_written(column: pd.Series[Any], texts: pd.Series[Any]) -> pd.Series[Any]:
    """A column as its texts or as nullable integers where pandas' own reading loses how its cells are written."""
    distinct = texts.dropna().unique().tolist()
    kind = column.dtype.kind
    if kind == "b" or (kind == "O" and not isinstance(column.dtype, pd.StringDtype)):
        return column if set(distinct) <= {"True", "False"} else texts
    if any(_CODE.match(text) for text in distinct) or all(_EXPONENT.fullmatch(text.strip()) for text in distinct):
        return texts
    if kind in "iu":
        return column
    integers = _integers(texts) if all(_WHOLE.fullmatch(text) and len(text) < 40 for text in distinct) else None
    if integers is not None:
        return integers
    return column if kind == "f" else texts


def _integers(texts: pd.Series[Any]) -> pd.Series[Any] | None:
    """Nullable integers, or None where they fit no 64 bits."""
    codes, distinct = pd.factorize(texts.to_numpy(dtype=object), use_na_sentinel=True)
    numbers = [*map(int, distinct), 0]
    signed = min(numbers) >= -(2**63) and max(numbers) < 2**63
    if not signed and (min(numbers) < 0 or max(numbers) >= 2**64):
        return None
    plain = np.array(numbers, dtype=np.int64 if signed else np.uint64)
    # Code -1, a missing cell, picks the 0 at the end.
    return pd.Series(pd.arrays.IntegerArray(plain[codes], codes < 0), index=texts.index)
