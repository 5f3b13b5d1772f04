"""Writing the report of an exchange from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.questions.exchange.page import page
from tfmatrix.questions.exchange.plan import ExchangePlan
from tfmatrix.questions.exchange.summary import Report, summarise
from tfmatrix.report import writing
from tfmatrix.store.store import Store


def write_report(plan: ExchangePlan, store: Store) -> tuple[Report, Path]:
    """Judge everything that is stored, write every format, and return the report and the Markdown file's path."""
    folder = plan.config.under_root(plan.config.reports)
    return writing.write_report(folder, "exchange", summarise(plan, store), page)
