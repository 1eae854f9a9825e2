"""Privacy: what do synthetic rows give away of the real ones they were learned from?"""

MODULES: tuple[str, ...] = (
    "exact_matches",
    "unique_matches",
    "near_matches",
    "near_spellings",
    "dcr",
    "dcr_share",
    "nndr",
    "identifiability",
    "mia_worst",
    "mia_distance",
    "mia_density",
    "mia_classifier",
    "mia_local",
    "mia_string",
    "vulnerability",
    "singling_out",
    "linkability",
    "attribute_inference",
    "small_cells",
    "disco",
    "pii",
)
"""Files with one `METRIC` each, in the order of the report."""
