"""What vanished: what a project asked for when a report was made, and does not ask for any more."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.gate.levels import Level
from tfmatrix.gate.results import Reason
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.questions.matrix.reread import NAME
from tfmatrix.store.store import Store
from tfmatrix.tables import DEFAULT_MODES

ASKED = "asked"
"""The kind of the fact that holds what a project asked for when its reports were made."""


class Asked(msgspec.Struct, frozen=True):
    """What is asked for: of each cell model, mode and launch, and the seed."""

    cells: frozenset[tuple[str, str, str]] = frozenset()
    seeds: frozenset[int] = frozenset()

    def names(self) -> set[str]:
        """Return everything by its names: ``model mlp``, ``mode v1``, ``launch no-onednn``, ``seed 42``, and cells."""
        return {*(f"seed {seed}" for seed in self.seeds), *(name for cell in self.cells for name in _names(cell))}

    def joined(self, other: Asked) -> Asked:
        """Return what either asks for."""
        return Asked(self.cells | other.cells, self.seeds | other.seeds)


def _names(cell: tuple[str, str, str]) -> tuple[str, ...]:
    """Return the names by which a cell is asked for: what it has in common with others first, its own last."""
    model, mode, launch = cell
    own = f"{model}/{mode}" if launch == "default" else f"{model}/{mode}/{launch}"
    return f"model {model}", f"mode {mode}", f"launch {launch}", f"cell {own}"


def asked_by(plan: Plan) -> Asked:
    """Return what a plan asks for, of whatever environment."""
    cells = frozenset((cell.model.name, cell.mode, cell.launch.name) for cell in plan.cells)
    return Asked(cells, frozenset({plan.config.seed}))


def note(store: Store, plan: Plan) -> None:
    """Note what a project asks for as a report is made; what it says to be removed is forgotten, and nothing else."""
    before, now = _noted(store), asked_by(plan)
    removed, both = set(plan.config.removed) - now.names(), before.joined(now)
    kept = Asked(
        frozenset(cell for cell in both.cells if not removed & set(_names(cell))),
        frozenset(seed for seed in both.seeds if f"seed {seed}" not in removed),
    )
    if kept != before:
        store.note(ASKED, "", {"cells": sorted(kept.cells), "seeds": sorted(kept.seeds)})


def vanished(plan: Plan, store: Store) -> Iterator[Reason]:
    """Yield what the last reports have, in the store and in git, that a plan does not ask for.

    It stops the gate until the configuration says it is removed, and is a warning from then on.
    """
    now = asked_by(plan).names()
    gone = set(_gone(_noted(store).joined(_committed(plan.config)), now))
    removed = set(plan.config.removed)
    for name in sorted(gone & removed):
        yield Reason(Level.WARN, f"the {name}, which earlier reports had, is removed by the configuration")
    for name in sorted(gone - removed):
        yield Reason(
            Level.INCOMPLETE,
            f"the {name} has vanished: reports of this project had it, and the project no longer asks for it; bring it "
            f'back, or write removed = ["{name}"] in [tool.tfmatrix]',
        )
    for name in sorted(removed & now):
        yield Reason(Level.INCOMPLETE, f"the configuration says that the {name} is removed, but still asks for it")


def _gone(before: Asked, now: set[str]) -> Iterator[str]:
    """Yield the names of what is not asked for now, of a cell the first that is not: all of a model is one thing.

    A mode that runs by choice alone may be tried and left.
    """
    yield from (f"seed {seed}" for seed in before.seeds if f"seed {seed}" not in now)
    for cell in before.cells:
        names = [name for name in _names(cell) if name not in now]
        if names and cell[1] in DEFAULT_MODES:
            yield names[0]


def _noted(store: Store) -> Asked:
    """Return what is noted in a store; nothing where no report was made with it."""
    found = store.noted(ASKED, "")
    try:
        return msgspec.convert(found, Asked) if found is not None else Asked()
    except msgspec.ValidationError:
        raise UserError(
            "the store is damaged: what its reports asked for cannot be read; move the file away."
        ) from None


class _Cell(msgspec.Struct):
    model: str
    mode: str
    launch: str = "default"


class _Settings(msgspec.Struct):
    seed: int


class _Report(msgspec.Struct):
    """What is looked at of a report that git has; whatever else is in it, of whatever schema, is not."""

    cells: list[_Cell]
    settings: _Settings


def _committed(config: Config) -> Asked:
    """Return what the report asked for that the last commit has; nothing where it has none that can be read."""
    try:
        path = Path(os.path.relpath(config.under_root(config.reports), config.root)) / f"{NAME}.json"
        ran = subprocess.run(
            ["git", "show", f"HEAD:./{path.as_posix()}"], cwd=config.root, capture_output=True, check=False
        )
        found = msgspec.json.decode(ran.stdout, type=_Report) if not ran.returncode else None
    except (OSError, ValueError, RecursionError):  # no git; no report of ours
        return Asked()
    if found is None:
        return Asked()
    cells = frozenset((cell.model, cell.mode, cell.launch) for cell in found.cells)
    return Asked(cells, frozenset({found.settings.seed}))
