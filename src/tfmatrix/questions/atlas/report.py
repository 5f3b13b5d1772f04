"""Writing the report of the atlas from what is stored."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.questions.atlas.page import page
from tfmatrix.questions.atlas.plan import AtlasPlan
from tfmatrix.questions.atlas.summary import Report, summarise
from tfmatrix.report import writing
from tfmatrix.store.store import Store


def write_report(plan: AtlasPlan, store: Store) -> tuple[Report, Path]:
    """Judge everything that is stored, write every format, and return the report and the Markdown file's path.

    Raises ``UserError`` where a pattern was asked for, all that may have its names is known, and nothing has.
    """
    report = summarise(plan, store)
    if plan.names and not report.coverage and not report.unanswered:
        where = ", ".join(one.name for one in plan.environments)
        raise UserError(
            f"no op and no name of Keras in {where} matches {plan.names!r}; ops are named as in tf.raw_ops (MatMul*), "
            "and Keras's classes and functions with their path (keras.layers.*)."
        )
    folder = plan.config.under_root(plan.config.reports)
    return writing.write_report(folder, "atlas", report, page)
