"""Fidelity: do synthetic rows look like real ones, column by column, in pairs, and as whole rows?"""

MODULES: tuple[str, ...] = ()
"""Files with one `METRIC` each, in the order of the report."""
