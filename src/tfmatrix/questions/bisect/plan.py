"""The plan: which builds of a line are run, round after round, until what is asked is narrowed down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import NamedTuple

from msgspec import ValidationError, convert, to_builtins
from packaging.utils import canonicalize_name

from tfmatrix import keys
from tfmatrix.compare.cells import state_of
from tfmatrix.compare.policy import require_known
from tfmatrix.compare.results import CellState
from tfmatrix.compare.tensors import Tensors
from tfmatrix.config import Config
from tfmatrix.environments import catalogue, locks, making, offered
from tfmatrix.environments.offered import Uploaded
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.keys import HASH_SEEDS, Scope, lock_digests, scope_of
from tfmatrix.questions.bisect import intervals
from tfmatrix.questions.bisect.asked import Asked, asked_of, check_of
from tfmatrix.questions.bisect.judge import Result, by_bits, by_status, by_verdict, is_nothing, named_by
from tfmatrix.questions.bisect.line import PACKAGES, TENSORFLOW, Axis, Build, Grain, Offered, axis_of, builds
from tfmatrix.questions.bisect.made import Made
from tfmatrix.questions.chosen import known_models
from tfmatrix.questions.explain import ExplainPlan, make_explain_plan
from tfmatrix.questions.matrix import Plan, compare_all, start_of
from tfmatrix.records import TRIAL, UNAVAILABLE, Cell, Check, Environment, ExpectedTrial, Launch, Model, Trial
from tfmatrix.runner.events import Event
from tfmatrix.runner.rounds import Known
from tfmatrix.store.facts import note_refusal, noted_refusal
from tfmatrix.store.store import Store

OFFERED = "offered"
"""Kind of the facts that say, by a package, what the index offered of it when that was last asked for a bisect."""

Line = Sequence[Build]
Results = Mapping[Asked, Sequence[Result]]
"""What each build of a line gave of each cell that is asked about."""
Find = Callable[[str], Trial | None]
"""From a trial's key to what is known of it."""


class Sight(NamedTuple):
    """What can be seen of trials: those of a run, or all that are stored."""

    known: Known
    find: Find
    refusal: Callable[[Environment], str]
    """From an environment to why it cannot be had; empty where it can, as far as is known."""

    def lacks(self, trials: Iterable[ExpectedTrial]) -> bool:
        """Return whether any of some trials is not known and may be had."""
        unknown = (one for one in trials if self.find(one.key) is None)
        return any(not (one.lacking or self.refusal(one.cell.environment)) for one in unknown)


@dataclass(frozen=True)
class Choices:
    """How a line is searched."""

    patches: bool = False
    """Whether patches and release candidates are builds too."""
    nightlies: bool = False
    """Whether nightly builds are."""
    scan: bool = False
    """Whether every build is run."""
    by_verdict: bool = False
    """Whether a build counts as the same up to rounding, and not by its bits."""
    keep: int | None = None
    """How many of the environments that it makes are kept; None: all."""
    explain: bool = False
    """Whether it is found out at each boundary why the cell changed."""


