"""Comparing: everything in a store that a plan expects, as one object."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from tfmatrix.compare.cells import UNSTABLE, state_of
from tfmatrix.compare.ends import Spread, has_same_data, spreads
from tfmatrix.compare.judging import TIERS, Judge, Judgement, Traces
from tfmatrix.compare.letters import letters, whole_letters
from tfmatrix.compare.policy import digest, ratio_for, within
from tfmatrix.compare.results import (
    CellComparison,
    CellState,
    Comparison,
    EnvironmentState,
    ModeComparison,
    Step,
)
from tfmatrix.compare.stages import INJECTED
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.verdicts import Verdict, worst
from tfmatrix.environments.catalogue import PACKAGES, as_named
from tfmatrix.questions.chosen import known_models
from tfmatrix.questions.explained import noted_explained
from tfmatrix.questions.matrix import ways
from tfmatrix.questions.matrix.further import further
from tfmatrix.questions.matrix.plan import Plan, runs_in
from tfmatrix.records import (
    ENSEMBLE,
    MISSING,
    OBSERVED,
    UNAVAILABLE,
    UNSUPPORTED,
    Cell,
    Environment,
    ExpectedTrial,
    Package,
    Policy,
    Trial,
)
from tfmatrix.store.facts import noted_installed, noted_machine, noted_refusal
from tfmatrix.store.store import Store

Key = TypeVar("Key", bound=Hashable)

_TENSORFLOW = frozenset({*PACKAGES, "tensorflow-intel"})
"""What TensorFlow is installed from."""


def compare_all(plan: Plan, store: Store) -> Comparison:
    """Compare every expected cell with the baseline's, and the modes of each environment with the first."""
    tensors = Tensors(store)
    found = states(plan, store, tensors)
    base = {cell: found[_in(plan.baseline, cell)] for cell in found}  # the only one that is jittered
    before = dict(zip(plan.environments[1:], plan.environments, strict=False))
    against = [_Asked(base[c], found[c], base[c]) for c in found if c.environment != plan.baseline]
    after = [_Asked(found[_in(before[c.environment], c)], found[c], base[c]) for c in found if c.environment in before]
    between = [_Asked(found[c], found[other], base[c], (INJECTED,)) for c, other in _modes_of(plan)]
    parted = [asked for asked in (*against, *after) if asked.baseline.trace != asked.candidate.trace]
    judgements = _judge(tensors, plan.config.policy, [*parted, *between])
    # Two releases that name the same bits otherwise have one letter.
    traces = {asked.candidate.cell: judgements[asked].trace for asked in against if asked in judgements}
    lettered = [replace(state, trace=traces.get(state.cell, state.trace)) for state in found.values()]
    other_ways = ways.tried(plan, store.trial, store, tensors)
    comparison = Comparison(
        baseline=plan.baseline,
        environments=tuple(_environments(plan, store)),
        states=tuple(found.values()),
        letters=letters(lettered),
        whole_letters=whole_letters(lettered),
        cells=tuple(
            _explained(
                replace(_compare_cells(asked, judgements), ways=tuple(other_ways.get(asked.candidate.cell, ()))),
                asked,
                store,
            )
            for asked in against
        ),
        steps=tuple(
            Step(before[newer], newer, tuple(_compare_cells(asked, judgements) for asked in group))
            for newer, group in _grouped(after, lambda asked: asked.candidate.cell.environment).items()
        ),
        # A model without an injected tier, as a command is, has nothing that could be compared across modes.
        modes=tuple(
            _compare_modes(asked, judgements[asked])
            for asked in between
            if asked in judgements and judgements[asked].stages
        ),
        machine=noted_machine(store, plan.scope.machine),
        settings={
            "trials": plan.config.trials,
            "jitters": plan.config.jitters,
            "seed": plan.config.seed,
            "modes": list(plan.config.modes),
            "launches": [launch.name for launch in plan.config.launches],
            "policy": digest(plan.config.policy),
            "left_out": sorted(
                {model.name for model in known_models(plan.config)} - {model.name for model in plan.models}
            ),
            "witnessed": not all(model.command for model in plan.models),
            "at_once": list(plan.config.at_once),
        },
        spreads={
            cell: tuple(_spreads(state.trace, state.ensemble, tensors))
            for cell, state in found.items()
            if state.trace and state.ensemble
        },
        root=str(plan.config.root),
    )
    tensors.close()
    return comparison


