"""Whether a report says of a planted fault what it has to say."""

from __future__ import annotations

from typing import NamedTuple

from tfmatrix.questions.matrix.summary import Cell

from .faults import Fault

SILENT = {"identical", "consequence"}


class Row(NamedTuple):
    """What became of one fault."""

    fault: Fault
    found: bool
    """The cell is not called identical, and the Markdown report names the place."""
    placed: bool
    """The first divergence of the tier is at the stage that it was planted in, and no other stage is blamed."""
    verdict: str

    @property
    def passed(self) -> bool:
        """Return whether the fault was found, placed and judged rightly."""
        return self.found and self.placed and self.verdict == self.fault.verdict.value


def judge(fault: Fault, cell: Cell, report: str) -> Row:
    """Return what a report says of a fault."""
    if not fault.stage:
        said = fault.says in cell.reason and fault.says in report.replace("\\", "")
        return Row(fault, cell.verdict != "identical", said and not cell.stages, cell.verdict)
    named = f"`{fault.stage}`" in report
    return Row(fault, cell.verdict != "identical" and named, _placed(fault, cell), cell.verdict)


def _placed(fault: Fault, cell: Cell) -> bool:
    first = {found.tier: found.at.stage for found in cell.divergences or ()}
    if first.get(fault.tier) != fault.stage:
        return False
    blamed = [stage for stage in cell.stages or () if stage.verdict not in SILENT]
    return not fault.alone or len(blamed) == 1
