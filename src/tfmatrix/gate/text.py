"""Reasons as a person reads them: what is the same for many cells is said once."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.gate.levels import Level
from tfmatrix.gate.results import Check, Reason
from tfmatrix.report.text import plain

NAMED = 12
"""Cells that a line names; `tfmatrix check --format json` has the rest."""


@dataclass(frozen=True)
class Line:
    """One reason, and every cell that has it."""

    reason: Reason
    cells: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return level, verdict and place: ``fail, redrawn: 2.16.2/keras_mlp/tf2 native/shuffle``."""
        head = ", ".join(word for word in (self.reason.level.value, self.reason.verdict) if word)
        named = ", ".join(self.cells[:NAMED])
        more = f" and {len(self.cells) - NAMED} more cells" if len(self.cells) > NAMED else ""
        return plain(f"{head}: {named}{more} {self.reason.stage}").rstrip(": ")

    @property
    def text(self) -> str:
        """Return the reason itself."""
        return plain(self.reason.text)

    @property
    def command(self) -> str:
        """Return the command that shows more, as a shell takes it; empty where there is none."""
        return plain(shlex.join(map(plain, self.reason.command)))


def lines(check: Check) -> list[Line]:
    """Return the reasons of a check, worst first, cells with the same one together."""
    grouped: dict[tuple[object, ...], list[Reason]] = {}
    for reason in check.reasons:
        # Two differences are two, whatever their words; a missing environment or a broken model is one for all cells.
        own = reason.cell if reason.stage else ""
        grouped.setdefault((reason.level, reason.verdict, reason.stage, reason.text, own), []).append(reason)
    return [Line(same[0], tuple(reason.cell for reason in same if reason.cell)) for same in grouped.values()]


def headline(check: Check) -> str:
    """Return the answer in one line."""
    return plain(f"{check.candidate} against {check.baseline}: {check.answer}, by the policy {check.preset}")


def counts(check: Check) -> str:
    """Return how many of the expected cells have which level, and which verdict."""
    levels = Counter(result.level for result in check.cells)
    verdicts = Counter(result.verdict for result in check.cells)
    by_level = ", ".join(f"{levels[level]} {level.value}" for level in Level if levels[level])
    by_verdict = ", ".join(f"{verdicts[verdict]} {verdict.value}" for verdict in Verdict if verdicts[verdict])
    number = f"{len(check.cells)} cell{'' if len(check.cells) == 1 else 's'} expected"
    return f"{number}: {by_level} ({by_verdict})"


def text(check: Check) -> Iterator[str]:
    """Yield the lines of the answer as plain text."""
    yield headline(check)
    yield counts(check)
    for command, same in groupby(lines(check), key=lambda line: line.command):
        yield ""
        for line in same:
            if line.cells:
                yield line.title
                yield f"  {line.text}"
            else:
                yield f"{line.title}: {line.text}"
        if command:
            yield f"  more: {command}"
