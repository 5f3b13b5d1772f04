"""Which machine classes there are, and the trials of a matrix by which they are compared.

A class is a machine under a launch: a launch with ``ONEDNN_MAX_CPU_ISA=SSE41`` has kernels be chosen as on another
processor. The trials are a matrix's, under the same keys: what `tfmatrix run` ran is not run again. Those of another
machine come from its store, by `tfmatrix merge`, and are never run here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from tfmatrix.config import Config
from tfmatrix.environments.machine import machine_id
from tfmatrix.keys import Scope, scope_of
from tfmatrix.questions.chosen import named_environments
from tfmatrix.questions.machines.classes import CLASSES
from tfmatrix.questions.matrix import Plan, make_plan
from tfmatrix.records import Cell, Environment, ExpectedTrial, Launch, Machine, Model
from tfmatrix.runner.events import Event
from tfmatrix.runner.rounds import Known
from tfmatrix.store.facts import noted_machines
from tfmatrix.store.store import Store

HERE = "here"
"""What this machine is called under the default launch, with which all other classes are compared."""


class MachineClass(NamedTuple):
    """A machine under a launch."""

    name: str
    machine: Machine
    launch: Launch


class OfOneRelease(Plan):
    """The matrix of one release, in which launches are compared with the first, and releases with nothing."""

    def pairs(self) -> Iterator[tuple[Cell, Cell, Cell]]:
        """Yield the cells that are compared, with the one whose noise floor counts in front."""
        for cell in self.cells:
            base = self.base(cell)
            if cell != base:
                yield base, base, cell

    def is_jittered(self, cell: Cell) -> bool:
        """Return whether a cell's noise floor is measured."""
        return cell == self.base(cell)

    def base(self, cell: Cell) -> Cell:
        """Return the cell that another is compared with: the same under the first launch."""
        return replace(cell, launch=self.config.launches[0])


@dataclass(frozen=True)
class MachinesPlan:
    """Which releases and models are asked about."""

    config: Config
    environments: tuple[Environment, ...]
    """The releases, oldest first."""
    models: tuple[Model, ...]

    @property
    def every_environment(self) -> tuple[Environment, ...]:
        """Every environment that it may need: no other than those that are asked about."""
        return self.environments

    @cached_property
    def scope(self) -> Scope:
        """What every result of this machine rests on, as it was when this was first asked for."""
        return scope_of(self.config, self.environments)

    @cached_property
    def of_releases(self) -> Sequence[OfOneRelease]:
        """The matrix of each release on this machine."""
        return [OfOneRelease(self.config, (one,), one, self.models) for one in self.environments]

    def there(self, environment: Environment, machine: Machine) -> Plan:
        """Return the matrix of a release on another machine, where it need not be the baseline."""
        config = replace(self.config, machine=machine, jitters=0)
        return OfOneRelease(config, (environment,), environment, self.models)

    def classes(self, store: Store) -> Sequence[MachineClass]:
        """Return every class that there may be results of: those of this machine first, which are run here."""
        own = machine_id(self.config.machine)
        found = [
            MachineClass(HERE if launch == self.config.launches[0] else launch.name, self.config.machine, launch)
            for launch in self.config.launches
        ]
        for id_, machine in noted_machines(store).items():
            if id_ != own:
                name = f"{machine.cpu} ({id_[:8]})"
                found += [
                    MachineClass(
                        name if launch == self.config.launches[0] else f"{name}, {launch.name}", machine, launch
                    )
                    for launch in self.config.launches
                ]
        return found

    def wanted(self, known: Known) -> Iterator[ExpectedTrial]:
        """Yield every trial that is needed of this machine, given what is known."""
        for one in self.of_releases:
            yield from one.wanted(known)

    def note(self, event: Event, store: Store) -> None:
        """Note nothing besides what all questions do."""


def make_machines_plan(config: Config) -> MachinesPlan:
    """Return the plan of a configuration, its own launches besides those that are classes for everybody.

    Raises ``UserError`` for a version, model or seed that does not exist, and where there is nothing to run.
    """
    launches = {one.name: one for one in (*config.launches[:1], *CLASSES, *config.launches[1:])}
    config = replace(config, launches=tuple(launches.values()))
    return MachinesPlan(config, named_environments(config), make_plan(config).models)
