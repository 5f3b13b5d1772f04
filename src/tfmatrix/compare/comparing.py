"""Comparing: everything in a store that a plan expects, as one object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from tfmatrix.compare.cells import UNSTABLE, state_of
from tfmatrix.compare.classes import letters, whole_letters
from tfmatrix.compare.judging import INJECTED, Judge, Traces
from tfmatrix.compare.policy import DEFAULT, digest, ratio_for, within
from tfmatrix.compare.results import (
    CellComparison,
    CellState,
    Comparison,
    EnvironmentState,
    ModeComparison,
    Step,
)
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.verdicts import Verdict, worst
from tfmatrix.environments import making
from tfmatrix.machine import machine_id, this_machine
from tfmatrix.plan import Plan, known_models
from tfmatrix.records import (
    MISSING,
    OBSERVED,
    UNAVAILABLE,
    UNSUPPORTED,
    Cell,
    Environment,
    InstalledEnvironment,
    Machine,
    Package,
    Policy,
    Trial,
)
from tfmatrix.store import Store

REFUSAL, INSTALLED, MACHINE = "refusal", "installed", "machine"
"""Kinds of facts in the store: why an environment could not be had, what was in one that could, what a machine is."""


def compare_all(plan: Plan, store: Store) -> Comparison:
    """Compare every expected cell with the baseline's, and the modes of each environment with each other."""
    tensors = Tensors(store)
    found = states(plan, store, tensors)
    against, after, between = {}, {}, {}
    before = dict(zip(plan.environments[1:], plan.environments, strict=False))
    # Model by model, so that each trace is read once however many there are.
    for cell in sorted(found, key=_launch_and_model):
        base = found[_in(plan.baseline, cell)]  # the only one that is jittered
        if cell.environment != plan.baseline:
            against[cell] = compare_cells(tensors, base, found[cell], plan.config.policy)
        if cell.environment in before:
            previous = found[_in(before[cell.environment], cell)]
            known = against.get(cell) if previous is base else None
            after[cell] = known or compare_cells(tensors, previous, found[cell], plan.config.policy, base)
        if compared := _compare_modes(plan, tensors, found, cell, base):
            between[cell] = compared
    comparison = Comparison(
        baseline=plan.baseline,
        environments=tuple(_environments(plan, store)),
        states=tuple(found.values()),
        letters=letters(found.values()),
        whole_letters=whole_letters(found.values()),
        cells=tuple(against[cell] for cell in found if cell in against),
        steps=tuple(
            Step(older, newer, tuple(after[cell] for cell in found if cell.environment == newer))
            for older, newer in pairwise(plan.environments)
        ),
        modes=tuple(between[cell] for cell in found if cell in between),
        machine=noted_machine(store),
        settings={
            "trials": plan.config.trials,
            "jitters": plan.config.jitters,
            "seed": plan.config.seed,
            "modes": list(plan.config.modes),
            "launches": [launch.name for launch in plan.config.launches],
            "policy": digest(plan.config.policy),
            "left_out": sorted(model.name for model in known_models(plan.config) if model not in plan.models),
        },
    )
    tensors.keep()
    return comparison


def states(plan: Plan, store: Store, tensors: Tensors | None = None) -> Mapping[Cell, CellState]:
    """Return what the trials of every expected cell say together."""
    tensors = tensors or Tensors(store)
    observed = store.observed()  # at once, and without the evidence: of these nothing else is asked
    return {cell: _state(plan, store, tensors, cell, observed) for cell in plan.cells}


def noted_machine(store: Store) -> Machine:
    """Return the machine as it was when trials were last run on it, and as it is now where none was."""
    noted = store.noted(MACHINE, machine_id(this_machine()))
    if not isinstance(noted, dict):
        return this_machine()
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in noted.items()}
    return Machine(**values)


def _state(plan: Plan, store: Store, tensors: Tensors, cell: Cell, observed: Mapping[str, str]) -> CellState:
    refusal = store.noted(REFUSAL, environment_key(plan, cell.environment))
    trials = [
        (e, Trial(e.key, OBSERVED, e.id, trace=observed[e.key]) if e.key in observed else store.trial(e.key))
        for e in plan.trials[cell]
    ]
    return state_of(cell, trials, str(refusal or ""), tensors, store.last_called)


def environment_key(plan: Plan, environment: Environment) -> str:
    """Return what an environment is filed under in the store: its name, where it is for, and its lock."""
    return f"{environment.distribution}/{environment.name}/{environment.python}/{plan.lock_digests[environment]}"


def _launch_and_model(cell: Cell) -> tuple[str, str]:
    return cell.launch.name, cell.model.name


