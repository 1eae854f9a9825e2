"""`gpu`: how fast both models learn and write Adult on a GPU, and what share of the card's arithmetic they use.

    python -m eval.accelerator [--models compact smollm2-135m] [--runs 5]
    python -m eval.spine gpu                   # the same with its defaults, four minutes; needs a CUDA device

SmolLM2 has all its layers here, as it has by default on a GPU, with LoRA adapters. A training step is one of the
trainer's, batch building included; sampling is what `sample` does, from random numbers to a data frame. Each is
measured at the sizes the library takes by itself and at others, so that a reader sees what a larger batch would give.

The peak is that of the card at hand, measured with a large square product: bfloat16 for SmolLM2, whose frozen weights
are bfloat16, float32 for the compact model. The share of the peak is the operations of all products over seconds times
that rate; attention's own are not counted, a few hundredths of them for rows as short as these. `card_seconds` over
`watched_seconds` is the share of the time in which the card computes at all: the rest is waiting for Python to launch
the next kernel, which a larger batch makes less of.

Rows are drawn twice with batches of two sizes; `same_rows` is the share that did not change.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from eval import data, record
from eval.benchmark import operators
from eval.record import Target

RUNS, STEPS = 5, 3
LARGE = 8192
LEAST_ROWS, LEAST_SHARE = {"compact": 6000.0, "smollm2-135m": 160.0}, 0.3
"""Rows per second to be sampled: those asked of two cores, and ten times what two cores reach."""
Work = Callable[[], object]


@dataclass(frozen=True)
class Sizes:
    """Batches that are tried beside the library's own.

    Attributes
    ----------
    training, decoding : sequence of int
        Rows. The first two of `decoding`, the smaller one first, are those that `same_rows` compares.
    """

    training: Sequence[int]
    decoding: Sequence[int]


CASES: Mapping[str, Sizes] = {
    "compact": Sizes((1024, 4096), (2048, 8192)),
    "smollm2-135m": Sizes((64,), (256, 1024)),
}


def wait(device: torch.device) -> None:
    """Until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(work: Work, runs: int, device: torch.device) -> list[float]:
    """Return the seconds of each run, after one that does not count."""
    return [_once(work, device) for _ in range(runs + 1)][1:]


def _once(work: Work, device: torch.device) -> float:
    wait(device)
    began = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - began


