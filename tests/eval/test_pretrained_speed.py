"""Two sides are timed in turns, the first turn of each unmeasured."""

from eval import pretrained_speed


def test_sides_take_turns():
    calls = []
    seconds = pretrained_speed.alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert calls == ["a", "b"] * 4
    assert [len(values) for values in seconds.values()] == [3, 3]
