"""Writing the report on recipes from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.questions.recipes import page, summary
from tfmatrix.questions.recipes.plan import AuditPlan
from tfmatrix.questions.recipes.results import Audit
from tfmatrix.report.writing import write_whole


def write_report(plan: AuditPlan, audited: Audit) -> tuple[summary.Data, Path]:
    """Write the report's two files, and return its data and the Markdown file's path."""
    data = summary.summarise(audited)
    folder = plan.config.under_root(plan.config.reports)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "recipes.json", summary.to_text(data))
        write_whole(folder / "recipes.md", page.render(data))
    except OSError as error:
        raise UserError(f"the report cannot be written into {folder}: {error.strerror}.") from error
    return data, folder / "recipes.md"
