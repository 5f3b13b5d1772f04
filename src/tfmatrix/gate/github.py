"""The gate's answer for GitHub Actions: annotations, and a summary of the job."""

from __future__ import annotations

from collections.abc import Iterator

from tfmatrix.gate.levels import Level
from tfmatrix.gate.results import Check
from tfmatrix.gate.text import counts, headline, lines, shown
from tfmatrix.report.text import code, escaped, table

_KINDS = {Level.INCOMPLETE: "error", Level.FAIL: "error", Level.WARN: "warning"}
"""Annotations by level; everything else is a notice."""


def commands(check: Check) -> Iterator[str]:
    """Yield workflow commands, one a line: what does not pass, what passes with a word, and the answer.

    What they hold is escaped as the commands' own toolkit does it, so that no name or message can begin another.
    """
    for line in lines(check):
        command = f" (more: {line.command})" if line.command else ""
        kind = _KINDS.get(line.reason.level, "notice")
        yield f"::{kind} title={_property(line.title)}::{_data(line.text + command)}"
    yield f"::{'notice' if check.passes else 'error'} title={_property('tfmatrix check')}::{_data(headline(check))}"


def summary(check: Check) -> str:
    """Return the summary of a job, in Markdown."""
    rows = [
        [
            line.reason.level.value,
            line.reason.verdict,
            "<br>".join(code(shown(cell)) for cell in line.cells),
            code(shown(line.reason.stage)),
            escaped(line.text),
            code(line.command),
        ]
        for line in lines(check)
    ]
    parts = [
        f"## {escaped(headline(check))}",
        escaped(counts(check)),
        table(["level", "verdict", "cells", "stage", "reason", "more"], rows),
        f"Policy {code(check.policy[:12])}, machine {code(check.machine[:12])}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _data(text: str) -> str:
    return shown(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
