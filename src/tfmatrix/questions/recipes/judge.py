"""From the trials of a cell: which are to be run next, and what can be said; pure functions of what is known so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tfmatrix.questions.recipes.variations import CONTROL, HARMLESS, NEVER_PROMISED, Variation, together
from tfmatrix.records import OBSERVED, TIMED_OUT, Fingerprint, Trial

REPRODUCES, DIFFERS, FAILS, MISSING = "reproduces", "does not reproduce", "failed", "missing"
"""What is said of a cell."""

SAME, OTHER = "same", "differs"
"""What a variation did to a trial that was observed."""


@dataclass(frozen=True)
class Tried:
    """One trial of a cell, and what became of it."""

    trial: Trial | None
    """None where it was not run."""
    trace: tuple[Fingerprint, ...] = ()


@dataclass(frozen=True)
class Effect:
    """What a variation did, against the control."""

    variation: str
    outcome: str
    """``same``, ``differs``, ``missing``, or what became of the trial: ``failed``, ``crashed``, ``timed-out``."""
    stage: str = ""
    """The first stage that differs."""
    message: str = ""


@dataclass(frozen=True)
class Cell:
    """What is to be known of one recipe in front of one model in one environment."""

    mode: str
    variations: tuple[Variation, ...]
    """Those that exist for it."""
    trials: int
    """How many at least: two controls, and the others under all harmless variations; 3 or more."""
    find: Callable[[Variation, int], Tried]
    """Returns what is known of its trial under a variation."""

    @property
    def whole(self) -> Variation:
        """Return all harmless variations at once."""
        return together(self.mode)

    def harmless(self, *, within: bool) -> tuple[Variation, ...]:
        """Return the harmless variations that are done within a process, or those of how it starts."""
        return tuple(v for v in self.variations if v.kind == HARMLESS and v.within == within)

    def effect(self, variation: Variation, number: int = 1) -> Effect:
        """Return what a trial shows against the first control."""
        return effect(self.find(CONTROL, 1), variation.name, self.find(variation, number))


@dataclass(frozen=True)
class Answer:
    """What is said of a cell."""

    verdict: str
    agreeing: int
    """Trials under control and harmless variations that gave the control's bits, the control included."""
    tried: int
    """How many were run for that."""
    first: Effect | None = None
    """What broke it: another process alone (``control``) or all harmless variations (``together``)."""
    blame: tuple[Effect, ...] = ()
    """The harmless variations that break it, each by itself; none where only several do together."""
    cleared: bool = False
    """Whether those that are not to blame were tried at once, and changed nothing."""


def effect(control: Tried, name: str, other: Tried) -> Effect:
    """Return what a trial shows against the control: the first stage, in the control's order, whose bits differ."""
    if _is_unknown(control.trial) or _is_unknown(other.trial):
        return Effect(name, MISSING, message=other.trial.message if other.trial else "")
    assert other.trial
    if other.trial.outcome != OBSERVED:
        return Effect(name, other.trial.outcome, message=other.trial.message)
    left = {(p.tier, p.stage): p.digest for p in other.trace}
    for print_ in control.trace:
        if left.pop((print_.tier, print_.stage), "") != print_.digest:
            return Effect(name, OTHER, print_.stage)
    if left:
        return Effect(name, OTHER, next(iter(left))[1])
    return Effect(name, SAME)


def _is_unknown(trial: Trial | None) -> bool:
    """Return whether nothing is known by a trial: it was not run, or what ended it may be none of its own doing."""
    return trial is None or trial.outcome == TIMED_OUT or trial.from_outside


def wanted(cell: Cell) -> Iterator[tuple[Variation, int]]:
    """Yield the trials that the answer of a cell needs; those that depend on others only once these are known.

    The control twice; where the two agree, all harmless variations at once; where that breaks it, what is done within
    a process, one at a time; where that explains it, all the others at once; and where that breaks it too, or nothing
    was explained, the others one at a time.
    """
    for number in (1, 2):
        yield CONTROL, number
    if not _settled(cell):
        return
    wholes = [(cell.whole, number) for number in range(1, cell.trials - 1)]
    yield from wholes
    if all(cell.effect(*one).outcome in {SAME, MISSING} for one in wholes):
        return
    within = cell.harmless(within=True)
    yield from ((variation, 1) for variation in within)
    effects = [cell.effect(variation) for variation in within]
    if any(found.outcome == MISSING for found in effects):
        return
    if blamed := [found.variation for found in effects if found.outcome != SAME]:
        rest = together(cell.mode, blamed)
        yield rest, 1
        if cell.effect(rest).outcome in {SAME, MISSING}:
            return
    yield from ((variation, 1) for variation in cell.harmless(within=False))


def answer(cell: Cell) -> Answer:
    """Return what can be said of a cell; of one whose trials are not all there, that it is missing."""
    trials = list(dict.fromkeys(wanted(cell)))
    control = cell.find(CONTROL, 1).trial
    effects = {(variation.name, number): cell.effect(variation, number) for variation, number in trials}
    if control is None or any(found.outcome == MISSING for found in effects.values()):
        return Answer(MISSING, 0, 0, next((found for found in effects.values() if found.message), None))
    if control.outcome != OBSERVED:
        return Answer(FAILS, 0, 2, Effect(CONTROL.name, control.outcome, message=control.message))
    agreeing = sum(found.outcome == SAME for found in effects.values())
    broken = [found for found in effects.values() if found.outcome != SAME]
    if not broken:
        return Answer(REPRODUCES, agreeing, len(trials))
    names = {variation.name for variation in cell.variations}
    blame = tuple(found for found in broken if found.variation in names)
    rest = next((found for (name, _), found in effects.items() if name == "rest"), None)
    return Answer(DIFFERS, agreeing, len(trials), broken[0], blame, bool(rest and rest.outcome == SAME))


def never_promised(cell: Cell) -> tuple[tuple[Variation, Effect], ...]:
    """Return the variations that TensorFlow never promised anything about, and what each did."""
    return tuple((v, cell.effect(v)) for v in cell.variations if v.kind == NEVER_PROMISED)


def _settled(cell: Cell) -> bool:
    """Return whether two controls were observed and agree."""
    control = cell.find(CONTROL, 1).trial
    return bool(control and control.outcome == OBSERVED) and cell.effect(CONTROL, 2).outcome == SAME
