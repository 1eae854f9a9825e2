"""Personal tokens: e-mail addresses, telephone, account, card and national numbers of training rows in synthetic ones.

Counted are different tokens that occur in the training table and not in the hold-out: how many of them occur in the
synthetic table? Tokens that occur in the hold-out only are asked the same, since numbers of few digits may coincide,
and what both tables have belongs to no person in particular. Figure: the difference of the shares. One token is one too
many, so where no token of the hold-out is repeated, chance has shown nothing that could be taken off, and the interval
is that of the training share alone, above 0 from the first token on. `repeated` counts them, and each kind is a part.

Details show the shapes of repeated tokens ("xxx0@xxxxxx.xx"), never a token.
"""

from __future__ import annotations

from llmsynth.evaluate.control import Arms, no_excess
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.personal_tokens import KINDS, shape_of, tokens_of
from llmsynth.evaluate.score import Score, unknown

SHAPES_SHOWN = 3
NO_TOKEN = "the training rows hold no such token"
NOT_LOOKED_FOR = "telephone numbers that are digits alone: nothing tells them from keys, amounts and times"


def excess(arms: Arms) -> Score:
    """Return the excess with its interval; where no held-out token is repeated, the share itself with its own."""
    if arms.n_train == 0:
        return Score(0.0, 0, NO_TOKEN).within((0.0, 0.0))
    if arms.holdout_hits == 0:
        share = arms.train_hits / arms.n_train
        found = "is repeated" if arms.n_holdout else "is there"
        reason = f"no such token of the hold-out {found}, so this is the share itself"
        return Score(share, arms.n_train, reason).within(wilson(arms.train_hits, arms.n_train))
    return arms.excess_score()


def pii(evidence: Evidence) -> Measured:
    """Count personal tokens that are repeated.

    Returns
    -------
    Measured
        Share of the training table's own tokens found in the synthetic table minus that of the hold-out's own, -1 to 1:
        0 none or no more than chance, 1 all of them. Parts: "email", "phone", "iban", "card", "ip", "national_id".
    """
    frames = evidence.frames
    train, made = tokens_of(frames.real), tokens_of(frames.synthetic)
    held = set() if frames.holdout is None else tokens_of(frames.holdout)
    own, control = train - held, held - train
    repeated = sorted(own & made)
    shapes = {
        kind: sorted({shape_of(token) for one, token in repeated if one == kind})[:SHAPES_SHOWN] for kind in KINDS
    }
    details = {
        "repeated": len(repeated), "tokens": len(own), "holdout_repeated": len(control & made),
        "holdout_tokens": len(control), "shapes": {kind: found for kind, found in shapes.items() if found},
        "not_looked_for": NOT_LOOKED_FOR,
    }  # fmt: skip
    if frames.holdout is None:
        return Measured(
            unknown(NO_HOLDOUT), unknown(NO_HOLDOUT), dict.fromkeys(KINDS, unknown(NO_HOLDOUT)), {}, details
        )
    if not len(frames.synthetic):
        nothing = unknown("there are no synthetic rows")
        return Measured(nothing, nothing, dict.fromkeys(KINDS, nothing), {}, details)
    parts = {}
    for kind in KINDS:
        sides = [{one for one in side if one[0] == kind} for side in (own, control)]
        parts[kind] = excess(Arms(len(sides[0] & made), len(sides[0]), len(sides[1] & made), len(sides[1])))
    score = excess(Arms(len(repeated), len(own), len(control & made), len(control)))
    return Measured(score, no_excess(len(control)), parts, dict.fromkeys(KINDS, no_excess(len(control))), details)


METRIC = Metric(
    key="pii",
    pillar="privacy",
    title="Personal tokens repeated",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: no personal token of a training row is repeated beyond chance; 1: every one is",
    source="ISO 13616 (IBAN), ISO/IEC 7812 (cards), RFC 5322 (e-mail, simplified); control: held-out rows",
    measure=pii,
    level="standard",
    unit="%",
)
