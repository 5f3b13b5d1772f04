"""The plan: every op of each release, in batches, each run twice in processes that start otherwise."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.keys import HASH_SEEDS, Scope, expect, scope_of
from tfmatrix.questions.chosen import named_environments, require_seed
from tfmatrix.records import Cell, Environment, ExpectedTrial, Launch, Model, SingleOps
from tfmatrix.runner.events import Event
from tfmatrix.runner.rounds import Known
from tfmatrix.store.store import Store

BATCHES = 16
"""Parts that the ops of a release are run in, each a trial: what a run that is interrupted loses at most is one."""

MODE = "tf2"
"""The mode that ops are run in: op determinism, so that no difference is one of threads."""

MODEL = Model("/ops.py", "")
"""What stands in the place of a model: what is run is the probe's own, which every trial covers."""


@dataclass(frozen=True)
class AtlasPlan:
    """Which releases are asked about."""

    config: Config
    environments: tuple[Environment, ...]
    """Oldest first."""

    @property
    def every_environment(self) -> tuple[Environment, ...]:
        """Every environment that it may need: no other than those that are asked about."""
        return self.environments

    @cached_property
    def scope(self) -> Scope:
        """What every result rests on, as it was when this was first asked for."""
        return scope_of(self.config, self.environments)

    @property
    def launch(self) -> Launch:
        """What every process starts with: the project's default."""
        return self.config.launches[0]

    def trials(self, environment: Environment) -> Iterator[tuple[ExpectedTrial, ...]]:
        """Yield of each batch its trials, which must agree."""
        cell = Cell(environment, self.launch, MODE, MODEL)
        for batch in range(BATCHES):
            yield tuple(
                expect(
                    self.scope,
                    cell,
                    SingleOps(batch, BATCHES),
                    role=f"batch-{batch:02d}",
                    number=number,
                    seed=self.config.seed,
                    hash_seed=hash_seed,
                )
                for number, hash_seed in enumerate(HASH_SEEDS, 1)
            )

    def wanted(self, known: Known) -> Iterator[ExpectedTrial]:
        """Yield every trial; nothing that is found asks for another one."""
        del known
        for environment in self.environments:
            for trials in self.trials(environment):
                yield from trials

    def note(self, event: Event, store: Store) -> None:
        """Note nothing besides what all questions do."""


def batch_of(op: str) -> int:
    """Return the batch that an op is in, by its name alone: the probe's `batch` says the same."""
    return zlib.crc32(op.encode("ascii")) % BATCHES


def make_atlas_plan(config: Config) -> AtlasPlan:
    """Return the plan of a configuration's versions.

    Raises ``UserError`` for a version or seed that is not known, and where there is but one release.
    """
    require_seed(config)
    environments = named_environments(config)
    if len(environments) == 1:
        raise UserError(
            f"the atlas lays releases beside each other, and {environments[0].name} is the only one; name another too."
        )
    return AtlasPlan(config, environments)
