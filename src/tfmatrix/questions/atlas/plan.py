"""The plan: all ops and names of Keras of each release, in batches, each run in two processes that start otherwise."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.keys import HASH_SEEDS, Scope, expect, scope_of
from tfmatrix.questions.chosen import named_environments, require_seed
from tfmatrix.records import Cell, Environment, ExpectedTrial, Launch, Model, SingleOps
from tfmatrix.runner.events import Event
from tfmatrix.runner.rounds import Known
from tfmatrix.store.store import Store

KERAS, BEHAVIOUR, OPS = PARTS = "keras", "behaviour", "ops"
"""What the atlas is of: the classes and functions of ``tf.keras``, pieces of Python, and the ops of ``tf.raw_ops``."""

PREFIXES = {KERAS: "keras.", BEHAVIOUR: "behaviour.", OPS: ""}
"""What the names of each part begin with; an op's has no dot."""

BATCHES = {KERAS: 8, BEHAVIOUR: 1, OPS: 16}
"""Batches that each part of a release is run in, each a trial: what a run that is interrupted loses at most is one."""

MODE = "tf2"
"""The mode that ops are run in: op determinism, so that no difference is one of threads."""

MODELS = {part: Model(f"/{part}.py", "") for part in PARTS}
"""What stands in the place of a model: what is run is the probe's own, which every trial covers."""

WILD = "*?["
"""Characters of a pattern that stand for others."""

Batch = tuple[str, int]
"""A part, and the number of a batch of it."""


@dataclass(frozen=True)
class AtlasPlan:
    """Which releases are asked about."""

    config: Config
    environments: tuple[Environment, ...]
    """Oldest first."""
    names: str = ""
    """The pattern of the names that are asked about; empty: all."""

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

    @property
    def batches(self) -> Iterator[Batch]:
        """Yield every batch that may have one of the names that are asked about."""
        for part in PARTS:
            yield from ((part, number) for number in range(BATCHES[part]) if may_have(self.names, (part, number)))

    def trials(self, environment: Environment) -> Iterator[tuple[Batch, tuple[ExpectedTrial, ...]]]:
        """Yield each batch with its trials, which must agree."""
        for part, number in self.batches:
            cell = Cell(environment, self.launch, MODE, MODELS[part])
            yield (
                (part, number),
                tuple(
                    expect(
                        self.scope,
                        cell,
                        SingleOps(part, number, BATCHES[part]),
                        role=f"batch-{number:02d}",
                        number=count,
                        seed=self.config.seed,
                        hash_seed=hash_seed,
                    )
                    for count, hash_seed in enumerate(HASH_SEEDS, 1)
                ),
            )

    def asks_for(self, name: str) -> bool:
        """Return whether an op, or a name of Keras, is asked about."""
        return not self.names or fnmatchcase(name, self.names)

    def wanted(self, known: Known) -> Iterator[ExpectedTrial]:
        """Yield every trial; nothing that is found asks for another one."""
        del known
        for environment in self.environments:
            for _, trials in self.trials(environment):
                yield from trials

    def note(self, event: Event, store: Store) -> None:
        """Note nothing besides what all questions do."""


def part_of(name: str) -> str:
    """Return what a name is of: all but an op's have a word before them."""
    return next(part for part in PARTS if name.startswith(PREFIXES[part]))


def batch_of(name: str) -> Batch:
    """Return the batch that a name is in, by the name alone: the probe's `batch` says the same."""
    part = part_of(name)
    return part, zlib.crc32(name.encode("ascii")) % BATCHES[part]


def may_have(names: str, batch: Batch) -> bool:
    """Return whether a batch may have a name of a pattern: of one without wildcards, only one batch has."""
    if not names:
        return True
    begins = names[: next((at for at, character in enumerate(names) if character in WILD), len(names))]
    if begins == names:
        return batch == (batch_of(names) if names.isascii() else None)
    prefix = PREFIXES[batch[0]]
    return begins.startswith(prefix) or prefix.startswith(begins) if prefix else "." not in begins


def make_atlas_plan(config: Config, names: str = "") -> AtlasPlan:
    """Return the plan of a configuration's versions, of all ops and names of Keras or of those of a pattern.

    Raises ``UserError`` for a version or seed that is not known, and where there is but one release.
    """
    require_seed(config)
    environments = named_environments(config)
    if len(environments) == 1:
        raise UserError(f"the atlas compares releases, and {environments[0].name} is the only one; name another too.")
    return AtlasPlan(config, environments, names)
