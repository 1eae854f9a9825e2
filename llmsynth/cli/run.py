"""`llmsynth run`: hold rows out, fit, sample, and say how good the rows are, in one command.

    DIR/
      run/            the run folder, for `llmsynth sample` and `llmsynth score`
      synthetic.csv   the rows
      summary.json    every figure, for machines
      summary.csv     the printed table

Real rows are not copied into DIR: the held-out ones are chosen by the seed and can be found again.
So the same command with --resume trains on the same rows, and a fit that was interrupted goes on from its checkpoint;
after a complete fit it draws and judges the same rows again.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.earlier_fit import check_number, loaded
from llmsynth.cli.evaluate import FILES as REPORT_FILES
from llmsynth.cli.evaluate import noting, write_rendered
from llmsynth.cli.exits import EXIT_CODES, Terminated, guarded
from llmsynth.cli.fit import described, facts, train
from llmsynth.cli.output import Output, check_output_file, is_main_process, write_json, write_text
from llmsynth.cli.pairs import from_pairs
from llmsynth.errors import ConfigError

if TYPE_CHECKING:
    from llmsynth.evaluate.gate import Verdict
    from llmsynth.evaluate.policy import Policy

EPILOG = f"""\b
Examples:
  llmsynth run patients.csv --target outcome -o result --max-minutes 5
  llmsynth run patients.csv --holdout newer-patients.csv -o result --json
  llmsynth run patients.csv --target outcome -o result --resume        after a crash or Ctrl-C

