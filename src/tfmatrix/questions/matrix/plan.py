"""The plan: the cells and trials that are expected, against which everything later is checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tfmatrix import keys
from tfmatrix.config import ALL, Config
from tfmatrix.environments import catalogue, locks
from tfmatrix.environments.machine import inherited, machine_id, this_machine
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.keys import probe_source, trial_key
from tfmatrix.models import files
from tfmatrix.records import JITTER, SEEDS, TRIAL, WITNESS, Cell, Environment, ExpectedTrial, Model

HASH_SEEDS = ("0", "1")
"""PYTHONHASHSEED of the first process that trials are forked from, and of the second and every fresh one."""

Covers = tuple[tuple[str, str], ...]
"""What a trial covers, by name."""

SEED_LIMIT = 2**31
"""NumPy's generator takes 32 bits and TensorFlow's operations 31 without a sign."""


@dataclass(frozen=True)
class Plan:
    """Which cells there are, which of them is compared with which, and the trials that each needs."""

    config: Config
    environments: tuple[Environment, ...]
    """Oldest first; the baseline is one of them."""
    baseline: Environment
    models: tuple[Model, ...]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every expected cell, environments outermost."""
        return tuple(
            Cell(environment, launch, mode, model)
            for environment in self.environments
            for launch in self.config.launches
            for mode in self.config.modes
            for model in self.models
        )

    @cached_property
    def lock_digests(self) -> Mapping[Environment, str]:
        """The digest of each environment's lock file; empty where it has none and cannot be made."""
        return {environment: self._lock_digest(environment) for environment in self.environments}

    @cached_property
    def trials(self) -> Mapping[Cell, tuple[ExpectedTrial, ...]]:
        """The trials that each cell needs."""
        return {cell: tuple(self._trials_of(cell)) for cell in self.cells}

    @cached_property
    def probe(self) -> str:
        """The digest of the probe as it was when this was first asked for."""
        return probe_source()

    @property
    def candidates(self) -> tuple[Environment, ...]:
        """Every environment but the baseline."""
        return tuple(e for e in self.environments if e != self.baseline)

    def environment_key(self, environment: Environment) -> str:
        """Return what one of these environments is filed under in the store."""
        return keys.environment_key(environment, self.lock_digests[environment])

    def _lock_digest(self, environment: Environment) -> str:
        try:
            return locks.digest(locks.find_lock(environment, [self.config.root / "locks"]))
        except Unavailable:
            return ""

    def _trials_of(self, cell: Cell) -> Iterator[ExpectedTrial]:
        first, second = HASH_SEEDS
        count = self.config.trials
        covers = self._covers(cell)
        for number in range(1, count + 1):
            # The last of several comes from another process with another hash seed.
            yield self._expected(cell, TRIAL, number, second if number == count > 1 else first, covers)
        if cell.model == self._witness(cell.environment):
            yield self._expected(cell, WITNESS, 1, second, covers)
        if cell.environment == self.baseline:
            for number in range(1, self.config.jitters + 1):
                yield self._expected(cell, JITTER, number, first, covers)
        yield self._expected(cell, SEEDS, 1, first, covers)

    def _witness(self, environment: Environment) -> Model:
        """Return the model that a fresh process repeats in this environment: not the same one in each."""
        number = int(hashlib.sha256(environment.name.encode("utf-8")).hexdigest(), 16)
        return self.models[number % len(self.models)]

    def expected(self, cell: Cell, role: str, number: int, hash_seed: str, also: Covers = ()) -> ExpectedTrial:
        """Return a trial of a cell, filed under the digest of what it covers; ``also`` is what it covers besides."""
        return self._expected(cell, role, number, hash_seed, (*self._covers(cell), *also))

    def _covers(self, cell: Cell) -> Covers:
        """Return what every trial of a cell covers, which they share."""
        launch = [cell.launch.intra_op, cell.launch.inter_op, cell.launch.variables]
        return (
            ("lock", self.lock_digests[cell.environment]),
            ("python", cell.environment.python),
            ("launch", json.dumps(launch)),
            ("mode", cell.mode),
            ("variant", cell.model.name),
            ("model", cell.model.source),
            ("files beside the model", json.dumps(cell.model.beside)),
            ("probe", self.probe),
            ("machine", machine_id(this_machine())),
            *inherited(dict(cell.launch.variables)),
        )

    def _expected(self, cell: Cell, role: str, number: int, hash_seed: str, shared: Covers) -> ExpectedTrial:
        own = (("role", f"{role}-{number}"), ("seed", str(self.config.seed)), ("hash seed", hash_seed))
        covers = (*shared, *own)
        return ExpectedTrial(cell, role, number, self.config.seed, hash_seed, covers, trial_key(covers))


def make_plan(config: Config) -> Plan:
    """Return the plan of a configuration.

    Raises ``UserError`` for a version, model or seed that does not exist, and where there is nothing to run.
    """
    if config.seed >= SEED_LIMIT:
        raise UserError(f"the seed must be below {SEED_LIMIT}, but is {config.seed}.")
    environments, baseline = environments_of(config)
    return Plan(
        config=config,
        environments=environments,
        baseline=baseline,
        models=_choose(known_models(config), config.models, config.under_root(config.models_folder)),
    )


def environments_of(config: Config) -> tuple[tuple[Environment, ...], Environment]:
    """Return the environments that a configuration names, oldest first, and the baseline, which is one of them."""
    names = [n for name in config.versions for n in (catalogue.RELEASES if name == ALL else (name,))]
    parsed = {
        catalogue.parse_environment(name, distribution=config.distribution, python=config.python)
        for name in (*names, config.baseline)
    }
    baseline = catalogue.parse_environment(config.baseline, distribution=config.distribution, python=config.python)
    return tuple(sorted(parsed, key=_age)), baseline


def known_models(config: Config) -> tuple[Model, ...]:
    """Return every reference model in the models folder, chosen or not."""
    return tuple(files.discover(config.under_root(config.models_folder)))


def _age(environment: Environment) -> tuple[tuple[int, ...], str]:
    return tuple(map(int, environment.tensorflow.split("."))), environment.name


def _choose(models: tuple[Model, ...], names: Iterable[str], folder: Path) -> tuple[Model, ...]:
    """Return the models of the names, a bare ``optimizers`` meaning every variant; all where no name is given."""
    if not models:
        what = "has no Python file" if folder.is_dir() else "is no folder"
        raise UserError(f"there is no reference model: {folder} {what}; put one there, or set models_folder.")
    chosen = []
    for name in names:
        found = [model for model in models if name in {model.name, model.name.partition("[")[0]}]
        if not found:
            raise UserError(f"there is no reference model {name!r}; there are {', '.join(m.name for m in models)}.")
        chosen += found
    return tuple(dict.fromkeys(chosen)) or models
