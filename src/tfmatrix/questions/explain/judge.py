"""Judging: which findings of a cell a remedy undoes, what is to be tried next, and who owns a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from tfmatrix.compare.results import CellComparison
from tfmatrix.compare.stages import NATIVE, START
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.explain.remedies import Remedies, Remedy, in_order
from tfmatrix.tables import SWITCHES

RUNS = "runs"
"""The stage of a finding that is about the whole cell: it failed, or does not exist."""

EXPLAINED = (Verdict.NOT_COMPARABLE, Verdict.DIFFERENT, Verdict.REDRAWN, Verdict.ROUNDING)
"""Verdicts of stages that a cell is explained for."""

TENSORFLOW, KERAS, NUMPY, BOTH = "TensorFlow", "Keras", "NumPy", "Keras and NumPy"
"""Who may own a change."""

_OWNERS = {frozenset({"keras"}): KERAS, frozenset({"numpy"}): NUMPY, frozenset({"keras", "numpy"}): BOTH}


class Class(Enum):
    """How much is known of an answer."""

    PROVED = "proved"
    CONSISTENT = "consistent"
    NOT_EXPLAINED = "not explained"


@dataclass(frozen=True)
class Finding:
    """One stage of a cell that changed."""

    tier: str
    stage: str
    """Its kind, ``update``; `RUNS` where the whole cell is meant."""
    verdict: Verdict
    at: str = ""
    """The full name of the first that has the verdict."""
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of a remedy."""

    outcome: str
    """One of the outcomes of a trial; ``unavailable`` where the environment can't be had."""
    message: str = ""
    after: tuple[Verdict | None, ...] = ()
    """What becomes of each finding, in their order; None where it can't be told, as behind an earlier difference."""
    as_before: tuple[bool, ...] = ()
    """Whether each finding has the very bits that it has without the remedy."""


Find = Callable[[Remedy], "Outcome | None"]
"""From a remedy to what came of it; None where it was not tried by now."""


@dataclass(frozen=True)
class Case:
    """One cell that changed, and how to learn what a remedy does to it."""

    compared: CellComparison
    findings: tuple[Finding, ...]
    remedies: Remedies
    find: Find

    def undone(self, remedy: Remedy) -> frozenset[Finding]:
        """Return the findings that are gone with a remedy, none where it was not tried."""
        found = self.find(remedy)
        after = found.after if found else ()
        pairs = zip(self.findings, after, strict=False)
        return frozenset(finding for finding, now in pairs if now and is_undone(finding, now))


@dataclass(frozen=True)
class Owner:
    """Which package a finding is owned by."""

    package: str
    """Empty where nothing tells."""
    by: Class


def is_undone(finding: Finding, now: Verdict) -> bool:
    """Return whether a finding is gone: the bits are the baseline's, or no more than rounding is left of it.

    What did not run, and does, is gone whatever it computes.
    """
    if finding.stage == RUNS or now is Verdict.IDENTICAL:
        return True
    return now is Verdict.ROUNDING and finding.verdict is not Verdict.ROUNDING


def findings_of(compared: CellComparison) -> tuple[Finding, ...]:
    """Return what there is to explain of a cell, worst first and in the order of the run."""
    if not compared.stages:
        alone = (Verdict.FAILED, Verdict.GONE)
        return (Finding("", RUNS, compared.verdict, reason=compared.reason),) if compared.verdict in alone else ()
    found = [
        Finding(one.tier, one.kind, one.verdict, first.stage, first.reason)
        for one in compared.stages
        if one.verdict in EXPLAINED and (first := one.worst or one.first)
    ]
    return tuple(sorted(found, key=lambda one: one.verdict.severity))


