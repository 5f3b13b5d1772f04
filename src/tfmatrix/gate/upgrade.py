"""A move from one environment to another: everything that the gate's answer rests on, put together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from tfmatrix.compare import policy
from tfmatrix.compare.policy import digest
from tfmatrix.config import Config
from tfmatrix.environments.machine import machine_id
from tfmatrix.errors import UserError
from tfmatrix.gate import ledger, omissions, receipt, vanished
from tfmatrix.gate.checking import check, pairs
from tfmatrix.gate.comparison import Evidence, gather
from tfmatrix.gate.levels import Level
from tfmatrix.gate.pinned import environment_in, outlook, pinned_environment, reasons
from tfmatrix.gate.pinning import versions_of
from tfmatrix.gate.receipt import Receipt
from tfmatrix.gate.results import Check, Reason
from tfmatrix.questions.chosen import environment_of, known_models
from tfmatrix.questions.explained import in_words
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import Environment
from tfmatrix.store.opening import open_store

CURRENT = ("tfmatrix", "report")
"""The command that makes the report anew, which the next pin rests on."""


def plan_of(config: Config, baseline: Environment, candidate: Environment) -> Plan:
    """Return the plan of one move, with every mode, model and launch of the configuration."""
    plan = make_plan(config.overridden(versions=[candidate.name], baseline=baseline.name))
    policy.require_known(config.policy, [model.name for model in known_models(config)])
    return plan


def check_move(config: Config, baseline: Environment, candidate: Environment, today: date, *elsewhere: Path) -> Check:
    """Return the gate's answer for a move, from what is stored; what trials read may lie elsewhere too."""
    plan = plan_of(config, baseline, candidate)
    with open_store(config, *elsewhere) as store:
        return answer(gather(plan, store), candidate, today, receipt_of(config))


def check_pin(config: Config, today: date, before: Environment | None = None, *elsewhere: Path) -> Check:
    """Return the gate's answer for what a project pins, by the receipt of the pin.

    ``before`` is what was pinned before, where that is known; what trials read, and git does not have, lies elsewhere.
    Raises ``UserError`` where no receipt is about this pin.
    """
    found = outlook(config)
    pinned = environment_in(config, found)
    known = receipt_of(config)
    if known is None:
        raise UserError(
            f"the project pins {pinned.name}, but there is no {receipt.FILE} to say on which report; "
            "`tfmatrix pin` writes both."
        )
    if known.to != pinned.name or (before and known.start != before.name):
        told = f" in place of {before.name}" if before else ""
        raise UserError(
            f"the project pins {pinned.name}{told}, and {receipt.FILE} is about the move from {known.start} to "
            f"{known.to}; `tfmatrix pin` writes both."
        )
    if known.machine != machine_id(config.machine):
        raise UserError(
            f"{receipt.FILE} was made on another machine, so it says nothing of this one; check what was run here "
            f"with `tfmatrix check {known.to} --baseline {known.start}`."
        )
    result = check_move(config, environment_of(config, known.start), pinned, today, *elsewhere)
    return replace(result, others=(*result.others, *reasons(config, found, pinned)))


def answer(evidence: Evidence, candidate: Environment, today: date, known: Receipt | None) -> Check:
    """Return the gate's answer for one candidate, by the project's ledger and the receipt of a pin."""
    plan = evidence.plan
    accepted = ledger.read(plan.config.root / ledger.FILE)
    result = _explained(check(evidence, candidate, accepted, today), evidence)
    others = [
        *result.others,
        *omissions.left_out(plan),
        *vanished.vanished(plan, evidence.store),
        *omissions.known_all_the_same(evidence, candidate, accepted, today),
    ]
    if known and known.move == (plan.baseline.name, candidate.name):
        found = receipt.broken(known, plan, result, receipt.evidence_of(pairs(evidence, candidate)), today)
        others += [
            Reason(Level.INCOMPLETE, f"{receipt.FILE} no longer holds: {text}", command=CURRENT) for text in found
        ]
        if known.machine != result.machine:
            text = f"{receipt.FILE} was made on another machine, so its results are not compared with these"
            others.append(Reason(Level.WARN, text))
    elif known and known.to == plan.baseline.name:
        others += [
            Reason(
                Level.INCOMPLETE,
                f"{text}, on which the pin of {known.to} relies; if you want that, pin {known.to} anew first",
                command=CURRENT,
            )
            for text in receipt.narrowed(known, plan)
        ]
    return replace(result, others=tuple(others))


def _explained(result: Check, evidence: Evidence) -> Check:
    """Return an answer in which what fails says whose it is and what undoes it, where that was found out."""
    known = {(cell.cell.id, one.place): one for cell in evidence.comparison.cells for one in cell.explained}

    def explain(reason: Reason) -> Reason:
        found = known.get((reason.cell, reason.stage)) if not reason.level.passes else None
        return replace(reason, text=f"{reason.text}; {in_words(found)}") if found else reason

    cells = (replace(one, reasons=tuple(map(explain, one.reasons))) for one in result.cells)
    return replace(result, cells=tuple(cells))


def make_receipt(evidence: Evidence, candidate: Environment, report: str, today: date) -> Receipt:
    """Return the receipt of a pin that rests on evidence and the report of it."""
    plan = evidence.plan
    return Receipt(
        start=plan.baseline.name,
        to=candidate.name,
        report=report,
        machine=machine_id(plan.scope.machine),
        policy=digest(plan.config.policy),
        evidence=receipt.evidence_of(pairs(evidence, candidate)),
        on=today,
        versions=versions_of(plan.config, candidate),
        settings=receipt.settings_of(plan),
    )


def pinned_move(config: Config, candidate: Environment) -> Environment:
    """Return what pinning a candidate moves from: what is pinned, or what that came from where it is pinned already.

    A pin that is made anew moves nothing and replaces its receipt.
    """
    pinned, known = pinned_environment(config), receipt_of(config)
    if pinned != candidate:
        return pinned
    if known is None or known.to != candidate.name:
        raise UserError(f"the project pins {candidate.name} already, and no {receipt.FILE} says what that came from.")
    return environment_of(config, known.start)


def receipt_of(config: Config) -> Receipt | None:
    """Return the receipt of a project's pin, None where there is none."""
    return receipt.read(config.root / receipt.FILE)
