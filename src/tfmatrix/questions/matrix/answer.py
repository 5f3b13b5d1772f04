"""The answer in a few lines: what the terminal shows at the end."""

from __future__ import annotations

from collections.abc import Iterator

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix import names
from tfmatrix.questions.matrix.summary import Candidate, Cell, FirstChange, Report
from tfmatrix.report.blocks import Break, Document, Text, joined, paragraph, table
from tfmatrix.report.text import plain

ANSWERED = {"observed", "unsupported", "unstable"}
"""Outcomes of a cell that something was learnt of."""

WIDTH = max(len(verdict.value) for verdict in Verdict)


def answer(report: Report) -> Document:
    """Return what was asked, then for each candidate its verdict with its cells, and where the worst kind began."""
    asked = left_out(report)
    return [
        paragraph(f"against {report.baseline}{f', {asked}' if asked else ''}:"),
        table((), ([candidate.environment, _candidate(candidate, report)] for candidate in report.candidates)),
    ]


def _candidate(candidate: Candidate, report: Report) -> Text:
    counts = ", ".join(f"{count} {verdict.value}" for verdict, count in candidate.counts.items())
    worst = candidate.first_changes[:1]
    cells = [cell for cell in report.cells if cell.environment == candidate.environment]
    told = [*(change(first) for first in worst), *names.in_short(cells, report.baseline)]
    return joined(Break(), [f"{candidate.verdict.value:<{WIDTH}}  {counts}", *told])


def left_out(report: Report) -> str:
    """Return how many of the models were not asked about; nothing where all were."""
    missing = report.settings.left_out
    asked = {cell.model for cell in report.cells}
    return f"{len(asked)} of {len(asked) + len(missing)} models" if missing else ""


def change(first: FirstChange) -> str:
    """Return a first change as a phrase: cell, stage, and what became of it."""
    where = f"{first.model}/{first.mode}"
    finding = first.finding
    if not finding:
        return f"{where}: {first.reason}"
    return f"{where}: {finding.tier} {finding.stage} {finding.verdict.value} ({finding.reason})"


def unanswered(report: Report) -> list[Cell]:
    """Return the cells that nothing was learnt of: missing, unavailable, failed, crashed or timed out."""
    return [cell for cell in report.cells if cell.outcome not in ANSWERED]


def problems(report: Report) -> list[str]:
    """Return a sentence for each thing that nothing was learnt of, though it was asked for."""
    nothing = not any(set(candidate.counts) - {Verdict.UNSUPPORTED} for candidate in report.candidates)
    told = f"nothing was compared with {report.baseline}; choose another version too."
    return [*unknown(report), *([told] if nothing else [])]


def unknown(report: Report) -> Iterator[str]:
    """Yield a line per distinct reason why nothing was learnt of a cell, with how many cells have it."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for cell in unanswered(report):
        # One missing environment or one broken model file is one problem, whatever the number of its cells.
        subject = cell.environment if cell.outcome == "unavailable" else cell.model
        grouped.setdefault((subject, cell.outcome, cell.reason), []).append(cell.id)
    for (subject, outcome, reason), ids in grouped.items():
        number = f"{len(ids)} cells" if len(ids) > 1 else ids[0]
        yield plain(f"{subject} {outcome}: {reason} ({number})")
