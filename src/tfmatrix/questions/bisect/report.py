"""Writing the report of a bisect from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.questions.bisect.page import page
from tfmatrix.questions.bisect.plan import BisectPlan
from tfmatrix.questions.bisect.summary import Report, summarise
from tfmatrix.report import writing
from tfmatrix.store.store import Store


def write_report(plan: BisectPlan, store: Store) -> tuple[Report, Path]:
    """Judge everything that is stored, write every format, and return the report and the Markdown file's path."""
    folder = plan.config.under_root(plan.config.reports)
    return writing.write_report(folder, "bisect", summarise(plan, store), page)
