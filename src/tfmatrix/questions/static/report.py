"""Writing the static answer from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.questions.static.page import page
from tfmatrix.questions.static.plan import StaticPlan
from tfmatrix.questions.static.summary import Report, summarise
from tfmatrix.report import writing
from tfmatrix.store.store import Store


def write_report(plan: StaticPlan, store: Store) -> tuple[Report, Path]:
    """Look everything up, write every format, and return the report and the Markdown file's path."""
    folder = plan.config.under_root(plan.config.reports)
    return writing.write_report(folder, "static", summarise(plan, store), page)
