"""What can be benchmarked: our methods, controls whose figures are known, and peers.

All are processes with the call of `peers/README.md`; ours and the controls get the held-out rows beside it, for the
likelihood of rows and for the control that is the hold-out itself.
"""

from __future__ import annotations

import ast
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
        Of a peer's packages, its runner with all it imports from `peers`, its arguments and models: what decides its
        rows. Comments and docstrings do not count. Empty for ours, whose commit is recorded.
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
            found[name] = Method(name, peer.title, "peer", _peer(peer, name), _models(peer), digest_of(peer, name))
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


def digest_of(peer: Peer, name: str) -> str:
    """Return the digest of a method of a peer; see `Method`."""
    folder = peer.runner.parent
    code = [_code(path) for place in (folder, folder.parent) for path in sorted(place.glob("*.py"))]
    parts = [peer.runner.name, *code, "\n".join(peer.methods[name]), "\n".join(peer.models)]
    return f"{peer.digest}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:12]}"


def _code(path: Path) -> str:
    """A program without what does nothing: comments, layout, docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return f"{path.name}\n{ast.unparse(tree)}"


def _models(peer: Peer) -> Callable[[], dict[str, Path]]:
    def folders() -> dict[str, Path]:
        from llmsynth.lm.embedded import ensure_model

        return {name: ensure_model(name) for name in peer.models}

    return folders
