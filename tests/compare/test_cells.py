"""Cells: trials that should agree are held to each other, whatever each of them is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from building import BASELINE, Stages, fill, ones, plan_of, trial
from tfmatrix.compare.results import CellState
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix.judge import compare_all, states
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import ExpectedTrial, Trial
from tfmatrix.store.store import Store


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of one model, whose cells have a witness each."""
    planned = plan_of(tmp_path)
    assert all("witness" in {expected.role for expected in trials} for trials in planned.trials.values())
    return planned


def answering(
    role: str, became: Callable[[ExpectedTrial], Stages | Trial]
) -> Callable[[ExpectedTrial], Stages | Trial]:
    """Return an answer in which all trials agree but those of one role."""
    return lambda expected: became(expected) if expected.role == role else ones()


def state(plan: Plan, store: Store, environment: str = BASELINE) -> CellState:
    """Return what the trials of one cell say together."""
    return next(found for cell, found in states(plan, store).items() if cell.environment.name == environment)


def test_a_witness_that_gives_other_bits_makes_its_cell_unstable(tmp_path: Path, plan: Plan) -> None:
    """A fresh process whose trace is not that of the forked trials is named, with the stage, and nothing is judged."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answering("witness", lambda _: ones(gradient=[2.5] * 4)))
        found = state(plan, store)
        (compared,) = compare_all(plan, store).cells
    assert found.outcome == "unstable"
    assert found.reason == "3 trials gave 2 results; trial-1 and witness-1 part at native gradient@1/w"
    assert compared.verdict is Verdict.UNSTABLE


def test_a_witness_that_ends_otherwise_makes_its_cell_unstable(tmp_path: Path, plan: Plan) -> None:
    """A fresh process that crashes where forked trials are observed is no agreement."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answering("witness", lambda expected: trial(expected, "crashed", message="m")))
        found = state(plan, store)
    assert (found.outcome, found.reason) == ("unstable", "trial-1 was observed, witness-1 was crashed")


@pytest.mark.parametrize("role", ["jitter", "seeds"])
def test_what_is_meant_to_differ_is_held_to_no_trial(tmp_path: Path, plan: Plan, role: str) -> None:
    """Jittered inputs and other seeds give other bits on purpose, and the cell is observed."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answering(role, lambda _: ones(gradient=[2.5] * 4)))
        found = state(plan, store)
    assert (found.outcome, found.trials) == ("observed", 3)


@pytest.mark.parametrize("outcome", ["failed", "crashed", "timed-out"])
@pytest.mark.parametrize("role", ["jitter", "seeds"])
def test_a_jitter_or_seeds_trial_that_does_not_end_well_is_its_cells_outcome(
    tmp_path: Path, plan: Plan, role: str, outcome: str
) -> None:
    """A cell whose noise floor or other seeds are not known is not observed, and says which trial failed and how."""
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answering(role, lambda expected: trial(expected, outcome, kind="ValueError", message="m")))
        found = state(plan, store)
        (compared,) = compare_all(plan, store).cells
    assert (found.outcome, found.reason, found.trace) == (outcome, "ValueError: m", None)
    assert found.evidence is not None
    assert found.evidence.id.endswith(f" {role}-1")
    assert compared.verdict in {Verdict.FAILED, Verdict.NOT_COMPARABLE}
