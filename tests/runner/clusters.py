"""What the tests of a fleet share: what its workers run, and what becomes of a plan's trials there."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster, Scheduler, Worker

from tfmatrix import config
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.runner import fleet, on_worker, probe
from tfmatrix.runner.events import Event, Finished
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

FakePlan = Callable[..., Plan]
Clusters = Callable[..., LocalCluster]

FAKE = Path(__file__).with_name("fake_probe.py")

PRELOAD = f"from tfmatrix.runner import probe; from pathlib import Path; probe.PROBE = Path({str(FAKE)!r})"
"""What a worker of its own process runs first: its probes are fakes too."""


QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "5 minutes",
    "distributed.admin.tick.interval": "1 minute",
}
"""What Dask does besides, a hundred times a second: several of its processes take all of a busy machine with it."""


def nothing() -> None:
    """Do nothing: what a worker does first where it is one like any other."""


def serve_as_worker(place: Path, scheduler: str, folder: Path, first: Callable[[], None]) -> None:
    """Be a worker of one thread that runs fake probes, until it is told to end or has lost its scheduler."""
    os.environ[on_worker.FOLDER] = str(folder)
    pytest.MonkeyPatch().setattr(probe, "PROBE", FAKE)
    first()

    async def serve() -> None:
        async with Worker(scheduler, nthreads=1, dashboard=False, local_directory=str(place)) as worker:
            await worker.finished()

    _quietly(serve)


def serve_as_scheduler(place: Path, address: str) -> None:
    """Be a scheduler, until it is told to end."""
    del place

    async def serve() -> None:
        async with Scheduler(host=address, dashboard=False) as scheduler:
            await scheduler.finished()

    _quietly(serve)


def ask_as_client(place: Path, address: str, store: str, telling: Connection) -> None:
    """Run the project of a folder on a fleet, and tell how many trials are stored, after each."""
    fleet.MOST_TRIALS = 2
    plan = make_plan(config.load(place))
    finished = 0

    def watch(event: Event) -> None:
        nonlocal finished
        finished += isinstance(event, Finished)
        telling.send(finished)

    with Store(place / store) as opened:
        rounds(replace(plan, config=replace(plan.config, on=address)), opened, watch)


def _quietly(serve: Callable[[], Coroutine[Any, Any, None]]) -> None:
    logging.disable()
    with dask.config.set(QUIET):
        asyncio.run(serve())


def all_trials(plan: Plan) -> list[ExpectedTrial]:
    """Return every trial that a plan expects."""
    return [expected for trials in plan.trials.values() for expected in trials]


def events_of(cluster: LocalCluster, plan: Plan, trials: list[ExpectedTrial] | None = None) -> list[Event]:
    """Return what happens when a plan's trials are run by a cluster."""
    asked = replace(plan.config, on=cluster.scheduler_address)
    return list(fleet.observe(all_trials(plan) if trials is None else trials, asked))


def finished(events: list[Event]) -> dict[str, Finished]:
    """Return what became of each trial, by its name; each is over once."""
    found = [event for event in events if isinstance(event, Finished)]
    assert len({one.expected.id for one in found}) == len(found)
    return {one.expected.id: one for one in found}
