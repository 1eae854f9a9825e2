"""be_great on the base model that llmsynth comes with: LoRA within the budget, then rows as fast as it makes them.

    python contract.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M [--guided]

The model is SmolLM2-135M as llmsynth converts it, in the folder `smollm2-135m` below LLMSYNTH_MODELS (or `--model`), in
float32: be_great loads the type that the folder names and has no option. LoRA with its defaults (r 16, alpha 32, batch
8), learning rate 5e-4, temperature 1: what `run.py` takes for the older benchmark.

Budget: three steps are timed, fewer if they take a fifth of it, the rest is filled with steps, and a callback ends
training should the guess be wrong. Sampling: batches until there are enough rows or the seconds for sampling are over;
be_great has no end of its own once it accepted some row. Texts may be 1.25 times as long as the longest of 500 training
rows: with the default of 100 tokens no row of a wide table is ever complete. `--guided` samples column by column, one
row at a time.
"""

from __future__ import annotations

import argparse
import functools
import math
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main
from timing import Clock, Steps

PROBE_STEPS = 3
LEFT_AFTER_PROBE = 0.8
BATCH = 8
LEARNING_RATE = 5e-4
ROWS_AT_ONCE = {"guided": 1, "free": 64}


def own_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="folder of the base model; default: LLMSYNTH_MODELS/smollm2-135m")
    parser.add_argument("--guided", action="store_true", help="guided sampling: one column of one row at a time")


def model_folder(named: Path | None) -> Path:
    """Return the folder of the base model."""
    folder = named or Path(os.environ.get("LLMSYNTH_MODELS", "")) / "smollm2-135m"
    if not (folder / "config.json").is_file():
        raise SystemExit(
            f"expected the base model's folder, with a config.json, at {str(folder)!r}; name it with --model, or set "
            "LLMSYNTH_MODELS to the folder that holds smollm2-135m"
        )
    return folder


def train(model: Path, table, scratch: Path, steps: int, job: Job, timed: Steps):
    """Return be_great after a number of steps."""
    from be_great import great as module

    own_trainer = module.GReaTTrainer

    @functools.wraps(own_trainer)
    def trainer(*positional, callbacks, **named):
        return own_trainer(*positional, callbacks=[*callbacks, timed.callback()], **named)

    module.GReaTTrainer = trainer
    great = module.GReaT(
        llm=str(model),
        experiment_dir=str(scratch / f"steps-{steps}"),
        batch_size=BATCH,
        efficient_finetuning="lora",
        learning_rate=LEARNING_RATE,
        max_steps=steps,
        save_strategy="no",
        seed=job.seed,
        logging_steps=max(1, steps // 20),
        use_cpu=True,
    )
    try:
        great.fit(table)
    finally:
        module.GReaTTrainer = own_trainer
    return great


def longest(great, table) -> int:
    """Return how many tokens a text may have."""
    some = table.head(500)
    texts = [", ".join(f"{name} is {value}" for name, value in row.items()) for _, row in some.iterrows()]
    return math.ceil(1.25 * max(len(tokens) for tokens in great.tokenizer(texts)["input_ids"]))


def fit(table, job: Job, clock: Clock) -> Fitted:
    from run import float32_copy
    from transformers import set_seed

    source = model_folder(job.own.model)
    set_seed(job.seed)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        model = float32_copy(source, scratch)
        probe = Steps(clock, LEFT_AFTER_PROBE * job.budget_seconds)
        train(model, table, scratch, PROBE_STEPS, job, probe)
        timed, steps = Steps(clock), probe.within()
        great = train(model, table, scratch, steps, job, timed)
    mode = "guided" if job.own.guided else "free"
    length = longest(great, table)

    def draw(rows: int):
        how = {"guided_sampling": True} if job.own.guided else {"k": rows}
        return great.sample(rows, temperature=1.0, max_length=length, device="cpu", **how)

    settings = {
        "base_model": source.name,
        "sampling": mode,
        "learning_rate": LEARNING_RATE,
        "planned_steps": steps,
        "steps": timed.made,
        "epochs": BATCH * timed.made / len(table),
        "max_length": length,
    }
    return Fitted(
        draw, settings, ["sampling has no seed of its own; the global generators are seeded"], ROWS_AT_ONCE[mode]
    )


if __name__ == "__main__":
    main(
        __doc__,
        fit,
        ["torch._dynamo", "be_great", "transformers"],
        ["be_great", "transformers", "peft", "torch"],
        own_arguments,
    )
