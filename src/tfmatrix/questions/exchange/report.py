"""Writing the report of an exchange from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.questions.exchange import page, summary
from tfmatrix.questions.exchange.plan import ExchangePlan
from tfmatrix.report.document import Data, to_text
from tfmatrix.report.writing import write_whole
from tfmatrix.store.store import Store


def write_report(plan: ExchangePlan, store: Store) -> tuple[Data, Path]:
    """Judge everything that is stored, write both formats, and return the data and the Markdown file's path."""
    data = summary.summarise(plan, store)
    folder = plan.config.under_root(plan.config.reports)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "exchange.json", to_text(data))
        write_whole(folder / "exchange.md", page.render(data))
    except OSError as error:
        raise UserError(f"the report cannot be written into {folder}: {error.strerror}.") from error
    return data, folder / "exchange.md"
