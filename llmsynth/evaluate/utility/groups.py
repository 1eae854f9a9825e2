"""Groups of held-out rows by the value of a column: whom a model may treat unlike others.

A category is a group of its own; numbers are cut at the training rows' median; missing is a group where it is frequent
enough. A group has a name only where enough training rows have its value, others are left out, since their hold-out
rows would be too few as well.

Knows columns. Refuses to know models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.encoding import BoolArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import FEWEST_ROWS_SHOWN
from llmsynth.evaluate.utility.problem import label

FEWEST_IN_GROUP = 30


@dataclass(frozen=True)
class Group:
    """Some held-out rows.

    Attributes
    ----------
    column, name : str
        Which column, and which of its values.
    members : bool array of shape (hold-out rows,)
    """

    column: str
    name: str
    members: BoolArray


def groups_of(evidence: Evidence, column: str) -> list[Group]:
    """Return the groups of a column that have at least `FEWEST_IN_GROUP` hold-out rows, largest first.

    Parameters
    ----------
    evidence : Evidence
        With a hold-out.
    column : str
        A column may be left out of the compared ones (an identifier): it has no groups then.
    """
    train, held = evidence.train, evidence.holdout
    if held is None or column not in train.layout.names:
        return []
    place = train.layout.names.index(column)
    own, cells = train.values[:, place], held.values[:, place]
    groups = []
    if np.isnan(own).sum() >= FEWEST_ROWS_SHOWN:
        groups.append(Group(column, "missing", np.isnan(cells)))
    if train.layout.numeric[place]:
        if not np.isnan(own).all():
            middle = float(np.nanmedian(own))
            groups.append(Group(column, "up to the median", cells <= middle))
            groups.append(Group(column, "above the median", cells > middle))
    else:
        values, counts = evidence.holders(own)
        for value in values[counts >= FEWEST_ROWS_SHOWN]:
            name = label(evidence.frames.real[column], int(np.flatnonzero(own == value)[0]))
            groups.append(Group(column, name, cells == value))
    kept = [group for group in groups if group.members.sum() >= FEWEST_IN_GROUP]
    return sorted(kept, key=lambda group: -int(group.members.sum()))
