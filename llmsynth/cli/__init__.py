"""The command line: parse, call the library, print. `main` is the console entry."""

from __future__ import annotations

from llmsynth.cli.app import main

__all__ = ["main"]
