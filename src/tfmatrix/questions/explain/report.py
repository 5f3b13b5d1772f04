"""Writing the report of explanations from what is stored."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from tfmatrix.compare.results import Comparison, Explained
from tfmatrix.questions.explain.judge import RUNS
from tfmatrix.questions.explain.page import page, undone
from tfmatrix.questions.explain.plan import Cases, ExplainPlan
from tfmatrix.questions.explain.summary import Cell, Finding, Report, summarise
from tfmatrix.questions.explained import note_explained
from tfmatrix.questions.matrix import compare_all
from tfmatrix.records import MISSING
from tfmatrix.report import terminal, writing
from tfmatrix.store.store import Store


def write_report(plan: ExplainPlan, store: Store) -> tuple[Report, Path]:
    """Judge everything that is stored, write every format, and return the report and the Markdown file's path."""
    return writing.write_report(plan.config.under_root(plan.config.reports), "explain", explain(plan, store), page)


def explain(plan: ExplainPlan, store: Store) -> Report:
    """Judge everything that is stored, and return the report.

    What was found out is noted in the store, so that the matrix's report and the gate tell it too.
    """
    comparison = compare_all(plan.matrix, store)
    report = summarise(plan, comparison, Cases(plan, store, comparison))
    _note(comparison, report, store)
    return report


def _note(comparison: Comparison, report: Report, store: Store) -> None:
    """Note whose the changes are of each cell of which everything was tried."""
    states = {state.cell.id: state for state in comparison.states}
    found = {(cell.environment, cell.name): cell for cell in report.cells if _is_tried(cell)}
    for one in comparison.cells:
        if cell := found.get((one.cell.environment.name, one.cell.name)):
            baseline = states[replace(one.cell, environment=comparison.baseline).id]
            note_explained(store, baseline, states[one.cell.id], map(partial(_explained, cell), cell.findings))


def _is_tried(cell: Cell) -> bool:
    return cell.ops is not None and all(one.outcome != MISSING for one in cell.tried)


def _explained(cell: Cell, finding: Finding) -> Explained:
    whole = finding.stage == RUNS
    return Explained(
        tier=finding.tier,
        stage="" if whole else finding.stage,
        verdict=finding.verdict,
        package=finding.package,
        package_is=finding.package_is,
        undone=terminal.inline(undone(cell, finding)) if finding.undone is not None else "",
    )
