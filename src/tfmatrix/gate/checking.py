"""Checking: what a comparison, a policy and a ledger say of one candidate, with a reason for whatever does not pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from tfmatrix.compare.cells import UNSTABLE
from tfmatrix.compare.policy import digest, within
from tfmatrix.compare.results import CellComparison, CellState, Comparison
from tfmatrix.compare.stages import NATIVE
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.environments.machine import machine_id
from tfmatrix.errors import InternalError, UserError
from tfmatrix.gate import commands
from tfmatrix.gate.comparison import Evidence
from tfmatrix.gate.ledger import FILE, Place, Record
from tfmatrix.gate.levels import Level, level_beside, worst_level
from tfmatrix.gate.results import CellResult, Check, Reason
from tfmatrix.gate.stages import Difference, differences
from tfmatrix.gate.trying import require_a_policy_that_works
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import MISSING, OBSERVED, UNAVAILABLE, UNSUPPORTED, Cell, Environment, Policy

Ledger = Mapping[Place, Record]

SHOWN = {Level.FAIL, Level.WARN, Level.ACCEPTED}
"""Levels of a difference that a reader is told of; of what passes by the preset the verdict says enough."""


@dataclass(frozen=True)
class Pair:
    """An expected cell of the candidate, the baseline's, and what their comparison says."""

    baseline: CellState
    candidate: CellState
    compared: CellComparison
    differences: tuple[Difference, ...]
    """Empty where one of the two is neither observed nor unsupported."""
    machine: str
    """The id of the machine that both were run on."""

    @property
    def cell(self) -> Cell:
        """Return the candidate's cell."""
        return self.candidate.cell

    def place(self, difference: Difference) -> Place:
        """Return what a record about a difference is about."""
        return Place(
            start=self.baseline.cell.environment.name,
            to=self.cell.environment.name,
            machine=self.machine,
            cell=self.cell.name,
            stage=difference.stage,
        )


def pairs(evidence: Evidence, candidate: Environment) -> tuple[Pair, ...]:
    """Return every expected cell of a candidate with the baseline's and their comparison.

    Raises ``UserError`` where the candidate is the baseline.
    """
    plan, comparison = evidence.plan, evidence.comparison
    if candidate == plan.baseline:
        raise UserError(
            f"{candidate.name} is both the candidate and the baseline, so nothing would be compared; name another "
            "baseline with --baseline, or check what is pinned with `tfmatrix check --pinned`."
        )
    states = {state.cell: state for state in comparison.states}
    compared = {found.cell: found for found in comparison.cells}
    found = []
    for cell in plan.cells:
        if cell.environment == candidate:
            sides = states[Cell(plan.baseline, cell.launch, cell.mode, cell.model)], states[cell]
            known = all(state.outcome in {OBSERVED, UNSUPPORTED} for state in sides)
            policy = within(plan.config.policy, cell.model.name, cell.mode)
            differing = differences(*sides, compared[cell], policy) if known else ()
            found.append(Pair(*sides, compared[cell], differing, machine_id(plan.scope.machine)))
    return tuple(found)


def check(evidence: Evidence, candidate: Environment, ledger: Ledger, today: date) -> Check:
    """Return the gate's answer for one candidate of a plan, by its policy and a ledger.

    Raises ``UserError`` where the candidate is the baseline, and for a policy that can never fail.
    """
    plan, expected = evidence.plan, pairs(evidence, candidate)
    compared = {pair.cell.model for pair in expected if pair.compared.verdict is not Verdict.UNSUPPORTED}
    require_a_policy_that_works(
        plan.config.policy, ((pair.baseline, pair.candidate) for pair in expected), evidence.store
    )
    return Check(
        baseline=plan.baseline.name,
        candidate=candidate.name,
        preset=plan.config.policy.preset,
        policy=digest(plan.config.policy),
        machine=machine_id(plan.scope.machine),
        cells=tuple(_judge(plan, pair, ledger, today, somewhere=pair.cell.model in compared) for pair in expected),
        others=(
            *_of_environments(evidence.comparison, candidate),
            *_of_ledger(expected, plan, candidate, ledger, today),
        ),
    )


def _judge(plan: Plan, pair: Pair, ledger: Ledger, today: date, *, somewhere: bool) -> CellResult:
    """Return what becomes of one cell; ``somewhere`` says whether its model was compared in any mode or launch."""
    verdict = pair.compared.verdict
    if blocked := _blocked(plan.baseline, pair):
        return CellResult(pair.cell, verdict, blocked.level, (blocked,))
    if verdict is Verdict.UNSUPPORTED:
        return _not_compared(pair, somewhere=somewhere)
    policy = within(plan.config.policy, pair.cell.model.name, pair.cell.mode)
    reasons = [_reason(plan.baseline, pair, difference, ledger, today) for difference in pair.differences]
    if not reasons and verdict is not Verdict.IDENTICAL:
        raise InternalError(f"{pair.cell.id} is {verdict.value}, and no stage says why")
    shown = [reason for reason, of in zip(reasons, pair.differences, strict=True) if reason.level in SHOWN or of.by]
    beside = list(_beside(plan.baseline, pair, policy))
    shown += (reason for reason in beside if reason.level in SHOWN)
    reasons += beside
    level = worst_level(reason.level for reason in reasons) if reasons else Level.PASS
    return CellResult(pair.cell, verdict, level, tuple(sorted(shown, key=lambda reason: reason.level.severity)))