{EXIT_CODES}"""

_FILES = ("synthetic.csv", "summary.json", "summary.csv")
_REPORT = "report"


@guarded
def run(
    table: opt.Table,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the run, the rows, the figures.")],
    target: opt.Target = None,
    n_samples: Annotated[
        int | None, typer.Option("-n", "--n-samples", min=1, help="Rows to draw.  [default: as many as training rows]")
    ] = None,
    holdout: Annotated[
        Path | None, typer.Option("--holdout", metavar="FILE", help="Real rows to judge with, instead of a share.")
    ] = None,
    holdout_fraction: Annotated[
        float, typer.Option("--holdout-fraction", min=0.05, max=0.5, help="Share of TABLE held out to judge with.")
    ] = 0.2,
    model: opt.Model = None,
    max_minutes: opt.MaxMinutes = None,
    max_epochs: opt.MaxEpochs = None,
    schema: opt.SchemaFile = None,
    recipe: opt.Recipe = None,
    seed: opt.Seed = None,
    device: opt.Device = None,
    weight_column: opt.WeightColumn = None,
    boost: opt.Boost = None,
    trust_remote_code: opt.TrustRemoteCode = False,
    report: opt.ReportLevel = "standard",
    policy: opt.PolicyFile = None,
    quasi_identifier: opt.QuasiIdentifiers = None,
    sensitive: opt.Sensitive = None,
    overwrite: opt.Overwrite = False,
    resume: opt.Resume = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Fit, sample, judge: the whole job in one command.

    Ends with 0 whatever the verdict; `llmsynth gate DIR/report/report.json` ends with a code for each.
    """
    from llmsynth.evaluate.policy import read_policy
    from llmsynth.lm.output_folder import check_output_folder, is_complete

    output = Output(quiet, json)
    level, rules = opt.report_level(report, "--report", or_none=True), read_policy(policy)
    trained = resume and not overwrite and is_complete(out / "run")
    if not trained:
        check_output_folder(out / "run", overwrite=overwrite, resume=resume)
    for name in (*_FILES, *(f"{_REPORT}/{name}" for name in REPORT_FILES if level)):
        check_output_file(out / name, overwrite=overwrite or trained)  # the same rows are drawn again
    settings = opt.given(
        model=model, max_minutes=max_minutes, max_epochs=max_epochs, target=target, schema=schema, recipe=recipe,
        random_state=seed, device=device, trust_remote_code=trust_remote_code, overwrite=overwrite, resume=resume,
        weight_column=weight_column, boost=from_pairs("--boost", boost),
    )  # fmt: skip
    rows, held_out = split(table, holdout, holdout_fraction, seed or 0)
    roles = {"quasi_identifiers": quasi_identifier or (), "sensitive": sensitive or ()}
    check_roles(roles, [str(label) for label in rows.columns if label != weight_column])
    if holdout is None:
        output.note(f"Holding {len(held_out):,} rows out to judge with; the model never sees them.")
    else:
        output.note(f"Judging with the {len(held_out):,} rows of {holdout.name}.")
    synthesizer = loaded(rows, out / "run", settings, output) if trained else train(rows, out / "run", settings, output)
    if trained:
        check_number(out / _FILES[1], n_samples or len(rows))
    if not is_main_process():
        return
    with _going_on(output, overwrite=overwrite):
        if not trained:
            _discard_judged(out)
        rows, held_out = (frame[list(synthesizer.schema_.labels)] for frame in (rows, held_out))  # without weights
        synthetic, seconds = drawn(
            synthesizer, n_samples or len(rows), seed, out / _FILES[0], overwrite=overwrite or trained
        )
        output.note("Judging the rows.")
        tables = rows, held_out, synthetic
        summary = judged(synthesizer, tables, target, seed or 0)
        summary = summary.with_measured(rows_per_second=len(synthetic) / max(seconds, 1e-9))
        data = {"command": "run", "folder": str(out), **facts(synthesizer), "summary": summary.to_dict()}
        write_json(out / _FILES[1], data)  # before the report, which takes longer
        write_text(out / _FILES[2], as_csv(summary.to_table(), summary.measured))
        from llmsynth.evaluate.render import render

        said: list[Any] = [*described(synthesizer), render(summary, name=synthesizer.model_name_)]
        if level is not None:
            verdict = reported(
                synthesizer, tables, out / _REPORT, rules, noting(output),
                target=target, seed=seed or 0, level=level, **roles,
            )  # fmt: skip
            data["verdict"] = verdict.to_dict()
            write_json(out / _FILES[1], data)
            said += [
                f"Verdict: {verdict.decision}, by {verdict.policy}",
                *(f"  - {reason}" for reason in verdict.reasons),
            ]
            said.append(f"All figures, by fidelity, utility and privacy: {out / _REPORT / 'report.html'}")
        output.result(
            data,
            *said,
            f"Wrote {out / _FILES[0]}, {_FILES[1]}, {_FILES[2]} and the run folder {out / 'run'}.",
            f"Next: llmsynth sample {out / 'run'} -n 100000 -o more.parquet",
        )


@contextmanager
def _going_on(output: Output, *, overwrite: bool) -> Iterator[None]:
    """Say how to go on when what follows the fit is interrupted."""
    try:
        yield
    except (KeyboardInterrupt, Terminated):
        how = "--resume in place of --overwrite" if overwrite else "--resume"
        output.note(f"Stopped. The fit is complete; go on with the same command and {how}.")
        raise


def _discard_judged(folder: Path) -> None:
    """Remove rows, figures and verdict of a fit that has been replaced: they would be taken for the new one's."""
    for name in (*_FILES, *(f"{_REPORT}/{name}" for name in REPORT_FILES)):
        (folder / name).unlink(missing_ok=True)


def check_roles(roles: Mapping[str, Sequence[str]], known: Sequence[str]) -> None:
    """Look for the columns of the roles before anything is fitted.

    Raises
    ------
    ConfigError
        If there is no such column; the nearest is given.
    """
    from llmsynth.table.schema import nearest

    for role, names in roles.items():
        for name in names:
            if name not in known:
                option = "--quasi-identifier" if role == "quasi_identifiers" else "--sensitive"
                raise ConfigError(f"{option}: expected a column of the table, got {name!r}; {nearest(name, known)}")


