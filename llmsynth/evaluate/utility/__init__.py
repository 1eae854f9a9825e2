"""Utility: do models and analyses made with synthetic rows hold on real ones?"""

MODULES: tuple[str, ...] = ()
"""Files with one `METRIC` each, in the order of the report."""
