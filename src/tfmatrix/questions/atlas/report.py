"""Writing the report of the atlas from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.questions.atlas.page import page
from tfmatrix.questions.atlas.plan import AtlasPlan
from tfmatrix.questions.atlas.summary import Report, summarise
from tfmatrix.report import writing
from tfmatrix.store.store import Store


def write_report(plan: AtlasPlan, store: Store) -> tuple[Report, Path]:
    """Judge everything that is stored, write every format, and return the report and the Markdown file's path."""
    folder = plan.config.under_root(plan.config.reports)
    return writing.write_report(folder, "atlas", summarise(plan, store), page)
