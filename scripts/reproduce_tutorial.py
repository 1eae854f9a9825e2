"""The usual tutorial of synthetic patients: 500 simulated records, as many synthetic ones, and how alike they are.

    scripts/reproduce_tutorial      installs what is needed first, then runs this

Tutorials of the kind simulate a table of patients, fit a Gaussian copula and print a few figures. This does the same
with `load_ehr` and prints each figure beside that of a published run and the bound it should keep. The published run
simulated patients of its own, so its figures are a measure of what is usual and not of the same rows.

A second table asks what synthetic rows are good for when real ones are scarce: a random forest learns diabetes from 200
real patients, from 1,000 synthetic ones of a copula fitted on these 200, and from both. Glucose is left out: diabetes
is diagnosed by it, and any forest would be right. Another seed shows how much hangs on which 200 patients there are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from llmsynth import datasets
from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.shape import ks_distance
from llmsynth.evaluate.utility.scarcity import BOTH, REAL, SYNTHETIC, scarcity

if TYPE_CHECKING:
    import pandas as pd

N_PATIENTS = 500
COMPARED = ("age", "bmi", "blood_pressure", "cholesterol")
NUMBERS = (*COMPARED, "glucose")
FEW_PATIENTS, MADE_PATIENTS, TEST_PATIENTS = 200, 1_000, 1_000
SCARCE_PUBLISHED = {
    REAL: {"accuracy": "0.789", "f1": "0.045", "auc": "0.582"},
    SYNTHETIC: {"accuracy": "0.801", "f1": "0.329", "auc": "0.693"},
    BOTH: {"accuracy": "0.810", "f1": "0.333", "auc": "0.691"},
}


@dataclass(frozen=True)
class Figure:
    """One line of the printed table."""

    what: str
    measured: float
    published: str
    most: float  # what the figure, or its distance to `aim`, may be
    aim: float = 0.0

    @property
    def reached(self) -> bool:
        """Whether the figure keeps its bound."""
        return abs(self.measured - self.aim) <= self.most

    @property
    def bound(self) -> str:
        """The bound as printed."""
        return f"{self.aim:.3f} ± {self.most:g}" if self.aim else f"<= {self.most:g}"


def fidelity(real: pd.DataFrame, synthetic: pd.DataFrame) -> list[Figure]:
    """How alike the tables are: marginals, correlations, and the share of patients with diabetes."""
    published = dict(zip(COMPARED, ("0.044", "0.042", "0.022", "0.028"), strict=True))
    figures = [
        Figure(
            f"KS distance, {name}", ks_distance(*(part[name].to_numpy(float) for part in (real, synthetic))), of, 0.05
        )
        for name, of in published.items()
    ]
    figures.append(
        Figure("mean absolute difference of correlations", correlation_difference(real, synthetic), "0.0086", 0.02)
    )
    prevalence = [float((part["diabetes"] == "yes").mean()) for part in (real, synthetic)]
    figures.append(Figure("prevalence of diabetes", prevalence[1], "0.318 (real 0.340)", 0.03, prevalence[0]))
    return figures


def correlation_difference(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    """Mean over all pairs of numeric columns of |r_real - r_synthetic|, Pearson's r."""
    pairs = np.triu_indices(len(NUMBERS), k=1)
    of_real, of_synthetic = (
        np.corrcoef(part[list(NUMBERS)].to_numpy(float), rowvar=False) for part in (real, synthetic)
    )
    return float(np.abs(of_real - of_synthetic)[pairs].mean())


def render(title: str, figures: list[Figure]) -> Table:
    """The figures as a table."""
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column("figure")
    for name in ("measured", "published run", "bound"):
        table.add_column(name, justify="right")
    table.add_column("")
    for one in figures:
        verdict = "[green]reached[/]" if one.reached else "[red]missed[/]"
        table.add_row(one.what, f"{one.measured:.4f}", one.published, one.bound, verdict)
    return table


def patients(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The simulated patients, and as many synthetic ones from a Gaussian copula of them."""
    real = datasets.load_ehr(N_PATIENTS, random_state=seed)
    return real, BaselineSynthesizer("copula", target="diabetes", random_state=seed).fit(real).sample(N_PATIENTS)


def few_patients(seed: int) -> dict[str, dict[str, Score]]:
    """A random forest trained on few real patients, on synthetic ones made from them, and on both."""
    everyone = datasets.load_ehr(FEW_PATIENTS + TEST_PATIENTS, random_state=seed).drop(columns="glucose")
    few, test = everyone[:FEW_PATIENTS], everyone[FEW_PATIENTS:]
    generator = BaselineSynthesizer("copula", target="diabetes", random_state=seed).fit(few)
    return scarcity(few, generator.sample(MADE_PATIENTS), test, "diabetes", seed=seed)


def render_scarcity(found: dict[str, dict[str, Score]]) -> Table:
    """The figures of each set of training rows with their 95 % intervals, beside the published ones."""
    title = f"{FEW_PATIENTS} real patients, {MADE_PATIENTS:,} synthetic ones made from them, or both: random forest"
    table = Table(title=title, title_justify="left")
    table.add_column("trained on")
    for name in ("accuracy", "published", "F1", "published", "AUC", "published"):
        table.add_column(name, justify="right")
    for rows, figures in found.items():
        cells = []
        for name, one in figures.items():
            cells += [f"{one.value:.3f} ({one.lower:.3f}–{one.upper:.3f})", SCARCE_PUBLISHED[rows][name]]
        table.add_row(rows, *cells)
    return table


SECTIONS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], list[Figure]]] = {
    f"{N_PATIENTS} simulated patients, Gaussian copula, {N_PATIENTS} synthetic ones": fidelity,
}
"""What is printed, by title: each turns real and synthetic rows into figures."""


def main(arguments: list[str] | None = None) -> int:
    """Print every section and what few rows are worth; exit code 1 if a figure misses its bound."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the patients, the fit and the draws")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    real, synthetic = patients(options.seed)
    kept = True
    for title, section in SECTIONS.items():
        figures = section(real, synthetic)
        console.print(render(title, figures), highlight=False)
        kept &= all(one.reached for one in figures)
    console.print(render_scarcity(few_patients(options.seed)), highlight=False)
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
