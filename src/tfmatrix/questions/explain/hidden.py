"""Hidden: what differs between two releases without op determinism, and not with it.

`enable_op_determinism()` has some operations take another path, so that a mode with it is silent about a change that
its users meet who do without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tfmatrix.compare.judging import Judge, Traces
from tfmatrix.compare.results import CellComparison
from tfmatrix.compare.stages import INJECTED, NATIVE
from tfmatrix.compare.tensors import Tensors
from tfmatrix.questions.explain.remedies import Remedies, Remedy
from tfmatrix.records import OBSERVED, Cell, Environment, ExpectedTrial
from tfmatrix.store.store import Store
from tfmatrix.tables import SWITCHES

SWITCH = "determinism-off"

REPEATS = (1, 2)
"""Trials of each side: without op determinism one of them may not be what the next one is."""

Expect = Callable[[Cell, int], ExpectedTrial]
"""From a cell and a number to the trial."""


@dataclass(frozen=True)
class Hidden:
    """What op determinism hides of a cell."""

    cell: Cell
    stages: tuple[str, ...] = ()
    """Tier and name of the first of each stage that differs only without it."""
    unstable: str = ""
    """The environment in which the model does not repeat itself without it: then nothing is said of stages."""


class Determinism:
    """The cells of modes with op determinism, as they are without."""

    def __init__(
        self,
        baseline: Environment,
        remedies: Callable[[Environment], Remedies],
        expect: Expect,
        tensors: Tensors,
        store: Store,
    ) -> None:
        """Take what makes trials and where they are."""
        self._baseline, self._remedies, self._expect = baseline, remedies, expect
        self._tensors, self._store = tensors, store

    def asked(self, compared: Sequence[CellComparison]) -> Iterator[CellComparison]:
        """Yield the cells that can be asked about: those of such a mode that were compared."""
        for one in compared:
            if one.cell.mode in SWITCHES[SWITCH].modes and (one.stages or not one.reason):
                yield one

    def trials(self, compared: CellComparison) -> Iterator[ExpectedTrial]:
        """Yield the trials of both sides of a cell."""
        for side in self._sides(compared):
            yield from (self._expect(side, number) for number in REPEATS)

    def of(self, compared: CellComparison) -> Hidden | None:
        """Return what is hidden of a cell: nothing, where neither a stage nor an environment is named.

        None where some trial is not known. What a release does not run without op determinism hides nothing.
        """
        sides = list(self._sides(compared))
        found = [[self._store.trial(self._expect(side, number).key) for number in REPEATS] for side in sides]
        if any(trial is None for some in found for trial in some):
            return None
        if any(trial.outcome != OBSERVED for some in found for trial in some if trial):
            return Hidden(compared.cell)
        traces = [[trial.trace or "" for trial in some if trial] for some in found]
        for side, own in zip(sides, traces, strict=True):
            if len(set(own)) > 1:
                return Hidden(compared.cell, unstable=side.environment.name)
        (mine, *_), (there, *_) = traces
        return Hidden(compared.cell, tuple(self._only_there(compared, mine, there)) if mine != there else ())

    def _only_there(self, compared: CellComparison, mine: str, there: str) -> Iterator[str]:
        """Yield the first of each stage that differs here and has the same bits with op determinism."""
        known = {(one.tier, one.kind) for one in compared.stages if one.differing}
        judge = Judge(self._tensors, Traces(mine), Traces(there))
        self._tensors.prepare(judge.pairs((NATIVE, INJECTED)))
        for one in judge.judge((NATIVE, INJECTED)).stages:
            if one.differing and (one.tier, one.kind) not in known:
                yield f"{one.tier} {one.first.stage if one.first else one.kind}"

    def _sides(self, compared: CellComparison) -> Iterator[Cell]:
        remedies = self._remedies(compared.cell.environment)
        for cell in (replace(compared.cell, environment=self._baseline), compared.cell):
            if changed := remedies.cell(cell, Remedy((SWITCH,), both=True)):
                yield changed
