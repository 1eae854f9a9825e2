"""The seam to llmsynth times fits and compares likelihoods on the same rows."""

import numpy as np

from eval import fits
from llmsynth import TableSynthesizer


def test_nats_are_averaged_over_rows_that_every_generator_holds_possible(tiny, stub):
    sure = stub.Bootstrap(tiny.train)
    sure.log_prob = lambda table: np.where(np.arange(len(table)) == 1, -np.inf, -20.0)
    result = fits.nats_per_row({"a": stub.Bootstrap(tiny.train), "b": sure}, tiny.holdout)
    assert result == {"nats_per_row": {"a": 10.0, "b": 20.0}, "rows": 58, "impossible_rows": 2}


def test_sampling_is_timed_and_seeded(tiny, stub):
    fitted = stub.fit(tiny.train, fits.Settings("compact", None, 1.0, seed=3))
    rows, seconds = fits.sample(fitted, 10)
    assert len(rows) == 10 and seconds > 0
    assert rows.equals(fits.sample(fitted, 10)[0])


def test_settings_are_recorded_whole():
    assert fits.Settings("compact", "y", 1.5, recipe={"compact": {"warm_up": True}}).to_dict() == {
        "model": "compact",
        "target": "y",
        "max_minutes": 1.5,
        "seed": 0,
        "recipe": {"compact": {"warm_up": True}},
    }


def test_the_facade_is_called_by_its_public_names(tiny):
    names = set(TableSynthesizer(model="compact").get_params())
    assert {"model", "target", "max_minutes", "random_state", "recipe", "progress"} <= names