@dataclass(frozen=True)
class BisectPlan:
    """What is to be found out, along which axis, and how."""

    config: Config
    axis: Axis
    asked: tuple[Asked, ...]
    choices: Choices = Choices()

    @property
    def every_environment(self) -> tuple[Environment, ...]:
        """The environments that it needs whatever is found; what else it needs is locked when it is."""
        return self.axis.first, self.axis.last

    @cached_property
    def scope(self) -> Scope:
        """What every result rests on; of a build once it was looked at."""
        return replace(scope_of(self.config, ()), locks=self._locks)

    @cached_property
    def _locks(self) -> dict[Environment, str]:
        return {}

    @cached_property
    def _unlocked(self) -> set[Environment]:
        """What could not be locked in this run."""
        return set()

    @cached_property
    def _made(self) -> Made:
        return Made(self.config.root / ".nox")

    @cached_property
    def _matrices(self) -> dict[tuple[tuple[Environment, ...], Launch, str], Plan]:
        return {}

    @cached_property
    def _answered(self) -> set[str]:
        """The packages that the index was asked about in this run."""
        return set()

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages of which the index has to tell the versions."""
        if self.axis.package == PACKAGES:
            return ()
        of_tensorflow = self.axis.package == TENSORFLOW
        own = catalogue.package_of(self.config.distribution) if of_tensorflow else self.axis.package
        released = (own,) if self.choices.patches or not of_tensorflow else ()
        return (*released, catalogue.NIGHTLY[own]) if self.choices.nightlies else released

    def line(self, store: Store) -> Line:
        """Return every build in order, by what the index offered when it was last asked."""
        found: dict[str, Offered] = {}
        for package in self.packages:
            # What an earlier tfmatrix noted in another form is none; a run asks again.
            with suppress(ValidationError):
                found[package] = convert(store.noted(OFFERED, package), dict[str, Uploaded])
        line = builds(self.config, self.axis, found)
        self._look_at(build.environment for build in line)
        return line

    def wanted(self, known: Known) -> Iterable[ExpectedTrial]:
        """Return the trials of the builds that are to be run next, and those that are known of any.

        Raises ``Unavailable`` where the index has to be asked and does not answer.
        """
        if self.choices.keep is not None:
            self._made.remove_beyond(self.choices.keep)  # no build is in use between two rounds
        self._ask(known.store)

        def refusal(environment: Environment) -> str:
            return self.refusal(environment, known.store) if self._is_refused(environment, known) else ""

        line, sight = self.line(known.store), Sight(known, known.trial, refusal)
        chosen, trials = self._chosen(line, sight, self._lock)
        if self.choices.explain and not sight.lacks(trials):
            trials += self._why(line, self._results(line, chosen, sight), known)
        return [*trials, *self._known(line, sight)]

    def _why(self, line: Line, found: Results, known: Known) -> Iterator[ExpectedTrial]:
        """Yield the trials that say why each cell changed at each of its boundaries."""
        for asked, results in found.items():
            for before, after in changes(line, results):
                if plan := self.explanation(asked, before.environment, after.environment):
                    self._look_at(plan.every_environment)
                    self._lock(plan.every_environment, known.store)
                    yield from plan.wanted(known)

    def explanation(self, asked: Asked, before: Environment, after: Environment) -> ExplainPlan | None:
        """Return the plan that says why a cell changed between two builds; None of a check, which has no stages."""
        if asked.check:
            return None
        key = asked.cell(after), before
        if key not in self._explanations:
            chosen = {"versions": [after.name], "models": [asked.model.name], "modes": [asked.mode]}
            config = replace(self.config, launches=(asked.launch,)).overridden(baseline=before.name, **chosen)
            self._explanations[key] = make_explain_plan(config, only=asked.cell(after).name)
        return self._explanations[key]

    @cached_property
    def _explanations(self) -> dict[tuple[Cell, Environment], ExplainPlan]:
        return {}

    def results(self, line: Line, store: Store) -> Results:
        """Return what each build of a line gave of each cell that is asked about, as far as it is stored."""
        sight = Sight(Known(store), store.trial, lambda environment: self.refusal(environment, store))
        chosen, _ = self._chosen(line, sight, lambda *_: None)
        return self._results(line, chosen, sight)

    def note(self, event: Event, store: Store) -> None:
        """Note which environments it makes; all else is noted by what all questions do."""
        del store
        self._made.learn(event)

    def refusal(self, environment: Environment, store: Store) -> str:
        """Return why an environment cannot be had, by what is noted; empty where it can, or nobody tried."""
        return noted_refusal(store, self.scope.environment_key(environment))

    def _chosen(
        self, line: Line, sight: Sight, lock: Callable[[Iterable[Environment], Store], None]
    ) -> tuple[set[int], list[ExpectedTrial]]:
        """Search a line as far as is known; return which builds came up on the way, and the trials that they need."""
        chosen: set[int] = set()
        while True:
            trials = self._trials(line, chosen, sight)
            if sight.lacks(trials):
                return chosen, trials
            new = [at for at in self._next(line, self._results(line, chosen, sight)) if at not in chosen]
            if not new:
                return chosen, trials
            chosen |= {*self._affordable(line, new)}
            lock((line[at].environment for at in sorted(chosen)), sight.known.store)

    def _next(self, line: Line, found: Results) -> Iterator[int]:
        """Yield the builds that are to be run next of any cell: of a finer grain where no coarser one is left."""
        for results in found.values():
            if is_nothing(results):
                continue
            for grain in Grain:
                places = [at for at, build in enumerate(line) if build.grain <= grain]
                letters = [results[at].same for at in places]
                skipped = [at for at, place in enumerate(places) if results[place].is_skipped]
                if wanted := intervals.wanted(letters, skipped, scan=self.choices.scan):
                    yield from (places[at] for at in wanted)
                    break

    def _affordable(self, line: Line, places: Iterable[int]) -> list[int]:
        """Return some builds without those whose environments would be more at once than are to be kept."""
        all_ = list(dict.fromkeys(places))
        if self.choices.keep is None:
            return all_
        root = self.config.root / ".nox"
        absent = [at for at in all_ if not making.is_there(making.folder_of(line[at].environment, root))]
        left = {*absent[max(1, self.choices.keep) :]}
        return [at for at in all_ if at not in left]

    def _trials(self, line: Line, chosen: Iterable[int], sight: Sight) -> list[ExpectedTrial]:
        """Return what is needed of some builds."""
        environments = [line[at].environment for at in sorted(chosen)]
        plans, checks = self._plans(environments), list(self._checks(environments))
        if self.choices.by_verdict:
            return [*(one for plan in plans for one in plan.wanted(sight.known)), *checks]
        return [*(one for plan in plans for cell in plan.cells for one in _agreeing(plan, cell)), *checks]

    def _known(self, line: Line, sight: Sight) -> Iterator[ExpectedTrial]:
        """Yield what is known of any build."""
        environments = [build.environment for build in line]
        cells = [(plan, cell) for plan in self._plans(environments) for cell in plan.cells]
        trials = (one for plan, cell in cells for one in _agreeing(plan, cell))
        yield from (one for one in (*trials, *self._checks(environments)) if sight.find(one.key))

    def _checks(self, environments: Iterable[Environment]) -> Iterator[ExpectedTrial]:
        """Yield the trials of the checks in those environments that have a lock."""
        for environment in dict.fromkeys(environments):
            if self._locks[environment]:
                for one in self.asked:
                    yield from self._trials_of_check(one.cell(environment)) if one.check else ()

    def _trials_of_check(self, cell: Cell) -> Iterator[ExpectedTrial]:
        """Yield the trials of a check in one environment, the last of several under another hash seed, as elsewhere."""
        count, start = self.config.trials, start_of(cell.model)
        for number in range(1, count + 1):
            seed = HASH_SEEDS[number == count > 1]
            yield keys.expect(self.scope, cell, Check(), role=TRIAL, number=number, hash_seed=seed, start=start)

    def _results(self, line: Line, chosen: Iterable[int], sight: Sight) -> Results:
        """Return what each build gave of each thing that is asked about."""
        environments = [build.environment for build in line]
        of_cells, of_checks = self._of_cells(environments, chosen, sight), self._of_checks(environments, sight)
        return {one: (of_checks if one.check else of_cells)[one] for one in self.asked}

    def _of_checks(self, environments: Sequence[Environment], sight: Sight) -> Results:
        """Return what each build gave of each check."""
        tensors = Tensors(sight.known.store, measured=False)
        found = {**self._refused(environments, sight)}
        for cell, trials in _by_cell(self._checks(environments)).items():
            pairs = [(one, sight.find(one.key)) for one in trials]
            found[cell] = state_of(cell, pairs, sight.refusal(cell.environment), tensors, sight.known.store)
        checks = [one for one in self.asked if one.check]
        return {one: by_status([found.get(one.cell(each)) for each in environments]) for one in checks}

    def _of_cells(self, environments: Sequence[Environment], chosen: Iterable[int], sight: Sight) -> Results:
        """Return what each build gave of each cell.

        By verdict only of those that were chosen, each of which costs more trials.
        """
        cells = [one for one in self.asked if not one.check]
        if self.choices.by_verdict:
            plans = self._plans(environments[at] for at in sorted(chosen))
            compared = [compare_all(plan, sight.known.store) for plan in plans]
            states = {state.cell: state for one in compared for state in one.states}
            judged = {one.cell: one for comparison in compared for one in comparison.cells}
            refused = self._refused(environments, sight)
            return {
                one: by_verdict([one.cell(each) for each in environments], {**refused, **states}, judged)
                for one in cells
            }
        tensors = Tensors(sight.known.store, measured=False)
        found = {state.cell: state for state in self._states(environments, tensors, sight)}
        of = {one: [found.get(one.cell(each)) for each in environments] for one in cells}
        return {one: by_bits(states, named_by(states, one.stage, tensors)) for one, states in of.items()}

    def _states(self, environments: Iterable[Environment], tensors: Tensors, sight: Sight) -> Iterator[CellState]:
        """Yield what the trials of each build say together that must agree."""
        environments = list(environments)
        for plan in self._plans(environments):
            for cell in plan.cells:
                trials = [(one, sight.find(one.key)) for one in _agreeing(plan, cell)]
                yield state_of(cell, trials, sight.refusal(cell.environment), tensors, sight.known.store)
        yield from self._refused(environments, sight).values()

    def _refused(self, environments: Iterable[Environment], sight: Sight) -> Mapping[Cell, CellState]:
        """Return the state of the cells of environments that have no lock, and why."""
        without = [one for one in environments if not self._locks[one]]
        refused = {one: reason for one in without if (reason := sight.refusal(one))}
        cells = {one.cell(each): reason for each, reason in refused.items() for one in self.asked}
        return {cell: CellState(cell, UNAVAILABLE, reason) for cell, reason in cells.items()}

    def _plans(self, environments: Iterable[Environment]) -> Sequence[Plan]:
        """Return a matrix of those environments that have a lock for each launch and mode that is asked about.

        Its trials are those that the project's own matrix has of the same cells. The first build is the baseline.
        """
        there = tuple(one for one in dict.fromkeys(environments) if self._locks[one])
        if not there or (self.choices.by_verdict and self.axis.first not in there):
            return ()
        models: dict[tuple[Launch, str], dict[Model, None]] = {}
        for one in (each for each in self.asked if not each.check):
            models.setdefault((one.launch, one.mode), {})[one.model] = None
        return [self._matrix(there, *key, names) for key, names in models.items()]

    def _matrix(self, there: tuple[Environment, ...], launch: Launch, mode: str, models: Iterable[Model]) -> Plan:
        """Return a matrix, the same one each time: it holds what its trials are handed."""
        if (there, launch, mode) not in self._matrices:
            config = replace(self.config, launches=(launch,), modes=(mode,))
            baseline = self.axis.first if self.axis.first in there else there[0]
            plan = Plan(config, there, baseline, tuple(models))
            self._locks.update(plan.scope.locks)
            self._matrices[there, launch, mode] = plan
        return self._matrices[there, launch, mode]

    def _look_at(self, environments: Iterable[Environment]) -> None:
        """Take note of the locks of environments."""
        new = [one for one in environments if not self._locks.get(one)]
        self._locks.update(lock_digests(self.config, new))

    def _lock(self, environments: Iterable[Environment], store: Store) -> None:
        """Have each environment be locked that has no lock that fits; note why where that can't be."""
        folders = [self.config.root / "locks"]
        for environment in environments:
            if not self._locks[environment] and environment not in self._unlocked:
                try:
                    locks.find_or_make_lock(environment, folders)
                except Unavailable as error:
                    self._unlocked.add(environment)
                    note_refusal(store, self.scope.environment_key(environment), str(error))
                self._look_at([environment])

    def _is_refused(self, environment: Environment, known: Known) -> bool:
        """Return whether it turned out in this run that an environment cannot be had."""
        return environment in self._unlocked or known.refuses(environment)

    def _ask(self, store: Store) -> None:
        """Ask the index, once, what builds there are, and note it: a report is made of what is stored."""
        for package in self.packages:
            if package not in self._answered:
                self._answered.add(package)
                found = offered.versions_of(package, self.config.root)
                store.note(OFFERED, package, to_builtins(found))


