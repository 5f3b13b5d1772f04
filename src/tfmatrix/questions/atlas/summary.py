"""The atlas as records: what `atlas.json` holds and the page is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise, product
from typing import Annotated, Final, Literal

from msgspec import Meta

from tfmatrix import __version__, records
from tfmatrix.compare.letters import letter_of
from tfmatrix.compare.tensors import Tensors
from tfmatrix.questions.atlas.judge import KINDS, MOST_SCALED, MOST_ULP, Change, changes, pairs, state
from tfmatrix.questions.atlas.observed import Observed, observed
from tfmatrix.questions.atlas.plan import BATCHES, MODE, PARTS, AtlasPlan, part_of
from tfmatrix.report.document import UNNAMED, identified
from tfmatrix.report.records import (
    Count,
    Environment,
    Launch,
    Machine,
    Name,
    Number,
    Positive,
    Record,
    Version,
    as_number,
    environment_of,
    launch_of,
    machine_of,
    one_of,
)
from tfmatrix.report.records import Report as AnyReport
from tfmatrix.store.facts import noted_installed, noted_machine, noted_refusal
from tfmatrix.store.store import Store

SCHEMA: Final = 2

SHOWN = ("numpy", "keras", "tf-keras")
"""Packages of an environment that the atlas names."""

ABSENT, UNKNOWN, RAISES, ENDS, UNSTABLE = "-", "?", "!", "x", "~"
"""What stands in the place of a letter where a row made nothing that could be compared."""


NO_KERNEL, REMOVED = "no kernel for a CPU", "removed from graphs of today"
"""What is said of an op that raises for one of these reasons, whatever TensorFlow's words are."""


class Step(Record, frozen=True, kw_only=True):
    """How a row lies to that of the release before."""

    after: Annotated[Name, Meta(description="The release in which it is other than in the one before.")]
    kind: Annotated[str, one_of(*KINDS)]
    elements: Count = 0
    differing: Count = 0
    max_ulp: int | None = None
    scaled_error: Number | None = None
    max_abs: Number | None = None
    note: Annotated[
        str, Meta(description="What it raises, how it ends, which dtype or shape is another, or what a test says.")
    ] = ""
    what: Annotated[str, Meta(description="The argument, or the entry of a configuration, that is another.")] = ""
    was: Annotated[str, Meta(description="Its default or value before, as text; empty where it was not there.")] = ""
    now: Annotated[str, Meta(description="The same in this release.")] = ""

    @property
    def size(self) -> tuple[float, float]:
        """Return how large it is, as scaled error and as ULPs."""
        scaled = self.scaled_error
        return float(scaled) if scaled is not None else 0.0, float(self.max_ulp or 0)


class Row(Record, frozen=True, kw_only=True):
    """One op with types, or one name of Keras, in a case: what it makes, or its gradient."""

    op: Annotated[Name, Meta(description="An op of `tf.raw_ops`, or a name of Keras: `keras.layers.Dense`.")]
    types: Annotated[str, Meta(description="The type of most of what it is given, and others that are not as usual.")]
    case: Annotated[
        Name,
        Meta(
            description=(
                "Of an op a size, or special values; of Keras what is done: init, forward, training, one, three, ... "
                "or what is said: arguments, with their defaults, and config."
            )
        ),
    ]
    gradient: bool = False
    letters: Annotated[
        tuple[str, ...],
        Meta(
            description=(
                "Of each environment in order: equal bits have one letter. '-': no such row there; "
                "'?': not run yet; '!': raises; 'x': ends the process; '~': gives other bits in another process."
            )
        ),
    ]
    steps: tuple[Step, ...] = ()


class NotCovered(Record, frozen=True, kw_only=True):
    """Why an op, or a name of Keras, has no row that made something, in some releases."""

    op: Name
    reason: Name
    environments: tuple[Name, ...]


class Ended(Record, frozen=True, kw_only=True):
    """A row that ended the process."""

    row: Name
    how: Name
    environments: tuple[Name, ...]


class Coverage(Record, frozen=True, kw_only=True):
    """How much of one part of a release was run."""

    environment: Name
    of: Annotated[str, one_of(*PARTS)]
    ops: Annotated[Count, Meta(description="All that `tf.raw_ops` has, or all classes and functions of `tf.keras`.")]
    covered: Annotated[Count, Meta(description="Of how many some row made something.")]
    rows: Annotated[Count, Meta(description="Rows that made something.")]
    gradients: Annotated[Count, Meta(description="Those of them that are of a gradient.")]
    reasons: Annotated[dict[str, Count], Meta(description="Why the others have no row, and of how many that is so.")]
    unstable: Annotated[tuple[Name, ...], Meta(description="Rows that gave other bits in the second process.")]


class Settings(Record, frozen=True, kw_only=True):
    """What was asked, and by which bounds it was judged."""

    mode: Name
    seed: Count
    launch: Launch
    batches: dict[str, Positive]
    names: Annotated[str, Meta(description="The pattern of the names that were asked about; empty: all.")]
    most_ulp: Positive
    most_scaled: Positive


class Report(AnyReport, frozen=True, kw_only=True):
    """Everything that `atlas.json` holds."""

    schema: Literal[2]
    tfmatrix: Version
    settings: Settings
    releases: Annotated[
        tuple[Name, ...], Meta(description="The environments that something is known of, oldest first.")
    ]
    coverage: tuple[Coverage, ...]
    not_covered: tuple[NotCovered, ...]
    ended: tuple[Ended, ...]
    other_names: Annotated[
        dict[Name, Name],
        Meta(description="Further names of classes and functions of Keras, each with that of its rows."),
    ]
    rows: tuple[Row, ...]
    environments: tuple[Environment, ...]
    machine: Machine
    unanswered: tuple[str, ...]


