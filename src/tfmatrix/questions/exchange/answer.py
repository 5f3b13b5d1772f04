"""The answer in a few lines: how many pairs came to what, and what is not known."""

from __future__ import annotations

from collections import Counter

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.exchange.summary import Report
from tfmatrix.report.blocks import Document, table
from tfmatrix.report.text import plain


def answer(report: Report) -> Document:
    """Return how many pairs have which verdict, worst first."""
    counts = Counter(pair.verdict for pair in report.pairs)
    rows = [[str(counts[verdict]), verdict.value] for verdict in Verdict if counts[verdict]]
    return [table((), rows, right=(0,))]


def problems(report: Report) -> list[str]:
    """Return one line per distinct reason why pairs are missing, with how many."""
    found = Counter(pair.reason for pair in report.pairs if pair.verdict is Verdict.MISSING)
    return [plain(f"{reason} ({count} pairs)") for reason, count in found.items()]
