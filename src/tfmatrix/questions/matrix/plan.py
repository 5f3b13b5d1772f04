"""The plan: the cells and trials that are expected, against which everything later is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from tfmatrix import keys
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.keys import HASH_SEEDS, Scope, cell_covers, scope_of
from tfmatrix.questions.chosen import chosen_models, environment_of, named_environments, require_seed
from tfmatrix.records import (
    JITTER,
    PLAIN,
    SEEDS,
    TRIAL,
    WITNESS,
    Cell,
    Environment,
    ExpectedTrial,
    Model,
    Plain,
    Seeds,
    Start,
    Train,
)
from tfmatrix.runner.events import Event
from tfmatrix.runner.rounds import Known
from tfmatrix.store.store import Store

TRAIN = Train()
"""What most trials do."""

USUAL, BARE = Start(), Start(bare=True)
"""How the processes start that trials of model files are forked from, and those of commands."""


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
            if runs_in(model, mode)
        )

    @cached_property
    def scope(self) -> Scope:
        """What every result rests on, as it was when this was first asked for."""
        return scope_of(self.config, self.environments)

    @cached_property
    def trials(self) -> Mapping[Cell, tuple[ExpectedTrial, ...]]:
        """The trials that each cell needs."""
        return {cell: tuple(self._trials_of(cell)) for cell in self.cells}

    @property
    def candidates(self) -> tuple[Environment, ...]:
        """Every environment but the baseline."""
        return tuple(e for e in self.environments if e != self.baseline)

    def wanted(self, known: Known) -> Iterable[ExpectedTrial]:
        """Return every trial that is expected, whatever is known."""
        del known
        return [expected for trials in self.trials.values() for expected in trials]

    def note(self, event: Event, store: Store) -> None:
        """Note nothing besides what all questions do."""

    def _trials_of(self, cell: Cell) -> Iterator[ExpectedTrial]:
        first, second = HASH_SEEDS
        count = self.config.trials
        start = BARE if cell.model.command else USUAL
        shared = cell_covers(self.scope, cell, start)
        expect = partial(keys.expect, self.scope, cell, seed=self.config.seed, start=start, shared=shared)
        for number in range(1, count + 1):
            # The last of several comes from another process with another hash seed.
            other = second if number == count > 1 else first
            yield expect(TRAIN, role=TRIAL, number=number, hash_seed=other)
        if cell.model == self._witness(cell.environment):
            yield expect(TRAIN, role=WITNESS, number=1, hash_seed=second)
        if cell.environment == self.baseline:
            for number in range(1, self.config.jitters + 1):
                yield expect(Train(number), role=JITTER, number=number)
        if cell.model.command:
            yield expect(Plain(), role=PLAIN, number=1)
        yield expect(Seeds(), role=SEEDS, number=1)

    def _witness(self, environment: Environment) -> Model | None:
        """Return the model that a fresh process repeats in this environment: not the same one in each.

        It is none of the commands: each of their trials imports TensorFlow itself, as a fresh process does.
        """
        files = [model for model in self.models if not model.command]
        number = int(hashlib.sha256(environment.name.encode("utf-8")).hexdigest(), 16)
        return files[number % len(files)] if files else None


def runs_in(model: Model, mode: str) -> bool:
    """Return whether a model is expected in a mode: a file in each, a command in its own."""
    return not model.command or mode in model.command.modes


def make_plan(config: Config) -> Plan:
    """Return the plan of a configuration.

    Raises ``UserError`` for a version, model or seed that does not exist, and where there is nothing to run.
    """
    require_seed(config)
    environments = named_environments(config, config.baseline)
    models = chosen_models(config)
    running = tuple(model for model in models if any(runs_in(model, mode) for mode in config.modes))
    idle = [model.name for model in models if model not in running]
    if idle and (config.models or not running):  # one that was named is not left out without a word
        raise UserError(
            f"the command {idle[0]} is not run in {' or '.join(config.modes)}; "
            f"add a mode to modes in [tool.tfmatrix.models.{idle[0]}], or choose another mode."
        )
    return Plan(config, environments, environment_of(config, config.baseline), running)


def only(config: Config, cell_id: str) -> ExpectedTrial:
    """Return the trial that is named behind a cell, or the cell's first.

    Raises ``UserError`` where there is no such cell or trial.
    """
    cell_id, _, trial = cell_id.partition(" ")
    environment, _, rest = cell_id.partition("/")
    model, _, mode = rest.partition("/")
    mode = mode.partition("/")[0]  # a launch may follow
    if not mode:
        raise UserError(f"{cell_id!r} is no cell; one is named after environment, model and mode: 2.15.1/mlp/tf2.")
    plan = make_plan(config.overridden(versions=[environment], baseline=environment, models=[model], modes=[mode]))
    cell = next((cell for cell in plan.cells if cell.id == cell_id), None)
    if cell is None:
        raise UserError(f"there is no cell {cell_id!r}; there are {', '.join(cell.id for cell in plan.cells)}.")
    trials = {expected.name: expected for expected in plan.trials[cell]}
    if trial and trial not in trials:
        raise UserError(f"the cell {cell_id!r} has no trial {trial!r}; there are {', '.join(trials)}.")
    return trials[trial] if trial else plan.trials[cell][0]