def product_rate(side: int, dtype: torch.dtype, device: torch.device, runs: int) -> float:
    """Return the operations per second of square products of random numbers."""
    left, right = (torch.randn(side, side, device=device, dtype=torch.float32).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    repeats = 10 if device.type == "cuda" else 1

    def work() -> None:
        for _ in range(repeats):
            torch.mm(left, right, out=out)

    return 2 * side**3 * repeats / statistics.median(seconds_of(work, runs, device))


def copy_rate(mib: int, device: torch.device, runs: int) -> float:
    """Return the bytes per second, read and written, of a copy on the device."""
    source = torch.randint(0, 255, (mib * 2**20,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * source.numel() / statistics.median(seconds_of(lambda: target.copy_(source), runs, device))


def flops_of(work: Work) -> int:
    """Return the operations of the products of some work; attention's own are not counted.

    torch refuses to count attention whose keys have fewer heads than its queries.
    """
    kernels = ("flash", "efficient", "cudnn")
    names = [f"_scaled_dot_product_{kernel}_attention{back}" for kernel in kernels for back in ("", "_backward")]
    nothing = {getattr(torch.ops.aten, name): _no_operations for name in names}
    with FlopCounterMode(display=False, custom_mapping=nothing) as counter:
        work()
    return int(counter.get_total_flops())


def _no_operations(*_: Any, **__: Any) -> int:
    return 0


def busy(work: Work, device: torch.device) -> dict[str, Any]:
    """Return what share of the time the card computes, kernels per run, and the card's time by group of operators."""
    if device.type != "cuda":
        return {}
    work()
    wait(device)
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        watched = _once(work, device)
    on_card = [event for event in seen.key_averages() if event.self_device_time_total > 0]
    kernels = [event for event in on_card if event.device_type == torch.autograd.DeviceType.CUDA]
    total = sum(event.self_device_time_total for event in kernels) / 1e6
    groups: dict[str, float] = {}
    for event in on_card:
        if event.device_type != torch.autograd.DeviceType.CUDA:
            group = operators.group_of(event.key)
            groups[group] = groups.get(group, 0.0) + event.self_device_time_total / 1e6
    whole = sum(groups.values()) or 1.0
    ordered = sorted(groups.items(), key=lambda item: -item[1])
    return {
        "watched_seconds": watched,
        "card_seconds": total,
        "kernels": sum(event.count for event in kernels),
        "card_time": {name: value / whole for name, value in ordered},
    }


@dataclass(eq=False)
class Case:
    """One model on one table.

    Parameters
    ----------
    model : str
        Name or folder.
    table : Dataset
    device : torch.device
    """

    model: str
    table: data.Dataset
    device: torch.device

    def engine(self, batch_size: int | None = None) -> tuple[Any, Any, Any]:
        """Return (engine, trainer, schema) with first weights."""
        from llmsynth.config import FitConfig
        from llmsynth.fitting import prepare_training
        from llmsynth.lm.engine import build_engine
        from llmsynth.table.dtypes import physical_table
        from llmsynth.table.infer import infer_schema

        schema = infer_schema(self.table.train, target=self.table.target)
        plain = physical_table(self.table.train, schema)
        train = {"eval_every": 1_000_000, **({} if batch_size is None else {"batch_size": batch_size})}
        config = {"model": self.model, "device": self.device.type, "train": train}
        engine = build_engine(schema, plain, FitConfig.from_mapping(config))
        trainer, _ = prepare_training(engine, plain)
        return engine, trainer, schema

    def training(self, trainer: Any, runs: int, steps: int, peak: float) -> dict[str, Any]:
        """Return rates of training steps."""
        trainer.run(most_steps=steps)
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        seconds, tokens, rows = [], [], []
        for _ in range(runs):
            begin = trainer.counters.step
            took = _once(lambda: trainer.run(most_steps=steps), self.device)
            batches = [part for step in range(begin, begin + steps) for part in trainer.batch_of(step)]
            seconds.append(took / steps)
            tokens.append(sum(one.n_tokens for one in batches) / took)
            rows.append(sum(one.n_rows for one in batches) / took)
        begin = trainer.counters.step
        flops = flops_of(lambda: trainer.run(most_steps=steps))
        counted = sum(part.n_tokens for step in range(begin, begin + steps) for part in trainer.batch_of(step))
        per_second = statistics.median(tokens) * flops / counted
        return {
            "rows": trainer.plan.batch_size,
            "rows_at_once": trainer.plan.rows_at_once,
            "seconds_per_step": seconds,
            "rows_per_second": statistics.median(rows),
            "tokens_per_second": statistics.median(tokens),
            "flops_per_token": flops / counted,
            "flops_per_second": per_second,
            "share_of_peak": per_second / peak,
            "memory_gib": self._memory(),
            **busy(lambda: trainer.run(most_steps=1), self.device),
        }

    def sampling(self, engine: Any, schema: Any, rows: int, runs: int, peak: float, watch: bool) -> dict[str, Any]:
        """Return rates of writing rows in batches of so many; `watch` adds what the card does."""
        sampler = _sampler(engine, schema, rows)
        work = _drained(sampler, rows)
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        seconds = seconds_of(work, runs, self.device)
        rate = rows / statistics.median(seconds)
        per_row = flops_of(work) / rows
        return {
            "rows": rows,
            "seconds": seconds,
            "rows_per_second": rate,
            "flops_per_row": per_row,
            "flops_per_second": rate * per_row,
            "share_of_peak": rate * per_row / peak,
            "memory_gib": self._memory(),
            **(busy(work, self.device) if watch else {}),
        }

    def _memory(self) -> float:
        return torch.cuda.max_memory_allocated(self.device) / 2**30 if self.device.type == "cuda" else math.nan


def _sampler(engine: Any, schema: Any, rows: int) -> Any:
    from llmsynth.sample.sampler import Sampler

    return Sampler(engine.model, engine.encoder, schema, engine.number_offsets, rows)


def _drained(sampler: Any, rows: int) -> Work:
    def work() -> None:
        for _ in sampler.iterate(rows, 0):
            pass

    return work


def same_rows(engine: Any, schema: Any, rows: int, other: int) -> float:
    """Return the share of `rows` rows that are the same whether drawn in one batch or in batches of `other`."""
    first, second = (
        pd.concat(_sampler(engine, schema, size).iterate(rows, 0), ignore_index=True) for size in (rows, other)
    )
    alike = (first == second) | (first.isna() & second.isna())
    return float(alike.all(axis=1).mean())


def measured(case: Case, sizes: Sizes, peaks: Mapping[str, float], runs: int) -> dict[str, Any]:
    """Return what one model does at its own sizes (`own` is true) and at others."""
    from llmsynth.lm.engine import number_of_parameters

    training: list[dict[str, Any]] = []
    engine, trainer, schema = case.engine()
    dtype = "float32" if engine.is_compact else str(engine.backbone.causal.dtype).removeprefix("torch.")
    peak = peaks[dtype]
    for size in (None, *sizes.training):
        asked = trainer if size is None else case.engine(size)[1]
        training.append({"own": size is None, **case.training(asked, runs, STEPS, peak)})
        print(_line(case.model, "trains", training[-1]), flush=True)
    mine = engine.decoding_rows
    sampling: list[dict[str, Any]] = []
    for rows in dict.fromkeys((mine, *sizes.decoding)):
        is_own = rows == mine
        sampling.append({"own": is_own, **case.sampling(engine, schema, rows, runs, peak, is_own)})
        print(_line(case.model, "writes", sampling[-1]), flush=True)
    few, many = sizes.decoding[:2]
    return {
        "dataset": case.table.name,
        "layers": (
            engine.config.compact.num_hidden_layers
            if engine.is_compact
            else engine.backbone.causal.config.num_hidden_layers
        ),
        "parameters": number_of_parameters(engine),
        "dtype": dtype,
        "training": training,
        "sampling": sampling,
        "same_rows": {"rows": many, "batches": [many, few], "share": same_rows(engine, schema, many, few)},
    }


def _line(model: str, what: str, one: Mapping[str, Any]) -> str:
    tokens = f", {one['tokens_per_second']:,.0f} tokens/s" if "tokens_per_second" in one else ""
    share = f"{one['card_seconds'] / one['watched_seconds']:.0%}" if "card_seconds" in one else "?"
    return (
        f"{model} {what} in batches of {one['rows']:,}: {one['rows_per_second']:,.0f} rows/s{tokens}, "
        f"{one['share_of_peak']:.2%} of the peak, card busy {share}, {one['memory_gib']:.1f} GiB"
    )


def run(
    *,
    cases: Mapping[str, Sizes] | None = None,
    dataset: str = "adult",
    device: str = "cuda",
    runs: int = RUNS,
    large: int = LARGE,
    folder: Path = record.RESULTS,
) -> Path:
    """Measure the card and both models, and write the result file."""
    place = torch.device(device)
    if place.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("gpu: this benchmark needs a CUDA device, and torch sees none here")
    table = data.load(dataset)
    dtypes = ("float32", "bfloat16") if place.type == "cuda" else ("float32",)  # bfloat16 kills some processors
    peaks = {name: product_rate(large, getattr(torch, name), place, runs) for name in dtypes}
    rates = {"flops_per_second": peaks, "copy_bytes_per_second": copy_rate(large // 4, place, runs)}
    about = {"runs": runs, "large_product": large, "peak": rates}
    found: dict[str, Any] = {}
    path = folder / "gpu.json"
    for model, sizes in (CASES if cases is None else cases).items():
        found[model] = measured(Case(model, table, place), sizes, peaks, runs)
        path = record.write("gpu", {**about, "models": found}, _targets(found), folder=folder)  # a lease may end
    return path


def _targets(found: Mapping[str, Any]) -> list[Target]:
    targets: list[Target] = []
    for model, one in found.items():
        writes = next(size for size in one["sampling"] if size["own"])
        targets.append(Target(f"{model}, rows sampled per second", writes["rows_per_second"], ">=", LEAST_ROWS[model]))
        if model != "compact":  # which is far too small to fill a card
            share = one["training"][0]["share_of_peak"]
            targets.append(Target(f"{model}, share of the card's peak, training", share, ">=", LEAST_SHARE))
    return targets


def main(arguments: Sequence[str] | None = None) -> Path:
    """Measure chosen models."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.accelerator", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("-o", "--output", type=Path, default=record.RESULTS, metavar="FOLDER")
    options = parser.parse_args(arguments)
    cases = {name: CASES[name] for name in options.models}
    return run(cases=cases, device=options.device, runs=options.runs, folder=options.output.absolute())


if __name__ == "__main__":
    main()
