"""Cells: what the trials of one cell say together, before it is compared with another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tfmatrix.compare.results import CellState
from tfmatrix.compare.tensors import Tensors
from tfmatrix.records import (
    JITTER,
    MISSING,
    OBSERVED,
    PLAIN,
    SEEDS,
    TRIAL,
    UNAVAILABLE,
    UNSUPPORTED,
    WITNESS,
    Cell,
    ExpectedTrial,
    Trial,
)

UNSTABLE = "unstable"


def state_of(
    cell: Cell,
    trials: Sequence[tuple[ExpectedTrial, Trial | None]],
    refusal: str,
    tensors: Tensors,
    last_called: Callable[[str], Trial | None] = lambda _: None,
) -> CellState:
    """Return the state of a cell from its expected trials and what became of each; ``refusal`` says why there is none.

    A missing trial of any role makes the cell missing: what is expected and absent is never passed over.
    """
    absent = [expected for expected, trial in trials if trial is None]
    if absent and refusal:
        return CellState(cell, UNAVAILABLE, refusal)
    if absent or not trials:
        return CellState(cell, MISSING, _why_missing(absent, last_called))
    compared = [(e, t) for e, t in trials if t and e.role in {TRIAL, WITNESS}]
    first = compared[0][1]
    plain = [t for e, t in trials if t and e.role == PLAIN]
    if reason := _disagreement(compared, tensors) or _observing(first, plain, tensors):
        return CellState(cell, UNSTABLE, reason, trials=len(compared))
    if first.outcome != OBSERVED:
        return CellState(cell, first.outcome, _reason(first), trials=len(compared), evidence=first)
    aside = [(e, t) for e, t in trials if t and e.role in {JITTER, PLAIN, SEEDS}]
    if broken := next((t for e, t in aside if t.outcome not in {OBSERVED, UNSUPPORTED}), None):
        # Without them a difference cannot be judged, and judging it by less would be a guess.
        return CellState(cell, broken.outcome, _reason(broken), trials=len(compared), evidence=broken)
    return CellState(
        cell,
        OBSERVED,
        trace=first.trace,
        trials=len(compared),
        jitters=tuple(t.trace for e, t in aside if e.role == JITTER and t.trace),
        seeds=next((t.trace for e, t in aside if e.role == SEEDS), None),
    )


def _why_missing(absent: Sequence[ExpectedTrial], last_called: Callable[[str], Trial | None]) -> str:
    """Return why trials are not there: never run, or stale, and then what changed since they were."""
    changed: dict[str, None] = {}
    for expected in absent:
        if (last := last_called(expected.id)) is None:
            return "not run"
        before = dict(last.covers)
        changed |= dict.fromkeys(name for name, value in expected.covers if before.get(name) != value)
    return f"stale: run before the {' and the '.join(changed)} changed" if changed else "not run"


def _reason(trial: Trial) -> str:
    kind = f"{trial.kind}: " if trial.outcome != UNSUPPORTED and trial.kind and trial.kind not in trial.message else ""
    where = f" ({trial.where})" if trial.where and trial.where not in trial.message else ""
    return f"{kind}{trial.message}{where}"


def _disagreement(trials: Sequence[tuple[ExpectedTrial, Trial]], tensors: Tensors) -> str:
    """Return how the trials that should agree do not, with the stage where the first two part; empty where they do."""
    (first_expected, first), *others = trials
    for expected, trial in others:
        if trial.outcome != first.outcome:
            return f"{first_expected.name} was {first.outcome}, {expected.name} was {trial.outcome}"
        if trial.trace != first.trace:
            count = len({t.trace for _, t in trials})
            stage = _first_difference(first.trace or "", trial.trace or "", tensors)
            return (
                f"{len(trials)} trials gave {count} results; {first_expected.name} and {expected.name} part at {stage}"
            )
    return ""


def _observing(observed: Trial, plain: Sequence[Trial], tensors: Tensors) -> str:
    """Return how what was seen without observing is not what was observed; empty where it is, or nothing is known."""
    for trial in plain if observed.outcome == OBSERVED else ():
        if trial.outcome == OBSERVED:
            mine = tensors.names(observed.trace or "")
            # What only the plain trial has, the other should have had too: nothing was compared there.
            for name, digest in tensors.names(trial.trace or "").items():
                if mine.get(name) != digest:
                    return f"observing it changes it: {' '.join(name)} is another without"
        elif not trial.from_outside:
            return f"observing it changes it: without it was {trial.outcome}: {_reason(trial)}"
    return ""


def _first_difference(a: str, b: str, tensors: Tensors) -> str:
    mine, other = tensors.names(a), tensors.names(b)
    for name, digest in mine.items():
        if other.get(name) != digest:
            return " ".join(name)
    return " ".join(next(name for name in other if name not in mine))
