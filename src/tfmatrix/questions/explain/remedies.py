"""Remedies: what one cell becomes with some switches thrown, where all of them mean something there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from packaging.version import Version

from tfmatrix.config import Config
from tfmatrix.environments import catalogue, locks
from tfmatrix.environments.catalogue import place
from tfmatrix.errors import Unavailable
from tfmatrix.questions.chosen import environment_of, sibling
from tfmatrix.records import Cell, Environment, Launch, Package
from tfmatrix.tables import SWITCHES, Switch

KERAS, NUMPY, KERAS_2 = "keras", "numpy", "tf-keras"

KERAS_3 = Version("3")


@dataclass(frozen=True)
class Remedy:
    """Some switches at once, thrown in the candidate alone or on both sides."""

    switches: tuple[str, ...]
    """Their names, in the order of the table."""
    both: bool = False

    def joined(self, other: Remedy) -> Remedy:
        """Return both at once."""
        return Remedy(in_order({*self.switches, *other.switches}), self.both)

    def without(self, switch: str) -> Remedy:
        """Return the rest."""
        return replace(self, switches=tuple(name for name in self.switches if name != switch))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of switches in the order in which they are tried."""
    return tuple(sorted(names, key=list(SWITCHES).index))


@dataclass(frozen=True)
class Remedies:
    """The remedies of one candidate against one baseline."""

    config: Config
    baseline: Environment
    candidate: Environment

    def of(self, cell: Cell, *, both: bool) -> Iterator[Remedy]:
        """Yield each switch that can be tried by itself with a candidate's cell; two that give one cell come once."""
        seen = {cell}
        for switch in SWITCHES.values():
            remedy = Remedy((switch.name,), both)
            if switch.part or (both and not switch.both):
                continue
            made = self.cell(cell, remedy)
            if made and made not in seen and (not both or self.cell(_in(self.baseline, cell), remedy)):
                seen.add(made)
                yield remedy

    def parts(self, cell: Cell, remedy: Remedy) -> Sequence[Remedy]:
        """Return the switches that a remedy of one switch consists of, each by itself."""
        names = (name for switch in remedy.switches for name in SWITCHES[switch].parts)
        found = (Remedy((name,), remedy.both) for name in names)
        return [one for one in found if self.cell(cell, one)]

    def cell(self, cell: Cell, remedy: Remedy) -> Cell | None:
        """Return a cell with a remedy, None where some switch means nothing there or two contradict each other."""
        further: dict[str, Package] = {}
        launch, mode = cell.launch, cell.mode
        for switch in (SWITCHES[name] for name in remedy.switches):
            if not _is_known(switch, cell):
                return None
            packages = self.packages(switch, cell.environment)
            if packages is None or any(further.get(one.name, one) != one for one in packages):
                return None
            further |= {one.name: one for one in packages}
            launch, mode = _launched(launch, switch), switch.mode or mode
        if launch != cell.launch:
            launch = replace(launch, name="+".join(remedy.switches))
        environment = self._with(cell.environment, further.values())
        changed = replace(cell, environment=environment, launch=launch, mode=mode) if environment else None
        return changed if changed != cell else None

    def brought(self, cell: Cell, remedy: Remedy) -> Sequence[Package]:
        """Return the packages that a cell's environment has with a remedy, and not without."""
        changed = self.cell(cell, remedy)
        return [one for one in changed.environment.further if one not in cell.environment.further] if changed else []

    def packages(self, switch: Switch, environment: Environment) -> tuple[Package, ...] | None:
        """Return the packages that a switch brings into an environment, None where it can't."""
        if switch.further:
            found = [self._beside(environment) if self._is_keras_3(environment) else None]
        else:
            found = [self._kept(environment, name) for name in switch.kept]
        there = tuple(one for one in found if one)
        return there if len(there) == len(found) else None

    def _kept(self, environment: Environment, name: str) -> Package | None:
        """Return what holds a package at the baseline's version; None where it has that, or none can.

        An older TensorFlow has not what a newer Keras 2 calls, and its NumPy is the newest that it takes.
        """
        mine, own = self.versions.get(name, ""), self._version(environment, name)
        if not mine or not own or mine == own:
            return None
        if self.is_older and (name == NUMPY or Version(mine) < KERAS_3):
            return None
        if name == KERAS and (Version(mine) < KERAS_3) != (Version(own) < KERAS_3):
            # Keras 3 has none of what older releases have as tf.keras; beside newer ones tf-keras is Keras 2.
            return self._beside(environment) if self._is_keras_3(environment) else None
        return Package(name, mine)

    def _beside(self, environment: Environment) -> Package | None:
        """Return the Keras 2 that goes with a release of Keras 3, where there is a lock with it."""
        found = sibling(environment, KERAS_2, self.config)
        return next((one for one in found.further if one.name == KERAS_2), None) if found else None

    def how(self, cell: Cell, name: str) -> str:
        """Return what a user does who throws a switch."""
        switch = SWITCHES[name]
        packages = " and ".join(f"{one.name} {one.version}" for one in self.packages(switch, cell.environment) or ())
        return switch.how.format(further=packages, kept=packages) if packages else switch.how

    def keeps(self, switch: Switch) -> frozenset[str]:
        """Return the packages that a switch holds at what the baseline has, Keras 2 by what stands in for it."""
        stands_in = KERAS in self.versions and Version(self.versions[KERAS]) < KERAS_3
        return frozenset(switch.kept) | ({KERAS} if switch.further == KERAS_2 and stands_in else set())

    @property
    def is_older(self) -> bool:
        """Whether the candidate's TensorFlow is older than the baseline's."""
        return _version_of(self.candidate) < _version_of(self.baseline)

    @cached_property
    def moved(self) -> frozenset[str]:
        """The packages besides TensorFlow that may own a change, as far as both sides have other versions of them."""
        return frozenset(
            name for name in (KERAS, NUMPY) if self._version(self.candidate, name) != self.versions.get(name, "")
        )

    @cached_property
    def environments(self) -> tuple[Environment, ...]:
        """Every environment that some remedy needs."""
        found: dict[Environment, None] = {}
        for environment in (self.candidate, self.baseline):
            for switch in SWITCHES.values():
                if packages := self.packages(switch, environment):
                    made = self._with(environment, packages)
                    found |= {made: None} if made and made != environment else {}
        return tuple(found)

    @cached_property
    def versions(self) -> dict[str, str]:
        """The versions that the baseline's lock has."""
        return self._locked(self.baseline)

    def _is_keras_3(self, environment: Environment) -> bool:
        own = self._version(environment, KERAS)
        return bool(own) and Version(own) >= KERAS_3

    def _version(self, environment: Environment, name: str) -> str:
        return self._locked(environment).get(name, "")

    def _locked(self, environment: Environment) -> dict[str, str]:
        """Return the versions that an environment's lock has; none where it has no lock by now."""
        if environment not in self._locks:
            try:
                lock = locks.read_lock(locks.find_lock(environment, [self.config.root / "locks"]))
                self._locks[environment] = {one.name: one.version for one in map(catalogue.as_named, lock.packages)}
            except Unavailable:
                return {}
        return self._locks[environment]

    @cached_property
    def _locks(self) -> dict[Environment, dict[str, str]]:
        return {}

    def _with(self, environment: Environment, further: Iterable[Package]) -> Environment | None:
        """Return an environment with more packages, None where it has another version of one."""
        named = {one.name: one for one in environment.further}
        for one in further:
            if named.setdefault(one.name, one) != one:
                return None
        if len(named) == len(environment.further):
            return environment
        order = sorted(named.values(), key=place)
        return environment_of(self.config, replace(environment, further=tuple(order)).name)


def _version_of(environment: Environment) -> Version:
    return Version(catalogue.release(environment.tensorflow).version)


def _is_known(switch: Switch, cell: Cell) -> bool:
    """Return whether a switch means something in a cell's mode and release."""
    minor = _version_of(cell.environment).release[:2]
    first, last = (Version(one).release[:2] if one else minor for one in (switch.first, switch.last))
    return first <= minor <= last and (not switch.modes or cell.mode in switch.modes)


def _launched(launch: Launch, switch: Switch) -> Launch:
    """Return a launch with what a switch sets."""
    variables = tuple(sorted({**dict(launch.variables), **dict(switch.variables)}.items()))
    changed = replace(launch, variables=variables, settings=(*launch.settings, *switch.settings))
    return replace(changed, intra_op=switch.threads, inter_op=switch.threads) if switch.threads else changed


def _in(environment: Environment, cell: Cell) -> Cell:
    return replace(cell, environment=environment)