def _in(environment: Environment, cell: Cell) -> Cell:
    """Return the same cell in an environment."""
    return Cell(environment, cell.launch, cell.mode, cell.model)


def compare_cells(
    tensors: Tensors,
    baseline: CellState,
    candidate: CellState,
    policy: Policy = DEFAULT,
    jittered: CellState | None = None,
) -> CellComparison:
    """Compare two cells' states; only two that were observed and are stable are compared bit by bit.

    ``jittered`` is the cell whose noise floor counts, where it is not ``baseline``'s own.
    """
    noise = jittered or baseline
    verdict, reason = _before_comparing(baseline, candidate)
    if verdict:
        return CellComparison(candidate.cell, verdict, reason)
    assert baseline.trace is not None
    assert candidate.trace is not None
    if baseline.trace == candidate.trace:
        return CellComparison(candidate.cell, Verdict.IDENTICAL, "")
    judgement = Judge(
        tensors,
        Traces(baseline.trace, noise.jitters, baseline.seeds, noise.trace),
        Traces(candidate.trace, (), candidate.seeds),
        partial(ratio_for, within(policy, candidate.cell.model.name, candidate.cell.mode)),
    ).judge()
    verdict = worst(result.verdict for result in judgement.stages if result.verdict)
    return CellComparison(candidate.cell, verdict, "", judgement.stages, judgement.divergences, judgement.curve)


def _before_comparing(baseline: CellState, candidate: CellState) -> tuple[Verdict | None, str]:
    """Return the verdict of a pair that cannot be compared bit by bit, None where it can."""
    sides = ((candidate, ""), (baseline, "the baseline: "))
    for word, verdict in (
        (MISSING, Verdict.MISSING),
        (UNAVAILABLE, Verdict.FAILED),
        (UNSTABLE, Verdict.UNSTABLE),
    ):
        for state, side in sides:
            if state.outcome == word:
                return verdict, f"{side}{state.reason}"
    if candidate.outcome == baseline.outcome == UNSUPPORTED:
        return Verdict.UNSUPPORTED, candidate.reason
    if candidate.outcome not in {OBSERVED, UNSUPPORTED}:
        return Verdict.FAILED, f"{candidate.outcome}: {candidate.reason}"
    if OBSERVED not in {candidate.outcome, baseline.outcome} or candidate.outcome != baseline.outcome:
        return Verdict.NOT_COMPARABLE, f"{_told(candidate)} here, {_told(baseline)} in the baseline"
    return None, ""


def _told(state: CellState) -> str:
    return f"{state.outcome} ({state.reason})" if state.reason else state.outcome


def _compare_modes(
    plan: Plan, tensors: Tensors, states: Mapping[Cell, CellState], cell: Cell, base: CellState
) -> ModeComparison | None:
    """Return the injected tier of a cell of the first mode beside that of the second; None where there is no pair."""
    first, second = (*plan.config.modes, "", "")[:2]
    if not second or cell.mode != first or cell.launch.name != "default":
        return None
    state, other = states[cell], states[Cell(cell.environment, cell.launch, second, cell.model)]
    if not (state.trace and other.trace):
        return None
    judge = Judge(
        tensors,
        Traces(state.trace, base.jitters, state.seeds, base.trace),
        Traces(other.trace, (), other.seeds),
        partial(ratio_for, within(plan.config.policy, cell.model.name, second)),
    )
    return ModeComparison(cell.environment, cell.model.name, (first, second), judge.judge([INJECTED]).stages)


def _environments(plan: Plan, store: Store) -> Iterator[EnvironmentState]:
    base = _installed(plan, store, plan.baseline)
    for environment in plan.environments:
        installed = _installed(plan, store, environment)
        refusal = str(store.noted(REFUSAL, environment_key(plan, environment)) or ("" if installed else "not made"))
        moved = _moved(base.packages, installed.packages) if base and installed else ()
        yield EnvironmentState(environment, installed, refusal, moved)


def _installed(plan: Plan, store: Store, environment: Environment) -> InstalledEnvironment | None:
    noted = store.noted(INSTALLED, environment_key(plan, environment))
    try:
        return making.from_json(noted) if isinstance(noted, dict) else None
    except (ValueError, KeyError, TypeError):
        return None  # which is no knowledge, and said to be none


def _moved(base: tuple[Package, ...], other: tuple[Package, ...]) -> tuple[tuple[Package | None, Package | None], ...]:
    """Return the packages that differ, by name; TensorFlow itself is what the comparison is about."""
    before, after = ({package.name: package for package in packages} for packages in (base, other))
    return tuple(
        (before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name) and name not in {"tensorflow", "tensorflow-cpu", "tensorflow-intel"}
    )
