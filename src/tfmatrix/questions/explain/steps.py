"""Steps: the single ops of one step of a cell that changed, in both releases, and the kernels among them that did.

The step, or a saved model's prediction, is from canonical state, so that both releases are given the same. What the
baseline recorded is replayed in the baseline, where it must have the same bits, and in the candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tfmatrix.compare.distance import Distance
from tfmatrix.questions.explain import feeding, kernels
from tfmatrix.questions.explain.kernels import Kernels, Replayed
from tfmatrix.questions.explain.streams import PHASES, Change, Recording, recorded, stream
from tfmatrix.records import FED, OBSERVED, OPS, REPLAY, Cell, ExpectedTrial, Feed, Ops, Replay, Tensor, Trial, Work
from tfmatrix.store.store import Store

MOST_SKIPPED = 16
"""How many ops of one step may end the process, before nobody asks any more."""

MOST_FED = 8
"""How often more ops of one step are fed, before nobody asks any more."""

MOST_KEPT = 4
"""Recordings that are kept once they are read: those of one case, which is asked about several times."""

PHASES_OF = {
    "init": ("initializer",),
    "forward": ("forward",),
    "predict": ("forward",),
    "statistics": ("forward",),
    "loss": ("loss", "forward"),
    "history": ("loss", "forward", "metric"),
    "gradient": ("backward",),
    "update": ("optimizer",),
    "slots": ("optimizer",),
    "weights": ("optimizer",),
    "saved": ("optimizer",),
    "loaded": ("optimizer",),
}
"""The parts of a step whose operations make a stage."""

Expect = Callable[[Cell, Work, str], ExpectedTrial]
"""From a cell, what is done and what it is for, to the trial."""


@dataclass(frozen=True)
class Step:
    """What single ops say of a cell."""

    changes: tuple[Change, ...] = ()
    """Where the candidate executes other ops, by layer and phase."""
    kernels: Kernels | None = None
    """Which ops have other bits of equal inputs; None where that is not known."""
    obstacle: str = ""
    """Why nothing is known: ``unsupported: XLA compiles all of them``; empty where something is."""
    fed: int = 0
    """How many ops were fed what they make in the baseline, upon which every op had its bits; 0: that is not known."""

    def has_kernel(self, stage: str) -> bool:
        """Return whether some kernel changed in the part of the step that makes a stage."""
        return any(phase in PHASES_OF.get(stage, ()) for phase in self._phases)

    def reaches(self, stage: str) -> bool:
        """Return whether some kernel changed in the part of the step that makes a stage, or before it."""
        last = max(map(PHASES.index, PHASES_OF.get(stage, ())), default=-1)
        return any(PHASES.index(phase) <= last for phase in self._phases)

    @property
    def _phases(self) -> Iterator[str]:
        """The parts of the step in which a kernel changed."""
        return (one.op.phase for one in (self.kernels.changed if self.kernels else ()))


class Steps:
    """The steps of cells, as far as they are stored."""

    def __init__(self, expect: Expect, store: Store, distance: Callable[[str, str], Distance]) -> None:
        """Take what makes a trial, where trials are, and what measures two digests."""
        self._expect, self._store, self._distance = expect, store, distance
        self._ops = lru_cache(maxsize=MOST_KEPT)(self._read)

    def wanted(self, base: Cell, other: Cell) -> Iterator[ExpectedTrial]:
        """Yield the trials that say something of two cells; those that replay once it is known what."""
        yield from self._recording(base, other)
        if (step := self._recorded(base)) and self._recorded(other):
            for cell in (base, other):
                yield from self._replays(cell, step)
            if found := self._kernels(base, other):
                yield from self._feeds(base, other, found)

    def write(self, expected: ExpectedTrial, base: Cell, folder: Path) -> ExpectedTrial:
        """Return a trial with the file that it is handed, if it is handed one."""
        work = expected.work
        if not isinstance(work, Replay | Feed):
            return expected
        path = folder / (work.recorded if isinstance(work, Replay) else expected.key)
        if not path.exists():
            step = self._recorded(base)
            assert step
            if isinstance(work, Feed):
                path.write_bytes(kernels.made(step, work.fed, self._tensor))
            else:
                path.write_bytes(kernels.handed(step, self._tensor))
        return replace(expected, work=replace(work, handed=str(path)))

    def of(self, base: Cell, other: Cell) -> Step | None:
        """Return what single ops say of two cells; None where something was not run."""
        trials = [self._store.trial(one.key) for one in self._recording(base, other)]
        if None in trials:
            return None
        if failed := [one for one in trials if one and one.outcome != OBSERVED]:
            return Step(obstacle=_why(failed[0]))
        mine, there = self._recorded(base), self._recorded(other)
        assert mine
        assert there
        ends = self._ends(base, other, mine)
        if None in ends:
            return None
        changes = stream(mine, there)
        found = self._kernels(base, other)
        if not found:
            return Step(changes, obstacle=next(_why(one) for one in ends if one and one.outcome != OBSERVED))
        feeds = list(self._feeds(base, other, found))
        if any(self._store.trial(one.key) is None for one in feeds):
            return None
        return Step(changes, found, fed=self._proved(mine, feeds))

    def _ends(self, base: Cell, other: Cell, step: Recording) -> list[Trial | None]:
        """Return the last replays of a step in both releases, as far as they are known."""
        replays = [list(self._replays(cell, step)) for cell in (base, other)]
        return [self._store.trial(tried[-1].key) for tried in replays]

    def _kernels(self, base: Cell, other: Cell) -> Kernels | None:
        """Return what replaying says; None where it says nothing by now, or at all."""
        step = self._recorded(base)
        own, elsewhere = (self._replayed(one) for one in self._ends(base, other, step)) if step else (None, None)
        return kernels.kernels(step, own, elsewhere, self._distance) if step and own and elsewhere else None

    def _feeds(self, base: Cell, other: Cell, found: Kernels) -> Iterator[ExpectedTrial]:
        """Yield the trial of the candidate in which what changed is fed, and again with more where some is left."""
        mine, there = self._recorded(base), self._recorded(other)
        assert mine
        assert there
        fed = feeding.first(mine, there, found)
        for _ in range(MOST_FED):
            if not fed:
                return
            expected = self._expect(other, Feed(kernels.digest(mine), fed), FED)
            yield expected
            trial = self._store.trial(expected.key)
            made = self._recording_of(trial)
            fed = feeding.further(mine, made, fed) if made else ()

    def _proved(self, mine: Recording, feeds: Sequence[ExpectedTrial]) -> int:
        """Return how many ops were fed in the last trial, where nothing was left then; else 0."""
        for expected in feeds[-1:]:
            made = self._recording_of(self._store.trial(expected.key))
            if made and feeding.is_whole(mine, made) and isinstance(expected.work, Feed):
                return len(expected.work.fed)
        return 0

    def _recording(self, base: Cell, other: Cell) -> Sequence[ExpectedTrial]:
        return [self._expect(cell, Ops(), OPS) for cell in (base, other)]

    def _replays(self, cell: Cell, step: Recording) -> Iterator[ExpectedTrial]:
        """Yield the trial that replays a step, and again without each op that ended the process."""
        skip: tuple[int, ...] = ()
        while len(skip) <= MOST_SKIPPED:
            expected = self._expect(cell, Replay(kernels.digest(step), skip=skip), REPLAY)
            yield expected
            trial = self._store.trial(expected.key)
            ended = kernels.culprit(trial) if trial and trial.outcome != OBSERVED else None
            if ended is None or ended in skip:
                return
            skip = tuple(sorted({*skip, ended}))

    def _recorded(self, cell: Cell) -> Recording | None:
        return self._recording_of(self._store.trial(self._expect(cell, Ops(), OPS).key))

    def _recording_of(self, trial: Trial | None) -> Recording | None:
        return self._ops(trial.trace) if trial and trial.trace else None

    def _read(self, trace: str) -> Recording | None:
        return recorded(self._store.trace(trace), self._tensor)

    def _replayed(self, trial: Trial | None) -> Replayed | None:
        return kernels.replayed(self._store.trace(trial.trace), self._tensor) if trial and trial.trace else None

    def _tensor(self, digest: str) -> Tensor:
        return self._store.tensor(digest)


def _why(trial: Trial) -> str:
    return " ".join(f"{trial.outcome}: {trial.message}".split())
