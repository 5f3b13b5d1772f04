"""The plan: the cells and trials that are expected, against which everything later is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from tfmatrix import keys
from tfmatrix.compare.tensors import Tensors
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.keys import HASH_SEEDS, SEED_LIMIT, Scope, cell_covers, scope_of
from tfmatrix.models.files import has_equivalent, is_watched
from tfmatrix.questions.chosen import chosen_models, environment_of, known_models, named_environments, require_seed
from tfmatrix.questions.matrix import ways
from tfmatrix.questions.matrix.further import further
from tfmatrix.questions.matrix.starts import starts, write
from tfmatrix.records import (
    ENSEMBLE,
    EQUIVALENT,
    JITTER,
    KEPT,
    PLAIN,
    SEEDS,
    TRIAL,
    WITNESS,
    Cell,
    Environment,
    ExpectedTrial,
    FromStart,
    Model,
    Plain,
    Seeds,
    Start,
    Train,
    Work,
)
from tfmatrix.runner.events import Event
from tfmatrix.runner.rounds import Known
from tfmatrix.runner.temporary import HeldFolder
from tfmatrix.store.store import Store

TRAIN = Train()
"""What most trials do."""

USUAL, BARE = Start(), Start(bare=True)
"""How the processes start that trials of models are forked from, and those of commands."""


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
        return scope_of(self.config, self.every_environment)

    @cached_property
    def trials(self) -> Mapping[Cell, tuple[ExpectedTrial, ...]]:
        """The trials that each cell may need."""
        return {cell: tuple(self._trials_of(cell)) for cell in self.cells}

    @cached_property
    def every_environment(self) -> tuple[Environment, ...]:
        """Every environment that it may need: behind those that are asked about, what other ways of reading need."""
        return tuple(dict.fromkeys([*self.environments, *ways.environments(self.candidates, self)]))

    @property
    def candidates(self) -> tuple[Environment, ...]:
        """Every environment but the baseline."""
        return tuple(e for e in self.environments if e != self.baseline)

    def pairs(self) -> Iterator[tuple[Cell, Cell, Cell]]:
        """Yield the cells that are compared, with the one whose noise floor counts, the baseline's, in front.

        A cell is compared with the baseline's, and with that of the release before it.
        """
        before = dict(zip(self.environments[1:], self.environments, strict=False))
        for cell in self.cells:
            base = replace(cell, environment=self.baseline)
            others = {self.baseline, before.get(cell.environment, self.baseline)} - {cell.environment}
            for other in sorted(others, key=self.environments.index):
                yield base, replace(cell, environment=other), cell

    def is_jittered(self, cell: Cell) -> bool:
        """Return whether a cell's noise floor is measured: others are compared with it."""
        return cell.environment == self.baseline

    def wanted(self, known: Known) -> Iterable[ExpectedTrial]:
        """Return every trial that is needed, given what is known."""
        observed = known.store.observed().items()
        traces = {key: trial.trace for key, trial in observed if trial.trace and known.has(key)}
        tensors = Tensors(known.store, measured=False)
        more = further(self, traces, tensors, known.has) if traces else {}
        needed = [one for cell in self.cells for one in (*self.needed(cell, known.has), *more.get(cell, ()))]
        missed = [(one, one.work) for one in needed if isinstance(one.work, FromStart) and not known.has(one.key)]
        handed = starts(self, traces, tensors) if missed else {}
        begun = {(cell, one.off): one.handed for cell, some in handed.items() for one in some}
        paths = {one.key: write(begun[one.cell, work.off], self._folder, known.store) for one, work in missed}
        begin = [_handed(one, paths[one.key]) if one.key in paths else one for one in needed]
        return [*begin, *ways.wanted(self, known, self._folder)]

    @cached_property
    def _folder(self) -> Path:
        """A folder for what trials are handed, which is there as long as the plan is."""
        return self._held.path

    @cached_property
    def _held(self) -> HeldFolder:
        return HeldFolder("start")

    def needed(self, cell: Cell, has: Callable[[str], bool]) -> tuple[ExpectedTrial, ...]:
        """Return the trials that a cell needs whatever comes of them, given which keys are known.

        In each environment, launch and mode a fresh process repeats a trial of one model, the witness. It is chosen
        among all of the project's models, never among those that are asked about: so a cell that was run with some of
        them is whole in a report of any others. Where the witness is not asked about, the first in the same order that
        is stands in for it, so that no environment goes without; but it is not missed where the witness itself is
        known. What is known of a stand-in always counts.
        """
        return tuple(
            expected
            for expected in self.trials[cell]
            if expected.role != SEEDS
            and (expected.role != WITNESS or has(expected.key) or not self._is_spared(cell, has))
        )

    def _is_spared(self, cell: Cell, has: Callable[[str], bool]) -> bool:
        """Return whether a cell's witness stands in for one that is known."""
        witness = self._witnesses(cell)[0]
        if witness.name == cell.model.name:
            return False
        return has(self._repeat(replace(cell, model=witness)).key)

    def note(self, event: Event, store: Store) -> None:
        """Note nothing besides what all questions do."""

    def _trials_of(self, cell: Cell) -> Iterator[ExpectedTrial]:
        first, second = HASH_SEEDS
        count = self.config.trials
        expect = partial(self.expect, cell)
        for number in range(1, count + 1):
            # The last of several comes from another process with another hash seed.
            other = second if number == count > 1 else first
            yield expect(TRAIN, role=TRIAL, number=number, hash_seed=other)
        asked = {model.name for model in self.models}
        witnesses = (model.name for model in self._witnesses(cell) if model.name in asked)
        if cell.model.name == next(witnesses, None):
            yield self._repeat(cell)
        if self.is_jittered(cell):
            for number in range(1, self.config.jitters + 1):
                yield expect(Train(number), role=JITTER, number=number)
            if self.config.jitters and has_equivalent(cell.model):
                yield expect(Train(equivalent=True), role=EQUIVALENT, number=0)
        if is_watched(cell.model):
            yield expect(Plain(), role=PLAIN, number=1)
        yield expect(Seeds(), role=SEEDS, number=1)

    def expect(
        self, cell: Cell, work: Work, *, role: str, number: int, hash_seed: str = HASH_SEEDS[0]
    ) -> ExpectedTrial:
        """Return a trial of a cell."""
        start = start_of(cell.model)
        shared = self._covers.get(cell)
        if shared is None:
            shared = self._covers[cell] = cell_covers(self.scope, cell, start)
        return keys.expect(
            self.scope,
            cell,
            work,
            role=role,
            number=number,
            seed=self.config.seed,
            hash_seed=hash_seed,
            start=start,
            shared=shared,
        )

    def under_another_seed(self, cell: Cell, number: int) -> ExpectedTrial:
        """Return the trial that trains a cell under a seed so many behind the one of all others."""
        seed = (self.config.seed + number) % SEED_LIMIT
        start = start_of(cell.model)
        return keys.expect(self.scope, cell, TRAIN, role=ENSEMBLE, number=number, seed=seed, start=start)

    @cached_property
    def _covers(self) -> dict[Cell, keys.Covers]:
        """What all trials of a cell cover, by cell, as far as it was asked for."""
        return {}

    def _repeat(self, cell: Cell) -> ExpectedTrial:
        """Return the trial of a cell in a fresh process."""
        return keys.expect(
            self.scope,
            cell,
            TRAIN,
            role=WITNESS,
            number=1,
            seed=self.config.seed,
            hash_seed=HASH_SEEDS[1],
            start=start_of(cell.model),
        )

    def _witnesses(self, cell: Cell) -> Sequence[Model]:
        """Return the models of a cell's mode in the order in which they are the witness: another in each environment.

        Each is placed by itself, so that a model more or less moves no other. None is a command: each of its trials
        imports TensorFlow itself, as a fresh process does.
        """

        def place(model: Model) -> bytes:
            return hashlib.sha256(f"{cell.environment.name}/{model.name}".encode()).digest()

        running = (model for model in self._all_models if not model.command and runs_in(model, cell.mode))
        return sorted(running, key=place)

    @cached_property
    def _all_models(self) -> Sequence[Model]:
        """Every model of the project, those that are asked about as they are in the plan."""
        return tuple({model.name: model for model in (*known_models(self.config), *self.models)}.values())


