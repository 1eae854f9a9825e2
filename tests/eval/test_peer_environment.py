"""A peer's environment is made once for each set of pins, and an unfinished one is made anew."""

import json
import subprocess

import pytest

from eval import peer_environment
from eval.peer_environment import environment_of, peers, prepared, read_peer

YAML = """\
title: Toy 1.0
licence: MIT
first: [a==1]
alone: [b==2]
remove: [c]
models: [small]
methods:
  toy: []
  toy-two: [--k, 2]
"""


@pytest.fixture
def folder(tmp_path):
    toy = tmp_path / "peers" / "toy"
    toy.mkdir(parents=True)
    (toy / "peer.yaml").write_text(YAML)
    (toy / "requirements.txt").write_text("numpy==2.4.6\n")
    (tmp_path / "peers" / "other").mkdir()
    return tmp_path / "peers"


@pytest.fixture
def calls(monkeypatch):
    """Stands in for subprocess.run: notes each call and makes the folder of an environment."""
    made = []

    def run(command, **how):
        made.append(command)
        if command[1:3] == ["-m", "venv"]:
            (peer_environment.Path(command[3]) / "bin").mkdir(parents=True)
        return subprocess.CompletedProcess(command, 0, stdout="numpy==2.4.6\n")

    monkeypatch.setattr(peer_environment.subprocess, "run", run)
    return made


def test_only_folders_with_a_description_take_part(folder):
    found = peers(folder)
    assert list(found) == ["toy"]
    assert found["toy"].methods == {"toy": (), "toy-two": ("--k", "2")}
    assert found["toy"].models == ("small",)
    assert found["toy"].runner == folder / "toy" / "run.py"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (YAML + "colour: red\n", "colour"),
        ("title: T\nlicence: MIT\n", "methods"),
        (YAML.replace("toy-two", "Toy Two"), "Toy Two"),
    ],
)
def test_a_description_that_cannot_be_read_is_explained(folder, text, match):
    (folder / "toy" / "peer.yaml").write_text(text)
    with pytest.raises(SystemExit, match=match):
        read_peer(folder / "toy")


def test_an_environment_is_made_in_order_and_once(folder, tmp_path, calls):
    peer = read_peer(folder / "toy")
    python = prepared(peer, tmp_path / "kept")
    steps = [[part for part in command[3:] if part[0] != "-"] for command in calls]
    assert steps[1] == ["install", "a==1"] and steps[3] == ["install", "b==2"] and steps[4] == ["uninstall", "c"]
    assert steps[2][-1].endswith("requirements.txt")
    complete = json.loads((environment_of(peer, tmp_path / "kept") / "complete.json").read_text())
    assert complete["packages"] == ["numpy==2.4.6"]
    n_calls = len(calls)
    assert prepared(peer, tmp_path / "kept") == python and len(calls) == n_calls


def test_an_unfinished_environment_is_removed_and_other_pins_have_another(folder, tmp_path, calls):
    peer = read_peer(folder / "toy")
    place = environment_of(peer, tmp_path / "kept")
    place.mkdir(parents=True)
    (place / "half").write_text("")
    prepared(peer, tmp_path / "kept")
    assert not (place / "half").exists()
    (folder / "toy" / "requirements.txt").write_text("numpy==2.4.5\n")
    assert environment_of(read_peer(folder / "toy"), tmp_path / "kept") != place


def test_the_folder_is_the_one_that_the_variable_names(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("LLMSYNTH_PEERS", str(tmp_path / "mine"))
    assert peer_environment.peers_folder() == tmp_path / "mine"
    monkeypatch.delenv("LLMSYNTH_PEERS")
    monkeypatch.setenv("LLMSYNTH_CACHE", str(tmp_path / "cache"))
    assert peer_environment.peers_folder() == tmp_path / "cache" / "peers"


def test_the_peers_that_are_there_can_be_read_and_their_methods_differ(capsys):
    found = peers()
    names = [method for peer in found.values() for method in peer.methods]
    assert len(names) == len(set(names))
    peer_environment.main([])
    printed = capsys.readouterr().out
    assert all(name in printed for name in names)
