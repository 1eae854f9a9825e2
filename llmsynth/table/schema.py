"""What a table is: one `Column` per column, and the `Schema` that holds them.

This file knows the facts a generator needs about each column and their JSON form. It refuses to know how they were
found (`infer`), how values are stored in a data frame (`dtypes`), and anything about text or models.

Why frozen dataclasses of plain values and not a pandas or Arrow schema: those say how a cell is stored, not what it
may be; and a schema is written into run folders and edited by hand, so it must be readable without either library.

What a schema reveals: `minimum`, `maximum`, `categories` and `max_length` are read from the data unless overridden.
They lie outside any differential-privacy guarantee of the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from llmsynth.errors import SchemaError
from llmsynth.table.labels import decode_label, encode_key, encode_label, label_names
from llmsynth.table.rules import Rule, parse_rules
from llmsynth.table.schema_checks import KINDS, ROLES, TIME_UNITS, check_column, nearest

Kind = Literal["integer", "decimal", "boolean", "categorical", "datetime", "text", "identifier", "constant", "missing"]
Role = Literal["feature", "target", "identifier"]
Scalar = str | int | float | bool

VERSION = 1


@dataclass(frozen=True)
class Column:
    """One column of a table. Fields that do not apply to the kind keep their defaults.

    Examples
    --------
    >>> Column("age", "integer", dtype="int64", minimum=17, maximum=90).modelled
    True
    """

    name: str
    """Unique, non-empty name; differs from the label where the label is not such a string."""
    kind: Kind
    """What the values are."""
    dtype: str = "object"
    """Data type to restore, as `llmsynth.table.dtype_names` writes it."""
    nullable: bool = False
    """Whether values may be missing."""
    role: Role = "feature"
    """What the column is for."""
    categories: tuple[Scalar, ...] | None = None
    """Legal values of a boolean, categorical or constant column, in the order of their codes."""
    ordered: bool = False
    """Whether the categories have an order (pandas ordered category)."""
    minimum: int | float | None = None
    """Smallest legal value; for datetimes a count of `time_unit`."""
    maximum: int | float | None = None
    """Largest legal value; for datetimes a count of `time_unit`."""
    decimals: int | None = None
    """Fixed number of decimals of a decimal column."""
    significant: int | None = None
    """Significant digits of a decimal column that has no fixed number of decimals."""
    datetime_format: str | None = None
    """strftime form of a datetime column whose cells are strings; `%-m` and the like mean "without zero padding"."""
    time_unit: str | None = None
    """Unit of a datetime's count since 1970-01-01: D, h, min, s, ms, us or ns; "local D": days of `timezone`."""
    timezone: str | None = None
    """Time zone of a datetime column; its counts are then UTC, but for "local D". None: wall clock."""
    max_length: int | None = None
    """Longest text in characters."""
    pattern: str | None = None
    """How an identifier is generated; see `llmsynth.table.identifiers`."""
    fold_below: int = 1
    """Categories seen fewer times than this are folded into `other`. 1 keeps all."""
    other: str | None = None
    """The category that stands for folded ones."""
    folded: int = 0
    """How many categories were folded."""
    folded_rows: int = 0
    """How many rows they had."""
    clip: bool = False
    """Whether values beyond `minimum` and `maximum` are moved to the bound instead of being an error."""
    clipped_rows: int = 0
    """How many rows were moved."""
    unique: bool = False
    """Whether an identifier is unique."""
    distinct: int | None = None
    """How many distinct values an identifier that repeats has."""
    missing_share: float = 0.0
    """Share of missing values, 0 to 1. Used to generate identifiers, which are not modelled."""
    null: str | None = None
    """How an object column writes a missing value: None, nan, NA or NaT."""
    cell_type: str | None = None
    """Python type of an object column's cells: str, int, float, bool, Decimal, date, datetime, Timestamp."""
    category_dtype: str | None = None
    """Data type of a pandas category's categories."""

    @property
    def modelled(self) -> bool:
        """Whether a language model learns this column."""
        return self.kind not in ("identifier", "missing", "constant")

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form: every field that differs from its default."""
        result: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("name", "kind", "dtype") or value != item.default:
                result[item.name] = list(value) if isinstance(value, tuple) else value
        return result

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Column:
        """Inverse of `to_dict`.

        Raises
        ------
        SchemaError
            If a key is unknown (the nearest known one is named) or a value has the wrong type.
        """
        known = [item.name for item in fields(cls)]
        for key in data:
            if key not in known:
                raise SchemaError(f"unknown column property {key!r}; {nearest(str(key), known)}")
        for key in ("name", "kind"):
            if key not in data:
                raise SchemaError(f"a column needs {key!r}; it has {sorted(map(str, data))}")
        values = dict(data)
        if isinstance(values.get("categories"), list):
            values["categories"] = tuple(values["categories"])
        column = cls(**values)
        check_column(column)
        return column


@dataclass(frozen=True)
class Schema:
    """Columns in table order, with the original labels.

    Parameters
    ----------
    columns : tuple of Column
        With unique names.
    labels : tuple
        The data frame's own column labels, restored on output. Default: the names.
    target : str or None
        Name of the target column.
    label_dtype : str or None
        Data type of the data frame's column index; ``"multi"`` for several levels.
    label_levels : tuple of str or None
        Names of the column index's levels.
    n_rows : int
        Rows the schema was inferred from; 0 when unknown.
    rules : tuple of Rule
        Relations between columns that hold in every row (`llmsynth.table.rules`).
    """

    columns: tuple[Column, ...]
    labels: tuple[object, ...] = ()
    target: str | None = None
    label_dtype: str | None = None
    label_levels: tuple[str | None, ...] = ()
    n_rows: int = 0
    rules: tuple[Rule, ...] = ()
    _places: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Check that names are unique and labels match."""
        if not self.labels:
            object.__setattr__(self, "labels", tuple(column.name for column in self.columns))
        if len(self.labels) != len(self.columns):
            raise SchemaError(f"expected one label per column: {len(self.columns)} columns, {len(self.labels)} labels")
        places = {column.name: place for place, column in enumerate(self.columns)}
        if len(places) != len(self.columns):
            raise SchemaError(f"column names must be unique: {len(self.columns)} columns, {len(places)} names")
        object.__setattr__(self, "_places", places)
        if self.target is not None and self.target not in places:
            raise SchemaError(f"unknown target column {self.target!r}; {nearest(self.target, places)}")
        for number, rule in enumerate(self.rules, start=1):
            for name in rule.columns:
                if name not in places:
                    raise SchemaError(f"rule {number}, {rule}: unknown column {name!r}; {nearest(name, places)}")

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name."""
        if name not in self._places:
            raise SchemaError(f"unknown column {name!r}; {nearest(name, self._places)}")
        return self.columns[self._places[name]]

    def __iter__(self) -> Iterator[Column]:
        """Columns in table order."""
        return iter(self.columns)

    def __len__(self) -> int:
        """Number of columns."""
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        """Whether a column has that name."""
        return name in self._places

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in table order."""
        return tuple(self._places)

    @property
    def modelled(self) -> tuple[Column, ...]:
        """The columns a language model learns."""
        return tuple(column for column in self.columns if column.modelled)

    def label_of(self, name: str) -> object:
        """Return the original label of a column."""
        return self.labels[self._places[self[name].name]]

    def name_of(self, label: object) -> str:
        """Return the name of the column with that label, or with that name.

        Raises
        ------
        SchemaError
            If there is none; the nearest name is suggested.
        """
        keys = {encode_key(own): column.name for own, column in zip(self.labels, self.columns, strict=True)}
        key = encode_key(label)
        if key in keys:
            return keys[key]
        return self[str(label)].name

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, versioned form."""
        result: dict[str, Any] = {"version": VERSION, "columns": [column.to_dict() for column in self.columns]}
        if self.labels != self.names:
            result["labels"] = [encode_label(label) for label in self.labels]
        for name in ("target", "label_dtype", "n_rows"):
            if getattr(self, name):
                result[name] = getattr(self, name)
        if self.label_levels:
            result["label_levels"] = list(self.label_levels)
        if self.rules:
            result["rules"] = [rule.to_plain() for rule in self.rules]
        return result

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """Inverse of `to_dict`.

        Raises
        ------
        SchemaError
            If the version is newer than this one, or a property is unknown.
        """
        if data.get("version") != VERSION:
            raise SchemaError(f"expected schema version {VERSION}, got {data.get('version')!r}; update llmsynth")
        known = ("version", "columns", "labels", "target", "label_dtype", "label_levels", "n_rows", "rules")
        for key in data:
            if key not in known:
                raise SchemaError(f"unknown schema property {key!r}; {nearest(str(key), known)}")
        return cls(
            columns=tuple(Column.from_dict(item) for item in data["columns"]),
            labels=tuple(decode_label(item) for item in data.get("labels", ())),
            target=data.get("target"),
            label_dtype=data.get("label_dtype"),
            label_levels=tuple(data.get("label_levels", ())),
            n_rows=int(data.get("n_rows", 0)),
            rules=parse_rules(data.get("rules"), "schema"),
        )

    def notices(self) -> list[str]:
        """What the user should know before training: identifiers, folded categories, clipped values.

        Returns
        -------
        list of str
            One sentence each, without cell values.
        """
        result = []
        for column in self.columns:
            if column.kind == "identifier":
                how = (column.pattern or "").split(":", 1)[0]
                result.append(f"column {column.name!r} identifies rows ({how}): generated fresh, never learned")
            if column.folded:
                result.append(
                    f"column {column.name!r}: {column.folded} categories seen fewer than {column.fold_below} times "
                    f"({column.folded_rows} rows) are folded into {column.other!r}"
                )
            if column.clipped_rows:
                result.append(f"column {column.name!r}: {column.clipped_rows} values were moved to the bounds")
        return result


__all__ = [
    "KINDS",
    "ROLES",
    "TIME_UNITS",
    "Column",
    "Kind",
    "Role",
    "Scalar",
    "Schema",
    "check_column",
    "encode_key",
    "label_names",
    "nearest",
]