def changes(line: Line, results: Sequence[Result]) -> Iterator[tuple[Build, Build]]:
    """Yield each two builds that a change lies between, both of which were observed."""
    letters = [one.same for one in results]
    for one in intervals.boundaries(letters, [at for at, result in enumerate(results) if result.is_skipped]):
        if results[one.before].trace and results[one.after].trace:
            yield line[one.before], line[one.after]


def _by_cell(trials: Iterable[ExpectedTrial]) -> Mapping[Cell, Sequence[ExpectedTrial]]:
    found: dict[Cell, list[ExpectedTrial]] = {}
    for one in trials:
        found.setdefault(one.cell, []).append(one)
    return found


def _agreeing(plan: Plan, cell: Cell) -> Iterator[ExpectedTrial]:
    """Yield the trials of a cell that must agree."""
    return (one for one in plan.trials[cell] if one.role == TRIAL)


def make_bisect_plan(  # noqa: PLR0913  # each is asked for
    config: Config,
    between: str,
    cells: Sequence[str],
    axis: str = TENSORFLOW,
    choices: Choices = Choices(),
    *,
    checks: Sequence[str] = (),
) -> BisectPlan:
    """Return the plan of a bisect between two builds, written ``2.12.1..2.16.2``, of some cells and checks.

    Raises ``UserError`` for a build, cell, stage, axis or script that does not exist, and for choices that contradict.
    """
    first, dots, last = between.partition("..")
    if not (first and dots and last):
        raise UserError(f"{between!r} is not between two builds; write the first and the last: 2.12.1..2.16.2.")
    if axis != TENSORFLOW and choices.patches:
        raise UserError(f"--patches is about TensorFlow's own builds, so --axis {axis} does not go with it.")
    if canonicalize_name(axis) not in catalogue.NIGHTLY and choices.nightlies:
        raise UserError(f"tfmatrix knows no nightly builds of {axis}; leave --nightlies out.")
    if not (cells or checks):
        raise UserError(
            "nothing is asked about; name a cell, or a stage of it: --cell mlp/tf2/gradient; or a command of yours: "
            "--check 'python check.py'."
        )
    along = axis_of(config, axis, first, last)
    found = [
        *(one for cell in cells for one in asked_of(config, cell, along.last)),
        *map(partial(check_of, config), checks),
    ]
    asked = tuple(dict.fromkeys(found))
    if staged := [one for one in asked if one.stage and choices.by_verdict]:
        raise UserError(f"--until different judges a whole cell; leave {staged[0].stage!r} out of {staged[0].name}.")
    if choices.explain and not any(not one.check for one in asked):
        raise UserError("--explain tells why the stages of a cell changed, and a check has none; name a cell too.")
    require_known(config.policy, [model.name for model in known_models(config)])
    return BisectPlan(config, along, asked, choices)
