"""Cells: what the trials of one cell say together, before it is compared with another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from tfmatrix.compare.results import CellState
from tfmatrix.compare.tensors import Tensors
from tfmatrix.records import (
    JITTER,
    MISSING,
    OBSERVED,
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


class Before(Protocol):
    """What was run before: a store."""

    def last_called(self, id_: str) -> Trial | None:
        """Return the trial that was last run under a name."""

    def changed(self, trial: Trial) -> Iterable[str]:
        """Return the paths of files that a trial read and that are not as they were."""


class _Nothing:
    """Nothing was run before."""

    def last_called(self, id_: str) -> None:
        """Return no trial."""

    def changed(self, trial: Trial) -> Iterable[str]:
        """Return no file."""
        del trial
        return ()


_NOTHING = _Nothing()


def state_of(
    cell: Cell,
    trials: Sequence[tuple[ExpectedTrial, Trial | None]],
    refusal: str,
    tensors: Tensors,
    before: Before = _NOTHING,
) -> CellState:
    """Return the state of a cell from its expected trials and what became of each; ``refusal`` says why there is none.

    A missing trial of any role makes the cell missing: what is expected and absent is never passed over. ``before``
    tells why one that was run is not there.
    """
    there = [trial for _, trial in trials if trial]
    outside, notes = ({told for trial in there for told in getattr(trial, name)} for name in ("outside", "notes"))
    found = _state_of(cell, trials, refusal, tensors, before)
    return replace(found, outside=tuple(sorted(outside)), notes=tuple(sorted(notes))) if outside or notes else found


def _state_of(
    cell: Cell, trials: Sequence[tuple[ExpectedTrial, Trial | None]], refusal: str, tensors: Tensors, before: Before
) -> CellState:
    absent = [expected for expected, trial in trials if trial is None]
    if absent and refusal:
        return CellState(cell, UNAVAILABLE, refusal)
    if absent or not trials:
        return CellState(cell, MISSING, _why_missing(absent, [t for _, t in trials if t], before))
    compared = [(e, t) for e, t in trials if t and e.role in {TRIAL, WITNESS}]
    if reason := _changed_meanwhile([t for _, t in trials if t]) or _disagreement(compared, tensors):
        return CellState(cell, UNSTABLE, reason, trials=len(compared))
    first = compared[0][1]
    if first.outcome != OBSERVED:
        return CellState(cell, first.outcome, _reason(first), trials=len(compared), evidence=first)
    aside = [(e, t) for e, t in trials if t and e.role in {JITTER, SEEDS}]
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


def _changed_meanwhile(trials: Iterable[Trial]) -> str:
    """Return which file two trials read with other bytes, as a sentence; empty where there is none."""
    known: dict[str, str] = {}
    for trial in trials:
        for path, digest in trial.read:
            if known.setdefault(path, digest) != digest:
                return f"the file {path} changed while the run went on; run again"
    return ""


def _why_missing(absent: Iterable[ExpectedTrial], there: Sequence[Trial], before: Before) -> str:
    """Return why trials are not there: never run, or stale, and then what changed since they were."""
    changed: dict[str, None] = {}
    for expected in absent:
        if (last := before.last_called(expected.id)) is None:
            return "not run"
        covered = dict(last.covers)
        names = [name for name, value in expected.covers if covered.get(name) != value]
        if not names and (reason := _changed_meanwhile([*there, last])):
            return reason
        changed |= dict.fromkeys(names or [f"file {path}" for path in before.changed(last)])
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


def _first_difference(a: str, b: str, tensors: Tensors) -> str:
    mine, other = tensors.names(a), tensors.names(b)
    for name, digest in mine.items():
        if other.get(name) != digest:
            return " ".join(name)
    return " ".join(next(name for name in other if name not in mine))
