"""The strongest membership attack: what the best of all attacks finds, without the luck of having picked it.

No attack is best for every generator, so the figure that counts is that of the strongest. The largest of several
figures is large by chance, too: coins that are flipped often enough find members. So members and non-members are cut in
half, the attack is picked on one half, and what it finds is reported on the other. For the AUC and for each rate of
false alarms the attack is picked on its own.

Half of the people means that 99 non-members a half, 396 held-out people in all, are needed for the share found at 1 %.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from llmsynth.evaluate.attack_scores import FALSE_ALARMS, read
from llmsynth.evaluate.encoding import BoolArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.membership import Attack, Outcomes, attacked, measure_attack, no_attack
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.privacy import mia_classifier, mia_density, mia_distance, mia_local, mia_string
from llmsynth.evaluate.score import Score

ATTACKS: Mapping[str, Attack] = {
    "mia_distance": mia_distance.scores,
    "mia_density": mia_density.scores,
    "mia_classifier": mia_classifier.scores,
    "mia_local": mia_local.scores,
    "mia_string": mia_string.scores,
}


def strongest(outcomes: Outcomes, rng: np.random.Generator) -> Measured:
    """Pick the best attack on half of the people and read it on the other half.

    Parameters
    ----------
    outcomes : dict of str to tuple of float64 arrays
        Scores of members and non-members by attack, in the same order of people for all; at least one attack.
    rng : Generator
        Cuts in half.

    Returns
    -------
    Measured
        As `attack_scores.read`; details: `attack` for the AUC and `attack_tpr_at_1fpr` and so on.
    """
    members, non_members = next(iter(outcomes.values()))
    on_first, of_first = _half(members.size, rng), _half(non_members.size, rng)
    picked = {name: read(ours[on_first], theirs[of_first]) for name, (ours, theirs) in outcomes.items()}
    reported = {name: read(ours[~on_first], theirs[~of_first]) for name, (ours, theirs) in outcomes.items()}
    best = {part: max(picked, key=lambda name: _worth(picked[name].parts[part])) for part in ("auc", *FALSE_ALARMS)}
    chosen = reported[best["auc"]]
    parts = {part: reported[name].parts[part] for part, name in best.items()}
    details = {**chosen.details, "attack": best["auc"], "attacks": sorted(outcomes)}
    for part in FALSE_ALARMS:
        details[f"p_value_{part}"] = reported[best[part]].details[f"p_value_{part}"]
        details[f"attack_{part}"] = best[part] if parts[part].known else None
    return Measured(parts["auc"], chosen.reference, parts, chosen.part_references, details)


def _half(n: int, rng: np.random.Generator) -> BoolArray:
    return np.asarray(rng.permutation(n) % 2 == 0, bool)


def _worth(score: Score) -> float:
    return score.value if score.known else -1.0


def mia_worst(evidence: Evidence) -> Measured:
    """Run all attacks and report the strongest.

    Returns
    -------
    Measured
        AUC of the strongest attack, 0 to 1: 0.5 guessing, 1 every member is found. Parts: "auc", "tpr_at_1fpr",
        "tpr_at_0_1fpr".
    """
    outcomes: Outcomes = {}
    for key, attack in ATTACKS.items():
        for variant, scores in (attacked(evidence, key, attack) or {}).items():
            outcomes[f"{key}: {variant}"] = scores
    if not outcomes:
        return no_attack(measure_attack(evidence, "mia_distance", ATTACKS["mia_distance"]).score.reason)
    return strongest(outcomes, evidence.rng("mia_worst"))


METRIC = Metric(
    key="mia",
    pillar="privacy",
    title="Strongest membership attack (AUC)",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="0.5: no attack does better than guessing; 1: an attack tells every training row from unseen rows",
    source="Carlini et al. 2022 (arXiv 2112.03570); strongest of several attacks as in Synth-MIA (arXiv 2509.18014)",
    measure=mia_worst,
    level="standard",
)
