"""Groups: the rows of one op that changed in one way at one boundary, which a reader wants to see as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tfmatrix.questions.atlas.judge import KINDS
from tfmatrix.questions.atlas.summary import Report, Row, Step


@dataclass(frozen=True)
class Group:
    """Rows of one op with one kind of step."""

    op: str
    gradient: bool
    after: str
    kind: str
    found: tuple[tuple[Row, Step], ...]

    @property
    def name(self) -> str:
        """Return what is shown of it."""
        return f"{self.op} gradient" if self.gradient else self.op

    @property
    def types(self) -> tuple[str, ...]:
        """Return the types of its rows, each once."""
        return tuple(dict.fromkeys(row.types for row, _ in self.found if row.types))

    @property
    def cases(self) -> tuple[str, ...]:
        """Return the cases of its rows, each once."""
        return tuple(dict.fromkeys(row.case for row, _ in self.found))

    @property
    def farthest(self) -> tuple[Row, Step]:
        """Return the row that lies farthest from what it was."""
        return max(self.found, key=lambda one: (one[1].note != "", *one[1].size))


def groups(report: Report, after: str) -> tuple[Group, ...]:
    """Return what changed at the boundary before a release: by kind, what a reader looks at first coming first."""
    found: dict[tuple[str, bool, str], list[tuple[Row, Step]]] = {}
    for row in report.rows:
        for step in row.steps:
            if step.after == after:
                found.setdefault((row.op, row.gradient, step.kind), []).append((row, step))
    made = (Group(op, gradient, after, kind, tuple(rows)) for (op, gradient, kind), rows in found.items())
    return tuple(sorted(made, key=lambda one: (KINDS.index(one.kind), one.op, one.gradient)))


def of_kind(some: Iterable[Group], kind: str) -> tuple[Group, ...]:
    """Return the groups of one kind."""
    return tuple(one for one in some if one.kind == kind)
