"""The answer in a few lines: which recipe is advised where, and what is not known."""

from __future__ import annotations

from tfmatrix.questions.recipes.page import advised, versions
from tfmatrix.questions.recipes.summary import Report
from tfmatrix.report.blocks import Document, table
from tfmatrix.report.text import plain


def answer(report: Report) -> Document:
    """Return, for each mode, which recipe reproduces in which environments."""
    found = advised(report)
    return [table((), ([mode, recipe or "none", versions(report, where)] for mode, recipe, where in found))]


def problems(report: Report) -> list[str]:
    """Return a sentence for each thing that is not known though it was asked for."""
    return list(map(plain, report.unanswered))