def split(table: Path, holdout: Path | None, fraction: float, seed: int) -> tuple[Any, Any]:
    """Read the table and return (training rows, held-out rows); the order within each is the table's.

    Parameters
    ----------
    table : Path
        Where the rows are.
    holdout : Path or None
        A file of held-out rows, with the same columns.
    fraction : float
        Share held out when there is no such file.
    seed : int
        Decides which rows.

    Raises
    ------
    TableError
        If too few rows would be held out, the columns of the two files differ, or they share rows.
    """
    from llmsynth.evaluate.holdout_overlap import refuse_overlap
    from llmsynth.table.files import read_table
    from llmsynth.table.holdout import given_holdout, hold_out

    frame = read_table(table)
    if holdout is not None:
        names = table.name, holdout.name
        held = given_holdout(frame, read_table(holdout), names=names)
        refuse_overlap(frame, held, seed, names=names)
        return frame, held
    instead = "use `llmsynth fit`, or give held-out rows with --holdout FILE"
    return hold_out(frame, fraction, seed, name=table.name, instead=instead)


def drawn(synthesizer: Any, n_rows: int, seed: int | None, path: Path, *, overwrite: bool) -> tuple[Any, float]:
    """Draw rows and write them; returns them and the seconds the drawing took."""
    from llmsynth.table.files import write_table

    began = time.perf_counter()
    synthetic = synthesizer.sample(n_rows, **opt.given(random_state=seed))
    seconds = time.perf_counter() - began
    write_table(synthetic, path, schema=synthesizer.schema_, overwrite=overwrite)
    return synthetic, seconds


def judged(synthesizer: Any, tables: tuple[Any, Any, Any], target: str | None, seed: int) -> Any:
    """Compare (training, held-out, synthetic) rows.

    Returns
    -------
    Summary
        With the held-out nats per row and the seconds of the fit.
    """
    import numpy as np

    from llmsynth.evaluate.summary import summarize

    rows, held_out, synthetic = tables
    schema = synthesizer.schema_
    summary = summarize(rows, synthetic, held_out, target=target or schema.target, schema=schema, seed=seed)
    nats = -np.asarray(synthesizer.log_prob(held_out), dtype=np.float64)
    measured = {}
    if np.isfinite(nats).any():
        measured["holdout_nats_per_row"] = float(nats[np.isfinite(nats)].mean())
    measured["holdout_impossible_rows"] = float((~np.isfinite(nats)).sum())
    if synthesizer.report_.get("seconds") is not None:
        measured["fit_seconds"] = float(synthesizer.report_["seconds"])
    return summary.with_measured(**measured)


def reported(
    synthesizer: Any, tables: tuple[Any, Any, Any], folder: Path, rules: Policy, progress: Any, **settings: Any
) -> Verdict:
    """Write the report on (training, held-out, synthetic) rows in all forms, and return the verdict.

    The generator's own counts go with them: what it wrote, and what it wrote again because a rule forbade it.
    """
    from datetime import UTC, datetime

    from llmsynth.evaluate.evaluation import evaluate
    from llmsynth.evaluate.gate import judge

    rows, held_out, synthetic = tables
    drawn_for_rules = getattr(synthesizer.sample_report_, "rules", None)
    raw = len(synthetic) if drawn_for_rules is None else max(drawn_for_rules.n_drawn, len(synthetic))
    settings["target"] = settings["target"] or synthesizer.schema_.target
    report = evaluate(
        rows, synthetic, held_out, schema=synthesizer.schema_, progress=progress,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        generation={"raw": raw, "repaired": 0, "rejected": raw - len(synthetic)}, **settings,
    )  # fmt: skip
    verdict = judge(report, rules)
    write_rendered(report, verdict, folder)
    write_json(folder / REPORT_FILES[0], report.to_dict())
    return verdict


def as_csv(rows: list[dict[str, str]], measured: Mapping[str, float]) -> str:
    """Return the printed table as CSV, with the measured figures below."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["metric", "synthetic", "holdout", "meaning"])
    for row in rows:
        writer.writerow([row["metric"], row["synthetic"], row["holdout"], row["meaning"]])
    for name, value in measured.items():
        writer.writerow([name.replace("_", " "), f"{value:.6g}", "", ""])
    return text.getvalue()
