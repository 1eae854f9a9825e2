"""`step-profile`: where the time of a training step and of a decoding step goes, and how near sampling is to its limit.

    python -m eval.step_profile [--runs 7] [--models compact smollm2-135m]
    python -m eval.spine step-profile          # the same with its defaults, ten minutes; an idle machine

Compact on Adult at its own sizes of a step and of a decoding batch; SmolLM2, shortened as it is on a CPU, on Insurance.
A training step is one of the trainer's: batch, losses, gradients, optimiser. A decoding step is one batch of rows, all
columns, from random numbers to codes, by all threads together, while `sample` decodes several batches side by side.
Shares are medians over runs of the profiler (`benchmark.operators`).

The arithmetic limit of sampling: the operations of the products that decoding a row takes, against the rate of float32
products that this machine was measured to have with as many threads, on a large square product. The model's own shapes
are slower, being thin; their rate is given beside it and is the limit of any code with these shapes. Sampling and
products take turns, so that both see the same machine; the share of the limit is a ratio of medians.

Targets: at least 60 % of the time of each step in matrix products; at least 6,000 rows/s and half of the limit, compact
on Adult. The rate in rows/s is the machine's, the share is not.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eval import data, record
from eval.benchmark import operators
from eval.benchmark.operators import Work
from eval.pretrained_speed import alternate
from eval.record import Target

CASES = {"compact": "adult", "smollm2-135m": "insurance"}
RUNS, LARGE, SHAPES = 7, 2048, 4
LEAST_PRODUCTS, LEAST_ROWS, LEAST_OF_LIMIT = 0.6, 6000.0, 0.5


@dataclass(frozen=True)
class Steps:
    """The work of one model.

    Attributes
    ----------
    train, decode, sample : callable
        One training step; one decoding batch; rows as a data frame, what `sample` does: four decoding batches of the
        compact model, which is what one frame holds, and one of a pretrained model, which takes as long.
    batch_size, decoding_rows, sampled_rows : int
        Rows of each.
    layers : int
    """

    train: Work
    decode: Work
    sample: Work
    batch_size: int
    decoding_rows: int
    sampled_rows: int
    layers: int


def steps_of(model: str, table: data.Dataset) -> Steps:
    """Build a model with random trained weights and return its steps; speed does not depend on what it learned."""
    from llmsynth.config import FitConfig, SampleConfig
    from llmsynth.fitting import prepare_training
    from llmsynth.lm.engine import build_engine
    from llmsynth.sample.sampler import BATCHES_PER_PART, Sampler
    from llmsynth.table.dtypes import physical_table
    from llmsynth.table.infer import infer_schema

    schema = infer_schema(table.train, target=table.target)
    plain = physical_table(table.train, schema)
    engine = build_engine(schema, plain, FitConfig.from_mapping({"model": model, "device": "cpu"}))
    trainer, _ = prepare_training(engine, plain)
    rows = engine.decoding_rows
    sampler = Sampler(engine.model, engine.encoder, schema, engine.number_offsets, rows)
    decoder = sampler.decoder(SampleConfig())
    config = engine.config
    layers = config.compact.num_hidden_layers if engine.is_compact else config.pretrained.num_hidden_layers
    assert isinstance(layers, int)

    n_sampled = rows * (BATCHES_PER_PART if engine.is_compact else 1)

    def sampled() -> None:
        for _ in sampler.iterate(n_sampled, 0):
            pass

    return Steps(
        train=lambda: trainer.run(most_steps=1),
        decode=lambda: decoder.decode_rows(np.arange(rows), 0, tie=decoder.tie),
        sample=sampled,
        batch_size=trainer.plan.batch_size,
        decoding_rows=rows,
        sampled_rows=n_sampled,
        layers=layers,
    )


def measured(steps: Steps, runs: int, large: int) -> dict[str, Any]:
    """Return profiles, rates and the limit of one model."""
    training = operators.profiled(steps.train, runs)
    decoding = operators.profiled(steps.decode, runs)
    shapes = operators.product_shapes(steps.decode, SHAPES)
    per_row = operators.flops(steps.decode) / steps.decoding_rows
    named = {"large": (large, large, large), **{"x".join(map(str, shape)): shape for shape in shapes}}
    products = {name: operators.product(shape) for name, shape in named.items()}
    works: dict[str, Work] = {"sample": steps.sample, **{name: work for name, (work, _) in products.items()}}
    seconds = alternate(works, runs)
    rates = {name: count / statistics.median(seconds[name]) for name, (_, count) in products.items()}
    weights = {"x".join(map(str, shape)): count for shape, count in shapes.items()}
    # As long as each product takes at its own rate: the rate of all of them together.
    own = sum(weights.values()) / sum(count / rates[name] for name, count in weights.items()) if weights else 0.0
    speed = steps.sampled_rows / statistics.median(seconds["sample"])
    limit = rates["large"] / per_row
    return {
        "layers": steps.layers,
        "training_step": {"rows": steps.batch_size, **training},
        "decoding_step": {"rows": steps.decoding_rows, **decoding},
        "flops_per_row": per_row,
        "flops_per_second": rates,
        "own_shapes_flops_per_second": own,
        "own_shapes_share_of_flops": sum(weights.values()) / (per_row * steps.decoding_rows),
        "sampling": {
            "rows": steps.sampled_rows,
            "seconds": seconds["sample"],
            "rows_per_second": speed,
            "limit_rows_per_second": limit,
            "share_of_limit": speed / limit,
            "share_of_own_shapes_limit": speed * per_row / own if own else None,
        },
    }


def run(
    *,
    cases: Mapping[str, str] | None = None,
    runs: int = RUNS,
    large: int = LARGE,
    folder: Path = record.RESULTS,
) -> Path:
    """Profile each model on its table and write the result file."""
    cases = CASES if cases is None else cases
    found: dict[str, Any] = {}
    targets: list[Target] = []
    for model, dataset in cases.items():
        one = found[model] = {"dataset": dataset, **measured(steps_of(model, data.load(dataset)), runs, large)}
        for step in ("training", "decoding"):
            share = one[f"{step}_step"]["shares"].get(operators.PRODUCTS, 0.0)
            targets.append(Target(f"{model}, {step} step, share of time in products", share, ">=", LEAST_PRODUCTS))
    if "compact" in found:
        sampling = found["compact"]["sampling"]
        targets += [
            Target("compact, rows sampled per second", sampling["rows_per_second"], ">=", LEAST_ROWS),
            Target("compact, share of the arithmetic limit", sampling["share_of_limit"], ">=", LEAST_OF_LIMIT),
        ]
    about = {"threads": torch.get_num_threads(), "runs": runs, "large_product": large}
    return record.write("step-profile", {**about, "models": found}, targets, folder=folder)


def main(arguments: Sequence[str] | None = None) -> Path:
    """Profile chosen models."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.step_profile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--large", type=int, default=LARGE, help="side of the large product")
    parser.add_argument("-o", "--output", type=Path, default=record.RESULTS, metavar="FOLDER")
    options = parser.parse_args(arguments)
    cases = {name: CASES[name] for name in options.models}
    return run(cases=cases, runs=options.runs, large=options.large, folder=options.output.absolute())


if __name__ == "__main__":
    main()
