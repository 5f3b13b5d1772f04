"""Writing the report of machine classes from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.questions.machines.page import page
from tfmatrix.questions.machines.plan import MachinesPlan
from tfmatrix.questions.machines.summary import Report, summarise
from tfmatrix.report import writing
from tfmatrix.store.store import Store


def write_report(plan: MachinesPlan, store: Store) -> tuple[Report, Path]:
    """Judge everything that is stored, write every format, and return the report and the Markdown file's path."""
    folder = plan.config.under_root(plan.config.reports)
    return writing.write_report(folder, "machines", summarise(plan, store), page)
