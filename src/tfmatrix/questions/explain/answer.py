"""The answer in a few lines: whose each change is, and what undoes it; and what is not known."""

from __future__ import annotations

from tfmatrix.questions.explain.page import changed, lines, operations, undone
from tfmatrix.questions.explain.summary import Report
from tfmatrix.questions.explained import whose
from tfmatrix.records import MISSING
from tfmatrix.report.blocks import Document, paragraph, table
from tfmatrix.report.text import plain


def answer(report: Report) -> Document:
    """Return a line for each change."""
    if not report.cells:
        return [paragraph("nothing to explain: what was compared has the bits of the baseline.")]
    rows = [
        [
            f"{cell.environment}/{cell.name}",
            changed(group),
            whose(group[0]),
            operations(cell, group[0]),
            undone(cell, group[0]),
        ]
        for cell in report.cells
        for group in lines(cell)
    ]
    return [table((), rows), paragraph("next: tfmatrix report, which says this beside each change")]


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
