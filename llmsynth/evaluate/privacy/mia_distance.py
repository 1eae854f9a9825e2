"""Membership by distance: is a row that has a synthetic row right beside it a training row?

Two variants. "distance": the score is -d(x, S), Gower's distance to the nearest synthetic row; it finds copies. And
"difference": d(x, R) - d(x, S), where R are real rows that are nobody's asked about; it does not mistake rows in the
middle of the data, which have neighbours anyway, for members (DCR and DCR-Diff of Synth-MIA, arXiv 2509.18014).
"""

from __future__ import annotations

from llmsynth.evaluate.distances import Scale, nearest
from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.membership import Trial, measure_attack
from llmsynth.evaluate.metric import Measured, Metric

MAX_SYNTHETIC_ROWS = 100_000


def scores(evidence: Evidence, drawn: Trial) -> dict[str, FloatArray]:
    """Return the scores of the target rows by variant, float64 of shape (rows,), higher for members."""
    reference = drawn.reference(evidence)
    synthetic = evidence.synthetic.subsample(MAX_SYNTHETIC_ROWS, evidence.seed_for("mia_distance"))
    scale = Scale.over(synthetic, reference)
    targets = scale.points(drawn.targets(evidence))
    to_synthetic = nearest(targets, scale.points(synthetic)).distances[:, 0]
    to_reference = nearest(targets, scale.points(reference)).distances[:, 0]
    return {"distance": -to_synthetic, "difference": to_reference - to_synthetic}


def mia_distance(evidence: Evidence) -> Measured:
    """Attack by distance.

    Returns
    -------
    Measured
        AUC of -d(x, S), 0 to 1: 0.5 guessing, 1 every member is found; see `membership.measure_attack`.
    """
    return measure_attack(evidence, "mia_distance", scores)


METRIC = Metric(
    key="mia_distance",
    pillar="privacy",
    title="Membership by distance (AUC)",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="0.5: guessing; 1: every training row is told from unseen rows by its distance to synthetic ones",
    source="Chen et al. 2020, GAN-Leaks (arXiv 1909.03935), equation 4; Synth-MIA (arXiv 2509.18014)",
    measure=mia_distance,
    level="standard",
)