def _not_compared(pair: Pair, *, somewhere: bool) -> CellResult:
    """Return what becomes of a cell that exists on neither side: of a model that has no other, nothing was learnt."""
    reason = Reason(
        level=Level.WARN if somewhere else Level.INCOMPLETE,
        text=f"nothing was compared: {pair.compared.reason}",
        cell=pair.cell.id,
        verdict=pair.compared.verdict.value,
        command=commands.run_cell(pair.cell),
    )
    level = Level.UNSUPPORTED if somewhere else Level.INCOMPLETE
    return CellResult(pair.cell, pair.compared.verdict, level, (reason,))


def _blocked(baseline: Environment, pair: Pair) -> Reason | None:
    """Return why nothing can be judged of a cell, None where something can: this is no policy's to let pass."""
    for state, side in ((pair.candidate, ""), (pair.baseline, "the baseline: ")):
        if state.outcome in {OBSERVED, UNSUPPORTED}:
            continue
        failed = state is pair.candidate and state.outcome not in {MISSING, UNSTABLE, UNAVAILABLE}
        # A candidate that fails where the baseline does too was compared with nothing.
        complete = failed and pair.baseline.outcome in {OBSERVED, UNSUPPORTED}
        missing = state.outcome == MISSING
        more = commands.run_missing(baseline, pair.cell.environment) if missing else commands.run_cell(state.cell)
        return Reason(
            level=Level.FAIL if complete else Level.INCOMPLETE,
            text=f"{side}{state.outcome}: {state.reason}" if state.reason else f"{side}{state.outcome}",
            cell=pair.cell.id,
            verdict=pair.compared.verdict.value,
            command=more,
        )
    return None


def _reason(baseline: Environment, pair: Pair, difference: Difference, ledger: Ledger, today: date) -> Reason:
    """Return what becomes of one difference: what the policy fails may be accepted."""
    level, text = difference.level, difference.text
    if difference.by:
        text += f"; let pass by {difference.by}"
    record = ledger.get(pair.place(difference))
    if record and level is Level.FAIL:
        obstacle = record.obstacle(difference.bits, difference.verdict, today)
        level = Level.FAIL if obstacle else Level.ACCEPTED
        text += f"; {obstacle}" if obstacle else f"; accepted by {record.by} until {record.until}: {record.reason}"
    return Reason(
        level=level,
        text=text,
        cell=pair.cell.id,
        verdict=difference.verdict.value,
        stage=difference.stage,
        baseline=difference.bits.baseline,
        candidate=difference.bits.candidate,
        command=commands.report_cell(baseline, pair.cell),
    )


def _beside(baseline: Environment, pair: Pair, policy: Policy) -> Iterator[Reason]:
    """Yield what is said beside the verdict: what one side alone reports."""
    for one in pair.compared.one_sided:
        kind, _, name = one.stage.partition("/")
        yield Reason(
            level=level_beside(policy, NATIVE, kind),
            text=f"{name or kind} is reported by the {one.side} only, so it was compared with nothing",
            cell=pair.cell.id,
            verdict=Verdict.NOT_COMPARABLE.value,
            stage=f"{NATIVE}/{kind}",
            command=commands.report_cell(baseline, pair.cell),
        )


def _of_environments(comparison: Comparison, candidate: Environment) -> Iterator[Reason]:
    """Yield what makes two environments no two: of one set of packages no comparison says anything."""
    states = {state.environment: state.installed for state in comparison.environments}
    before, after = states[comparison.baseline], states[candidate]
    for name, installed in ((comparison.baseline.name, before), (candidate.name, after)):
        if installed is None:
            yield Reason(Level.INCOMPLETE, f"nothing is stored of what was installed in {name}")
    if before and after and before.packages == after.packages:
        yield Reason(
            Level.INCOMPLETE,
            f"{comparison.baseline.name} and {candidate.name} are the same packages, so nothing was compared",
        )


def _of_ledger(
    expected: tuple[Pair, ...], plan: Plan, candidate: Environment, ledger: Ledger, today: date
) -> Iterator[Reason]:
    """Yield the records about this move, on this machine, that no longer hold."""
    here = plan.baseline.name, candidate.name, machine_id(plan.scope.machine)
    found = {pair.place(difference): difference for pair in expected for difference in pair.differences}
    # Of a cell that could not be judged it is not known whether its differences are still there.
    unknown = {pair.cell.name for pair in expected if _blocked(plan.baseline, pair)}
    names = {pair.cell.name for pair in expected}
    for place, record in ledger.items():
        if (place.start, place.to, place.machine) != here or place.cell in unknown:
            continue
        difference = found.get(place)
        if place.cell not in names:
            obstacle = "is in a cell that is not expected"
        elif difference is None:
            obstacle = "has vanished"
        elif difference.level is Level.FAIL:
            continue  # which the cell's own reason speaks of
        else:
            obstacle = record.obstacle(difference.bits, difference.verdict, today)
        if obstacle:
            what = f"{place.cell} {place.stage}".strip()
            text = f"{FILE}: the difference {what} {obstacle}; remove the record, or accept it anew"
            yield Reason(Level.INCOMPLETE, text, cell=f"{place.to}/{place.cell}", stage=place.stage)
