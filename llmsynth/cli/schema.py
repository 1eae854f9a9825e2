"""`llmsynth schema`: what each column of a table is taken for, as a file to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output, check_output_file

EPILOG = f"""\b
Examples:
  llmsynth schema patients.csv -o schema.yaml
  llmsynth schema patients.csv -o schema.yaml --mine-rules
  llmsynth fit patients.csv --schema schema.yaml -o run

{EXIT_CODES}"""


@guarded
def schema(
    table: opt.Table,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="YAML file to write.")] = None,
    target: opt.Target = None,
    schema: opt.SchemaFile = None,
    mine_rules: Annotated[
        bool,
        typer.Option("--mine-rules", help="Suggest relations between columns that hold in all rows, as comments."),
    ] = False,
    seed: opt.UnusedSeed = None,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Infer the schema of a table and write it as commented, editable YAML."""
    output = Output(quiet, json)
    if out is not None:
        check_output_file(out, overwrite=overwrite)
    from llmsynth.table.files import read_table
    from llmsynth.table.infer import infer_schema
    from llmsynth.table.rule_mining import mine_rules as mine
    from llmsynth.table.schema_file import read_schema_yaml, rule_yaml, write_schema_yaml

    frame = read_table(table)
    overrides: Any = None if schema is None else read_schema_yaml(schema)
    inferred = infer_schema(frame, target=target, overrides=overrides)
    columns = [{"name": c.name, "kind": c.kind, "nullable": c.nullable, "role": c.role} for c in inferred]
    data: dict[str, Any] = {"command": "schema", "rows": len(frame), "columns": columns}
    data["notices"] = inferred.notices()
    shown: list[Any] = [_listing(columns), *(f"Note: {notice}" for notice in inferred.notices())]
    if inferred.rules:
        data["rules"] = [rule_yaml(rule) for rule in inferred.rules]
        shown.append("Rules, which hold in all rows:")
        shown += [f"  {rule_yaml(rule)}" for rule in inferred.rules]
    suggestions = mine(frame, inferred) if mine_rules else []
    if mine_rules:
        data["suggestions"] = [
            {"rule": rule_yaml(one.rule), "rows": one.rows, "expected_contradictions": one.expected}
            for one in suggestions
        ]
        shown.append("Suggested rules:" if suggestions else "No rules to suggest.")
        shown += [f"  {rule_yaml(one.rule)}  # {one.support}" for one in suggestions]
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_schema_yaml(inferred, out, suggestions)
        data["file"] = str(out)
        shown.append(f"Wrote {out}. Edit it, then: llmsynth fit {table} --schema {out} -o run")
    output.result(data, *shown)


def _listing(columns: list[dict[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    from llmsynth.cli.output import printable

    listing = Table("column", "kind", "missing values", "role")
    for column in columns:
        name = printable(column["name"])
        name = name if len(name) <= 60 else f"{name[:57]}..."
        listing.add_row(Text(name), column["kind"], "yes" if column["nullable"] else "no", column["role"])
    return listing
