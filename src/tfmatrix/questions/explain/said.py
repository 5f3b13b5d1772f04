"""What is known by now of why cells changed, for whoever says that they did; nothing is run for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from tfmatrix.compare.results import Comparison
from tfmatrix.questions.explain.judge import RUNS
from tfmatrix.questions.explain.page import undone, whose
from tfmatrix.questions.explain.plan import Cases, ExplainPlan
from tfmatrix.questions.explain.summary import cell_of
from tfmatrix.questions.matrix import Plan
from tfmatrix.records import MISSING, Cell
from tfmatrix.report import terminal
from tfmatrix.store.store import Store


class Place(NamedTuple):
    """What something is said of: a stage of a cell, or all of it where the stage is empty."""

    cell: str
    stage: str
    """Tier and stage: ``native/shuffle``."""


def said(plan: Plan, comparison: Comparison, store: Store, cells: Collection[Cell]) -> Mapping[Place, str]:
    """Return whose each change of some cells is and what undoes it, of those for which everything was tried."""
    cases = Cases(ExplainPlan(plan), store, comparison)
    found: dict[Place, str] = {}
    for case in (one for one in cases.all if one.compared.cell in cells):
        record = cell_of(case, cases.step(case))
        if all(one.outcome != MISSING for one in record.tried):
            for one in record.findings:
                place = Place(case.compared.cell.id, "" if one.stage == RUNS else f"{one.tier}/{one.stage}")
                undoing = terminal.inline(undone(record, one))
                found[place] = f"{whose(one)}, undone by {undoing}" if one.undone is not None else whose(one)
    return found
