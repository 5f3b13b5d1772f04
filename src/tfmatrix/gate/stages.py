"""What of a cell's comparison can be judged by a policy, and accepted: its stages, each with the bits it rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tfmatrix.compare.judging import rounding_ratio
from tfmatrix.compare.policy import ratio_for, ratio_rule
from tfmatrix.compare.results import CellComparison, CellState, Finding, StageResult
from tfmatrix.compare.stages import INJECTED, NATIVE, START
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.gate.ledger import Bits
from tfmatrix.gate.levels import Level, level_of, rule_that_passes, told, worst_level
from tfmatrix.records import UNSUPPORTED, Policy


@dataclass(frozen=True)
class Difference:
    """One stage that differs and was judged, or a whole cell that exists on one side only."""

    stage: str
    """Tier and stage, ``native/shuffle``; empty for a whole cell."""
    verdict: Verdict
    level: Level
    """What becomes of it by the policy alone."""
    bits: Bits
    text: str
    by: str = ""
    """The rule of the policy by which it passes; empty where the preset lets it, or it does not pass."""


def differences(
    baseline: CellState, candidate: CellState, compared: CellComparison, policy: Policy
) -> tuple[Difference, ...]:
    """Return what differs between two cells of which each was observed or is unsupported, in the order of the run.

    A model that exists on one side only differs as a whole.

    ``policy`` is `within` the cell's model and mode. A consequence is no difference of its own: its bits belong to the
    differences that it may follow from. Where no other tier tells what else changed behind these, the first fails.
    """
    if compared.verdict.beside:
        bits = Bits(*(state.trace or UNSUPPORTED for state in (baseline, candidate)))
        level, rule = level_of(policy, compared.verdict), rule_that_passes(policy, compared.verdict)
        return (Difference("", compared.verdict, level, bits, compared.reason, told(rule) if rule else ""),)
    consequences = [result for result in compared.stages if result.verdict is None]
    behind = _digest(consequences) if consequences else ""
    found = list(_judged(compared.stages, policy, behind))
    if hidden := _hidden(compared):
        tier = hidden[0].tier
        at = next(n for n, one in enumerate(found) if one.bits.behind and one.stage.startswith(f"{tier}/"))
        found[at] = _unvouched(found[at], hidden)
    return tuple(found)


def _hidden(compared: CellComparison) -> Sequence[StageResult]:
    """Return the consequences that no tier judges by itself: all of one tier.

    The start tier judges what is behind a redraw, as far as the start was handed over, up to its own first difference.
    Where it was not, the injected tier vouches for those stages that a step of training has, and for no other.
    """
    judged = {result.kind for result in compared.stages if result.tier == INJECTED}
    tiers = {result.tier for result in compared.stages}
    behind = [result for result in compared.stages if result.verdict is None and result.tier == NATIVE]
    if START in tiers and compared.unreached:
        return [result for result in behind if result.kind not in judged]
    if not behind or INJECTED in tiers:
        return ()
    if START in tiers:
        return [result for result in compared.stages if result.verdict is None and result.tier == START]
    return behind


def _judged(stages: Iterable[StageResult], policy: Policy, behind: str) -> Iterator[Difference]:
    for result in stages:
        if result.verdict in {None, Verdict.IDENTICAL}:
            continue
        assert result.verdict
        assert result.worst
        # A rule may let the worst verdict of a stage pass and not a lesser one, so each of them is asked about.
        level = worst_level(level_of(policy, verdict, result.tier, result.kind) for verdict in result.verdicts)
        yield Difference(
            stage=f"{result.tier}/{result.kind}",
            verdict=result.verdict,
            level=level,
            bits=Bits(result.baseline, result.candidate, behind if result.leads else ""),
            text=_told(result.worst, result),
            by=_let_pass_by(result, policy) if level.passes else "",
        )


def _let_pass_by(result: StageResult, policy: Policy) -> str:
    """Return the rules without which a stage would not pass; empty where the preset lets it."""
    levels = (rule_that_passes(policy, verdict, result.tier, result.kind) for verdict in result.verdicts)
    found = [told(rule) for rule in levels if rule]
    worst = result.worst
    if worst and worst.verdict is Verdict.ROUNDING and worst.distance:
        dtype = worst.distance.dtype
        rule, usual = ratio_rule(policy, worst.tier, worst.stage, dtype), rounding_ratio(dtype)
        if (worst.ratio or 0.0) > usual < ratio_for(policy, worst.tier, worst.stage, dtype):
            found.append(told(rule) if rule else f"rounding-ratio = {policy.rounding_ratio:.10g}")
    return " and ".join(dict.fromkeys(found))


def _unvouched(difference: Difference, consequences: Sequence[StageResult]) -> Difference:
    kinds = ", ".join(result.kind for result in consequences)
    text = f"{difference.text}; not judged behind it: {kinds}, which no other tier reaches"
    return replace(difference, level=worst_level([difference.level, Level.FAIL]), text=text, by="")


def _told(finding: Finding, result: StageResult) -> str:
    more = f", the worst of {result.differing} of {result.names} tensors" if result.names > 1 else ""
    return f"{finding.stage}: {finding.reason}{more}"


def _digest(stages: Iterable[StageResult]) -> str:
    """Return SHA-256 over the names and digests of some stages."""
    state = hashlib.sha256()
    for result in stages:
        state.update(f"{result.tier}\0{result.kind}\0{result.baseline}\0{result.candidate}\n".encode())
    return state.hexdigest()
