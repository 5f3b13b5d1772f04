"""What the gate finds: frozen records, from which every format of its answer is rendered."""

from __future__ import annotations

from dataclasses import dataclass

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.gate.levels import Level, worst_level
from tfmatrix.records import Cell


@dataclass(frozen=True)
class Reason:
    """Why something does not pass, or passes with a word: one sentence without its full stop, and what shows more."""

    level: Level
    text: str
    cell: str = ""
    """Empty where it is about no single cell."""
    verdict: str = ""
    stage: str = ""
    """Tier and stage, ``native/shuffle``; empty where it is about the whole cell."""
    baseline: str = ""
    """Digest of all of the stage's tensors in the baseline."""
    candidate: str = ""
    command: tuple[str, ...] = ()
    """Program and arguments; empty where there is nothing more to show."""


@dataclass(frozen=True)
class CellResult:
    """One expected cell of the candidate, judged by the policy and the ledger."""

    cell: Cell
    verdict: Verdict
    level: Level
    reasons: tuple[Reason, ...] = ()
    """Worst first."""


@dataclass(frozen=True)
class Check:
    """The gate's answer for one candidate."""

    baseline: str
    candidate: str
    preset: str
    policy: str
    """Digest of the policy."""
    machine: str
    cells: tuple[CellResult, ...]
    """Every expected cell."""
    others: tuple[Reason, ...] = ()
    """What is about no single cell: the ledger, the pin, the environments."""

    @property
    def level(self) -> Level:
        """Return the worst of all levels; INCOMPLETE where nothing was compared, since nothing passes by default."""
        levels = [result.level for result in self.cells]
        if not any(level.passes or level is Level.FAIL for level in levels):
            return Level.INCOMPLETE
        return worst_level([*levels, *(reason.level for reason in self.reasons)])

    @property
    def passes(self) -> bool:
        """Return whether the candidate may be pinned."""
        return self.level.passes

    @property
    def answer(self) -> str:
        """Return the answer in one word: ``pass``, ``fail`` or ``incomplete``."""
        return "pass" if self.passes else self.level.value

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return all reasons, worst level first, and of one level the worst verdict; what is about no cell leads."""
        words = ["", *(verdict.value for verdict in Verdict)]
        found = [*self.others, *(reason for result in self.cells for reason in result.reasons)]
        return tuple(sorted(found, key=lambda reason: (reason.level.severity, words.index(reason.verdict))))