def summarise(plan: AtlasPlan, store: Store) -> Report:
    """Return all that is stored of single ops under an id that is the digest of everything else."""
    found = {one.name: observed(plan, one, store) for one in plan.environments}
    known = {name: one for name, one in found.items() if any(map(one.names, PARTS))}
    return identified(
        Report(
            id=UNNAMED,
            schema=SCHEMA,
            tfmatrix=__version__,
            settings=Settings(
                mode=MODE,
                seed=plan.config.seed,
                launch=launch_of(plan.launch),
                batches=BATCHES,
                names=plan.names,
                most_ulp=MOST_ULP,
                most_scaled=MOST_SCALED,
            ),
            releases=tuple(known),
            coverage=tuple(
                _coverage(name, part, one) for part in PARTS for name, one in known.items() if one.names(part)
            ),
            not_covered=tuple(_not_covered(known)),
            ended=tuple(_ended(known)),
            other_names={alias: name for one in known.values() for alias, name in sorted(one.other_names.items())},
            rows=tuple(_rows(known, Tensors(store))),
            environments=tuple(_environment(one, plan, store) for one in plan.environments),
            machine=machine_of(noted_machine(store, plan.scope.machine)),
            unanswered=tuple(line for one in found.values() for line in one.problems),
        )
    )


Known = dict[str, Observed]


def _coverage(name: str, part: str, one: Observed) -> Coverage:
    reasons = Counter(_kind_of_reason(reason) for op, reason in _reasons(one, part))
    made = one.rows(part)
    return Coverage(
        environment=name,
        of=part,
        ops=len(one.names(part)),
        covered=len(one.covered(part)),
        rows=len(made),
        gradients=sum(key.gradient for key in made),
        reasons=dict(reasons.most_common()),
        unstable=tuple(sorted(key.name for key in one.unstable if part_of(key.op) == part)),
    )


def _reasons(one: Observed, part: str) -> Iterator[tuple[str, str]]:
    """Yield each name without a row that made something, and why: what stopped it, or what most of its rows raised."""
    raised: dict[str, Counter[str]] = {}
    for key, why in one.raised.items():
        raised.setdefault(key.op, Counter())[_reason_of(why)] += 1
    ended = {key.op: how for key, how in one.ended.items()}
    for op in sorted(one.names(part) - one.covered(part)):
        most = raised[op].most_common(1)[0][0] if op in raised else ""
        yield op, one.left_out.get(op) or ended.get(op) or most or "nothing was run of it"


def _reason_of(raised: str) -> str:
    """Return what an exception says of an op: the same in every release, where that is known."""
    if raised.startswith("NotFoundError"):
        return NO_KERNEL
    return REMOVED if "not available in GraphDef" in raised else f"raises {raised}"


def _kind_of_reason(reason: str) -> str:
    """Return a reason without what it says of one op alone."""
    return reason.partition(":")[0]


def _not_covered(known: Known) -> Iterator[NotCovered]:
    found: dict[tuple[str, str], list[str]] = {}
    for part, (name, one) in product(PARTS, known.items()):
        for op, reason in _reasons(one, part):
            found.setdefault((op, reason), []).append(name)
    for (op, reason), where in sorted(found.items()):
        yield NotCovered(op=op, reason=reason, environments=tuple(where))


def _ended(known: Known) -> Iterator[Ended]:
    found: dict[tuple[str, str], list[str]] = {}
    for name, one in known.items():
        for key, how in one.ended.items():
            found.setdefault((key.name, how), []).append(name)
    for (row, how), where in sorted(found.items()):
        yield Ended(row=row, how=how, environments=tuple(where))


def _rows(known: Known, tensors: Tensors) -> Iterator[Row]:
    """Yield every row that made or said something, or ended the process, in some release."""
    keys = sorted(
        {key for one in known.values() for some in (one.made, one.says, one.ended, one.unstable) for key in some}
    )
    neighbours = list(pairwise(known.items()))
    unstable = {key for one in known.values() for key in one.unstable}
    tensors.prepare([pair for (_, a), (_, b) in neighbours for key in keys for pair in pairs(key, a, b)])
    for key in keys:
        seen: dict[Hashable, str] = {}
        repeats = key not in unstable
        steps = (
            (after, one) for (_, a), (after, b) in neighbours for one in changes(key, a, b, tensors, repeats=repeats)
        )
        yield Row(
            op=key.op,
            types=key.types,
            case=key.case,
            gradient=key.gradient,
            letters=tuple(_letter(state(key, one), seen) for one in known.values()),
            steps=tuple(_step(after, found) for after, found in steps),
        )


def _letter(found: Sequence[object], seen: dict[Hashable, str]) -> str:
    words = {"unknown": UNKNOWN, "unstable": UNSTABLE, "raises": RAISES, "ends": ENDS, "left out": ABSENT}
    if not found:
        return ABSENT
    return words.get(str(found[0])) or letter_of(tuple(found), seen)


def _step(after: str, found: Change) -> Step:
    measured = found.distance
    if measured is None:
        return Step(after=after, kind=found.kind, note=found.why, what=found.what, was=found.was, now=found.now)
    return Step(
        after=after,
        kind=found.kind,
        elements=measured.elements,
        differing=measured.differing,
        max_ulp=measured.max_ulp,
        scaled_error=as_number(measured.scaled_error),
        max_abs=as_number(measured.max_abs),
        note=measured.note,
    )


def _environment(environment: records.Environment, plan: AtlasPlan, store: Store) -> Environment:
    key = plan.scope.environment_key(environment)
    installed = noted_installed(store, key)
    refusal = noted_refusal(store, key) or ("" if installed else "not made")
    return environment_of(environment, installed, refusal, only=SHOWN)
