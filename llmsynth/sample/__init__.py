"""Exact numbers of rows from a fitted model."""
