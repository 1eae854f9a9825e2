"""Asks the SDMetrics package, in an environment of its own, for its figures on the made-up tables.

    pip install sdmetrics==0.24.0 xgboost-cpu       # and once more with 0.32.0
    python eval/protocol/ask_sdmetrics.py eval/protocol/sdmetrics.json

Adds what the installed version says to the file. Imports nothing of this repository but the tables beside it.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from made_up import CASES, DETECTION_CASES, ROLES, pair
from sdmetrics.reports.single_table import QualityReport
from sdmetrics.single_table import LogisticDetection
from sdmetrics.single_table.detection.sklearn import ScikitLearnClassifierDetectionMetric

METADATA = {"columns": {name: {"sdtype": role} for name, role in ROLES.items()}}


class BoostedDetection(ScikitLearnClassifierDetectionMetric):
    """The package's test with the classifier of arXiv 2603.23016."""

    @staticmethod
    def _get_classifier():
        from xgboost import XGBClassifier

        return XGBClassifier(eval_metric="logloss", enable_categorical=True, random_state=0)


def ask(case: str) -> dict[str, float]:
    """Return the package's figures; its folds come from numpy's global generator, which is seeded first."""
    real, made = pair(case)
    report = QualityReport()
    report.generate(real, made, METADATA, verbose=False)
    found = dict(zip(("shape", "trend"), map(float, report.get_properties()["Score"]), strict=True))
    if case in DETECTION_CASES:
        for name, test in (("c2st_logistic", LogisticDetection), ("c2st_xgb", BoostedDetection)):
            np.random.seed(0)  # noqa: NPY002
            found[name] = float(test.compute(real.copy(), made.copy(), METADATA))
    return found


def main() -> None:
    path = Path(sys.argv[1])
    known = json.loads(path.read_text()) if path.is_file() else {}
    known[version("sdmetrics")] = {case: ask(case) for case in CASES}
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
