"""Every benchmark has a command and the help names it."""

import pytest

from eval import fidelity, render_readme, spine


def test_the_help_names_every_benchmark(capsys):
    with pytest.raises(SystemExit):
        spine.main(["--help"])
    text = capsys.readouterr().out
    assert all(f"eval.spine {name}" in text for name in spine.BENCHMARKS)


def test_every_benchmark_has_a_title_and_every_fidelity_benchmark_a_command():
    assert set(render_readme.TITLES) == set(render_readme.ORDER) == set(spine.BENCHMARKS)
    assert set(fidelity.SPECS) <= set(spine.BENCHMARKS)


def test_options_reach_the_benchmark(monkeypatch, tmp_path):
    from eval import validity

    monkeypatch.setattr(validity, "run", lambda n_rows: tmp_path / str(n_rows))
    assert spine.main(["validity", "--rows", "500"]) == tmp_path / "500"


def test_an_unknown_benchmark_is_refused(capsys):
    with pytest.raises(SystemExit):
        spine.main(["nope"])
    assert "adult360" in capsys.readouterr().err
