"""`validity`: a million sampled rows over five hostile tables, every cell checked, none may be invalid.

Each table is learned by a tiny compact fit (validity holds by construction, not by training) and sampled in chunks.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from eval import check_cells, fits, hostile, record
from eval.record import Target

N_ROWS = 1_000_000
MINUTES = 0.25


def check_table(name: str, n_rows: int, *, fit: fits.Fit = fits.fit) -> dict[str, Any]:
    """Fit one hostile table, sample `n_rows` and count invalid cells by column number."""
    train = hostile.table(name)
    fitted = fit(train, fits.Settings("compact", None, MINUTES))
    schema = getattr(fitted.generator, "schema_")  # noqa: B009
    rules = [
        check_cells.allowed(train.iloc[:, place], column.kind, column.datetime_format)
        for place, column in enumerate(schema.columns)
    ]
    bad_cells: Counter[int] = Counter()
    bad_rows = sampled = 0
    for chunk in fitted.generator.iter_samples(n_rows, random_state=1):
        if list(chunk.columns) != list(train.columns):
            raise SystemExit(f"table {name}: the sampled columns differ from the training columns")
        found = [check_cells.invalid(chunk.iloc[:, place], rule) for place, rule in enumerate(rules)]
        for place, bad in enumerate(found):
            bad_cells[place] += int(bad.sum())
        bad_rows += int(pd.DataFrame(dict(enumerate(found))).any(axis=1).sum())
        sampled += len(chunk)
    return {
        "rows": sampled,
        "columns": len(rules),
        "kinds": [column.kind for column in schema.columns],
        "invalid_rows": bad_rows,
        "invalid_cells_by_column": {str(place): count for place, count in bad_cells.items() if count},
        "fit_seconds": fitted.seconds,
    }


def run(*, n_rows: int = N_ROWS, fit: fits.Fit = fits.fit, folder: Path = record.RESULTS) -> Path:
    """Check all five tables and write the result file."""
    per_table = n_rows // len(hostile.TABLES)
    tables = {name: check_table(name, per_table, fit=fit) for name in hostile.TABLES}
    targets = [
        Target("invalid rows", float(sum(one["invalid_rows"] for one in tables.values())), "<=", 0.0),
        Target("rows checked", float(sum(one["rows"] for one in tables.values())), ">=", float(n_rows)),
    ]
    return record.write("validity", {"tables": tables}, targets, folder=folder)
