"""The audit's cells, and the trial of a cell under a variation, with the key that covers everything about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from tfmatrix.config import ALL, Config
from tfmatrix.environments import catalogue, locks
from tfmatrix.environments.machine import inherited, machine_id, this_machine
from tfmatrix.keys import trial_key
from tfmatrix.questions.matrix.plan import Plan, environments_of
from tfmatrix.questions.recipes.recipes import scripts
from tfmatrix.questions.recipes.scripts import Script
from tfmatrix.questions.recipes.variations import CONTROL, VARIATIONS, Variation
from tfmatrix.records import Cell, Environment, ExpectedTrial, Launch, Model, ScriptRun, Start

HASH_SEED = "0"
"""Of every process but those in which it is what varies."""

PLACE = Start(here="folder", home="home")
"""Working folder and home of every process but those in which they are what varies: a user's stay the same."""


@dataclass(frozen=True)
class AuditCell:
    """Environment x recipe x model: what the report has a verdict of."""

    environment: Environment
    script: Script

    @property
    def id(self) -> str:
        """Return its name: ``2.15.1/set-random-seed[keras-mlp]``."""
        return f"{self.environment.name}/{self.script.name}"


@dataclass(frozen=True)
class AuditPlan:
    """Which cells there are, and the environments that their trials run in."""

    config: Config
    environments: tuple[Environment, ...]
    """Oldest first."""
    scripts: tuple[Script, ...]

    @cached_property
    def cells(self) -> tuple[AuditCell, ...]:
        """Every cell, environments outermost."""
        chosen = [s for s in self.scripts if s.model.mode in self.config.modes]
        return tuple(AuditCell(environment, script) for environment in self.environments for script in chosen)

    @cached_property
    def plan(self) -> Plan:
        """The plan that has these environments and those that a variation needs besides, and no reference model."""
        besides = [e for own in self.environments for v in VARIATIONS.values() if (e := sibling(own, v, self.config))]
        return Plan(self.config, tuple(dict.fromkeys([*self.environments, *besides])), self.environments[0], ())

    def variations(self, cell: AuditCell) -> Iterator[Variation]:
        """Yield the variations that exist for a cell."""
        for variation in VARIATIONS.values():
            needs = not variation.further or sibling(cell.environment, variation, self.config)
            if cell.script.model.mode in variation.modes and needs:
                yield variation

    def expected(self, cell: AuditCell, variation: Variation, number: int = 1) -> ExpectedTrial:
        """Return the trial of a cell under a variation; trials of other numbers come from other processes."""
        name = cell.id, variation.name, number, variation.doings
        if name not in self._expected:
            self._expected[name] = self._expect(cell, variation, number)
        return self._expected[name]

    @cached_property
    def _expected(self) -> dict[tuple[str, str, int, tuple[str, ...]], ExpectedTrial]:
        """The trials that were asked for before: an audit asks for each in every round."""
        return {}

    def _expect(self, cell: AuditCell, variation: Variation, number: int) -> ExpectedTrial:
        environment = sibling(cell.environment, variation, self.config) or cell.environment
        script = cell.script
        # Those that differ in what is done within a process may share one: they are compared with the control alone.
        process = "within" if variation.within and variation != CONTROL else variation.name
        start = replace(PLACE.joined(variation.start), name=f"{process}-{number}")
        covers = (
            ("lock", self.plan.lock_digests[environment]),
            ("python", environment.python),
            ("mode", script.model.mode),
            ("script", script.digest),
            ("variation", json.dumps([asdict(start), variation.doings])),
            ("probe", self.plan.probe),
            ("machine", machine_id(this_machine())),
            *inherited(dict(start.variables)),
            ("role", f"{variation.name}-{number}"),
        )
        run = ScriptRun(script.recipe.code, script.model.source, script.model.options, variation.doings)
        named = Model(f"/{script.recipe.name}.py", script.digest, script.model.name)
        tried = Cell(environment, Launch(), script.model.mode, named)
        return ExpectedTrial(
            tried, variation.name, number, 0, HASH_SEED, covers, trial_key(covers), start=start, script=run
        )


def make_audit_plan(config: Config) -> AuditPlan:
    """Return the plan of a configuration's versions and modes; raises ``UserError`` for a version that is not known."""
    first = catalogue.RELEASES[0] if ALL in config.versions else config.versions[0]
    environments, _ = environments_of(config.overridden(baseline=first))
    return AuditPlan(config, environments, scripts())


def sibling(environment: Environment, variation: Variation, config: Config) -> Environment | None:
    """Return the environment that differs by a variation's further package, where a lock of it is there."""
    if not variation.further or any(package.name == variation.further for package in environment.further):
        return None
    return _beside(environment, variation.further, config.root / "locks")


@cache  # asked for each cell and variation, and answered by looking through folders
def _beside(environment: Environment, package: str, folder: Path) -> Environment | None:
    """Return the environment with one more package that has a lock in the project's folder or tfmatrix's own."""
    stem = locks.stem(environment).replace(environment.name, f"{environment.name}+{package}-*")
    for path in (found for place in (folder, locks.OWN_LOCKS) for found in sorted(place.glob(f"{stem}.txt"))):
        name = path.name.removeprefix(f"{environment.distribution}-").rpartition("-py")[0]
        return catalogue.parse_environment(name, distribution=environment.distribution, python=environment.python)
    return None
