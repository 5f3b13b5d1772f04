"""Judging: what a recording says that a model uses, and what the atlas says of that between two releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tfmatrix.questions.atlas import IN_WORDS, NOT_KNOWN, NOTHING, Atlas, Move, Row, Step, worst
from tfmatrix.questions.explain import ARRANGING, FORWARD, METRIC, OPTIMIZER, Recording, types_of

COMPUTES_NOTHING = ARRANGING | {"NoOp", "Placeholder", "Variable", "VariableV2"}
"""Ops that round nothing, of which another kernel would be no other number."""

HANDLE = "a handle"
"""Why the atlas does not run an op by itself that moves a variable."""

CLASSES_OF = {OPTIMIZER: "keras.optimizers.", METRIC: "keras.metrics.", FORWARD: "keras.layers."}
"""How the names of classes begin whose objects move variables in a part of a step."""

NO_CLASSES = "the atlas has no class of Keras"
"""Why it says nothing of one where it says nothing of any."""


@dataclass(frozen=True)
class Use:
    """An op with its types, as a model uses it."""

    op: str
    types: tuple[tuple[str, str], ...]
    """By the names of its attributes, sorted."""
    differentiated: bool = False
    """Whether a gradient is taken of it somewhere."""
    phases: frozenset[str] = frozenset()
    """The parts of a step that it is executed in."""


@dataclass(frozen=True)
class Found:
    """Rows of one op with its types, or of one thing about a class, that changed on the way."""

    op: str
    types: str
    gradient: bool
    moves: tuple[tuple[Row, Move], ...]

    @property
    def kind(self) -> str:
        """What is worst of it at the end; `NOTHING` where all of it came back."""
        return worst(move.kind for _, move in self.moves)

    @property
    def steps(self) -> Iterator[tuple[Row, Step]]:
        """Every step on the way, with the row that makes it."""
        return ((row, step) for row, move in self.moves for step in move.steps)


@dataclass(frozen=True)
class Gap:
    """Something that a model uses and of which the atlas says nothing."""

    what: str
    types: str
    reason: str


def uses(recording: Recording) -> tuple[Use, ...]:
    """Return the ops that a model uses, each with its types once, sorted."""
    differentiated = {op.of for op in recording.ops if op.of is not None}
    found: dict[Use, Use] = {}
    for op in recording.ops:
        plain = Use(op.type, tuple(sorted(types_of(op).items())))
        before = found.get(plain, plain)
        found[plain] = replace(
            before,
            differentiated=before.differentiated or op.number in differentiated,
            phases=before.phases | {op.phase},
        )
    return tuple(sorted(found.values(), key=lambda one: (one.op, one.types)))


def changes(used: Iterable[Use], classes: Iterable[str], atlas: Atlas, since: str, until: str) -> tuple[Found, ...]:
    """Return what changed between two releases of what a model uses, or changed on the way and came back.

    A gradient counts where the model takes one.
    """
    rows = {row for use in used for row in _rows(use, atlas) if use.differentiated or not row.gradient}
    rows |= {row for name in classes for row in atlas.of_class(name)}
    found: dict[tuple[str, str, bool], list[tuple[Row, Move]]] = {}
    for row in sorted(rows, key=lambda one: (one.op, one.types, one.gradient, one.case)):
        move = atlas.move(row, since, until)
        if move.kind not in {NOTHING, NOT_KNOWN} or (move.kind == NOTHING and move.steps):
            found.setdefault((row.op, row.types, row.gradient), []).append((row, move))
    return tuple(Found(*of, tuple(moves)) for of, moves in found.items())


def gaps(used: Iterable[Use], classes: Iterable[str], atlas: Atlas, since: str, until: str) -> tuple[Gap, ...]:
    """Return what a model uses that computes something and of which the atlas says nothing.

    An op that moves a variable is covered by the classes that call it: those of its parts of the step.
    """
    run = {name: [row for row in atlas.of_class(name) if row.case not in IN_WORDS] for name in classes}
    known = {name: _says(run[name], atlas, since, until) for name in classes}
    found = []
    for use in used:
        rows = [row for row in _rows(use, atlas) if not row.gradient]
        if use.op in COMPUTES_NOTHING or _says(rows, atlas, since, until):
            continue
        reason = atlas.why_not_known(rows[0], since, until) if rows else atlas.why_no_row(use.op, since, until)
        if not (reason == HANDLE and all(_is_covered(phase, known) for phase in use.phases)):
            found.append(Gap(use.op, ", ".join(dict.fromkeys(dict(use.types).values())), reason))
    return (*found, *(Gap(name, "", _why_class(name, atlas, since, until)) for name in classes if not known[name]))


def _why_class(name: str, atlas: Atlas, since: str, until: str) -> str:
    """Return why nothing is known of what a class computes."""
    if not atlas.of_class(name):
        return "no such class" if atlas.has_classes else NO_CLASSES
    return atlas.why_not(name, since) or atlas.why_not(name, until) or "only its arguments are known"


def _is_covered(phase: str, known: Mapping[str, bool]) -> bool:
    """Return whether a model calls classes of the kind that a part of a step is made of, and all of these are covered.

    ``known`` says of each class whether it is.
    """
    kind = CLASSES_OF.get(phase)
    own = [covered for name, covered in known.items() if kind and name.startswith(kind)]
    return bool(own) and all(own)


def _rows(use: Use, atlas: Atlas) -> tuple[Row, ...]:
    return atlas.rows(use.op, dict(use.types))


def _says(rows: Iterable[Row], atlas: Atlas, since: str, until: str) -> bool:
    """Return whether any of some rows tells what becomes of it."""
    return any(atlas.move(row, since, until).kind != NOT_KNOWN for row in rows)
