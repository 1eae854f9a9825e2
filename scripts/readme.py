"""Runs the commands of README.md and compares, or rewrites, the output printed below them.

    python scripts/readme.py            # fail if a command fails or prints something else
    python scripts/readme.py --write    # put in what the commands print now

A fenced block whose info string is ``python run`` or ``bash run`` is run, in order, all in one temporary folder. The
fenced block ``text output`` after it holds what it prints, exactly. ``text output like`` is for what a trained model
prints: floating-point sums differ between processors, so only the number of lines and the first line must agree.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = 600


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--write", action="store_true", help="rewrite the outputs in README.md")
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        new, problems = refresh(text, Path(folder))
    if arguments.parse_args().write:
        README.write_text(new, encoding="utf-8")
        print("README.md: outputs rewritten" if new != text else "README.md: outputs were up to date")
        return 0
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def refresh(text: str, folder: Path) -> tuple[str, list[str]]:
    """Return the text with real outputs, and one line for each block whose output was another."""
    pieces: list[str] = []
    problems: list[str] = []
    end, printed, last = 0, None, ""
    for block in _FENCE.finditer(text):
        words = block["info"].split()
        line = text.count("\n", 0, block.start()) + 1
        if words[1:2] == ["run"]:
            printed, last = run(words[0], block["body"], folder, line), block["body"]
        elif words[1:2] == ["output"]:
            if printed is None:
                raise SystemExit(f"README.md line {line}: an output without a command before it")
            if not agrees(block["body"], printed, like="like" in words):
                problems.append(f"README.md line {line}: the output is another after `{last.strip().splitlines()[-1]}`")
            pieces += [text[end : block.start("body")], printed]
            end, printed = block.end("body"), None
    return "".join([*pieces, text[end:]]), problems


def run(language: str, body: str, folder: Path, line: int) -> str:
    """Return what a block prints on standard output; stop if it fails."""
    commands = {"python": [sys.executable, "-c", body], "bash": ["bash", "-euo", "pipefail", "-c", body]}
    if language not in commands:
        raise SystemExit(f"README.md line {line}: expected `python run` or `bash run`, got {language!r}")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}
    done = subprocess.run(
        commands[language], cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise SystemExit(f"README.md line {line}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return "".join(f"{row.rstrip()}\n" for row in done.stdout.splitlines())


def agrees(old: str, new: str, *, like: bool) -> bool:
    """Return whether two outputs are the same, or of the same form."""
    if not like:
        return old == new
    before, after = old.splitlines(), new.splitlines()
    return len(before) == len(after) and [row.split() for row in before[:1]] == [row.split() for row in after[:1]]


if __name__ == "__main__":
    raise SystemExit(main())
