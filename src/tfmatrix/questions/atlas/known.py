"""What an atlas knows of an op as a model uses it, with no run of anything: its rows, and what became of them.

The atlas that tfmatrix brings is a report `atlas.json`, compressed as it is: `nox -s ship` makes it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tfmatrix.errors import UserError
from tfmatrix.questions.atlas import summary
from tfmatrix.questions.atlas.judge import (
    ENDS,
    GONE,
    KINDS,
    MEANING,
    NEW,
    OTHER_INPUT,
    RAISES,
    ROUNDING,
    RUNS,
    UNSTABLE,
)
from tfmatrix.questions.atlas.plan import KERAS, part_of
from tfmatrix.questions.atlas.summary import Report, Row, Step

SHIPPED = Path(__file__).with_name("atlas.json.gz")
"""The report that tfmatrix brings."""

MAIN = ("T", "dtype", "Tinput", "T1")
"""Names of the attribute that is an op's main type, as the probe's `rows` has them."""

COMPILED = "compiled"
"""The case of what XLA compiles: of a model nothing is recorded there, so that it says nothing of what one uses."""

NOT_KNOWN = "not known"
"""What is said of a row that does not tell what becomes of it."""

NOTHING = ""
"""The same of one that is the same."""

BECOMES = {summary.ABSENT: GONE, summary.RAISES: RAISES, summary.ENDS: ENDS}
"""What a row that made something comes to in a release where it makes nothing, by what stands there."""

UNTOLD = frozenset({summary.UNKNOWN, summary.UNSTABLE})
"""What stands where a row tells nothing."""

WHY = {
    summary.UNKNOWN: "not run yet",
    summary.UNSTABLE: "gives other bits each time",
    summary.ABSENT: "not there",
    summary.RAISES: "raises",
    summary.ENDS: "ends the process",
}
"""What is said of a row that tells nothing, by what stands at an end."""

UNLINKED = frozenset({NOTHING, NOT_KNOWN, *BECOMES.values()})
"""What becomes of a row that no kernel with other bits can be due to."""

UNMEASURED = frozenset({RAISES, RUNS, ENDS, NEW, GONE, UNSTABLE})
"""Kinds of steps of a row that makes something on one side only, or not the same twice."""


@dataclass(frozen=True)
class Move:
    """What becomes of a row from one release to a later one."""

    kind: str
    """A word of `KINDS`; empty where it is the same; `NOT_KNOWN`."""
    steps: tuple[Step, ...]
    """On the way: of a row that is the same at the end some too, where it came back."""


class Atlas:
    """A report of the atlas, to look things up in."""

    def __init__(self, report: Report) -> None:
        """Take a report of any releases."""
        self.report = report
        self._rows: dict[str, list[Row]] = {}
        for row in report.rows:
            if row.case != COMPILED:
                self._rows.setdefault(row.op, []).append(row)

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases that it knows, oldest first."""
        return self.report.releases

    @property
    def has_classes(self) -> bool:
        """Whether it has any class of Keras."""
        return any(part_of(op) == KERAS for op in self._rows)

    def rows(self, op: str, types: Mapping[str, str]) -> tuple[Row, ...]:
        """Return the rows of an op that has some types, by the names of its attributes; none where it has no such row.

        A row tells its main type, and others where they are not as usual: ``float32,Tidx=int64``. Where such a row
        fits, it counts, and so does the usual one beside it, unless every pair of types is a row of its own.
        """
        found = self._rows.get(op, [])
        if not types:
            return tuple(row for row in found if not row.types)
        told = [(row, *_types_of(row)) for row in found]
        beside = {name for _, _, others in told for name in others}
        main = next((types[name] for name in MAIN if name in types), "")
        mains = {main} if main else {types[name] for name in types if name not in beside}
        fits = [(row, others) for row, own, others in told if own in mains and others.items() <= types.items()]
        special = [row for row, others in fits if others]
        every_pair = len({own for _, own, others in told if others}) > 1
        usual = [] if special and every_pair else [row for row, others in fits if not others]
        return (*usual, *special)

    def of_class(self, name: str) -> tuple[Row, ...]:
        """Return the rows of a class of Keras, in all cases."""
        return tuple(self._rows.get(name, ()))

    def why_not(self, op: str, release: str) -> str:
        """Return why a release has no row of an op that made something; empty where it has one."""
        found = (one.reason for one in self.report.not_covered if one.op == op and release in one.environments)
        return next(found, "" if op in self._rows else "no such op")

    def why_no_row(self, op: str, since: str, until: str) -> str:
        """Return why no row of an op fits, of which `rows` finds none."""
        return self.why_not(op, since) or self.why_not(op, until) or "not with these types"

    def move(self, row: Row, since: str, until: str) -> Move:
        """Return what becomes of a row from one of its releases to a later one.

        What changed and was not measured, since the row made nothing in between, is no rounding that anybody knows of.
        """
        first, last = self.releases.index(since), self.releases.index(until)
        on_the_way = self.releases[first + 1 : last + 1]
        steps = tuple(step for step in row.steps if step.after in on_the_way)
        before, after = row.letters[first], row.letters[last]
        if before in BECOMES or {before, after} & UNTOLD:
            return Move(NOT_KNOWN, steps)
        if after in BECOMES:
            return Move(BECOMES[after], steps)
        if before == after:
            return Move(NOTHING, steps)
        kinds = {step.kind for step in steps}
        if OTHER_INPUT in kinds:
            return Move(NOT_KNOWN, steps)
        return Move(worst(kinds) if kinds.isdisjoint(UNMEASURED) and kinds else MEANING, steps)

    def why_not_known(self, row: Row, since: str, until: str) -> str:
        """Return why a row does not tell what becomes of it: by what stands at one of the ends."""
        at = {release: row.letters[self.releases.index(release)] for release in (since, until)}
        return next(
            (f"{WHY[one]} in {release}" for release, one in at.items() if one in WHY), "was given another input"
        )

    def told(self, op: str, types: Mapping[str, str], one: str, other: str) -> str:
        """Return where an op changed between two releases, and if no row of it did, why the atlas says nothing.

        ``MatMul float16, 2.15.1 to 2.16.2, rounding``; ``no row: stateful``. Which of the two is older does not matter.
        """
        if unknown := [release for release in (one, other) if release not in self.releases]:
            return f"it does not have {unknown[0]}"
        if found := self.changes(op, types, one, other):
            return found
        since, until = sorted((one, other), key=self.releases.index)
        rows = self._forward(op, types)
        if not rows:
            return f"no row: {self.why_no_row(op, since, until)}"
        if any(self.move(row, since, until).kind == NOTHING for row in rows):
            return "the same, with other inputs"
        return f"its rows tell nothing: {self.why_not_known(rows[0], since, until)}"

    def changes(self, op: str, types: Mapping[str, str], one: str, other: str) -> str:
        """Return where an op changed between two releases that the atlas has, in a phrase; empty where no row did."""
        since, until = sorted((one, other), key=self.releases.index)
        found: dict[tuple[str, str], dict[str, None]] = {}
        for row in self._forward(op, types):
            move = self.move(row, since, until)
            for step in move.steps if move.kind not in UNLINKED else ():
                found.setdefault((step.after, step.kind), {})[row.types] = None
        return "; ".join(
            f"{op} {' and '.join(names)}".strip() + f", {self.before(after)} to {after}, {kind}"
            for (after, kind), names in sorted(found.items(), key=lambda one: self.releases.index(one[0][0]))
        )

    def _forward(self, op: str, types: Mapping[str, str]) -> list[Row]:
        """Return the rows of an op alone, and not of its gradient, which other ops make."""
        return [row for row in self.rows(op, types) if not row.gradient]

    def before(self, release: str) -> str:
        """Return the release that one is laid beside."""
        return self.releases[self.releases.index(release) - 1]


def shipped() -> Atlas:
    """Return the atlas that tfmatrix brings; raises ``UserError`` where its file is not as it was."""
    try:
        return Atlas(msgspec.json.decode(gzip.decompress(SHIPPED.read_bytes()), type=Report))
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError) as error:
        raise UserError(f"the atlas in {SHIPPED} cannot be read: {error}; install tfmatrix again.") from error


def ship(report: Path) -> None:
    """Have a report `atlas.json` be the one that tfmatrix brings."""
    SHIPPED.write_bytes(gzip.compress(report.read_bytes(), mtime=0))


def worst(kinds: Iterable[str]) -> str:
    """Return the kind of some that a reader looks at first, rounding where there is nothing else; `NOTHING` of none."""
    return min(filter(None, kinds), key=lambda one: (one == ROUNDING, KINDS.index(one)), default=NOTHING)


def _types_of(row: Row) -> tuple[str, dict[str, str]]:
    """Return the main type of a row, and others that are not as usual by their attributes."""
    main, *others = row.types.split(",")
    return main, {name: dtype for name, _, dtype in (one.partition("=") for one in others)}
