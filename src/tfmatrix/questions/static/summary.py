"""The static answer as records: what `static.json` holds and the page is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta

from tfmatrix import __version__
from tfmatrix.environments.machine import machine_id
from tfmatrix.questions.atlas import KINDS, NOTHING
from tfmatrix.questions.atlas import Report as AtlasReport
from tfmatrix.questions.atlas import Row as AtlasRow
from tfmatrix.questions.atlas import Step as AtlasStep
from tfmatrix.questions.explain import Recording, recorded
from tfmatrix.questions.static import judge
from tfmatrix.questions.static.plan import StaticPlan
from tfmatrix.records import UNSUPPORTED, Cell, ExpectedTrial, Trial
from tfmatrix.report.document import UNNAMED, identified
from tfmatrix.report.records import Id, Machine, Name, Number, Positive, Record, Version, one_of
from tfmatrix.report.records import Report as AnyReport
from tfmatrix.store.store import Store

SCHEMA: Final = 1

SPECIAL = "special"
"""The case of NaN, infinities, -0, denormal numbers and the largest whole numbers, as the atlas has it."""


class Atlas(Record, frozen=True, kw_only=True):
    """The atlas that it is by."""

    id: Id
    tfmatrix: Version
    machine: Machine
    same_machine: Annotated[bool, Meta(description="Whether it was made on a machine of this one's class.")]


class Step(Record, frozen=True, kw_only=True):
    """What changed between two neighbouring releases, of all rows together."""

    before: Name
    after: Name
    kind: Annotated[str, one_of(*KINDS)]
    rows: Positive
    cases: tuple[Name, ...]
    max_ulp: Annotated[int | None, Meta(description="Of the row that lies farthest.")] = None
    scaled_error: Number | None = None
    note: str = ""


class Change(Record, frozen=True, kw_only=True):
    """An op with its types, or a class, that changed on the way."""

    what: Name
    types: str
    gradient: bool = False
    kind: Annotated[
        str, Meta(description="What is worst at the end of the way; empty: it changed, and came back by then.")
    ]
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """Return what is shown of it."""
        return f"{self.what} gradient" if self.gradient else self.what

    @property
    def is_special(self) -> bool:
        """Return whether it changed for NaN, infinities, -0, denormal and the largest whole numbers alone."""
        return {case for step in self.steps for case in step.cases} == {SPECIAL}


class NotCovered(Record, frozen=True, kw_only=True):
    """What the model uses and of which the atlas says nothing."""

    what: Name
    types: str
    reason: Name


class Answer(Record, frozen=True, kw_only=True):
    """What the atlas says of one cell."""

    model: Name
    mode: Name
    recorded: Annotated[str, Meta(description="The environment that it was recorded in; empty where it was in none.")]
    obstacle: Annotated[str, Meta(description="Why nothing is said; empty where something is.")] = ""
    ops: Annotated[tuple[Name, ...], Meta(description="Every op that it executes, by its type.")] = ()
    classes: Annotated[tuple[Name, ...], Meta(description="Every class of Keras that it calls.")] = ()
    changes: tuple[Change, ...] = ()
    not_covered: tuple[NotCovered, ...] = ()

    @property
    def name(self) -> str:
        """Return what it is called."""
        return f"{self.model}/{self.mode}"

    @property
    def changed(self) -> tuple[Change, ...]:
        """Return what is other at the end of the way."""
        return tuple(one for one in self.changes if one.kind != NOTHING)

    @property
    def came_back(self) -> tuple[Change, ...]:
        """Return what changed on the way, and is the same at its end."""
        return tuple(one for one in self.changes if one.kind == NOTHING)


class Report(AnyReport, frozen=True, kw_only=True):
    """Everything that `static.json` holds."""

    schema: Literal[1]
    tfmatrix: Version
    since: Name
    until: Name
    releases: Annotated[tuple[Name, ...], Meta(description="Those that the atlas has on the way, both ends too.")]
    atlas: Atlas
    answers: tuple[Answer, ...]
    unanswered: tuple[str, ...]


def summarise(plan: StaticPlan, store: Store) -> Report:
    """Return what the atlas says of each cell that is asked about, as far as somebody recorded it."""
    answers = tuple(_answer(plan, store, cell, trials) for cell, trials in plan.asked)
    atlas = plan.atlas.releases
    return identified(
        Report(
            id=UNNAMED,
            schema=SCHEMA,
            tfmatrix=__version__,
            since=plan.since,
            until=plan.until,
            releases=atlas[atlas.index(plan.since) : atlas.index(plan.until) + 1],
            atlas=_atlas(plan.atlas.report, plan),
            answers=answers,
            unanswered=tuple(_unanswered(plan, answers)),
        )
    )


def _atlas(report: AtlasReport, plan: StaticPlan) -> Atlas:
    same = report.machine.id == machine_id(plan.config.machine)
    return Atlas(id=report.id, tfmatrix=report.tfmatrix, machine=report.machine, same_machine=same)


def _answer(plan: StaticPlan, store: Store, cell: Cell, trials: Sequence[ExpectedTrial]) -> Answer:
    stored = [(one, store.trial(one.key)) for one in trials]
    for expected, trial in stored:
        if trial and trial.trace and (found := recorded(store.trace(trial.trace), store.tensor)):
            return _told(plan, cell, expected.cell.environment.name, found)
    why = next((_why(one, trial) for one, trial in stored if trial), "")
    return Answer(model=cell.model.name, mode=cell.mode, recorded="", obstacle=why)


def _why(expected: ExpectedTrial, trial: Trial) -> str:
    return " ".join(f"{trial.outcome} in {expected.cell.environment.name}: {trial.message}".split())


def _told(plan: StaticPlan, cell: Cell, recorder: str, recording: Recording) -> Answer:
    used, between = judge.uses(recording), (plan.atlas, plan.since, plan.until)
    found = [_change(one, plan) for one in judge.changes(used, recording.classes, *between)]
    return Answer(
        model=cell.model.name,
        mode=cell.mode,
        recorded=recorder,
        ops=tuple(dict.fromkeys(one.op for one in used)),
        classes=recording.classes,
        changes=tuple(sorted(found, key=_order)) or (),
        not_covered=tuple(
            NotCovered(what=one.what, types=one.types, reason=one.reason)
            for one in judge.gaps(used, recording.classes, *between)
        )
        or (),
    )


def _order(change: Change) -> tuple[bool, int, bool, str]:
    """Sort what is other at the end first, by its kind; what is so for special values alone behind the rest."""
    place = KINDS.index(change.kind) if change.kind else len(KINDS)
    return change.is_special, place, change.gradient, change.what


def _change(found: judge.Found, plan: StaticPlan) -> Change:
    groups: dict[tuple[str, str], list[tuple[AtlasRow, AtlasStep]]] = {}
    for row, step in found.steps:
        groups.setdefault((step.after, step.kind), []).append((row, step))
    places = plan.atlas.releases
    ordered = sorted(groups, key=lambda one: (places.index(one[0]), KINDS.index(one[1])))
    steps = tuple(_step(plan.atlas.before(after), groups[after, kind]) for after, kind in ordered)
    return Change(what=found.op, types=found.types, gradient=found.gradient, kind=found.kind, steps=steps)


def _step(before: str, found: Sequence[tuple[AtlasRow, AtlasStep]]) -> Step:
    _, far = max(found, key=lambda one: (one[1].note != "", *one[1].size))
    words = dict.fromkeys(
        f"{one.what} was {one.was or 'not there'}, is {one.now or 'gone'}" for _, one in found if one.what
    )
    return Step(
        before=before,
        after=far.after,
        kind=far.kind,
        rows=len(found),
        cases=tuple(dict.fromkeys(row.case for row, _ in found)),
        max_ulp=far.max_ulp,
        scaled_error=far.scaled_error,
        note=far.note or "; ".join(words),
    )


def _unanswered(plan: StaticPlan, answers: Iterable[Answer]) -> Iterator[str]:
    """Yield a sentence for each cell of which nothing is said, besides those that do not exist."""
    found = list(answers)
    for one in found:
        if one.obstacle and not (one.obstacle.startswith(UNSUPPORTED) and any(other.recorded for other in found)):
            yield f"{one.name} cannot be recorded: {one.obstacle}"
    unknown = [one for one in found if not one.recorded and not one.obstacle]
    if unknown:
        models = ",".join(dict.fromkeys(one.model for one in unknown))
        run = f"`tfmatrix run --versions {plan.since} --baseline {plan.since} --models {models}`"
        mend = (
            "ask without --stored" if plan.made else f"{run} makes an environment that can record them; then ask again"
        )
        yield f"the ops of {', '.join(one.name for one in unknown)} are not recorded yet; {mend}"
