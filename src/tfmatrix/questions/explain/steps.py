"""Steps: the single ops of one step of a cell that changed, in both releases, and the kernels among them that did.

The step, or a saved model's prediction, is from canonical state, so that both releases are given the same. What the
baseline recorded is replayed in the baseline, where it must have the same bits, and in the candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tfmatrix.compare.distance import Distance
from tfmatrix.questions.explain import kernels
from tfmatrix.questions.explain.kernels import Kernels, Replayed
from tfmatrix.questions.explain.streams import Change, Recording, recorded, stream
from tfmatrix.records import OBSERVED, OPS, REPLAY, Cell, ExpectedTrial, Ops, Replay, Tensor, Trial, Work
from tfmatrix.store.store import Store

MOST_SKIPPED = 16
"""How many ops of one step may end the process, before nobody asks any more."""

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

    def has_kernel(self, stage: str) -> bool:
        """Return whether some kernel changed in the part of the step that makes a stage."""
        changed = self.kernels.changed if self.kernels else ()
        return any(one.op.phase in PHASES_OF.get(stage, ()) for one in changed)


class Steps:
    """The steps of cells, as far as they are stored."""

    def __init__(self, expect: Expect, store: Store, distance: Callable[[str, str], Distance]) -> None:
        """Take what makes a trial, where trials are, and what measures two digests."""
        self._expect, self._store, self._distance = expect, store, distance

    def wanted(self, base: Cell, other: Cell) -> Iterator[ExpectedTrial]:
        """Yield the trials that say something of two cells; those that replay once it is known what."""
        yield from self._recording(base, other)
        if (step := self._recorded(base)) and self._recorded(other):
            for cell in (base, other):
                yield from self._replays(cell, step)

    def write(self, expected: ExpectedTrial, base: Cell, folder: Path) -> ExpectedTrial:
        """Return a trial with the file that it is handed, if it is handed one."""
        if not isinstance(expected.work, Replay):
            return expected
        path = folder / expected.work.recorded
        if not path.exists():
            step = self._recorded(base)
            assert step
            path.write_bytes(kernels.handed(step, self._tensor))
        return replace(expected, work=replace(expected.work, handed=str(path)))

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
        replays = [list(self._replays(cell, mine)) for cell in (base, other)]
        ends = [self._store.trial(tried[-1].key) for tried in replays]
        if None in ends:
            return None
        changes = stream(mine, there)
        own, elsewhere = (self._replayed(one) for one in ends)
        if not own or not elsewhere:
            return Step(changes, obstacle=next(_why(one) for one in ends if one and one.outcome != OBSERVED))
        return Step(changes, kernels.kernels(mine, own, elsewhere, self._distance))

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
        trial = self._store.trial(self._expect(cell, Ops(), OPS).key)
        return recorded(self._store.trace(trial.trace), self._tensor) if trial and trial.trace else None

    def _replayed(self, trial: Trial | None) -> Replayed | None:
        return kernels.replayed(self._store.trace(trial.trace), self._tensor) if trial and trial.trace else None

    def _tensor(self, digest: str) -> Tensor:
        return self._store.tensor(digest)


def _why(trial: Trial) -> str:
    return " ".join(f"{trial.outcome}: {trial.message}".split())