def start_of(model: Model) -> Start:
    """Return how the processes start that a model's trials are forked from: with the variables of its table."""
    if model.command:
        return BARE
    return Start(variables=model.defined.variables) if model.defined else USUAL


def _handed(expected: ExpectedTrial, path: Path) -> ExpectedTrial:
    """Return a trial with the file of what it is handed."""
    assert isinstance(expected.work, FromStart)
    return replace(expected, work=replace(expected.work, handed=str(path)))


def runs_in(model: Model, mode: str) -> bool:
    """Return whether a model is expected in a mode: a file in each, what a table defines in its own."""
    return not model.defined or not model.defined.modes or mode in model.defined.modes


def make_plan(config: Config) -> Plan:
    """Return the plan of a configuration.

    Raises ``UserError`` for a version, model or seed that does not exist, and where there is nothing to run.
    """
    require_seed(config)
    environments = named_environments(config, config.baseline)
    models = chosen_models(config)
    running = tuple(model for model in models if any(runs_in(model, mode) for mode in config.modes))
    idle = [model for model in models if model not in running]
    if idle and (config.models or not running):  # one that was named is not left out without a word
        raise UserError(
            f"the {'command' if idle[0].command else 'model'} {idle[0].name} is not run in "
            f"{' or '.join(config.modes)}; add a mode to modes in [tool.tfmatrix.models.{idle[0].name}], "
            "or choose another mode."
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
    # One that was repeated to keep more bytes is run as the trial that it repeats.
    repeated = {f"{KEPT}-1": f"{TRIAL}-1", **{f"{KEPT}-{n + 1}": f"{JITTER}-{n}" for n in range(1, config.jitters + 1)}}
    repeated[f"{KEPT}-{config.jitters + 2}"] = EQUIVALENT
    trial = repeated.get(trial, trial)
    if trial and trial not in trials:
        raise UserError(f"the cell {cell_id!r} has no trial {trial!r}; there are {', '.join(trials)}.")
    return trials[trial] if trial else plan.trials[cell][0]
