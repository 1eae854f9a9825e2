"""`python -m llmsynth`: the command line, for launchers that start a module (accelerate, torchrun)."""

from llmsynth.cli import main

if __name__ == "__main__":
    main()