def _spreads(trace: str, ensemble: Iterable[str], tensors: Tensors) -> Iterator[Spread]:
    """Yield what a training comes to under those other seeds under which it is given the same data."""
    own, others = tensors.names(trace), map(tensors.names, ensemble)
    return spreads(own, [other for other in others if has_same_data(own, other)], tensors)


def states(plan: Plan, store: Store, tensors: Tensors | None = None) -> Mapping[Cell, CellState]:
    """Return what the trials of every expected cell say together."""
    tensors = tensors or Tensors(store)
    observed = store.observed()  # at once, and without the evidence: of these nothing else is asked
    refusals = {e: noted_refusal(store, plan.scope.environment_key(e)) for e in plan.environments}

    def trial(key: str) -> Trial | None:
        return observed.get(key) or store.trial(key)

    def has(key: str) -> bool:
        return trial(key) is not None

    def counts(expected: ExpectedTrial) -> bool:
        """Return whether a cell is not whole without a trial: no verdict rests on other seeds' trainings."""
        return expected.role != ENSEMBLE or has(expected.key)

    traces = {key: one.trace for key, one in observed.items() if one.trace}
    more = {cell: [*filter(counts, some)] for cell, some in further(plan, traces, tensors, has).items()}
    return {
        cell: state_of(
            cell,
            [(expected, trial(expected.key)) for expected in (*plan.needed(cell, has), *more.get(cell, ()))],
            refusals[cell.environment],
            tensors,
            store,
        )
        for cell in plan.cells
    }


def compare_with(
    pairs: Iterable[tuple[CellState, CellState]], tensors: Tensors, policy: Policy
) -> Sequence[CellComparison]:
    """Compare the second cell of each pair with the first, whose noise floor counts, in their order."""
    asked = [_Asked(base, other, base) for base, other in pairs]
    judgements = _judge(tensors, policy, [one for one in asked if one.baseline.trace != one.candidate.trace])
    return [_compare_cells(one, judgements) for one in asked]


def _modes_of(plan: Plan) -> Iterator[tuple[Cell, Cell]]:
    """Yield each cell of the first mode that is named, with that of each other; none where there is but one mode."""
    first, *others = plan.config.modes
    for other in others:
        for cell in plan.cells:
            if cell.mode == first and cell.launch.name == "default" and runs_in(cell.model, other):
                yield cell, replace(cell, mode=other)


def _in(environment: Environment, cell: Cell) -> Cell:
    """Return the same cell in an environment."""
    return Cell(environment, cell.launch, cell.mode, cell.model)


@dataclass(frozen=True, eq=False)
class _Asked:
    """Two cells to be compared."""

    baseline: CellState
    candidate: CellState
    jittered: CellState
    """The cell whose noise floor counts."""
    tiers: tuple[str, ...] = TIERS


@dataclass(frozen=True)
class _Pair:
    """Two traces to be judged, and by what: two questions with the same pair have the same judgement."""

    baseline: Traces
    candidate: Traces
    tiers: tuple[str, ...]
    policy: Policy
    """With only those rules that hold for the candidate's cell."""


def _pair(asked: _Asked, policy: Policy) -> _Pair | None:
    """Return what there is to judge; None where one of two cells has no trace."""
    baseline, candidate, jittered = asked.baseline, asked.candidate, asked.jittered
    if not (baseline.trace and candidate.trace):
        return None
    off, start = next(iter(candidate.starts.items()), ((), None)) if baseline is jittered else ((), None)
    mine = baseline.starts.get(off) if off else None
    start = start if mine or not off else None
    return _Pair(
        Traces(
            baseline.trace,
            jittered.jitters,
            baseline.seeds,
            jittered.trace,
            jittered.equivalent,
            start=mine,
            effects=baseline.effects,
        ),
        Traces(candidate.trace, (), candidate.seeds, start=start, effects=candidate.effects),
        asked.tiers,
        within(policy, candidate.cell.model.name, candidate.cell.mode),
    )


def _judge(tensors: Tensors, policy: Policy, asked: Iterable[_Asked]) -> Mapping[_Asked, Judgement]:
    """Judge each pair of traces, once for all cells that have these bits; what has no pair has no judgement.

    Model by model, so that each trace is read once however many there are, and what is short measured at once; the
    variants of a model, and its launches, have many tensors in common.
    """
    found: dict[_Asked, Judgement] = {}
    for group in _grouped(asked, lambda one: one.candidate.cell.model.path).values():
        pairs = {one: pair for one in group if (pair := _pair(one, policy))}
        judges = {
            pair: Judge(tensors, pair.baseline, pair.candidate, partial(ratio_for, pair.policy))
            for pair in dict.fromkeys(pairs.values())
        }
        tensors.prepare(digests for pair, judge in judges.items() for digests in judge.pairs(pair.tiers))
        judgements = {pair: judge.judge(pair.tiers) for pair, judge in judges.items()}
        found |= {one: judgements[pair] for one, pair in pairs.items()}
    return found


