"""The benchmark of the main job. From the project root, with LLMSYNTH_DATA set:

    python -m eval.spine adult360              # 6 minutes of training, then scoring
    python -m eval.spine adult90
    python -m eval.spine magic
    python -m eval.spine adult900              # fifteen minutes
    python -m eval.spine magic900              # fifteen minutes, three models averaged
    python -m eval.spine insurance             # three seeds, 3 minutes each
    python -m eval.spine sampling-speed [--run-folder RUN]
    python -m eval.spine insurance-smollm2     # 8 minutes of LoRA, 3 of compact
    python -m eval.spine insurance-great       # installs be_great in a temporary folder, trains 24 minutes
    python -m eval.spine training-step
    python -m eval.spine sampling-pretrained   # twice 4 minutes of training
    python -m eval.spine validity              # a million rows
    python -m eval.spine build-time
    python -m eval.spine conditional-mammography
    python -m eval.spine imputation [--run-folder RUN]        # fits three tables; keeps the run of Adult in RUN
    python -m eval.spine prediction-adult [--run-folder RUN]  # the same fit of Adult
    python -m eval.spine augment-mammography   # six fits of a minute
    python -m eval.spine augment-diabetes130   # the same, on 20,000 rows
    python -m eval.spine baselines-all-tables  # every baseline on every table, a process each; 10 minutes
    python -m eval.spine baseline-copula       # installs SDV in a temporary folder, then two minutes
    python -m eval.spine baseline-gan          # installs the ctgan package in a temporary folder, then ten minutes
    python -m eval.spine baseline-diffusion    # TabSyn on Adult, 15 minutes of training
    python -m eval.spine baseline-diffusion-gpu --minutes 3  # the same with a larger denoiser on a GPU
    python -m eval.spine evaluate-power        # 200 seeds of copies and honest rows; an hour on one core
    python -m eval.spine evaluate-ladder       # tables of known defects, all metrics; ten minutes on one core
    python -m eval.spine evaluate-coverage     # 500 simulations of every interval; forty minutes on one core
    python -m eval.spine evaluate-determinism  # threads and the order of rows; five minutes on one core
    python -m eval.spine evaluate-hostile      # thousands of tables that break things; --rows is the number of calls
    python -m eval.spine evaluate-marginals    # installs SDMetrics in a temporary folder, then three minutes
    python -m eval.spine evaluate-gower        # the same, then ten minutes
    python -m eval.spine evaluate-copies       # half a minute
    python -m eval.spine evaluate-levels [--rows N]  # `llmsynth evaluate` at level quick and standard, 15 minutes
    python -m eval.spine curves [--minutes 1]  # 50 to 2,000 rows of four tables, all methods; hours, resumed
    python -m eval.spine scaling [--rows N]    # against rows, columns, categories; half a day; N is the most rows
    python -m eval.spine step-profile          # operators of one training and one decoding step; ten minutes
    python -m eval.spine gpu                   # both models on a CUDA device, four minutes

Each writes one file under eval/results: what was measured, on which commit and machine, which targets were reached.
`python -m eval.render_readme` then puts the table into the README. Generators beside each other, peers among them,
have commands of their own: `python -m eval.run`, `eval.sweep` (all of them) and `eval.compare`. Run `insurance-great`
before `insurance-smollm2`, which compares itself with its result.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _fidelity(options: argparse.Namespace) -> Path:
    from eval import fidelity

    return fidelity.run(options.benchmark, save=options.run_folder)


def _sampling_speed(options: argparse.Namespace) -> Path:
    from eval import sampling_speed

    return sampling_speed.run(run_folder=options.run_folder)


def _insurance_smollm2(options: argparse.Namespace) -> Path:
    from eval import pretrained

    return pretrained.run(**_minutes(options))


def _insurance_great(options: argparse.Namespace) -> Path:
    from eval import great

    rows: dict[str, Any] = {} if options.rows is None else {"rows": options.rows}
    return great.run(**_minutes(options), **rows)


def _training_step(options: argparse.Namespace) -> Path:
    from eval import pretrained_speed

    return pretrained_speed.training_step()


def _sampling_pretrained(options: argparse.Namespace) -> Path:
    from eval import pretrained_speed

    return pretrained_speed.sampling(**_minutes(options))


def _validity(options: argparse.Namespace) -> Path:
    from eval import validity

    rows = {} if options.rows is None else {"n_rows": options.rows}
    return validity.run(**rows)


def _build_time(options: argparse.Namespace) -> Path:
    from eval import build_time

    return build_time.run()


def _conditional_mammography(options: argparse.Namespace) -> Path:
    from eval import conditional_mammography

    return conditional_mammography.run(**_minutes(options))


def _imputation(options: argparse.Namespace) -> Path:
    from eval import imputation

    return imputation.run(run_folder=options.run_folder, **_minutes(options))


def _prediction(options: argparse.Namespace) -> Path:
    from eval import prediction

    return prediction.run(run_folder=options.run_folder, **_minutes(options))


def _augment(options: argparse.Namespace) -> Path:
    from eval import augment

    rows: dict[str, Any] = {} if options.rows is None else {"rows": options.rows}
    return augment.run(options.benchmark, **_minutes(options), **rows)


def _baseline_tables(options: argparse.Namespace) -> Path:
    from eval import baseline_tables

    rows: dict[str, Any] = {} if options.rows is None else {"n_rows": options.rows}
    return baseline_tables.run(**rows)


def _baseline_gan(options: argparse.Namespace) -> Path:
    from eval import baseline_gan

    rows: dict[str, Any] = {} if options.rows is None else {"rows": options.rows}
    return baseline_gan.run(**rows)


def _baseline_diffusion(options: argparse.Namespace) -> Path:
    from eval import baseline_diffusion

    return baseline_diffusion.run(gpu=options.benchmark.endswith("gpu"), **_minutes(options))


def _baseline_copula(options: argparse.Namespace) -> Path:
    from eval import baseline_copula

    return baseline_copula.run()


def _evaluate_power(options: argparse.Namespace) -> Path:
    from eval import evaluate_power

    return evaluate_power.run()


def _evaluate_marginals(options: argparse.Namespace) -> Path:
    from eval import evaluate_marginals

    rows: dict[str, Any] = (
        {} if options.rows is None else {"rows": dict.fromkeys(evaluate_marginals.ROWS, options.rows)}
    )
    return evaluate_marginals.run(**rows)


def _evaluate_gower(options: argparse.Namespace) -> Path:
    from eval import evaluate_gower

    rows: dict[str, Any] = {} if options.rows is None else {"rows": dict.fromkeys(evaluate_gower.ROWS, options.rows)}
    return evaluate_gower.run(**rows)


def _evaluate_copies(options: argparse.Namespace) -> Path:
    from eval import evaluate_copies

    rows: dict[str, Any] = {} if options.rows is None else {"n_rows": options.rows}
    return evaluate_copies.run(**rows)


def _evaluate_levels(options: argparse.Namespace) -> Path:
    from eval import evaluate_levels

    rows: dict[str, Any] = {} if options.rows is None else {"rows": options.rows, "quick_rows": options.rows}
    return evaluate_levels.run(**rows)


def _evaluate_ladder(options: argparse.Namespace) -> Path:
    from eval import evaluate_ladder

    return evaluate_ladder.run()


def _evaluate_coverage(options: argparse.Namespace) -> Path:
    from eval import evaluate_coverage

    return evaluate_coverage.run()


def _evaluate_determinism(options: argparse.Namespace) -> Path:
    from eval import evaluate_determinism

    return evaluate_determinism.run()


def _evaluate_hostile(options: argparse.Namespace) -> Path:
    from eval import evaluate_hostile

    calls = None if options.rows is None else {"quick": options.rows, "full": max(1, options.rows // 40)}
    return evaluate_hostile.run(examples=calls)


def _curves(options: argparse.Namespace) -> Path:
    from eval import curves

    return curves.run(curves.Plan(**_minutes(options)))


def _scaling(options: argparse.Namespace) -> Path:
    from eval import scaling

    return scaling.run(scaling.Sizes().at_most(options.rows))


def _step_profile(options: argparse.Namespace) -> Path:
    from eval import step_profile

    return step_profile.run()


def _gpu(options: argparse.Namespace) -> Path:
    from eval import accelerator

    return accelerator.run()


def _minutes(options: argparse.Namespace) -> dict[str, Any]:
    return {} if options.minutes is None else {"minutes": options.minutes}


BENCHMARKS: dict[str, Callable[[argparse.Namespace], Path]] = {
    "adult360": _fidelity,
    "adult90": _fidelity,
    "magic": _fidelity,
    "adult900": _fidelity,
    "magic900": _fidelity,
    "insurance": _fidelity,
    "sampling-speed": _sampling_speed,
    "insurance-smollm2": _insurance_smollm2,
    "insurance-great": _insurance_great,
    "training-step": _training_step,
    "sampling-pretrained": _sampling_pretrained,
    "validity": _validity,
    "build-time": _build_time,
    "conditional-mammography": _conditional_mammography,
    "imputation": _imputation,
    "prediction-adult": _prediction,
    "augment-mammography": _augment,
    "augment-diabetes130": _augment,
    "baselines-all-tables": _baseline_tables,
    "baseline-copula": _baseline_copula,
    "baseline-gan": _baseline_gan,
    "baseline-diffusion": _baseline_diffusion,
    "baseline-diffusion-gpu": _baseline_diffusion,
    "evaluate-power": _evaluate_power,
    "evaluate-ladder": _evaluate_ladder,
    "evaluate-coverage": _evaluate_coverage,
    "evaluate-determinism": _evaluate_determinism,
    "evaluate-hostile": _evaluate_hostile,
    "evaluate-marginals": _evaluate_marginals,
    "evaluate-gower": _evaluate_gower,
    "evaluate-copies": _evaluate_copies,
    "evaluate-levels": _evaluate_levels,
    "curves": _curves,
    "scaling": _scaling,
    "step-profile": _step_profile,
    "gpu": _gpu,
}


def main(arguments: list[str] | None = None) -> Path:
    """Run one benchmark and return its result file."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.spine", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("benchmark", choices=list(BENCHMARKS))
    parser.add_argument("--minutes", type=float, help="another training budget, for trying a benchmark out")
    parser.add_argument("--rows", type=int, help="another number of rows, for trying a benchmark out")
    parser.add_argument("--run-folder", type=Path, help="keep the fitted run there, or measure the one that is there")
    options = parser.parse_args(arguments)
    return BENCHMARKS[options.benchmark](options)


if __name__ == "__main__":
    main()
