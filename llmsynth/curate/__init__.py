"""Choosing which generated rows are worth adding, and measuring what they are worth.

It works on any generator that can be fitted and sampled from; it refuses to know how one is trained.
"""
