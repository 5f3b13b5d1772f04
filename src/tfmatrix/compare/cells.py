"""Cells: what the trials of one cell say together, before it is compared with another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from tfmatrix.compare.alignment import Names
from tfmatrix.compare.results import CellState
from tfmatrix.compare.stages import NATIVE, OF_TRAINING, RANDOM, is_terminal, parse
from tfmatrix.compare.tensors import Tensors
from tfmatrix.records import (
    EFFECTS,
    ENSEMBLE,
    EQUIVALENT,
    FAILED,
    JITTER,
    KEPT,
    MISSING,
    OBSERVED,
    PLAIN,
    SEEDS,
    START,
    TIMED_OUT,
    TRIAL,
    UNAVAILABLE,
    UNSUPPORTED,
    WITNESS,
    Cell,
    ExpectedTrial,
    FromStart,
    Trial,
)

UNSTABLE = "unstable"

MOST_CHANGED = 3
"""Things that are named of those that changed since a trial was run."""


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
    """Return the state of a cell from its expected trials and what became of each.

    ``refusal`` says why its environment can't be had. A missing trial of any role makes the cell missing: what is
    expected and absent is never passed over. ``before`` tells why one that was run is not there.
    """
    last = {_off(expected): expected.key for expected, _ in trials if expected.role == START}
    # What a first start could not take over, a second one may have: that counts.
    there = [t for e, t in trials if t and (e.role != START or e.key == last[_off(e)])]
    outside, notes = ({told for trial in there for told in getattr(trial, name)} for name in ("outside", "notes"))
    found = _state_of(cell, trials, refusal, tensors, before)
    if found.outcome == OBSERVED:
        notes |= {_not_equivalent(t) for e, t in trials if t and e.role == EQUIVALENT and t.outcome != OBSERVED}
    return replace(found, outside=tuple(sorted(outside)), notes=tuple(sorted(notes))) if outside or notes else found


def _state_of(
    cell: Cell, trials: Sequence[tuple[ExpectedTrial, Trial | None]], refusal: str, tensors: Tensors, before: Before
) -> CellState:
    absent = [expected for expected, trial in trials if trial is None]
    if reason := next((one.lacking or refusal for one in absent), ""):
        return CellState(cell, UNAVAILABLE, reason)
    if absent or not trials:
        return CellState(cell, MISSING, _why_missing(absent, [t for _, t in trials if t], before))
    compared = [(e, t) for e, t in trials if t and e.role in {TRIAL, WITNESS}]
    plain = [(e, t) for e, t in trials if t and e.role == PLAIN]
    # One that was repeated to keep more bytes has to have the same bits; it is no trial more.
    repeated = [(e, t) for e, t in trials if t and e.role == KEPT and e.number == 1]
    told = [(e, t) for e, t in [*compared, *repeated] if not _tells_nothing(t)]
    reason = _changed_meanwhile([t for _, t in trials if t]) or _disagreement(told, tensors)
    if reason := reason or _changed_by_observing(compared[0], plain, tensors):
        return CellState(cell, UNSTABLE, reason, trials=len(compared))
    first = next((t for _, t in compared if _tells_nothing(t)), compared[0][1])
    unseen = _unseen(first, [t for _, t in plain], tensors)
    if first.outcome != OBSERVED or unseen:
        outcome, reason = (FAILED, unseen) if unseen else (first.outcome, _reason(first))
        return CellState(cell, outcome, reason, trials=len(compared), evidence=first)
    # One in which layers are off leaves it open, where it fails, what is behind them; so does one of effects.
    aside = [(e, t) for e, t in trials if t and e.role in {JITTER, KEPT, PLAIN, START, SEEDS} and not _off(e)]
    if broken := next((t for e, t in aside if t.outcome not in {OBSERVED, UNSUPPORTED}), None):
        # Without them a difference cannot be judged, and judging it by less would be a guess.
        return CellState(cell, broken.outcome, _reason(broken), trials=len(compared), evidence=broken)
    return CellState(
        cell,
        OBSERVED,
        trace=first.trace,
        trials=len(compared),
        jitters=tuple(t.trace for e, t in aside if e.role == JITTER and t.trace),
        equivalent=next((t.trace for e, t in trials if t and e.role == EQUIVALENT), None),
        seeds=next((t.trace for e, t in aside if e.role == SEEDS), None),
        starts={_off(e): t.trace for e, t in trials if t and e.role == START and t.trace},
        effects=next((t.trace for e, t in trials if t and e.role == EFFECTS), None),
        ensemble=tuple(t.trace for e, t in trials if t and e.role == ENSEMBLE and t.trace),
    )


def _off(expected: ExpectedTrial) -> tuple[str, ...]:
    """Return the layers that are off in a trial from the baseline's start, by their paths in the baseline."""
    return tuple(layer for layer, _ in expected.work.off) if isinstance(expected.work, FromStart) else ()


