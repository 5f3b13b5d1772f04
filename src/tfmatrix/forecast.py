"""What a run would do, told before anything runs: cells, trials, environments, disk, time, and what it writes over."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tfmatrix.config import Config
from tfmatrix.environments import room
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.questions.matrix.report import covered, covered_by, narrowed
from tfmatrix.records import Environment, ExpectedTrial
from tfmatrix.runner import making
from tfmatrix.runner.durations import Durations
from tfmatrix.runner.observing import processes_at_once
from tfmatrix.runner.rounds import Known, next_round
from tfmatrix.store.facts import noted_refusal
from tfmatrix.store.store import Store

SCHEMA = 1
"""Of what `to_json` gives."""

MAKING = 30.0
"""Seconds in which one environment is made from packages that are there: 19 to 35 were measured on two cores."""

MOST_CELLS = 3
"""Cells that are named as those that take longest."""


@dataclass(frozen=True)
class OfEnvironment:
    """What is to be done in one environment."""

    name: str
    python: str
    is_made: bool
    refused: str
    """Why it could not be had the last time; empty where it could, or nobody tried."""
    to_run: int
    seconds: float
    """Of all its trials, one after another."""


@dataclass(frozen=True)
class OfCell:
    """What one cell takes."""

    cell: str
    seconds: float
    """Of those of its trials that are to be run, one after another."""


@dataclass(frozen=True)
class Lacking:
    """What this machine lacks, and how many cells can't be run for that."""

    reason: str
    cells: int


@dataclass(frozen=True)
class Forecast:
    """What a run would do."""

    cells: int
    models: int
    modes: tuple[str, ...]
    environments: tuple[OfEnvironment, ...]
    lacking: tuple[Lacking, ...]
    """Why cells can't be run on a machine of this class, whatever environments there are."""
    stored: int
    """Trials that are wanted and known already."""
    to_run: int
    """Trials that are wanted now and not known. What changed is looked at again: these come later, and are not here."""
    timed: int
    """How many of them are like one that was run before."""
    workers: int
    """Of a fleet, those of this machine's class; 0 where it runs here."""
    processes: int
    """That run at once."""
    seconds: float
    """Until all of them are over, making environments included, downloads not."""
    longest: tuple[OfCell, ...]
    """The cells that take longest."""
    needed_gb: float
    """What the environments take that are to be made; on a fleet, on each machine that makes all of them."""
    free_gb: float
    """On this machine, whichever runs it."""
    report: str
    """The Markdown file that the run writes."""
    replaces: str
    """What a report that is there is about and the new one is not; empty where there is no such thing."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it, with its schema."""
        return {"schema": SCHEMA, **asdict(self)}


def foretell(plan: Plan, store: Store, *, fresh: bool = False) -> Forecast:
    """Return what a run of a plan would do, given what is stored; with ``fresh`` nothing that is stored counts.

    Where the plan is for a fleet, that is asked what it has: raises ``UserError`` where it can't be.
    """
    config = plan.config
    known = Known(store, fresh=fresh)
    coming = next_round(plan, known)
    environments = tuple(_of_environment(one, coming.trials, plan, known) for one in plan.environments)
    to_make = sum((bool(config.on) or not one.is_made) and one.to_run > 0 for one in environments)
    workers, processes = _fleet(config)
    reports = config.under_root(config.reports)
    now = covered_by((cell.environment.name, cell.model.name) for cell in plan.cells)
    return Forecast(
        cells=len(plan.cells),
        models=len(plan.models),
        modes=tuple(dict.fromkeys(cell.mode for cell in plan.cells)),
        environments=environments,
        lacking=_lacking(plan),
        stored=coming.stored,
        to_run=len(coming.trials),
        timed=sum(known.durations.known(one) is not None for one in coming.trials),
        workers=workers,
        processes=processes,
        seconds=round(known.durations.of_all(coming.trials, processes) + MAKING * to_make, 1),
        longest=_longest(coming.trials, known.durations),
        needed_gb=room.needed_gb(to_make),
        free_gb=room.free_gb(config.root),
        report=str(config.reports / "matrix.md"),
        replaces=narrowed(covered(reports), now),
    )


def _fleet(config: Config) -> tuple[int, int]:
    """Return how many workers run it, 0 where none is asked, and how many trials at once."""
    if not config.on:
        return 0, processes_at_once(config)
    from tfmatrix.runner import fleet  # noqa: PLC0415  # Dask is an extra, and takes a second to import

    return fleet.threads(config)


def _of_environment(
    environment: Environment, coming: Sequence[ExpectedTrial], plan: Plan, known: Known
) -> OfEnvironment:
    mine = [one for one in coming if one.cell.environment == environment]
    is_made = making.find(environment, plan.config) is not None
    refused = "" if is_made else noted_refusal(known.store, plan.scope.environment_key(environment))
    seconds = known.durations.of_all(mine, processes=1)
    return OfEnvironment(environment.name, environment.python, is_made, refused, len(mine), round(seconds, 1))


def _lacking(plan: Plan) -> tuple[Lacking, ...]:
    """Return each reason why cells can't be run, with their number."""
    found = Counter(next((one.lacking for one in trials), "") for trials in plan.trials.values())
    return tuple(Lacking(reason, count) for reason, count in found.items() if reason)


def _longest(coming: Sequence[ExpectedTrial], durations: Durations) -> tuple[OfCell, ...]:
    """Return the cells that take longest, of which there is something to tell them by."""
    sums: Counter[str] = Counter()
    for one in coming:
        if (seconds := durations.known(one)) is not None:
            sums[one.cell.id] += math.ceil(seconds)
    return tuple(OfCell(cell, float(seconds)) for cell, seconds in sums.most_common(MOST_CELLS))
