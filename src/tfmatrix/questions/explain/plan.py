"""The plan: the matrix of a baseline and some candidates, and behind it the remedies of each cell that changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

from tfmatrix import keys
from tfmatrix.compare.judging import Judge, Traces
from tfmatrix.compare.policy import ratio_for, within
from tfmatrix.compare.results import CellComparison, Comparison
from tfmatrix.compare.stages import INJECTED, NATIVE
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.verdicts import Verdict, worst
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.keys import Scope, scope_of
from tfmatrix.questions.explain.hidden import Determinism
from tfmatrix.questions.explain.judge import RUNS, Case, Finding, Outcome, after, findings_of, wanted
from tfmatrix.questions.explain.remedies import Remedies, Remedy
from tfmatrix.questions.explain.steps import Step, Steps
from tfmatrix.questions.matrix import Plan, compare_all, make_plan, start_of
from tfmatrix.records import OBSERVED, TRIAL, UNAVAILABLE, Cell, Environment, ExpectedTrial, Train, Work
from tfmatrix.runner.events import Event
from tfmatrix.runner.rounds import Known
from tfmatrix.runner.temporary import HeldFolder
from tfmatrix.store.facts import noted_refusal
from tfmatrix.store.store import Store


@dataclass(frozen=True)
class ExplainPlan:
    """What is to be explained."""

    matrix: Plan
    only: str = ""
    """The name of the one cell that is asked about, ``mlp/tf2``; empty: every one that changed."""

    @property
    def config(self) -> Config:
        """The configuration that it is asked under."""
        return self.matrix.config

    @cached_property
    def scope(self) -> Scope:
        """What every result rests on, as it was when this was first asked for."""
        return scope_of(self.config, self.every_environment)

    @cached_property
    def every_environment(self) -> tuple[Environment, ...]:
        """Every environment that it may need: the matrix's, and what the remedies need besides."""
        more = (one for remedies in self.remedies.values() for one in remedies.environments)
        return tuple(dict.fromkeys([*self.matrix.every_environment, *more]))

    @cached_property
    def remedies(self) -> Mapping[Environment, Remedies]:
        """The remedies of each candidate."""
        baseline = self.matrix.baseline
        return {one: Remedies(self.config, baseline, one) for one in self.matrix.candidates}

    def wanted(self, known: Known) -> Iterable[ExpectedTrial]:
        """Return every trial that is needed, given what is known: of the matrix first, and then of the remedies."""
        first = list(self.matrix.wanted(known))
        if known.missing(first):
            return first
        cases = Cases(self, known.store, compare_all(self.matrix, known.store))
        remedies = [one for case in cases.all for remedy in wanted(case) for one in cases.trials(case, remedy)]
        without = [trial for one in cases.deterministic for trial in cases.determinism.trials(one)]
        return [*first, *remedies, *without, *(one for case in cases.all for one in self._steps(case, cases, known))]

    def _steps(self, case: Case, cases: Cases, known: Known) -> Iterator[ExpectedTrial]:
        """Yield the trials of a case's single ops, each that is to be run with what it is handed."""
        sides = cases.sides(case)
        for one in cases.steps.wanted(*sides) if case.compared.stages else ():
            yield one if known.has(one.key) else cases.steps.write(one, sides[0], self._held.path)

    @cached_property
    def _held(self) -> HeldFolder:
        """A folder for what trials are handed, which is there as long as the plan is."""
        return HeldFolder("ops")

    def note(self, event: Event, store: Store) -> None:
        """Note nothing besides what all questions do."""


def make_explain_plan(config: Config, *, only: str = "") -> ExplainPlan:
    """Return the plan of a configuration.

    Raises ``UserError`` where there is nothing but the baseline, and for a cell that does not exist.
    """
    matrix = make_plan(config)
    if not matrix.candidates:
        raise UserError(f"there is nothing to explain: {config.baseline} is the baseline; name another version.")
    names = dict.fromkeys(cell.name for cell in matrix.cells)
    if only and only not in names:
        raise UserError(f"there is no cell {only!r}; there are {', '.join(names)}.")
    return ExplainPlan(matrix, only)


