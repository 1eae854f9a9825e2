from __future__ import annotations

import pytest

from llmsynth.baselines.option_checks import check_at_least, check_whole
from llmsynth.errors import ConfigError


@pytest.mark.parametrize("value", [0, 2.0, True, "3", None])
def test_only_whole_numbers_from_the_bound_on_pass(value: object) -> None:
    check_whole(1, epochs=1)
    with pytest.raises(ConfigError, match="epochs: expected a whole number of 1 or more"):
        check_whole(1, epochs=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-0.1, float("nan"), True, "3", None])
def test_only_numbers_from_the_bound_on_pass(value: object) -> None:
    check_at_least(0.0, penalty=0)
    with pytest.raises(ConfigError, match="penalty"):
        check_at_least(0.0, penalty=value)  # type: ignore[arg-type]
