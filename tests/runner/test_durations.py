"""How long trials are likely to take: by the trials most like them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from building import plan_of
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import JITTER, TRIAL, WITNESS, ExpectedTrial, Start
from tfmatrix.runner.durations import IMPORT, UNKNOWN, Durations


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of two models in two environments."""
    return plan_of(tmp_path, ["mlp", "other"])


def one(plan: Plan, cell: str, role: str, number: int = 1) -> ExpectedTrial:
    """Return a trial of a plan."""
    trials = (expected for some in plan.trials.values() for expected in some)
    return next(e for e in trials if (e.cell.id, e.role, e.number) == (cell, role, number))


EARLIER = {
    "2.15.1/mlp/tf2 trial-1": 3.0,
    "2.15.1/mlp/tf2 jitter-1": 50.0,
    "2.14.1/mlp/tf2 trial-1": 7.0,
    "2.15.1/other/tf2 jitter-1": 9.0,
}


@pytest.mark.parametrize(
    ("cell", "role", "number", "seconds"),
    [
        ("2.15.1/mlp/tf2", TRIAL, 1, 3.0),
        ("2.15.1/mlp/tf2", TRIAL, 2, 3.0),
        ("2.15.1/mlp/tf2", JITTER, 1, 50.0),
        ("2.16.2/mlp/tf2", TRIAL, 1, 5.0),
        ("2.16.2/other/tf2", TRIAL, 1, 9.0),
    ],
    ids=["itself", "of its cell", "its own role", "other releases", "any of its model"],
)
def test_the_trial_most_like_it_says_how_long_one_takes(
    plan: Plan, cell: str, role: str, number: int, seconds: float
) -> None:
    """Itself, then its cell, then the middle one of its model in other releases."""
    assert Durations(EARLIER).known(one(plan, cell, role, number)) == seconds


def test_of_what_nothing_is_known_there_is_a_guess(plan: Plan) -> None:
    """It is told from what is known; a trial that imports TensorFlow itself has that time besides."""
    expected = one(plan, "2.16.2/other/tf2", TRIAL)
    durations = Durations({})
    assert durations.known(expected) is None
    assert durations.of(expected) == UNKNOWN
    assert durations.of(replace(expected, start=Start(bare=True))) == UNKNOWN + IMPORT


def test_a_process_is_started_once_for_all_that_it_runs(plan: Plan) -> None:
    """Trials of one process share its import, processes share the time, and none is faster than its own trials."""
    durations = Durations({"2.15.1/mlp/tf2 trial-1": 10.0, "2.15.1/other/tf2 trial-1": 20.0})
    first = [one(plan, f"2.15.1/{name}/tf2", TRIAL) for name in ("mlp", "other")]
    assert durations.of_all(first, 1) == 30.0 + IMPORT
    assert durations.of_all(first, 2) == 30.0 + IMPORT  # one process runs both
    elsewhere = [one(plan, f"2.16.2/{name}/tf2", TRIAL) for name in ("mlp", "other")]
    assert durations.of_all([*first, *elsewhere], 1) == 2 * (30.0 + IMPORT)
    assert durations.of_all([*first, *elsewhere], 2) == 30.0 + IMPORT
    bare = [replace(expected, start=Start(bare=True)) for expected in first]
    assert durations.of_all(bare, 2) == 20.0  # each is a process, and its own time holds the import
    assert durations.of_all([], 2) == 0.0


def test_a_witness_has_a_process_of_its_own(plan: Plan) -> None:
    """So its import counts besides."""
    witness = next(e for some in plan.trials.values() for e in some if e.role == WITNESS)
    durations = Durations({witness.id: 1.0})
    beside = one(plan, witness.cell.id, TRIAL)
    assert durations.of_all([witness, beside], 1) == 2 * (1.0 + IMPORT)