def _not_equivalent(trial: Trial) -> str:
    """Return what is said of an equivalent execution that was not observed: the noise floor goes without it."""
    return f"its equivalent execution counts for nothing: it was {trial.outcome} ({_reason(trial)})"


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
    return f"stale: run before {named(list(changed))} changed" if changed else "not run"


def named(changed: Sequence[str]) -> str:
    """Return the first of what changed, and how much more there is: ``the lock and the file data.csv and 2 more``."""
    more = len(changed) - MOST_CHANGED
    return " and ".join([*(f"the {name}" for name in changed[:MOST_CHANGED]), *([f"{more} more"] if more > 0 else [])])


def _tells_nothing(trial: Trial) -> bool:
    """Return whether a trial tells nothing of whether its model repeats itself: the machine may have ended it."""
    return trial.outcome == TIMED_OUT or trial.is_to_be_repeated


def _reason(trial: Trial) -> str:
    kind = f"{trial.kind}: " if trial.outcome != UNSUPPORTED and trial.kind and trial.kind not in trial.message else ""
    where = f" ({trial.where})" if trial.where and trial.where not in trial.message else ""
    return f"{kind}{trial.message}{where}"


def _disagreement(trials: Sequence[tuple[ExpectedTrial, Trial]], tensors: Tensors) -> str:
    """Return how the trials that should agree do not, with the stage where the first two part; empty where they do."""
    if not trials:
        return ""
    (first_expected, first), *others = trials
    for expected, trial in others:
        if trial.outcome != first.outcome:
            return f"{first_expected.name} was {first.outcome}, {expected.name} was {trial.outcome}"
        if trial.trace != first.trace:
            count = len({t.trace for _, t in trials})
            stage = _first_difference(first.trace or "", trial.trace or "", tensors)
            two = f"{first_expected.name} and {expected.name}"
            return f"{len(trials)} trials gave {count} results; {two} first differ at {stage}"
    return ""


def _first_difference(a: str, b: str, tensors: Tensors) -> str:
    mine, other = tensors.names(a), tensors.names(b)
    for name, digest in mine.items():
        if other.get(name) != digest:
            return " ".join(name)
    if lone := next((name for name in other if name not in mine), None):
        return " ".join(lone)
    return " ".join(next(b for a, b in zip(mine, other, strict=True) if a != b)) + ", which comes in another place"


def _changed_by_observing(
    observed: tuple[ExpectedTrial, Trial], plain: Sequence[tuple[ExpectedTrial, Trial]], tensors: Tensors
) -> str:
    """Return where a trial without taps shows that the taps change something; empty where it has what they saw."""
    expected, trial = observed
    seen = tensors.names(trial.trace) if trial.trace else {}
    for expected_plain, without in plain:
        if trial.from_outside or without.from_outside or TIMED_OUT in {trial.outcome, without.outcome}:
            continue  # which says nothing of what it ran
        if trial.outcome != without.outcome:
            told = f"{expected_plain.name}, without taps, was {_told(without)}"
            return f"observing it changes it: {expected.name} was {_told(trial)}, {told}"
        for name, digest in tensors.names(without.trace).items() if without.trace else ():
            if name not in seen:
                return f"observing it changes it: the trial without taps has {' '.join(name)}, the observed one has not"
            if seen[name] != digest:
                return f"observing it changes it, or it does not repeat itself: first at {' '.join(name)}"
    return ""


def _told(trial: Trial) -> str:
    return trial.outcome if trial.outcome == OBSERVED else f"{trial.outcome} ({_reason(trial)})"


def _unseen(trial: Trial, plain: Sequence[Trial], tensors: Tensors) -> str:
    """Return what the taps should have seen and have not; a trace that lacks it is no trace of the training.

    Asked only where there is a trial without taps: what observes unchanged scripts may lose a model while nothing is
    raised. Two such traces would be equal, so this is no question of a comparison. Gradients may be out of sight for a
    reason (XLA), which only the probe knows; then the weights after each update say what they did.
    """
    if not (trial.trace and plain):
        return ""
    if any(all(map(_is_seed, tensors.names(one.trace))) for one in plain if one.trace):
        return "the trial without taps recorded nothing, so nobody knows whether observing changes anything"
    kinds = _of_training(tensors.names(trial.trace))
    if not kinds or "weights" in kinds:
        return ""
    return f"training was seen by {', '.join(kinds)}, and no weights were seen"


def _is_seed(name: tuple[str, str]) -> bool:
    """Return whether a stage shows what a run drew, and nothing of what it made of that."""
    stage = parse(name[1])
    return stage.kind in RANDOM and is_terminal(stage)


def _of_training(names: Names) -> list[str]:
    """Return the native stages of a trace that only training makes."""
    stages = (parse(stage) for tier, stage in names if tier == NATIVE)
    return list(dict.fromkeys(s.kind for s in stages if s.step is not None and s.kind in OF_TRAINING))
