"""A peer's digest changes with what decides its rows, and with nothing else."""

import dataclasses
import shutil

import pytest

from eval.benchmark.generated import of_this_runner
from eval.benchmark.methods import digest_of, method
from eval.peer_environment import PEERS, read_peer


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(PEERS, tmp_path / "peers")
    return tmp_path / "peers"


def test_what_a_runner_imports_counts_and_what_it_says_does_not(folder):
    before = digest_of(read_peer(folder / "sdv"), "sdv-copula")
    assert before == method("sdv-copula").digest
    shared = folder / "shared.py"
    text = shared.read_text()
    shared.write_text(text.replace('"""', '"""More. ', 1) + "\n# a remark\n")
    assert digest_of(read_peer(folder / "sdv"), "sdv-copula") == before
    for place in (shared, folder / "sdv" / "contract.py", folder / "timing.py"):
        text = place.read_text()
        place.write_text(text + "\nMORE = 1\n")
        assert digest_of(read_peer(folder / "sdv"), "sdv-copula") != before
        place.write_text(text)
    (folder / "sdv" / "requirements.txt").write_text("sdv\n")
    assert digest_of(read_peer(folder / "sdv"), "sdv-copula") != before


def test_variants_and_models_are_told_apart(folder):
    peer = read_peer(folder / "be_great")
    digests = {digest_of(peer, name) for name in peer.methods}
    assert len(digests) == len(peer.methods) > 1
    assert digest_of(dataclasses.replace(peer, models=("another",)), "be-great") not in digests


def test_a_fit_that_does_not_say_its_runner_is_none_of_a_peers_now():
    peer, own = method("sdv-copula"), method("copula")
    assert of_this_runner({"runner": peer.digest}, peer) and not of_this_runner({}, peer)
    assert of_this_runner({"runner": ""}, own) and of_this_runner({}, own)
