"""The plan: a recording of what each model uses, in a release that it runs in already; nothing is made for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tfmatrix import keys
from tfmatrix.config import Config
from tfmatrix.environments import locks
from tfmatrix.errors import UserError
from tfmatrix.keys import Scope, scope_of
from tfmatrix.questions.atlas import Atlas
from tfmatrix.questions.chosen import environment_of
from tfmatrix.questions.matrix import Plan, make_plan, start_of
from tfmatrix.records import OPS, Cell, Environment, ExpectedTrial, Ops
from tfmatrix.runner.events import Event
from tfmatrix.runner.making import find
from tfmatrix.runner.rounds import Known
from tfmatrix.store.store import Store


@dataclass(frozen=True)
class StaticPlan:
    """Which models are asked about, between which releases, and by which atlas."""

    matrix: Plan
    atlas: Atlas
    since: str
    until: str
    recorders: tuple[Environment, ...]
    """Where a model may be recorded, the best first: the release that it leaves, and the project's baseline."""

    @property
    def config(self) -> Config:
        """The configuration that it is asked under."""
        return self.matrix.config

    @property
    def every_environment(self) -> tuple[Environment, ...]:
        """Every environment that it may need, all of which have a lock: none is made for an answer in seconds."""
        return self.recorders

    @cached_property
    def scope(self) -> Scope:
        """What every result rests on, as it was when this was first asked for."""
        return scope_of(self.config, self.recorders)

    @property
    def asked(self) -> Iterator[tuple[Cell, tuple[ExpectedTrial, ...]]]:
        """Yield each cell that is asked about, in the release that it leaves, and the trials that may record it."""
        for cell in self.matrix.cells:
            if cell.environment.name == self.since and cell.launch == self.config.launches[0]:
                yield cell, tuple(self._recording(cell, environment) for environment in self.recorders)

    def wanted(self, known: Known) -> Iterator[ExpectedTrial]:
        """Yield of each cell that nobody recorded the trial that does it, where an environment for it is made."""
        for _, trials in self.asked:
            stored = next((one for one in trials if known.has(one.key)), None)
            made = next((one for one in trials if one.cell.environment in self.made), None)
            if one := stored or made:
                yield one

    @cached_property
    def made(self) -> frozenset[Environment]:
        """The environments that are made, as it was when this was first asked for."""
        return frozenset(one for one in self.recorders if find(one, self.config))

    def note(self, event: Event, store: Store) -> None:
        """Note nothing besides what all questions do."""

    def _recording(self, cell: Cell, environment: Environment) -> ExpectedTrial:
        """Return the trial that records a cell in an environment: the same as an explanation's."""
        inside = Cell(environment, cell.launch, cell.mode, cell.model)
        return keys.expect(self.scope, inside, Ops(), role=OPS, seed=self.config.seed, start=start_of(cell.model))


def make_static_plan(config: Config, atlas: Atlas, *, since: str, until: str) -> StaticPlan:
    """Return the plan of a configuration's models.

    Raises ``UserError`` for a release that the atlas does not have, for two in the wrong order, and for models that do
    not exist.
    """
    for name in (since, until):
        if name not in atlas.releases:
            raise UserError(f"the atlas that tfmatrix brings has no {name}; it has {', '.join(atlas.releases)}.")
    if atlas.releases.index(since) >= atlas.releases.index(until):
        raise UserError(f"{until} does not come after {since}; --since names the release that the model leaves.")
    matrix = make_plan(config.overridden(versions=[since]))
    possible = dict.fromkeys([environment_of(config, since), matrix.baseline])
    folders = [config.root / "locks"]
    return StaticPlan(matrix, atlas, since, until, tuple(one for one in possible if locks.has_lock(one, folders)))
