"""The benchmark's category names are distinct, as categories are."""

from eval import build_time


def test_names_are_distinct_and_the_same_every_time():
    names = build_time.texts(3, 10_000)
    assert len(set(names)) == 10_000
    assert names == build_time.texts(3, 10_000)
