"""What augmentation gave, as rich tables for a terminal. Text only: the numbers come from `gain` and `near_copies`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from llmsynth.curate.gain import Gain
from llmsynth.evaluate.imbalance import GENERATED
from llmsynth.evaluate.near_copies import NearCopies
from llmsynth.evaluate.repeated import Estimate


def render_copies(handed_out: NearCopies, gain: Gain | None) -> Table:
    """Return copies and near-copies beside those of held-out real rows.

    Parameters
    ----------
    handed_out : NearCopies
        Of the rows in the augmented table.
    gain : Gain or None
        Brings those of generators that never saw the held-out rows.
    """
    table = Table(
        title="Copies of real rows of the class",
        title_justify="left",
        caption_justify="left",
        caption=_copies_caption([handed_out] if gain is None else [handed_out, gain.near_copies]),
    )
    for name in ("new rows", "copies", "of held-out", "near-copies", "of held-out", "how held out"):
        table.add_column(name, justify="left" if name == "how held out" else "right", no_wrap=True)
    table.add_row(*_copies_row(handed_out), "each twentieth of the real rows in turn")
    if gain is not None:
        table.add_row(*_copies_row(gain.near_copies), f"test rows of {len(gain.seeds)} splits, never seen")
    return table


def _copies_caption(found: Sequence[NearCopies]) -> Text:
    text = "Near-copy: nearer to a real row than 98 % of held-out rows, or equal. Good: no more than held-out rows."
    if any(one.limit == 0 for one in found):
        text += "\n2 % or more of the held-out rows equal a real row: where they do, only equal rows are near-copies."
    return Text(text)


def _copies_row(found: NearCopies) -> tuple[str, ...]:
    if found.reason:
        return f"{found.n_new:,}", f"{found.copies:,}", f"{found.holdout_copies:,}", "-", "-"
    about = "" if found.n_measured == found.n_new else "about "
    near = f"{about}{round(found.near * found.n_new):,} ({100 * found.near:.1f} %)"
    own = f"{100 * found.holdout_near:.1f} %"
    return f"{found.n_new:,}", f"{found.copies:,}", f"{found.holdout_copies:,} of {found.n_holdout:,}", near, own


def render_gain(gain: Gain) -> Table:
    """Return average precision and recall of each way to treat imbalance, and what generated rows gain over it."""
    title = f"Finding the class in real held-out rows, mean of {len(gain.seeds)} splits [95 % interval]"
    table = Table(title=title, caption=_gain_caption(gain), title_justify="left", caption_justify="left")
    table.add_column("trained on real rows with", no_wrap=True)
    for name in ("average precision", "recall", "gain in precision", "gain in recall"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, arm in gain.arms.items():
        gains = (arm.average_precision_gain, arm.recall_gain)
        shown = ("", "") if name == GENERATED else tuple(_with_interval(one, signed=True) for one in gains)
        table.add_row(
            Text(gain.titles[name]), _with_interval(arm.average_precision), _with_interval(arm.recall), *shown
        )
    return table


def _gain_caption(gain: Gain) -> Text:
    rows = gain.rows
    counts = (
        f"Each split trains on about {rows['train']:,} real rows ({rows['train_rare']:,} of the class) and tests on "
        f"{rows['test']:,} ({rows['test_rare']:,}); {rows['generated']:,} rows of the class are added. "
        "Gain: generated rows minus this, paired by split."
    )
    return Text("\n".join([counts, *(f"{note[0].upper()}{note[1:]}." for note in gain.notes)]))


def _with_interval(estimate: Estimate, *, signed: bool = False) -> str:
    form = "{:+.3f}" if signed else "{:.3f}"
    mean = form.format(estimate.mean)
    if math.isnan(estimate.low):
        return mean
    return f"{mean} [{form.format(estimate.low)}, {form.format(estimate.high)}]"
