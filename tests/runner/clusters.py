"""What the tests of a fleet share: what its workers run, and what becomes of a plan's trials there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from distributed import LocalCluster

from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.runner import fleet
from tfmatrix.runner.events import Event, Finished

FakePlan = Callable[..., Plan]
Clusters = Callable[..., LocalCluster]

FAKE = Path(__file__).with_name("fake_probe.py")

PRELOAD = f"from tfmatrix.runner import probe; from pathlib import Path; probe.PROBE = Path({str(FAKE)!r})"
"""What a worker of its own process runs first: its probes are fakes too."""


def all_trials(plan: Plan) -> list[ExpectedTrial]:
    """Return every trial that a plan expects."""
    return [expected for trials in plan.trials.values() for expected in trials]


def events_of(cluster: LocalCluster, plan: Plan, trials: list[ExpectedTrial] | None = None) -> list[Event]:
    """Return what happens when a plan's trials are run by a cluster."""
    config = replace(plan.config, on=cluster.scheduler_address)
    return list(fleet.observe(all_trials(plan) if trials is None else trials, config))


def finished(events: list[Event]) -> dict[str, Finished]:
    """Return what became of each trial, by its name; each is over once."""
    found = [event for event in events if isinstance(event, Finished)]
    assert len({one.expected.id for one in found}) == len(found)
    return {one.expected.id: one for one in found}
