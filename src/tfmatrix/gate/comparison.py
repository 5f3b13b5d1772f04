"""Evidence: what a store says of a plan."""

from __future__ import annotations

from dataclasses import dataclass

from tfmatrix.compare.results import Comparison
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.store.store import Store


@dataclass(frozen=True)
class Evidence:
    """A plan, the open store that it was compared from, and the comparison."""

    plan: Plan
    store: Store
    comparison: Comparison


def gather(plan: Plan, store: Store) -> Evidence:
    """Return what a store says of a plan."""
    return Evidence(plan, store, compare_all(plan, store))
