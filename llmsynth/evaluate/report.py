"""The report: every metric's figure beside its reference, and what a reader must know to judge them. Data only.

A report holds aggregates, never rows, so it can be saved, sent, rendered and gated where the tables may not go:
`Report.from_dict(report.to_dict())` is the same report. Its JSON has a version; readers refuse one they do not know.

Knows results. Refuses to know tables, and how it is shown (`rendering`) or judged (`gate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmsynth.errors import InputError
from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.report_shape import check_shape

FORMAT, VERSION = "llmsynth.report", 1


@dataclass(frozen=True)
class Report:
    """What `evaluate` found.

    Attributes
    ----------
    results : mapping of str to Measured
        By metric path, such as "fidelity.ks", in the order of the catalogue.
    rows : mapping of str to int
        "train", "synthetic", "holdout" (0 without one).
    roles : mapping
        "target", "quasi_identifiers", "sensitive", "unit": names of columns, None or empty where not named.
    alignment : mapping
        What was done to compare the tables (`Alignment.to_dict`).
    columns : sequence of mapping
        One description per compared or skipped column, aggregates only.
    seed : int
    level : str
    provenance : mapping
        Versions, seconds by metric, hashes of the tables: what may differ between two runs on the same rows.
    tables : mapping
        Facts about the tables themselves: "holdout_overlap" (`HoldoutOverlap.to_dict`), where there is a hold-out.
    """

    results: Mapping[str, Measured]
    rows: Mapping[str, int]
    roles: Mapping[str, Any]
    alignment: Mapping[str, Any]
    columns: tuple[Mapping[str, Any], ...]
    seed: int
    level: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "rows": dict(self.rows),
            "roles": dict(self.roles),
            "alignment": dict(self.alignment),
            "tables": dict(self.tables),
            "columns": [dict(column) for column in self.columns],
            "results": {path: measured.to_dict() for path, measured in self.results.items()},
            "seed": self.seed,
            "level": self.level,
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Report:
        """Inverse of `to_dict`.

        Raises
        ------
        InputError
            If it is no whole report, or of a version this library does not know.
        """
        if not isinstance(saved, Mapping) or saved.get("format") != FORMAT:
            raise InputError(f"expected a report ({FORMAT!r}) as `llmsynth evaluate` writes it, got other JSON")
        if saved.get("version") != VERSION:
            raise InputError(f"expected a report of version {VERSION}, got {saved.get('version')!r}; evaluate again")
        try:
            results = {str(path): Measured.from_dict(measured) for path, measured in saved["results"].items()}
            check_shape(saved)
            return cls(
                results,
                {str(table): int(count) for table, count in saved["rows"].items()},
                dict(saved["roles"]),
                dict(saved["alignment"]),
                tuple(dict(column) for column in saved["columns"]),
                int(saved["seed"]),
                str(saved["level"]),
                dict(saved.get("provenance", {})),
                dict(saved.get("tables", {})),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
            place = f" ({problem.args[0]!r} is missing)" if isinstance(problem, KeyError) else ""
            raise InputError(f"expected a whole report, got one that was cut{place}; evaluate again") from None
