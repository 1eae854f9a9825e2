"""Both tables are compared with the training rows at one size, unless the hold-out is very small."""

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.discrimination import sizes_of
from tests.evaluate.fidelity.clusters import points, table


def test_sizes() -> None:
    train, made = table(points(0, 1500)), table(points(1, 900))
    for holdout, limit, expected in ((600, 5_000, (600, 600)), (100, 5_000, (900, 100)), (900, 300, (300, 300))):
        assert sizes_of(gather(train, made, table(points(2, holdout))), limit) == expected
    assert sizes_of(gather(train, made), 5_000) == (900, 0)
