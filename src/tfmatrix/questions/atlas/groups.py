"""Groups: the rows of one name that changed in one way at one boundary, which a reader wants to see as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tfmatrix.questions.atlas.judge import KINDS, WORDS
from tfmatrix.questions.atlas.plan import KERAS, part_of
from tfmatrix.questions.atlas.summary import Report, Row, Step


@dataclass(frozen=True)
class Group:
    """Rows of one op, or of one name of Keras, with one kind of step."""

    op: str
    gradient: bool
    """Whether they are of the op's gradient; those of Keras are not told apart."""
    after: str
    kind: str
    found: tuple[tuple[Row, Step], ...]

    @property
    def name(self) -> str:
        """Return what is shown of it."""
        return f"{self.op} gradient" if self.gradient else self.op

    @property
    def of(self) -> tuple[str, ...]:
        """Return the types of its rows, each once; of a name of Keras their cases."""
        if part_of(self.op) == KERAS:
            return tuple(dict.fromkeys(case_of(row) for row, _ in self.found))
        return tuple(dict.fromkeys(row.types for row, _ in self.found if row.types))

    @property
    def farthest(self) -> tuple[Row, Step]:
        """Return the row that lies farthest from what it was."""
        return max(self.found, key=lambda one: (one[1].note != "", *one[1].size))


@dataclass(frozen=True)
class Worded:
    """An argument, or an entry of a configuration, that is another in the same way in some names of Keras."""

    kind: str
    what: str
    was: str
    now: str
    names: tuple[str, ...]


def case_of(row: Row) -> str:
    """Return the case of a row of Keras, and whether it is of the gradient."""
    return f"{row.case} gradient" if row.gradient else row.case


def groups(report: Report, after: str, part: str) -> tuple[Group, ...]:
    """Return what changed in one part at the boundary before a release, but words: what matters most is first."""
    found: dict[tuple[str, bool, str], list[tuple[Row, Step]]] = {}
    for row in report.rows:
        for step in row.steps:
            if step.after == after and step.kind not in WORDS and part_of(row.op) == part:
                found.setdefault((row.op, row.gradient and part != KERAS, step.kind), []).append((row, step))
    made = (Group(op, gradient, after, kind, tuple(rows)) for (op, gradient, kind), rows in found.items())
    return tuple(sorted(made, key=lambda one: (KINDS.index(one.kind), one.op, one.gradient)))


def worded(report: Report, after: str, part: str) -> tuple[Worded, ...]:
    """Return what one part says in other words at the boundary before a release: what names have in common is last."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for row in report.rows:
        for step in row.steps:
            if step.after == after and step.kind in WORDS and part_of(row.op) == part:
                found.setdefault((step.kind, step.what, step.was, step.now), []).append(row.op)
    made = (Worded(*words, tuple(names)) for words, names in found.items())
    return tuple(sorted(made, key=lambda one: (KINDS.index(one.kind), len(one.names) > 1, one.names, one.what)))


def of_kind(some: Iterable[Group], kind: str) -> tuple[Group, ...]:
    """Return the groups of one kind."""
    return tuple(one for one in some if one.kind == kind)
