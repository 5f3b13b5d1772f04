"""Writing the report of an exchange from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.questions.exchange.page import page
from tfmatrix.questions.exchange.plan import ExchangePlan
from tfmatrix.questions.exchange.summary import Report, summarise
from tfmatrix.report.document import to_text
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.writing import write_whole
from tfmatrix.store.store import Store


def write_report(plan: ExchangePlan, store: Store) -> tuple[Report, Path]:
    """Judge everything that is stored, write both formats, and return the report and the Markdown file's path."""
    report = summarise(plan, store)
    folder = plan.config.under_root(plan.config.reports)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "exchange.json", to_text(report))
        write_whole(folder / "exchange.md", to_markdown(page(report)))
    except OSError as error:
        raise UserError(f"the report cannot be written into {folder}: {error.strerror}.") from error
    return report, folder / "exchange.md"
