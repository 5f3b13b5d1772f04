"""The gate's answer as JUnit XML: a test case for each expected cell, and one for what is about none."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from tfmatrix.errors import unreachable
from tfmatrix.gate.levels import Level
from tfmatrix.gate.results import Check, Reason
from tfmatrix.gate.text import Line
from tfmatrix.report.text import plain


def render(check: Check) -> str:
    """Return the answer as JUnit XML: what fails is a failure, what is incomplete an error, unsupported skipped."""
    name = plain(f"tfmatrix check {check.baseline} to {check.candidate}")
    cases = [_case(name, result.cell.id, result.level, result.reasons, result.verdict.value) for result in check.cells]
    # There is always one, so that a check without a single cell is no suite without a single error.
    cases.append(_case(name, "evidence", _evidence(check), check.others, ""))
    count = str(len(cases))
    failures, errors, skipped = (str(sum(case.find(tag) is not None for case in cases)) for tag in TAGS)
    suites = ElementTree.Element("testsuites", name=name, tests=count, failures=failures, errors=errors)
    suite = ElementTree.SubElement(
        suites, "testsuite", name=name, tests=count, failures=failures, errors=errors, skipped=skipped, time="0"
    )
    suite.extend(cases)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


TAGS = ("failure", "error", "skipped")
"""What a case that does not pass has within it."""


def _tag(level: Level) -> str:
    """Return what a case of a level has within it; nothing where it passes."""
    match level:
        case Level.FAIL:
            tag = "failure"
        case Level.INCOMPLETE:
            tag = "error"
        case Level.UNSUPPORTED:
            tag = "skipped"
        case Level.PASS | Level.ACCEPTED | Level.WARN:
            tag = ""
        case _:
            unreachable(level)
    return tag


def _evidence(check: Check) -> Level:
    """Return the level of what is about no cell: it does not pass where nothing was compared."""
    if check.level is Level.INCOMPLETE and not any(result.level is Level.INCOMPLETE for result in check.cells):
        return Level.INCOMPLETE
    return min((reason.level for reason in check.others), key=lambda level: level.severity, default=Level.PASS)


def _case(suite: str, name: str, level: Level, reasons: Sequence[Reason], verdict: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=suite, name=plain(name), time="0")
    told = "\n".join(_told(reason) for reason in reasons)
    if tag := _tag(level):
        message = plain(reasons[0].text) if reasons else "nothing was compared"
        kind = {} if level is Level.UNSUPPORTED else {"type": verdict or level.value}
        ElementTree.SubElement(case, tag, {"message": message, **kind}).text = told
    elif told:
        ElementTree.SubElement(case, "system-out").text = told
    return case


def _told(reason: Reason) -> str:
    line = Line(reason, (reason.cell,) if reason.cell else ())
    return f"{line.title}\n  {line.text}" + (f"\n  more: {line.command}" if line.command else "")
