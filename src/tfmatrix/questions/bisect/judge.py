"""Judging: what each build of a line gave of what is asked, so that equal results can have one letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tfmatrix.compare.alignment import Names
from tfmatrix.compare.cells import UNSTABLE
from tfmatrix.compare.policy import stage_names
from tfmatrix.compare.results import CellComparison, CellState
from tfmatrix.compare.stages import parse
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.records import CRASHED, FAILED, MISSING, OBSERVED, TIMED_OUT, UNAVAILABLE, Cell, Fingerprint
from tfmatrix.store.fingerprints import trace_digest

NO_STAGE = "no such stage"
"""The outcome of a build whose cell was observed and has none of the stages that are asked about."""

WITHOUT_RESULT = frozenset({MISSING, UNAVAILABLE, CRASHED, TIMED_OUT, UNSTABLE})
"""Outcomes that say nothing of a build's results; to fail, or not to be supported, is a result."""

SAME = frozenset({Verdict.IDENTICAL, Verdict.ROUNDING})
"""Verdicts of builds that mean the same as the first one."""


@dataclass(frozen=True)
class Result:
    """What one build gave of what is asked."""

    outcome: str = MISSING
    """One of the outcomes of a cell, or `NO_STAGE`."""
    reason: str = ""
    same: str | None = None
    """What equal results have in common; None where there is no result, or it was not asked for."""
    trace: str = ""
    """The digest of the trace, where there is one."""
    verdict: Verdict | None = None
    """Against the first build, where builds are told apart by that."""
    stages: tuple[str, ...] = ()
    """Where builds are told apart by verdicts, the stages that are worse than rounding, the first one by its full
    name."""

    @property
    def is_skipped(self) -> bool:
        """Return whether nothing can be told of the build, whatever is run."""
        return self.same is None and self.outcome != MISSING


UNKNOWN = Result()


def is_nothing(results: Sequence[Result]) -> bool:
    """Return whether neither the first nor the last build was observed: then there are no results to differ."""
    ends = results[0], results[-1]
    return all(one.same is not None and one.outcome != OBSERVED for one in ends)


class Named:
    """The stages that are asked about in some traces, by the names that they have in one of these."""

    def __init__(self, tensors: Tensors, reference: str, stage: str) -> None:
        """Take the trace whose names count, and the pattern of the stages; an empty one is for all."""
        self._tensors, self._reference, self._stage = tensors, reference, stage

    def of(self, trace: str) -> Names:
        """Return the digests of a trace at the stages that are asked about."""
        named = self._tensors.alignment(self._reference, trace).named(self._tensors.names(trace))
        return {key: digest for key, digest in named.items() if self._is_asked(*key)}

    def parted(self, before: str, after: str) -> tuple[str, ...]:
        """Return the stages in which two traces differ, each by its tier and kind; the first one by its full name."""
        mine, there = self.of(before), self.of(after)
        order = [*mine, *(key for key in there if key not in mine)]
        differing = [key for key in order if mine.get(key) != there.get(key)]
        kinds = dict.fromkeys(f"{tier} {parse(stage).kind}" for tier, stage in differing)
        return (" ".join(differing[0]), *list(kinds)[1:]) if differing else ()

    def _is_asked(self, tier: str, stage: str) -> bool:
        if not self._stage:
            return True
        names = (*stage_names(tier, stage), *stage_names(tier, parse(stage).kind))
        return any(fnmatchcase(name, self._stage) for name in names)


def named_by(states: Sequence[CellState | None], stage: str, tensors: Tensors) -> Named:
    """Return the stages of some cells' traces by the names of the first that has one."""
    return Named(tensors, next((one.trace for one in states if one and one.trace), ""), stage)


def by_bits(states: Sequence[CellState | None], named: Named) -> list[Result]:
    """Return what each build gave: the same where every stage that is asked about has the same bits.

    Stages are compared by name and not by their order, which is nothing that a model makes. A model that fails, or does
    not exist, gives a result too: so it is found since when it does.
    """
    return [_by_bits(state, named) if state else UNKNOWN for state in states]


def _by_bits(state: CellState, named: Named) -> Result:
    outcome, reason = state.outcome, state.reason
    if outcome != OBSERVED or not state.trace:
        kind = state.evidence.kind if state.evidence else ""
        return Result(outcome, reason, None if outcome in WITHOUT_RESULT else f"{outcome} {kind}")
    found = named.of(state.trace)
    if not found:
        return Result(NO_STAGE, "the cell was observed, and has no stage of that name", trace=state.trace)
    bits = trace_digest(Fingerprint(*key, digest) for key, digest in sorted(found.items()))
    return Result(outcome, reason, bits, state.trace)


def by_status(states: Sequence[CellState | None]) -> list[Result]:
    """Return what each build gave of a check: it ended with 0, or it failed, in whatever way."""
    return [_by_status(state) if state else UNKNOWN for state in states]


def _by_status(state: CellState) -> Result:
    told = state.outcome in {OBSERVED, FAILED}
    return Result(state.outcome, state.reason, state.outcome if told else None)


def by_verdict(
    cells: Sequence[Cell], states: Mapping[Cell, CellState], compared: Mapping[Cell, CellComparison]
) -> list[Result]:
    """Return what each build gave, the first one first: the same where it is no worse than rounding against that one.

    ``states`` and ``compared`` have those that are known by now.
    """
    return [_by_verdict(states[cell], compared.get(cell)) if cell in states else UNKNOWN for cell in cells]


def _by_verdict(state: CellState, compared: CellComparison | None) -> Result:
    outcome, reason, trace = state.outcome, state.reason, state.trace or ""
    if outcome in WITHOUT_RESULT:
        return Result(outcome, reason, trace=trace)
    if compared is None:  # the first build, which is compared with nothing; where it fails, no other is either
        same = Verdict.IDENTICAL if outcome == OBSERVED else None
        return Result(outcome, reason, same and same.value, trace, same)
    verdict = compared.verdict
    judged = Verdict.IDENTICAL if verdict in SAME else verdict
    return Result(outcome, compared.reason or reason, judged.value, trace, verdict, tuple(_worse(compared)))


def _worse(compared: CellComparison) -> Iterator[str]:
    """Yield the stages that are worse than rounding, the first one with the cell's verdict by its full name."""
    first = compared.first
    if first and first.verdict not in SAME:
        yield f"{first.tier} {first.stage}"
        place = first.tier, parse(first.stage).kind
        for one in compared.stages:
            if one.verdict and one.verdict not in SAME and (one.tier, one.kind) != place:
                yield f"{one.tier} {one.kind}"
