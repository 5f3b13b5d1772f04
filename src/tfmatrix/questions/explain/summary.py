"""Explanations as records: what `explain.json` holds and the page is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated, Final, Literal

from msgspec import Meta

from tfmatrix import __version__, records
from tfmatrix.compare.results import Comparison
from tfmatrix.compare.stages import INJECTED
from tfmatrix.compare.verdicts import Verdict, worst
from tfmatrix.questions.atlas import Atlas, shipped
from tfmatrix.questions.explain import judge, kernels
from tfmatrix.questions.explain.judge import Case, Class, Owner
from tfmatrix.questions.explain.kernels import Coverage
from tfmatrix.questions.explain.plan import Cases, ExplainPlan
from tfmatrix.questions.explain.remedies import Remedy
from tfmatrix.questions.explain.steps import Step
from tfmatrix.questions.explain.streams import Op, types_of
from tfmatrix.records import MISSING, OBSERVED
from tfmatrix.report.document import UNNAMED, identified
from tfmatrix.report.records import (
    Count,
    Distance,
    Environment,
    Machine,
    Meaning,
    Name,
    Positive,
    Record,
    Version,
    distance_of,
    environment_of,
    machine_of,
    meaning_of,
    one_of,
)
from tfmatrix.report.records import Report as AnyReport
from tfmatrix.tables import SWITCHES

SCHEMA: Final = 1

SHOWN = ("numpy", "keras", "tf-keras")
"""Packages of an environment that an explanation names."""

VERDICTS = (
    Verdict.MISSING,
    Verdict.FAILED,
    Verdict.UNSTABLE,
    Verdict.NOT_COMPARABLE,
    Verdict.GONE,
    Verdict.DIFFERENT,
    Verdict.REDRAWN,
    Verdict.ROUNDING,
    Verdict.IDENTICAL,
)
"""What can be said of a cell or a stage, worst first."""

ClassName = Annotated[str, one_of(*(one.value for one in Class))]


class Switch(Record, frozen=True, kw_only=True):
    """What was tried to undo a difference."""

    name: Name
    costs: Name
    source: Name


class Tried(Record, frozen=True, kw_only=True):
    """Some switches at once, and what came of them."""

    switches: tuple[Name, ...]
    both: Annotated[bool, Meta(description="Whether the baseline had them too.")]
    packages: Annotated[tuple[Name, ...], Meta(description="What the environment has besides: ``tf-keras-2.16.0``.")]
    how: Annotated[tuple[Name, ...], Meta(description="What a user does, for each.")]
    outcome: Name
    message: str
    after: Annotated[
        tuple[str, ...], Meta(description="What each finding is then, in their order; empty where nothing tells.")
    ]
    undoes: Annotated[tuple[bool, ...], Meta(description="Whether each is gone then, or no more than rounding.")]


class Finding(Record, frozen=True, kw_only=True):
    """One stage of a cell that changed, and its explanation."""

    tier: str
    stage: Name
    at: str
    verdict: Verdict
    reason: str
    package: Annotated[str, Meta(description="Whose change it is; empty where that is not known.")]
    package_is: ClassName
    undone: Annotated[int | None, Meta(description="Which of what was tried undoes it, counted from 0.")]


class Kernel(Record, frozen=True, kw_only=True):
    """Ops of one type, layer and phase that have other bits of equal inputs."""

    op: Name
    layer: str
    phase: Name
    inputs: Annotated[tuple[str, ...], Meta(description="Dtype and shape of each input of the farthest.")]
    ops: Annotated[Positive, Meta(description="How many of them there are in the step.")]
    distance: Distance
    atlas: Annotated[
        str,
        Meta(
            description="What the atlas that tfmatrix brings says of it on the way, ``MatMul float16, 2.15.1 to "
            "2.16.2, rounding``, or why it says nothing, ``no row: stateful``."
        ),
    ] = ""


class OtherOps(Record, frozen=True, kw_only=True):
    """How the ops of one layer and phase are others in the candidate."""

    layer: str
    phase: Name
    gone: Annotated[dict[Name, Positive], Meta(description="Types that compute in the baseline, and how many more.")]
    new: dict[Name, Positive]
    reordered: tuple[Name, ...]
    rewired: Annotated[tuple[Name, ...], Meta(description="Types that take what other operations made.")]
    settings: Annotated[tuple[Name, ...], Meta(description="Constants and attributes that have other values.")]


class Ops(Record, frozen=True, kw_only=True):
    """What the single ops of one step say."""

    obstacle: Annotated[str, Meta(description="Why not all of it is known; empty where it is.")]
    recorded: Count
    replayed: Annotated[Count, Meta(description="Ops of which it is known whether the candidate has other bits.")]
    reasons: Annotated[dict[str, Positive], Meta(description="Why the others say nothing, and how many they are.")]
    kernels: tuple[Kernel, ...]
    streams: tuple[OtherOps, ...]
    fed: Annotated[
        Count,
        Meta(
            description="How many operations were given what they make in the baseline, upon which all had its bits; "
            "0: that is not known."
        ),
    ]


class Cell(Record, frozen=True, kw_only=True):
    """One cell that changed."""

    environment: Name
    launch: Name
    mode: Name
    model: Name
    verdict: Verdict
    findings: Annotated[tuple[Finding, ...], Meta(min_length=1)]
    tried: tuple[Tried, ...]
    ops: Annotated[Ops | None, Meta(description="None where they were not looked at yet.")]

    @property
    def name(self) -> str:
        """Return what it is called without its environment."""
        plain = f"{self.model}/{self.mode}"
        return plain if self.launch == "default" else f"{plain}/{self.launch}"


class Hidden(Record, frozen=True, kw_only=True):
    """What differs from the baseline without op determinism, and not with it."""

    environment: Name
    model: Name
    mode: Name
    stages: Annotated[tuple[Name, ...], Meta(description="The first of each stage that differs only without it.")]
    unstable: Annotated[str, Meta(description="Where the model does not repeat itself without it; empty: it does.")]


class Candidate(Record, frozen=True, kw_only=True):
    """One candidate as a whole."""

    name: Name
    verdict: Verdict
    cells: Annotated[Count, Meta(description="Cells that were compared with the baseline's.")]
    unknown: Annotated[tuple[Name, ...], Meta(description="Cells that nothing was learnt of, each with why.")]
    left_out: Annotated[tuple[Name, ...], Meta(description="Cells that are rounding as another is, and not explained.")]


class Report(AnyReport, frozen=True, kw_only=True):
    """Everything that `explain.json` holds."""

    schema: Literal[1]
    tfmatrix: Version
    baseline: Name
    only: Annotated[str, Meta(description="The one cell that was asked about; empty: every one.")]
    seed: Count
    verdicts: tuple[Meaning, ...]
    switches: tuple[Switch, ...]
    environments: tuple[Environment, ...]
    machine: Machine
    candidates: tuple[Candidate, ...]
    cells: tuple[Cell, ...]
    hidden: Annotated[tuple[Hidden, ...], Meta(description="Only what something is hidden of.")]
    unseen: Annotated[tuple[Name, ...], Meta(description="Cells of which nobody knows yet what is hidden.")]


def summarise(plan: ExplainPlan, comparison: Comparison, cases: Cases) -> Report:
    """Return the report of what is known."""
    hidden = {one.cell.id: cases.determinism.of(one) for one in cases.deterministic}
    atlas = shipped()
    return identified(
        Report(
            id=UNNAMED,
            schema=SCHEMA,
            tfmatrix=__version__,
            baseline=plan.matrix.baseline.name,
            only=plan.only,
            seed=plan.config.seed,
            verdicts=tuple(meaning_of(verdict) for verdict in VERDICTS),
            switches=tuple(Switch(name=one.name, costs=one.costs, source=one.source) for one in SWITCHES.values()),
            environments=tuple(
                environment_of(one.environment, one.installed, one.refusal, moved=one.moved, only=SHOWN)
                for one in comparison.environments
            ),
            machine=machine_of(comparison.machine),
            candidates=tuple(_candidates(plan, comparison, cases)),
            cells=tuple(
                cell_of(case, cases.step(case), partial(_by_atlas, atlas, plan.matrix.baseline, case))
                for case in sorted(cases.all, key=lambda one: one.compared.verdict.severity)
            ),
            hidden=tuple(
                Hidden(
                    environment=one.cell.environment.name,
                    model=one.cell.model.name,
                    mode=one.cell.mode,
                    stages=one.stages,
                    unstable=one.unstable,
                )
                for one in hidden.values()
                if one and (one.stages or one.unstable)
            ),
            unseen=tuple(name for name, one in hidden.items() if one is None),
        )
    )


def _candidates(plan: ExplainPlan, comparison: Comparison, cases: Cases) -> Iterator[Candidate]:
    for environment in plan.matrix.candidates:
        cells = [one for one in comparison.cells if one.cell.environment == environment]
        asked = [one for one in cells if plan.only in {"", one.cell.name}]
        absent = {Verdict.MISSING, Verdict.UNSTABLE}
        unknown = [one for one in asked if one.verdict in absent or cases.is_unavailable(one)]
        yield Candidate(
            name=environment.name,
            verdict=worst(one.verdict for one in asked),
            cells=sum(one.verdict is not Verdict.UNSUPPORTED for one in asked),
            unknown=tuple(f"{one.cell.name} {one.verdict.value}: {one.reason or 'not run'}" for one in unknown),
            left_out=tuple(one.name for one in cases.left_out if one.environment == environment),
        )


Tell = Callable[[Op], str]
"""From an op of the baseline to what the atlas says of it."""


def _by_atlas(atlas: Atlas, baseline: records.Environment, case: Case, op: Op) -> str:
    return atlas.told(op.type, types_of(op), baseline.tensorflow, case.compared.cell.environment.tensorflow)


def cell_of(case: Case, step: Step | None, tell: Tell) -> Cell:
    """Return what is said of one cell."""
    cell = case.compared.cell
    remedies = list(dict.fromkeys(judge.wanted(case)))
    return Cell(
        environment=cell.environment.name,
        launch=cell.launch.name,
        mode=cell.mode,
        model=cell.model.name,
        verdict=case.compared.verdict,
        findings=tuple(_finding(case, finding, remedies, step) for finding in case.findings),
        tried=tuple(_tried(case, remedy) for remedy in remedies),
        ops=_ops(step, tell) if step else None,
    )


def _ops(step: Step, tell: Tell) -> Ops:
    coverage = step.kernels.coverage if step.kernels else Coverage(0, 0)
    return Ops(
        obstacle=step.obstacle,
        recorded=coverage.recorded,
        replayed=coverage.replayed,
        reasons=dict(coverage.reasons),
        kernels=tuple(_kernels(step.kernels.changed if step.kernels else (), tell)),
        streams=tuple(
            OtherOps(
                layer=one.layer or one.other_layer,
                phase=one.phase,
                gone=dict(one.gone),
                new=dict(one.new),
                reordered=one.reordered,
                rewired=one.rewired,
                settings=tuple(f"{s.type} {s.name}: {s.base or 'none'} to {s.other or 'none'}" for s in one.settings),
            )
            for one in step.changes
            if one.computes
        ),
        fed=step.fed,
    )


def _kernels(changed: Sequence[kernels.Kernel], tell: Tell) -> Iterator[Kernel]:
    """Yield the ops of one type, layer and phase as one, with the farthest."""
    groups: dict[tuple[str, str, str], list[kernels.Kernel]] = {}
    for one in changed:
        groups.setdefault((one.op.type, one.op.layer, one.op.phase), []).append(one)
    for (kind, layer, phase), same in groups.items():
        worst = max(same, key=lambda one: one.farthest.distance.scaled_error or 0.0)
        yield Kernel(
            op=kind,
            layer=layer,
            phase=phase,
            inputs=tuple(f"{dtype} {list(shape)}" for dtype, shape in worst.inputs),
            ops=len(same),
            distance=distance_of(worst.farthest.distance),
            atlas=tell(worst.op),
        )


def _finding(case: Case, finding: judge.Finding, remedies: list[Remedy], step: Step | None) -> Finding:
    owner, undoing = judge.owner(case, finding), judge.best(case, finding)
    if step and owner.by is not Class.PROVED:
        if _is_proved(case, finding, step):
            owner = Owner(judge.TENSORFLOW, Class.PROVED)
        elif not owner.package and step.has_kernel(finding.stage):  # which is TensorFlow's, whatever could be kept
            owner = Owner(judge.TENSORFLOW, Class.CONSISTENT)
    return Finding(
        tier=finding.tier,
        stage=finding.stage,
        at=finding.at,
        verdict=finding.verdict,
        reason=finding.reason,
        package=owner.package,
        package_is=owner.by.value,
        undone=remedies.index(undoing) if undoing else None,
    )


def _is_proved(case: Case, finding: judge.Finding, step: Step) -> bool:
    """Return whether nothing but kernels has a part in a finding: fed what they make, the step has the baseline's bits.

    A native stage may differ for what comes before the step too: where all that changed is rounding, nothing does.
    """
    if not step.fed:
        return False
    if finding.tier == INJECTED:
        return step.has_kernel(finding.stage)
    return step.reaches(finding.stage) and all(one.verdict is Verdict.ROUNDING for one in case.findings)


def _tried(case: Case, remedy: Remedy) -> Tried:
    found = case.find(remedy)
    return Tried(
        switches=remedy.switches,
        both=remedy.both,
        packages=tuple(f"{one.name}-{one.version}" for one in case.remedies.brought(case.compared.cell, remedy)),
        how=tuple(case.remedies.how(case.compared.cell, name) for name in remedy.switches),
        outcome=found.outcome if found else MISSING,
        message=found.message if found else "",
        after=tuple(verdict.value if verdict else "" for verdict in found.after)
        if found and found.outcome == OBSERVED
        else (),
        undoes=tuple(finding in case.undone(remedy) for finding in case.findings),
    )