class Cases:
    """Every cell that changed, with what is stored of its remedies."""

    def __init__(self, plan: ExplainPlan, store: Store, comparison: Comparison) -> None:
        """Take what a comparison says; nothing is measured yet."""
        self._plan, self._store = plan, store
        self._tensors = Tensors(store)
        self._states = {state.cell: state for state in comparison.states}
        self._found: dict[tuple[Cell, Remedy], Outcome | None] = {}
        self.steps = Steps(self._expect, store, self._tensors.distance)
        """The single ops of a step of each."""
        self._rounding: set[tuple[Environment, str]] = set()
        self.left_out: list[Cell] = []
        """Cells that are rounding as others are, and not explained."""
        self.all = tuple(self._cases(comparison))
        self.determinism = Determinism(
            plan.matrix.baseline,
            plan.remedies.__getitem__,
            lambda cell, number: self._expect(cell, Train(), TRIAL, number),
            self._tensors,
            store,
        )
        """What op determinism hides."""
        asked = [one for one in comparison.cells if plan.only in {"", one.cell.name}]
        self.deterministic = tuple(self.determinism.asked(asked))
        """The cells of which it may hide something."""

    def _cases(self, comparison: Comparison) -> Iterator[Case]:
        for compared in comparison.cells:
            findings = () if self.is_unavailable(compared) else findings_of(compared)
            if findings and self._plan.only in {"", compared.cell.name}:
                if self._is_one_more(compared):
                    self.left_out.append(compared.cell)
                    continue
                remedies = self._plan.remedies[compared.cell.environment]
                yield Case(compared, findings, remedies, partial(self._find, compared, findings))

    def is_unavailable(self, compared: CellComparison) -> bool:
        """Return whether a cell, or the baseline's, can't be had: then it did not change, as far as is known."""
        sides = compared.cell, self._of_baseline(compared.cell)
        return any(self._states[cell].outcome == UNAVAILABLE for cell in sides)

    def _is_one_more(self, compared: CellComparison) -> bool:
        """Return whether a cell is rounding, and another of its release and mode that is explained is too.

        Rounding mostly has one cause, and is of many cells. Who names a cell or models has all of them explained.
        """
        if compared.verdict is not Verdict.ROUNDING or self._plan.only or self._plan.config.models:
            return False
        place = compared.cell.environment, compared.cell.mode
        known = place in self._rounding
        self._rounding.add(place)
        return known

    def sides(self, case: Case) -> tuple[Cell, Cell]:
        """Return the baseline's cell of a case, and its own."""
        cell = case.compared.cell
        return self._of_baseline(cell), cell

    def _of_baseline(self, cell: Cell) -> Cell:
        return replace(cell, environment=self._plan.matrix.baseline)

    def step(self, case: Case) -> Step | None:
        """Return what single ops say of a case; None where that is not known by now."""
        return self.steps.of(*self.sides(case)) if case.compared.stages else Step()

    def trials(self, case: Case, remedy: Remedy) -> Iterator[ExpectedTrial]:
        """Yield the trials of a remedy: the candidate's, and the baseline's where it is for both sides."""
        yield from self._trials(case.compared.cell, remedy)

    def _trials(self, cell: Cell, remedy: Remedy) -> Iterator[ExpectedTrial]:
        for one in (cell, *([self._of_baseline(cell)] if remedy.both else [])):
            if changed := self._plan.remedies[cell.environment].cell(one, remedy):
                yield self._expect(changed, Train(), TRIAL, number=1)

    def _expect(self, cell: Cell, work: Work, role: str, number: int = 0) -> ExpectedTrial:
        seed, start = self._plan.config.seed, start_of(cell.model)
        return keys.expect(self._plan.scope, cell, work, role=role, number=number, seed=seed, start=start)

    def _find(self, compared: CellComparison, findings: tuple[Finding, ...], remedy: Remedy) -> Outcome | None:
        key = (compared.cell, remedy)
        if key not in self._found:
            self._found[key] = self._outcome(compared, findings, remedy)
        return self._found[key]

    def _outcome(self, compared: CellComparison, findings: tuple[Finding, ...], remedy: Remedy) -> Outcome | None:
        """Return what came of a remedy, None where it was not tried."""
        traces: list[str] = []
        for expected in self._trials(compared.cell, remedy):
            trial = self._store.trial(expected.key)
            if trial is None:
                environment = expected.cell.environment
                key = self._plan.scope.environment_key(environment)
                refusal = expected.lacking or noted_refusal(self._store, key)
                return Outcome(UNAVAILABLE, refusal) if refusal else None
            if trial.outcome != OBSERVED or not trial.trace:
                return Outcome(trial.outcome, " ".join(trial.message.split()))
            traces.append(trial.trace)
        return self._judged(compared, findings, *traces)

    def _judged(
        self, compared: CellComparison, findings: tuple[Finding, ...], candidate: str, baseline: str = ""
    ) -> Outcome:
        """Return what two traces say of findings; the baseline's is its own where no other is given.

        The noise floor is the baseline's own.
        """
        base = self._states[self._of_baseline(compared.cell)]
        mine = baseline or base.trace
        assert mine
        if mine == candidate:
            return Outcome(OBSERVED, "", (Verdict.IDENTICAL,) * len(findings), (False,) * len(findings))
        policy = within(self._plan.config.policy, compared.cell.model.name, compared.cell.mode)
        traces = Traces(mine, base.jitters, base.seeds, base.trace, base.equivalent)
        judge = Judge(self._tensors, traces, Traces(candidate), partial(ratio_for, policy))
        self._tensors.prepare(judge.pairs((NATIVE, INJECTED)))
        stages = judge.judge((NATIVE, INJECTED)).stages
        found = {(one.tier, one.kind): one.verdict for one in stages}
        bits = {(one.tier, one.kind): one.candidate for one in stages}
        own = {(one.tier, one.kind): one.candidate for one in compared.stages}
        if findings[0].stage == RUNS:
            told = worst(one.verdict for one in stages if one.verdict)
            return Outcome(OBSERVED, "", (told,), (False,))
        places = [(one.tier, one.stage) for one in findings]
        return Outcome(OBSERVED, "", after(findings, found), tuple(own.get(at) == bits.get(at) for at in places))
