"""The gate's answer for GitHub: annotations, and Markdown for the summary of a job or a comment."""

from __future__ import annotations

from collections.abc import Iterator

from tfmatrix.errors import unreachable
from tfmatrix.gate.levels import Level
from tfmatrix.gate.results import Check
from tfmatrix.gate.text import counts, headline, lines
from tfmatrix.report.blocks import Break, Code, Details, Heading, joined, paragraph, table
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.text import plain


def commands(check: Check) -> Iterator[str]:
    """Yield workflow commands, one a line: what does not pass, what passes with a word, and the answer.

    What they hold is escaped as the commands' own toolkit does it, so that no name or message can begin another.
    """
    for line in lines(check):
        command = f" (more: {line.command})" if line.command else ""
        yield f"::{_kind(line.reason.level)} title={_property(line.title)}::{_data(line.text + command)}"
    yield f"::{'notice' if check.passes else 'error'} title={_property('tfmatrix check')}::{_data(headline(check))}"


def _kind(level: Level) -> str:
    """Return the kind of an annotation."""
    match level:
        case Level.INCOMPLETE | Level.FAIL:
            kind = "error"
        case Level.WARN:
            kind = "warning"
        case Level.ACCEPTED | Level.PASS | Level.UNSUPPORTED:
            kind = "notice"
        case _:
            unreachable(level)
    return kind


def summary(check: Check) -> str:
    """Return the answer in Markdown: a headline, and its reasons, which a reader unfolds where there are several."""
    headings = ["level", "verdict", "cells", "stage", "reason", "more"]
    rows = [
        [
            line.reason.level.value,
            line.reason.verdict,
            joined(Break(), (Code(plain(cell)) for cell in line.cells)),
            Code(plain(line.reason.stage)),
            line.text,
            Code(line.command),
        ]
        for line in lines(check)
    ]
    reasons = table(headings, rows)
    policy, machine = Code(check.policy[:12]), Code(check.machine[:12])
    return to_markdown(
        [
            Heading(2, headline(check)),
            paragraph(counts(check)),
            Details(f"{len(rows)} reasons", [reasons]) if len(rows) > 1 else reasons,
            paragraph(("Policy ", policy, ", machine ", machine, ".")),
        ]
    )


def _data(text: str) -> str:
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