def _grouped(asked: Iterable[_Asked], by: Callable[[_Asked], Key]) -> Mapping[Key, Sequence[_Asked]]:
    """Return the questions by some key, in the order in which they come."""
    groups: dict[Key, list[_Asked]] = {}
    for one in asked:
        groups.setdefault(by(one), []).append(one)
    return groups


def _compare_cells(asked: _Asked, judgements: Mapping[_Asked, Judgement]) -> CellComparison:
    """Compare two cells' states; only two that were observed and are stable are compared bit by bit."""
    cell = asked.candidate.cell
    verdict, reason = _before_comparing(asked.baseline, asked.candidate)
    if verdict:
        return CellComparison(cell, verdict, reason)
    judgement = judgements[asked]
    verdict = worst(result.verdict for result in judgement.stages if result.verdict)
    first = judgement.firsts.get(verdict)
    return CellComparison(
        cell,
        verdict,
        "",
        judgement.stages,
        judgement.divergences,
        judgement.curve,
        first,
        judgement.aligned,
        judgement.one_sided,
        judgement.unreached,
        judgement.off,
        ends=judgement.ends,
    )


def _explained(compared: CellComparison, asked: _Asked, store: Store) -> CellComparison:
    """Return a comparison with whose its changes are, as far as that was found out by now."""
    if compared.verdict in {Verdict.IDENTICAL, Verdict.UNSUPPORTED, Verdict.MISSING}:
        return compared
    return replace(compared, explained=tuple(noted_explained(store, asked.baseline, asked.candidate, compared)))


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
    if candidate.outcome not in {OBSERVED, UNSUPPORTED}:
        return Verdict.FAILED, f"{candidate.outcome}: {candidate.reason}"
    if UNSUPPORTED in {candidate.outcome, baseline.outcome} and baseline.outcome in {OBSERVED, UNSUPPORTED}:
        return _of_the_unsupported(baseline, candidate)
    if baseline.outcome != OBSERVED:
        return Verdict.NOT_COMPARABLE, f"{_told(candidate)} here, {_told(baseline)} in the baseline"
    return (Verdict.IDENTICAL, "") if candidate.trace == baseline.trace else (None, "")


def _of_the_unsupported(baseline: CellState, candidate: CellState) -> tuple[Verdict, str]:
    """Return the verdict of a cell that does not exist on one side or on both."""
    if baseline.outcome == OBSERVED:
        return Verdict.GONE, f"unsupported: {candidate.reason}"
    if candidate.outcome == OBSERVED:
        return Verdict.NEW, f"unsupported in the baseline: {baseline.reason}"
    return Verdict.UNSUPPORTED, candidate.reason


def _told(state: CellState) -> str:
    return f"{state.outcome} ({state.reason})" if state.reason else state.outcome


def _compare_modes(asked: _Asked, judgement: Judgement) -> ModeComparison:
    """Return the injected tier of a cell of the first mode beside that of another."""
    cell, modes = asked.baseline.cell, (asked.baseline.cell.mode, asked.candidate.cell.mode)
    return ModeComparison(cell.environment, cell.model.name, modes, judgement.stages)


def _environments(plan: Plan, store: Store) -> Iterator[EnvironmentState]:
    base = noted_installed(store, plan.scope.environment_key(plan.baseline))
    for environment in plan.environments:
        key = plan.scope.environment_key(environment)
        installed = noted_installed(store, key)
        refusal = noted_refusal(store, key) or ("" if installed else "not made")
        moved = moved_packages(base.packages, installed.packages) if base and installed else ()
        yield EnvironmentState(environment, installed, refusal, moved)


def moved_packages(
    base: tuple[Package, ...], other: tuple[Package, ...]
) -> tuple[tuple[Package | None, Package | None], ...]:
    """Return the packages that differ, by name; TensorFlow itself is what the comparison is about.

    A nightly build counts as another version of the package that it is a build of.
    """
    before, after = ({one.name: one for one in map(as_named, packages)} for packages in (base, other))
    return tuple(
        (before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name) and name not in _TENSORFLOW
    )
