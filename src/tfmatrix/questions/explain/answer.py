"""The answer in a few lines: whose each change is, and what undoes it; and what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfmatrix.questions.explain.page import changed, lines, operations, undone
from tfmatrix.questions.explain.summary import Report
from tfmatrix.questions.explained import whose
from tfmatrix.records import MISSING
from tfmatrix.report.blocks import Document, Text, paragraph, table
from tfmatrix.report.text import plain


def answer(report: Report) -> Document:
    """Return a line for each change."""
    if not report.cells:
        return [paragraph("nothing to explain: what was compared has the bits of the baseline.")]
    return [
        table((), [list(one) for one in reasons(report)]),
        paragraph("next: tfmatrix report, which shows this beside each change"),
    ]


class Reason(NamedTuple):
    """Some stages of a cell that changed for one reason, in words."""

    cell: str
    change: Text
    whose: str
    operations: Text
    undone: Text


def reasons(report: Report) -> Iterator[Reason]:
    """Yield why each cell changed, worst first."""
    for cell in report.cells:
        for group in lines(cell):
            first, name = group[0], f"{cell.environment}/{cell.name}"
            yield Reason(name, changed(group), whose(first), operations(cell, first), undone(cell, first))


def problems(report: Report) -> list[str]:
    """Return a sentence for each thing that is not known though it was asked for."""
    unknown = [f"{candidate.name}/{told}" for candidate in report.candidates for told in candidate.unknown]
    untried = [
        f"{cell.environment}/{cell.name}: {' + '.join(one.switches)} was not tried"
        for cell in report.cells
        for one in cell.tried
        if one.outcome == MISSING
    ]
    unseen = [
        f"{cell.environment}/{cell.name}: its single operations were not looked at"
        for cell in report.cells
        if cell.ops is None
    ]
    without = [f"{name}: it was not run without op determinism" for name in report.unseen]
    return list(map(plain, [*unknown, *untried, *unseen, *without]))
