"""Writing the report on recipes from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.questions.recipes.known import known
from tfmatrix.questions.recipes.page import page
from tfmatrix.questions.recipes.plan import RecipesPlan
from tfmatrix.questions.recipes.summary import Report, summarise
from tfmatrix.report import writing
from tfmatrix.store.store import Store


def write_report(plan: RecipesPlan, store: Store) -> tuple[Report, Path]:
    """Judge everything that is stored, write every format, and return the report and the Markdown file's path."""
    folder = plan.config.under_root(plan.config.reports)
    return writing.write_report(folder, "recipes", summarise(known(plan, store)), page)
