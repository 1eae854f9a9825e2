"""The verdict as JUnit XML, which build servers show: one test case for each check and condition.

Failed conditions that block are failures; what was not asked is skipped; what must be looked at, or could not be
measured, is a failure too, named by its type, because build servers know no middle way.

Knows verdicts. Refuses to know reports.
"""

from __future__ import annotations

from xml.etree import ElementTree

from llmsynth.evaluate.gate import Verdict
from llmsynth.evaluate.rendering.text import visible

_LONGEST = 2000


def render_junit(verdict: Verdict, seconds: float = 0.0) -> str:
    """Return the verdict as one XML document.

    Parameters
    ----------
    verdict : Verdict
    seconds : float
        What the evaluation took.
    """
    failed = sum(finding.decision != "RELEASE" for finding in verdict.findings)
    skipped = sum(finding.outcome == "not asked" for finding in verdict.findings)
    counts = {
        "tests": str(len(verdict.findings)), "failures": str(failed), "errors": "0", "skipped": str(skipped),
        "time": f"{seconds:.3f}",
    }  # fmt: skip
    root = ElementTree.Element("testsuites", {"name": "llmsynth gate", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": f"llmsynth gate: {verdict.decision}", **counts})
    for finding in verdict.findings:
        case = ElementTree.SubElement(
            suite, "testcase",
            {"classname": f"llmsynth.{finding.pillar}", "name": visible(finding.asked, _LONGEST), "time": "0"},
        )  # fmt: skip
        if finding.outcome == "not asked":
            ElementTree.SubElement(case, "skipped", {"message": visible(finding.found, _LONGEST)})
        elif finding.decision != "RELEASE":
            failure = ElementTree.SubElement(
                case, "failure", {"type": finding.decision, "message": visible(finding.found, _LONGEST)}
            )
            failure.text = visible(finding.why, _LONGEST)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )
