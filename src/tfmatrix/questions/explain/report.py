"""Writing the report of explanations from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.questions.explain.page import page
from tfmatrix.questions.explain.plan import Cases, ExplainPlan
from tfmatrix.questions.explain.summary import Report, summarise
from tfmatrix.questions.matrix import compare_all
from tfmatrix.report import writing
from tfmatrix.store.store import Store


def write_report(plan: ExplainPlan, store: Store) -> tuple[Report, Path]:
    """Judge everything that is stored, write every format, and return the report and the Markdown file's path."""
    comparison = compare_all(plan.matrix, store)
    folder = plan.config.under_root(plan.config.reports)
    return writing.write_report(folder, "explain", summarise(plan, comparison, Cases(plan, store, comparison)), page)
