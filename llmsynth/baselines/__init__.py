"""Generators without a language model, behind the same contract."""
