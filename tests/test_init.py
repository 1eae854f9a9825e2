"""The front door: few names, each documented, none of them slow."""

import subprocess
import sys

import pytest

import llmsynth

HEAVY = ("torch", "transformers", "pandas", "sklearn", "numpy", "scipy", "pyarrow", "rich")


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_every_public_name_exists_and_is_documented():
    for name in llmsynth.__all__:
        assert getattr(llmsynth, name).__doc__, name
    assert dir(llmsynth) == sorted(llmsynth.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'TableSynthesiser'"):
        _ = llmsynth.TableSynthesiser


@pytest.mark.parametrize("code", ["import llmsynth", "from llmsynth.cli import app", "import llmsynth.errors"])
def test_importing_loads_nothing_heavy(code):
    loaded = python(f"import sys; {code}; print(*[name for name in {HEAVY} if name in sys.modules])").split()
    assert loaded == []


def test_help_costs_no_more_than_a_moment_of_a_bare_interpreter():
    """In seconds of processor time, so that a busy machine does not decide."""
    resource = pytest.importorskip("resource")

    def cheapest(code):
        costs = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            python(code)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            costs.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        return min(costs)

    show = "import sys; from llmsynth.cli import app; app.app(['--help'], standalone_mode=False)"
    assert cheapest(show) - cheapest("pass") < 0.3


def test_the_module_starts_the_command_line():
    done = subprocess.run([sys.executable, "-m", "llmsynth", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"llmsynth {llmsynth.__version__}"
