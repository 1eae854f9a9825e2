"""What can be benchmarked: our methods, controls whose figures are known, and peers.

All are processes with the call of `peers/README.md`; ours and the controls get the held-out rows beside it, for the
likelihood of rows and for the control that is the hold-out itself.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from eval.peer_environment import Peer, peers, prepared

Kind = Literal["control", "ours", "peer"]
CONTROLS = {
    "real": "the training rows themselves",
    "holdout": "held-out real rows",
    "memoriser": "training rows drawn with replacement",
    "independent": "each column drawn on its own",
}
LANGUAGE_MODELS = {
    "compact": "compact language model",
    "compact-cold": "compact language model without a warm-up",
    "smollm2-135m": "SmolLM2-135M, fine-tuned",
}
DRAWN_OTHERWISE = {"compact-quasi": "compact language model, rows at quasi-random points"}
"""The same models and likelihoods, other draws."""
BASELINES = {
    "copula": "Gaussian copula",
    "ctgan": "CTGAN",
    "tvae": "TVAE",
    "diffusion": "latent diffusion",
    "smote": "SMOTE",
    "tree": "sequence of trees",
    "noise": "real rows with noise",
}
OWN = Path(__file__).with_name("own.py")


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes
    ----------
    name, title : str
    kind : str
        "control", "ours" or "peer".
    runner : callable
        Returns the interpreter, the script and the method's own arguments; makes what they need.
    models : callable
        Returns folders of model weights by name, made if they are not there.
    digest : str
        Of a peer's packages and its runner; empty for ours, whose commit is recorded.
    """

    name: str
    title: str
    kind: Kind
    runner: Callable[[], tuple[str, Path, tuple[str, ...]]]
    models: Callable[[], dict[str, Path]] = field(default=dict)
    digest: str = ""


def methods() -> dict[str, Method]:
    """Return all methods by name.

    Raises
    ------
    SystemExit
        If a peer's method has the name of another.
    """
    found: dict[str, Method] = {}
    own: tuple[tuple[Kind, dict[str, str]], ...] = (
        ("control", CONTROLS),
        ("ours", LANGUAGE_MODELS | DRAWN_OTHERWISE),
        ("ours", BASELINES),
    )
    for kind, titles in own:
        found |= {name: Method(name, title, kind, _own(name)) for name, title in titles.items()}
    for peer in peers().values():
        for name in peer.methods:
            if name in found:
                raise SystemExit(f"peers/{peer.name}/peer.yaml: the method {name!r} has the name of another")
            found[name] = Method(name, peer.title, "peer", _peer(peer, name), _models(peer), _digest(peer))
    return found


def method(name: str) -> Method:
    """Return the method of that name."""
    known = methods()
    if name not in known:
        raise SystemExit(f"expected one of the methods {', '.join(known)}, got {name!r}")
    return known[name]


def _own(name: str) -> Callable[[], tuple[str, Path, tuple[str, ...]]]:
    return lambda: (sys.executable, OWN, ("--method", name))


def _peer(peer: Peer, name: str) -> Callable[[], tuple[str, Path, tuple[str, ...]]]:
    return lambda: (str(prepared(peer)), peer.runner, peer.methods[name])


def _digest(peer: Peer) -> str:
    runner = hashlib.sha256(peer.runner.read_bytes()).hexdigest()[:12]
    return f"{peer.digest}-{runner}"


def _models(peer: Peer) -> Callable[[], dict[str, Path]]:
    def folders() -> dict[str, Path]:
        from llmsynth.lm.embedded import ensure_model

        return {name: ensure_model(name) for name in peer.models}

    return folders