def after(
    findings: Sequence[Finding], compared: Mapping[tuple[str, str], Verdict | None]
) -> tuple[Verdict | None, ...]:
    """Return what becomes of findings, by what tier and stage are judged as once a remedy was tried.

    A stage that is no longer there is identical; of a tier that is not judged at all, as the injected one where layers
    draw otherwise, nothing can be told. Of the start tier, which only a redraw needs, the native stage tells.
    """
    judged = {tier for tier, _ in compared}

    def of(finding: Finding) -> Verdict | None:
        tier = NATIVE if finding.tier == START else finding.tier
        return compared.get((tier, finding.stage), Verdict.IDENTICAL) if tier in judged else None

    return tuple(map(of, findings))


def wanted(case: Case) -> Iterator[Remedy]:
    """Yield the remedies that the answer needs; those that depend on others only once these are known.

    Each switch in the candidate alone. Where something is left, each on both sides. The parts of what helps. Where no
    single one undoes everything, all at once that help; and where that undoes more than each, as few as do.
    """
    cell = case.compared.cell
    singles = list(case.remedies.of(cell, both=False))
    yield from singles
    if any(case.find(one) is None for one in singles):
        return
    if case.findings[0].stage == RUNS:  # on both sides there is nothing to compare with
        return
    left = set(case.findings).difference(*(case.undone(one) for one in singles))
    paired = list(case.remedies.of(cell, both=True)) if left else []
    yield from paired
    for one in (*singles, *paired):
        if case.undone(one):
            yield from case.remedies.parts(cell, one)
    yield from _unions(case, singles)


def _unions(case: Case, singles: Sequence[Remedy]) -> Iterator[Remedy]:
    """Yield at once those that each undo something that those before them don't, and then without one after the other.

    Only where no single one undoes as much.
    """
    most = max((len(case.undone(one)) for one in singles), default=0)
    helping: list[Remedy] = []
    for one in singles:
        if case.undone(one) - frozenset().union(*map(case.undone, helping)):
            helping.append(one)
    union = Remedy(in_order({name for one in helping for name in one.switches}))
    if len(helping) < 2 or most == len(case.findings) or not case.remedies.cell(case.compared.cell, union):
        return
    yield union
    if len(case.undone(union)) <= most:
        return
    left = union
    for switch in union.switches:
        if len(left.switches) > 1:
            fewer = left.without(switch)
            yield fewer
            if case.undone(fewer) >= case.undone(union):
                left = fewer


def best(case: Case, finding: Finding) -> Remedy | None:
    """Return the remedy that is advised for a finding.

    In the candidate alone before both sides, fewer switches before more, then what undoes most, then the table's order.
    """
    found = [one for one in dict.fromkeys(wanted(case)) if finding in case.undone(one)]
    order = list(SWITCHES)

    def rank(one: Remedy) -> tuple[bool, int, int, list[int]]:
        return one.both, len(one.switches), -len(case.undone(one)), [order.index(name) for name in one.switches]

    return min(found, key=rank, default=None)


def owner(case: Case, finding: Finding) -> Owner:
    """Return whose change a finding is, by what keeping packages as they were does to it.

    Proved is a package that undoes it when it is kept. Proved is TensorFlow where every other package that may own it
    is kept and the candidate's bits are there all the same; consistent where no other such package moved at all, or
    where the bits are others by then.
    """
    remedies = case.remedies
    keeping = {
        remedies.keeps(SWITCHES[one.switches[0]]): one
        for one in remedies.of(case.compared.cell, both=False)
        if remedies.keeps(SWITCHES[one.switches[0]])
    }
    undoing = [packages for packages, one in keeping.items() if finding in case.undone(one)]
    if undoing:
        return Owner(_OWNERS[min(undoing, key=len)], Class.PROVED)
    if not remedies.moved:
        return Owner(TENSORFLOW, Class.CONSISTENT)
    whole = next((one for packages, one in keeping.items() if packages >= remedies.moved), None)
    found = case.find(whole) if whole else None
    if not found or not found.after:
        return Owner("", Class.NOT_EXPLAINED)
    same = found.as_before[case.findings.index(finding)]
    return Owner(TENSORFLOW, Class.PROVED if same else Class.CONSISTENT)
