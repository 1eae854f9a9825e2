"""Tables from and to files and data-frame libraries.

Knows CSV (.csv, .tsv, also .gz and .zst), Parquet, pandas, and anything that speaks Arrow or the data-frame
interchange (polars). Refuses to know what the columns mean. Reading changes no cell; writing goes to a temporary file
beside the target and is renamed at the end, so a killed program leaves no half file under the asked name.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

import pandas as pd
import pyarrow as pa
import pyarrow.interchange
import pyarrow.parquet as pq

from llmsynth.errors import InputError, TableError
from llmsynth.resources import free_disk
from llmsynth.table.arrow_frame import frame_from_arrow
from llmsynth.table.csv_file import read_csv
from llmsynth.table.csv_write import write_csv_rows
from llmsynth.table.formula_cells import FormulaWarning
from llmsynth.table.infer import check_frame
from llmsynth.table.parquet_frame import from_parquet_frame, lasting_types, to_parquet_frame
from llmsynth.table.schema import Schema

_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst")
_PARQUET = (".parquet", ".pq")


def file_format(path: str | os.PathLike[str]) -> str:
    """``"csv"`` or ``"parquet"``, by the file's name.

    Raises
    ------
    TableError
        If the name ends in neither.
    """
    name = Path(path).name.lower()
    if name.endswith(_PARQUET):
        return "parquet"
    if name.endswith(_CSV):
        return "csv"
    raise TableError(f"{Path(path).name}: expected a name ending in one of {', '.join((*_CSV, *_PARQUET))}")


def read_table(source: object) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    source : path or data frame
        A CSV or Parquet file, or a pandas, polars, Arrow or other data frame with `__arrow_c_stream__` or
        `__dataframe__`. A pandas data frame is returned as it is. The row index is not part of the table.

    Returns
    -------
    DataFrame
        At least one row and one column, with distinct labels. Integers and booleans with missing values that come
        from Arrow are nullable, never floats.

    Raises
    ------
    TableError
        If the file is missing, empty, ragged, has only a header or duplicate names, or cannot be read.
    """
    if isinstance(source, str | os.PathLike):
        frame = _read_file(Path(source))
    elif isinstance(source, pd.DataFrame):
        frame = source
    elif hasattr(source, "to_frame"):
        raise TableError(
            f"expected a table, got one column ({type(source).__name__}); make it a table with .to_frame()"
        )
    elif hasattr(source, "__arrow_c_stream__"):
        frame = _from_arrow_stream(source)
    elif hasattr(source, "__dataframe__"):
        frame = frame_from_arrow(pyarrow.interchange.from_dataframe(cast(Any, source)))
    else:
        raise TableError(f"expected a file or a data frame, got {type(source).__name__}")
    check_frame(frame)
    return frame


def _from_arrow_stream(source: Any) -> pd.DataFrame:
    try:
        table = pa.table(source)
    except pa.ArrowException as error:
        for name in getattr(source, "columns", ()):
            try:
                pa.chunked_array(source[name])
            except pa.ArrowException:
                raise TableError(
                    f"column {name!r} has data type {source[name].dtype}, which Arrow cannot hold; convert it to "
                    "64-bit integers, floats or text"
                ) from error
        raise TableError(f"this {type(source).__name__} is no table that Arrow can read") from error
    return frame_from_arrow(table)


def _read_file(path: Path) -> pd.DataFrame:
    kind = file_format(path)
    if not path.exists():
        raise TableError(f"{str(path)!r} does not exist; expected a CSV or Parquet file")
    if not path.is_file():
        raise TableError(f"{str(path)!r} is not a regular file; a table is read twice, so save it to a file first")
    if path.stat().st_size == 0:
        raise TableError(f"{path.name} is empty; expected a header line and rows")
    if kind == "csv":
        return _read_csv(path)
    try:
        _refuse_repeated(path, pq.read_schema(path).names)
        table = pq.read_table(path)
        frame = frame_from_arrow(table)
    except TableError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{path.name} is not a readable Parquet file ({type(error).__name__})") from error
    return from_parquet_frame(frame, table.schema.metadata or {})


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return read_csv(path)
    except TableError as error:
        if str(error).startswith(path.name):
            raise
        raise TableError(f"{path.name}: {error}") from error


