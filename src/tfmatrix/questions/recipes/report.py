"""Writing the report on recipes from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.questions.recipes.page import page
from tfmatrix.questions.recipes.plan import RecipesPlan
from tfmatrix.questions.recipes.results import Results
from tfmatrix.questions.recipes.summary import Report, summarise
from tfmatrix.report.document import to_text
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.writing import write_whole


def write_report(plan: RecipesPlan, results: Results) -> tuple[Report, Path]:
    """Write the report's two files, and return the report and the Markdown file's path."""
    report = summarise(results)
    folder = plan.config.under_root(plan.config.reports)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "recipes.json", to_text(report))
        write_whole(folder / "recipes.md", to_markdown(page(report)))
    except OSError as error:
        raise UserError(f"the report cannot be written into {folder}: {error.strerror}.") from error
    return report, folder / "recipes.md"
