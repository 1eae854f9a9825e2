"""One test case per check and condition, in XML that any reader takes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from llmsynth.evaluate.findings import Finding
from llmsynth.evaluate.gate import Verdict, judge
from llmsynth.evaluate.policy import parse_policy
from llmsynth.evaluate.rendering.junit import render_junit
from llmsynth.evaluate.rendering.text import visible
from tests.evaluate.hostile import HOSTILE
from tests.evaluate.reports import report

TEXT = """
[[condition]]
require = "fidelity.ks.upper <= 0.01"
why = "columns"
[[condition]]
require = "utility.tstr_ratio.lower >= 0.95"
severity = "review"
[[condition]]
require = "privacy.mia.upper <= 0.9"
[[condition]]
require = "privacy.pii.upper <= 0"
needs = "sensitive"
"""
KNOWN = ("fidelity.ks", "utility.tstr_ratio", "privacy.mia", "privacy.pii")


def test_every_condition_is_a_test_case() -> None:
    verdict = judge(report(), parse_policy(TEXT, known=KNOWN))
    root = ElementTree.fromstring(render_junit(verdict, 1.5))
    (suite,) = root
    assert root.tag == "testsuites" and suite.attrib["time"] == "1.500"
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == ("12", "2", "1")
    cases = {case.attrib["name"]: case for case in suite}
    assert cases["fidelity.ks.upper <= 0.01"].find("failure").attrib["type"] == "BLOCK"  # type: ignore[union-attr]
    assert cases["fidelity.ks.upper <= 0.01"].find("failure").text == "columns"  # type: ignore[union-attr]
    assert cases["utility.tstr_ratio.lower >= 0.95"].find("failure").attrib["type"] == "REVIEW"  # type: ignore[union-attr]
    assert list(cases["privacy.mia.upper <= 0.9"]) == []
    assert cases["privacy.pii.upper <= 0"].find("skipped") is not None


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_well_formed_and_read_back(name: str) -> None:
    finding = Finding("tables", name, "failed", "BLOCK", name, name)
    root = ElementTree.fromstring(render_junit(Verdict("BLOCK", (finding,), name)).encode())
    case = root[0][0]
    assert case.attrib["name"] == visible(name, 2000) and len(case) == 1
    assert case[0].attrib["message"] == visible(name, 2000) and len(case[0]) == 0