def _refuse_repeated(path: Path, names: list[str]) -> None:
    """Name repeated columns of a Parquet file, of which Arrow says only that it cannot read it."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        listed = ", ".join(map(repr, repeated[:10]))
        raise TableError(f"{path.name}: column names must be distinct; repeated: {listed}; rename them")


def write_table(
    frame: pd.DataFrame, path: str | os.PathLike[str], *, schema: Schema | None = None, overwrite: bool = False
) -> Path:
    """Write a table to a CSV or Parquet file; see `TableWriter`.

    Returns
    -------
    Path
        The file written.
    """
    with TableWriter(path, schema=schema, overwrite=overwrite) as writer:
        writer.write(frame)
    return Path(path)


class TableWriter:
    """Writes a table piece by piece to one file, which appears under its name only when complete.

    Parameters
    ----------
    path : path
        Its name decides the format. CSV is UTF-8 with line feeds; a missing value is an empty field (so an empty
        string, which CSV cannot tell from it, is read back as missing). Texts that a spreadsheet would run as formulas
        get an apostrophe in front, with a warning (`llmsynth.table.formula_cells`). Parquet keeps data types,
        categories and labels (`llmsynth.table.parquet_frame`), but sparse columns come back dense.
    schema : Schema or None
        If given, times in CSV are written to the precision of each column (a date as 2013-07-29). The table may have
        more columns after those of the schema.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    InputError
        If the file exists and `overwrite` is false, or the folder is not writable; both before anything is written.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with TableWriter(f"{folder.name}/t.csv") as writer:
    ...     writer.write(pd.DataFrame({"a": [1]}))
    ...     writer.write(pd.DataFrame({"a": [2]}))
    >>> read_table(f"{folder.name}/t.csv")["a"].tolist()
    [1, 2]
    >>> folder.cleanup()
    """

    def __init__(self, path: str | os.PathLike[str], *, schema: Schema | None = None, overwrite: bool = False) -> None:
        # A link stays one, and what it leads to is written.
        self.path = Path(os.path.realpath(path)) if Path(path).is_symlink() else Path(path)
        self.schema = schema
        self.n_rows = self.n_guarded = 0
        self._format = file_format(path)
        if self.path.exists() and not overwrite:
            raise InputError(f"{str(path)!r} exists; choose another name or allow overwriting (--overwrite)")
        self._created = [folder for folder in self.path.parents if not folder.exists()]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", suffix=".part", dir=self.path.parent)
        except OSError as error:
            raise InputError(f"folder {str(self.path.parent)!r} is not writable ({error.strerror})") from error
        os.close(handle)
        self._part = Path(name)
        self._stream: IO[bytes] | None = None
        self._text: io.TextIOWrapper | None = None
        self._parquet: pq.ParquetWriter | None = None
        self._close: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file, or remove what was written if there was an error."""
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, frame: pd.DataFrame) -> None:
        """Append rows; all pieces must have the same columns and data types."""
        if self._format == "csv":
            self._write_csv(frame)
        else:
            self._write_parquet(frame)
        self.n_rows += len(frame)

    def check_space(self, n_rows: int) -> None:
        """Make sure, by what was written so far, that the disk has room for so many rows in all.

        Compressed files are judged from their first flush on. A drive that says nothing is free may just not know.

        Raises
        ------
        OSError
            With errno ENOSPC and both numbers.
        """
        written, free = self._part.stat().st_size, free_disk(self.path.parent)
        needed = written / max(1, self.n_rows) * max(0, n_rows - self.n_rows)
        if 0 < free < needed:
            text = f"{n_rows:,} rows need about {needed / 1e6:,.1f} MB more, {free / 1e6:,.1f} MB are free"
            raise OSError(errno.ENOSPC, text, str(self.path.parent))

    def close(self) -> None:
        """Finish the file and give it its name; if that fails, as on a full disk, nothing is left behind."""
        try:
            while self._close:
                self._close.pop()()
            # mkstemp makes private files; a table gets the mode any new file of this user has.
            mask = os.umask(0)
            os.umask(mask)
            self._part.chmod(0o666 & ~mask)
            os.replace(self._part, self.path)
            if self.n_guarded:
                warnings.warn(
                    f"{self.path.name}: {self.n_guarded:,} texts begin as a spreadsheet's formula does; each has an "
                    "apostrophe in front, which read_table takes away again",
                    FormulaWarning,
                    stacklevel=2,
                )
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Remove what was written, and the folders that were made for it."""
        while self._close:
            # On a full disk the last bytes cannot be written either; they are not wanted.
            with suppress(OSError, ValueError, pa.ArrowException):
                self._close.pop()()
        self._part.unlink(missing_ok=True)
        for folder in self._created:
            try:
                folder.rmdir()
            except OSError:
                break  # something else was put there meanwhile

    def _open_text(self) -> io.TextIOWrapper:
        plain = self._part.open("wb")
        self._close.append(plain.close)
        stream: Any = plain
        if self.path.suffix.lower() == ".gz":
            # No time stamp and no name: the same table gives the same bytes.
            stream = gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0)
            self._close.append(stream.close)
        elif self.path.suffix.lower() == ".zst":
            stream = pa.CompressedOutputStream(plain, "zstd")
            self._close.append(stream.close)
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogatepass", newline="", write_through=True)
        self._close.append(text.close)
        return text

    def _write_csv(self, frame: pd.DataFrame) -> None:
        first = self._text is None
        self._text = self._text or self._open_text()
        separator = "\t" if ".tsv" in self.path.name.lower() else ","
        units = [] if self.schema is None else [column.time_unit for column in self.schema]
        units += [None] * (frame.shape[1] - len(units))
        self.n_guarded += write_csv_rows(self._text, frame, header=first, separator=separator, units=units)

    def _write_parquet(self, frame: pd.DataFrame) -> None:
        plain, metadata = to_parquet_frame(frame)
        try:
            if self._parquet is None:
                table = pa.Table.from_pandas(plain, preserve_index=False)
                if self.schema is not None:
                    table = table.cast(lasting_types(table.schema, self.schema))
                table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
                self._parquet = pq.ParquetWriter(self._part, table.schema)
                self._close.append(self._parquet.close)
            else:
                table = pa.Table.from_pandas(plain, schema=self._parquet.schema, preserve_index=False)
            self._parquet.write_table(table)
        except OverflowError as error:
            raise TableError("the table has integers beyond 64 bits, which Parquet cannot hold; write CSV") from error
        except (pa.ArrowException, UnicodeError) as error:
            raise TableError(f"the table does not fit Parquet ({type(error).__name__}); write CSV instead") from error
