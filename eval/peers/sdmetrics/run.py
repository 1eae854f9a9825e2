"""Runs SDMetrics on CSV files and writes what it says and its seconds. Runs in SDMetrics' own environment.

    python run.py quality REAL.csv SYNTHETIC.csv COLUMNS.json ANSWER.json --repeats 3
    python run.py columns REAL.csv SYNTHETIC.csv COLUMNS.json ANSWER.json
    python run.py distances REAL.csv SYNTHETIC.csv COLUMNS.json ANSWER.json --repeats 3

COLUMNS.json names the sdtype of each column. Reading is not timed. `quality` is the quality report with its defaults,
which draw 50,000 rows for pairs of categories; `columns` is KSComplement and TVComplement of each column and
CorrelationSimilarity of each pair of numbers, over all rows; `distances` is the distance of each synthetic row to the
closest real one, which DCRBaselineProtection and DCROverfittingProtection are made of.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path

import pandas as pd

CONTINUOUS = ("numerical", "datetime")


def read(path: Path, sdtypes: dict[str, str]) -> pd.DataFrame:
    """Return the table, dates as dates."""
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    for name, sdtype in sdtypes.items():
        if sdtype == "datetime":
            frame[name] = pd.to_datetime(frame[name])
    return frame


def quality(real: pd.DataFrame, synthetic: pd.DataFrame, sdtypes: dict[str, str]) -> dict[str, float]:
    """Return the scores of the quality report's properties."""
    from sdmetrics.reports import QualityReport

    report = QualityReport()
    metadata = {"tables": {"table": {"columns": {name: {"sdtype": sdtype} for name, sdtype in sdtypes.items()}}}}
    report.generate({"table": real}, {"table": synthetic}, metadata, verbose=False)
    return dict(report.get_properties().set_index("Property")["Score"].dropna())


def columns(real: pd.DataFrame, synthetic: pd.DataFrame, sdtypes: dict[str, str]) -> dict[str, float]:
    """Return the score of each column by name, and of each pair of continuous columns by both names."""
    from sdmetrics.column_pairs import CorrelationSimilarity
    from sdmetrics.single_column import KSComplement, TVComplement

    found = {}
    for name, sdtype in sdtypes.items():
        metric = KSComplement if sdtype in CONTINUOUS else TVComplement
        found[name] = float(metric.compute(real[name], synthetic[name]))
    numbers = [name for name, sdtype in sdtypes.items() if sdtype in CONTINUOUS]
    for pair in itertools.combinations(numbers, 2):
        both = list(pair)
        found[" × ".join(both)] = float(CorrelationSimilarity.compute(real[both], synthetic[both]))
    return found


def distances(real: pd.DataFrame, synthetic: pd.DataFrame, sdtypes: dict[str, str]) -> list[float]:
    """Return the distance of each synthetic row to the closest real one."""
    from sdmetrics.single_table.privacy.dcr_utils import calculate_dcr

    metadata = {"columns": {name: {"sdtype": sdtype} for name, sdtype in sdtypes.items()}}
    return [float(one) for one in calculate_dcr(synthetic, real, metadata)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["quality", "columns", "distances"])
    for name in ("real", "synthetic", "columns", "answer"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    sdtypes = json.loads(options.columns.read_text(encoding="utf-8"))
    real, synthetic = read(options.real, sdtypes), read(options.synthetic, sdtypes)
    compute = {"quality": quality, "columns": columns, "distances": distances}[options.what]
    seconds, answer = [], None
    for _ in range(options.repeats):
        began = time.perf_counter()
        answer = compute(real, synthetic, sdtypes)
        seconds.append(time.perf_counter() - began)
    options.answer.write_text(json.dumps({"answer": answer, "seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main()
