"""The answer in a few lines: how many ops changed at each boundary, and what is not known."""

from __future__ import annotations

from itertools import pairwise

from tfmatrix.questions.atlas.groups import groups, of_kind
from tfmatrix.questions.atlas.judge import KINDS
from tfmatrix.questions.atlas.summary import Report
from tfmatrix.report.blocks import Document, paragraph, table
from tfmatrix.report.text import plain


def answer(report: Report) -> Document:
    """Return how many ops changed in which way between each two neighbours."""
    rows = []
    for before, after in pairwise(report.releases):
        found = groups(report, after)
        told = [f"{len({one.op for one in of_kind(found, kind)})} {kind}" for kind in KINDS if of_kind(found, kind)]
        rows.append([f"{before} to {after}", ", ".join(told) or "nothing"])
    covered = [f"{one.environment} {one.covered} of {one.ops}" for one in report.coverage]
    return [table((), rows), paragraph(f"ops that were run: {', '.join(covered) or 'none'}")]


def problems(report: Report) -> list[str]:
    """Return a sentence for each thing that is not known though it was asked for."""
    return list(map(plain, report.unanswered))
