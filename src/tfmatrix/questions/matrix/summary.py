"""The comparison as records: what `matrix.json` holds and every other format is rendered from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tfmatrix import __version__, records
from tfmatrix.compare import alignment, ends, results
from tfmatrix.compare.judging import TIERS
from tfmatrix.compare.results import CellComparison, CellState, Comparison, EnvironmentState
from tfmatrix.compare.stages import DRAW, REPORT, SLOT, VARIABLE, parse, place
from tfmatrix.compare.verdicts import Verdict, worst
from tfmatrix.records import UNSUPPORTED
from tfmatrix.report.document import UNNAMED, identified
from tfmatrix.report.records import (
    Count,
    Digest,
    DigestOrNone,
    Distance,
    Environment,
    Machine,
    Meaning,
    Name,
    Number,
    Positive,
    Record,
    Version,
    as_number,
    distance_of,
    environment_of,
    machine_of,
    meaning_of,
    one_of,
)
from tfmatrix.report.records import Report as AnyReport
from tfmatrix.report.text import without_places

SCHEMA: Final = 1

VERDICTS = (
    Verdict.MISSING,
    Verdict.FAILED,
    Verdict.UNSTABLE,
    Verdict.NOT_COMPARABLE,
    Verdict.GONE,
    Verdict.NEW,
    Verdict.DIFFERENT,
    Verdict.REDRAWN,
    Verdict.ROUNDING,
    Verdict.IDENTICAL,
    Verdict.UNSUPPORTED,
)
"""What can become of a cell, worst first."""

CONSEQUENCE = "consequence"
"""Said of a stage that differs only because an earlier one does, in place of a verdict."""

Tier = Annotated[str, one_of(*TIERS)]
Letter = Annotated[str, Meta(pattern="^[A-Z]*$")]
Counts = Annotated[
    dict[Verdict, Positive],
    Meta(extra_json_schema={"propertyNames": {"enum": [verdict.value for verdict in Verdict]}}),
]
VerdictOrNone = Annotated[str, one_of("", *(verdict.value for verdict in VERDICTS))]
VerdictOrConsequence = Annotated[str, one_of(CONSEQUENCE, *(verdict.value for verdict in VERDICTS))]


class Settings(Record, frozen=True, kw_only=True):
    """What was asked."""

    trials: Positive
    jitters: Count
    seed: Count
    modes: Annotated[tuple[Name, ...], Meta(min_length=1)]
    launches: Annotated[tuple[Name, ...], Meta(min_length=1)]
    policy: Digest
    left_out: Annotated[
        tuple[Name, ...],
        Meta(description="Models that there are and that this report was not asked about."),
    ]
    witnessed: Annotated[
        bool,
        Meta(description="Whether a fresh process repeats a model of each release: not where all are commands."),
    ] = True
    at_once: Annotated[
        tuple[str, ...],
        Meta(description="What was typed of a command that no table has: `--steps`, `20`, `--`, `python`, `train.py`."),
    ] = ()


class Finding(Record, frozen=True, kw_only=True):
    """One tensor's difference, measured and judged."""

    tier: Tier
    stage: Name
    verdict: Verdict
    reason: str
    distance: Distance | None
    floor: Number | None
    ratio: Number | None
    baseline: DigestOrNone
    candidate: DigestOrNone


class FirstChange(Record, frozen=True, kw_only=True):
    """The earliest change of one verdict."""

    cell: Name
    model: Name
    mode: Name
    verdict: Verdict
    reason: str
    finding: Finding | None


class Candidate(Record, frozen=True, kw_only=True):
    """The answer for one candidate: its worst verdict, how many cells have which, and the first changes."""

    environment: Name
    verdict: Verdict
    counts: Counts
    first_changes: Annotated[
        tuple[FirstChange, ...], Meta(description="The earliest change of each verdict, worst first.")
    ]


class InMode(Record, frozen=True, kw_only=True):
    """An environment in one mode and launch."""

    environment: Name
    letter: Letter
    verdict: VerdictOrNone
    beside: Annotated[
        tuple[Verdict, ...], Meta(description="What is said beside the verdict: models that are gone, or new.")
    ]


class Mode(Record, frozen=True, kw_only=True):
    """A column of the table of versions by mode."""

    launch: Name
    mode: Name
    environments: tuple[InMode, ...]


class Evidence(Record, frozen=True):
    """What a trial left behind that was not observed, without the folders of the machine."""

    traceback: str
    output: str


class Stage(Record, frozen=True, kw_only=True):
    """All tensors of one stage in one tier."""

    tier: Tier
    stage: Name
    names: Positive
    differing: Count
    baseline: Digest
    candidate: Digest
    verdict: VerdictOrConsequence
    first: Finding | None
    worst: Finding | None
    passed_over: Annotated[
        Count, Meta(description="Differing names without bytes, for which a later step of the same was judged.")
    ] = 0

    @property
    def judged(self) -> Verdict | None:
        """Return its verdict; None for a consequence, which is not judged."""
        return None if self.verdict == CONSEQUENCE else Verdict(self.verdict)

    @property
    def finding(self) -> Finding | None:
        """Return the first finding that has its verdict, as far as it is known: else the one that is farthest."""
        return self.first if self.first and self.first.verdict is self.judged else self.worst


class Divergence(Record, frozen=True, kw_only=True):
    """Where two traces of one tier part."""

    tier: Tier
    at: Finding
    before: str
    after: Finding | None


class CurvePoint(Record, frozen=True, array_like=True):
    """How far the weights are apart after one step."""

    step: Count
    scaled_error: Number
    floor: Number | None


class End(Record, frozen=True, kw_only=True):
    """What a training came to: the last number of a loss or metric, or the predictions that moved farthest."""

    tier: Tier
    stage: Name
    apart: Annotated[Number, Meta(description="Largest difference over the largest magnitude in the baseline.")]
    baseline: Annotated[Number | None, Meta(description="The number itself; of predictions, which are many, none.")]
    candidate: Number | None


class Spread(Record, frozen=True, kw_only=True):
    """What a training of the baseline comes to under other seeds, by one name."""

    stage: Name
    seeds: Positive
    apart: Annotated[Number, Meta(description="How far the farthest of them lies from the training itself.")]
    least: Annotated[
        Number | None, Meta(description="The smallest of the numbers; of predictions, which are many, none.")
    ]
    most: Number | None


class Renamed(Record, frozen=True, kw_only=True):
    """One thing that goes by two names."""

    what: Annotated[str, one_of(VARIABLE, SLOT, DRAW, REPORT)]
    baseline: str
    candidate: str


class Aligned(Record, frozen=True, kw_only=True):
    """How names were aligned: variables that have the same on both sides, and what goes by two."""

    by_name: Count
    renamed: tuple[Renamed, ...] = ()


class OneSided(Record, frozen=True, kw_only=True):
    """A number that a loop reports on one side only, beside others that it reports on both."""

    stage: Name
    side: Annotated[str, one_of("baseline", "candidate")]


class Way(Record, frozen=True, kw_only=True):
    """Another way to read a saved model that is refused, as it was tried."""

    way: Name
    used: Name
    verdict: Annotated[str, one_of("failed", "different", "rounding", "identical")]
    reason: str


class Explained(Record, frozen=True, kw_only=True):
    """Whose one change is and what undoes it, as `tfmatrix explain` found out by trying."""

    tier: Annotated[str, one_of("", *TIERS)]
    stage: Annotated[str, Meta(description="Empty, as its tier is, where the cell as a whole is meant.")]
    package: Annotated[str, Meta(description="Empty where nothing tells.")]
    package_is: Name
    undone: Annotated[str, Meta(description="What is done to have the old numbers; empty where nothing brings them.")]

    @property
    def place(self) -> str:
        """Return tier and stage, ``native shuffle``; nothing where the cell as a whole is meant."""
        return f"{self.tier} {self.stage}".strip()

    @property
    def owner(self) -> str:
        """Return the package, or that nothing tells."""
        return self.package or self.package_is


class Cell(Record, frozen=True, kw_only=True):
    """One model in one mode and environment, and what came of its comparison with the baseline's."""

    id: Name
    environment: Name
    launch: Name
    mode: Name
    model: Name
    source: Digest
    outcome: Name
    reason: str
    trace: DigestOrNone
    trials: Count
    letter: Letter
    verdict: VerdictOrNone
    evidence: Evidence | None = None
    """Of a cell that was not observed."""
    verdict_reason: str | None = None
    """This and what follows is there where the cell was compared."""
    stages: tuple[Stage, ...] | None = None
    divergences: tuple[Divergence, ...] | None = None
    curve: tuple[CurvePoint, ...] | None = None
    aligned: Aligned | None = None
    one_sided: (
        Annotated[tuple[OneSided, ...], Meta(description="Said beside the verdict: compared with nothing.")] | None
    ) = None
    unreached: str | None = None
    """The first stage that the start tier does not judge, because it was not handed over."""
    off: (
        Annotated[tuple[str, ...], Meta(description="Layers that were off in the start and injected tiers.")] | None
    ) = None
    ways: (
        Annotated[tuple[Way, ...], Meta(description="Of a saved model that is refused: what else was tried.")] | None
    ) = None
    ends: Annotated[tuple[End, ...], Meta(description="What its training came to, there and here.")] | None = None
    spreads: (
        Annotated[
            tuple[Spread, ...], Meta(description="Of the baseline: what its training comes to under other seeds.")
        ]
        | None
    ) = None
    explained: (
        Annotated[tuple[Explained, ...], Meta(description="As far as `tfmatrix explain` was asked about this cell.")]
        | None
    ) = None

    @property
    def judged(self) -> Verdict | None:
        """Return its verdict; None for a cell of the baseline, which is compared with nothing."""
        return Verdict(self.verdict) if self.verdict else None

    @property
    def where(self) -> str:
        """Return its name without environment and launch: ``mlp/tf2``."""
        return f"{self.model}/{self.mode}"

    @property
    def name(self) -> str:
        """Return its name without its environment."""
        return self.where if self.launch == "default" else f"{self.where}/{self.launch}"

    @property
    def explanation(self) -> Explained | None:
        """Return whose the first change with its verdict is, where that was found out."""
        changed = [(stage.tier, stage.stage) for stage in self.stages or () if stage.judged is self.judged]
        found = {(one.tier, one.stage): one for one in self.explained or ()}
        return next((found[at] for at in changed or [("", "")] if at in found), None)

    @property
    def severity(self) -> int:
        """Return the place of its verdict, worst first; behind all of them where it has none."""
        return self.judged.severity if self.judged else len(Verdict)


class Rested(Record, frozen=True, kw_only=True):
    """What the trials of a model rest on that a reader should know of."""

    model: Name
    outside: tuple[Name, ...]
    """Files outside of the project that they read."""
    notes: tuple[Name, ...]
    """Sentences about what they may have read that could not be seen."""


class Change(Record, frozen=True, kw_only=True):
    """A stage that changed, and the cells in which it did."""

    verdict: Verdict
    tier: Annotated[str, one_of("", *TIERS)]
    stage: str
    cells: Annotated[tuple[Name, ...], Meta(min_length=1)]


class Step(Record, frozen=True, kw_only=True, rename={"from_": "from"}):
    """One environment against the one before it."""

    from_: Name
    to: Name
    verdict: Verdict
    counts: Counts
    changed: tuple[Change, ...]


class BetweenModes(Record, frozen=True, kw_only=True):
    """The injected tier of one model in two modes of one environment."""

    environment: Name
    model: Name
    modes: tuple[Name, Name]
    stages: tuple[Stage, ...]


class Report(AnyReport, frozen=True, kw_only=True):
    """Everything that `matrix.json` holds."""

    schema: Literal[1]
    tfmatrix: Version
    baseline: Name
    settings: Settings
    verdicts: Annotated[tuple[Meaning, ...], Meta(description="Every verdict, worst first.")]
    candidates: tuple[Candidate, ...]
    modes: tuple[Mode, ...]
    cells: Annotated[tuple[Cell, ...], Meta(min_length=1)]
    steps: Annotated[tuple[Step, ...], Meta(description="Each environment against the one before it.")]
    between_modes: tuple[BetweenModes, ...]
    environments: Annotated[tuple[Environment, ...], Meta(min_length=1)]
    machine: Machine
    rested: tuple[Rested, ...] = ()
    """Of models that read what lies outside of the project, or may have read what could not be seen."""


Tell = Callable[[results.Finding], Finding]


def summarise(comparison: Comparison) -> Report:
    """Return the whole comparison under an id that is the digest of everything else."""
    return identified(content_of(comparison))


def content_of(comparison: Comparison) -> Report:
    """Return what a comparison says, without an id."""
    by_cell = {compared.cell: compared for compared in comparison.cells}
    by_environment: dict[records.Environment, list[CellComparison]] = {}
    for compared in comparison.cells:
        by_environment.setdefault(compared.cell.environment, []).append(compared)
    return Report(
        id=UNNAMED,
        schema=SCHEMA,
        tfmatrix=__version__,
        baseline=comparison.baseline.name,
        settings=msgspec.convert(comparison.settings, Settings),
        verdicts=tuple(map(meaning_of, VERDICTS)),
        candidates=tuple(
            _candidate(state.environment, by_environment.get(state.environment, ()))
            for state in comparison.environments
            if state.environment != comparison.baseline
        ),
        modes=tuple(_mode(comparison, by_environment, *key) for key in _launches_and_modes(comparison)),
        cells=tuple(_cell(state, by_cell.get(state.cell), comparison) for state in comparison.states),
        steps=tuple(_step(step) for step in comparison.steps),
        between_modes=tuple(_between_modes(found) for found in comparison.modes),
        environments=tuple(_environment(state) for state in comparison.environments),
        machine=machine_of(comparison.machine),
        rested=tuple(_rested(comparison.states)) or (),
    )


def _rested(states: Sequence[CellState]) -> Iterator[Rested]:
    """Yield each model that read what lies outside of the project, or may have read what could not be seen."""
    for model in sorted({state.cell.model.name for state in states if state.outside or state.notes}):
        own = [state for state in states if state.cell.model.name == model]
        outside, notes = ({told for state in own for told in getattr(state, name)} for name in ("outside", "notes"))
        yield Rested(model=model, outside=tuple(sorted(outside)), notes=tuple(sorted(notes)))


def _candidate(environment: records.Environment, compared: Sequence[CellComparison]) -> Candidate:
    counts = _counts(compared)
    return Candidate(
        environment=environment.name, verdict=worst(counts), counts=counts, first_changes=_first_changes(compared)
    )


def _counts(compared: Sequence[CellComparison]) -> dict[Verdict, int]:
    counts = Counter(found.verdict for found in compared)
    return {verdict: counts[verdict] for verdict in Verdict if counts[verdict]}


def _step(step: results.Step) -> Step:
    """Return what changed from one environment to the next: each stage that did, with its cells by verdict."""
    changed: dict[tuple[Verdict, str, str], list[str]] = {}
    for found in step.cells:
        name = found.cell.name
        if not found.stages and found.verdict not in {Verdict.IDENTICAL, Verdict.UNSUPPORTED}:
            changed.setdefault((found.verdict, "", ""), []).append(name)
        for result in found.stages:
            if result.verdict not in {None, Verdict.IDENTICAL}:
                assert result.verdict
                changed.setdefault((result.verdict, result.tier, result.kind), []).append(name)
    counts = _counts(step.cells)
    return Step(
        from_=step.before.name,
        to=step.after.name,
        verdict=worst(counts),
        counts=counts,
        changed=tuple(
            Change(verdict=verdict, tier=tier, stage=kind, cells=tuple(cells))
            for (verdict, tier, kind), cells in changed.items()
        ),
    )


def _first_changes(compared: Sequence[CellComparison]) -> tuple[FirstChange, ...]:
    """Return what a reader should see first, worst verdict first: of each verdict the earliest change in the chain."""

    def urgency(found: CellComparison) -> tuple[int, str]:
        return place(parse(found.first.stage).kind) if found.first else -1, found.cell.id

    changed = [found for found in compared if found.verdict not in {Verdict.IDENTICAL, Verdict.UNSUPPORTED}]
    return tuple(
        _first_change(min((found for found in changed if found.verdict is verdict), key=urgency))
        for verdict in sorted({found.verdict for found in changed}, key=lambda verdict: verdict.severity)
    )


def _first_change(changed: CellComparison) -> FirstChange:
    return FirstChange(
        cell=changed.cell.id,
        model=changed.cell.model.name,
        mode=changed.cell.mode,
        verdict=changed.verdict,
        reason=changed.reason,
        finding=_finding(changed.first) if changed.first else None,
    )


def _launches_and_modes(comparison: Comparison) -> list[tuple[str, str]]:
    return list(dict.fromkeys((state.cell.launch.name, state.cell.mode) for state in comparison.states))


def _mode(
    comparison: Comparison,
    by_environment: Mapping[records.Environment, Sequence[CellComparison]],
    launch: str,
    mode: str,
) -> Mode:
    """Return a column of the version-by-mode table: each environment's letter and worst verdict."""
    rows = []
    for state in comparison.environments:
        compared = by_environment.get(state.environment, ())
        verdicts = [found.verdict for found in compared if (found.cell.launch.name, found.cell.mode) == (launch, mode)]
        own, verdict = state.environment == comparison.baseline, worst(verdicts)
        rows.append(
            InMode(
                environment=state.environment.name,
                letter=comparison.whole_letters.get((state.environment, launch, mode), ""),
                verdict="" if own else verdict.value,
                beside=tuple(one for one in Verdict if one in verdicts and one.beside and one is not verdict),
            )
        )
    return Mode(launch=launch, mode=mode, environments=tuple(rows))


def _cell(state: CellState, compared: CellComparison | None, comparison: Comparison) -> Cell:
    cell, evidence, tell = state.cell, state.evidence, cache(_finding)  # two traces part where a stage begins to differ
    root = comparison.root
    return Cell(
        id=cell.id,
        environment=cell.environment.name,
        launch=cell.launch.name,
        mode=cell.mode,
        model=cell.model.name,
        source=cell.model.source,
        outcome=state.outcome,
        reason=state.reason,
        trace=state.trace or "",
        trials=state.trials,
        letter=comparison.letters.get(cell, ""),
        verdict=compared.verdict.value if compared else "",
        evidence=Evidence(*(without_places(text, root) for text in (evidence.traceback, evidence.output)))
        if evidence and state.outcome != UNSUPPORTED  # of what does not exist the reason says enough
        else None,
        verdict_reason=compared.reason if compared else None,
        stages=tuple(_stage(result, tell) for result in compared.stages) if compared else None,
        divergences=tuple(_divergence(found, tell) for found in compared.divergences) if compared else None,
        curve=tuple(_point(point) for point in compared.curve) if compared else None,
        aligned=_aligned(compared.aligned) if compared and compared.aligned else None,
        one_sided=tuple(OneSided(stage=one.stage, side=one.side) for one in compared.one_sided)
        if compared and compared.one_sided
        else None,
        unreached=compared.unreached or None if compared else None,
        off=compared.off or None if compared else None,
        ways=tuple(
            Way(way=one.way, used=one.used, verdict=one.verdict.value, reason=one.reason) for one in compared.ways
        )
        if compared and compared.ways
        else None,
        ends=tuple(map(_end, compared.ends)) if compared and compared.ends else None,
        spreads=tuple(map(_spread, comparison.spreads.get(cell, ()))) or None,
        explained=tuple(map(_explained, compared.explained)) if compared and compared.explained else None,
    )


def _explained(found: results.Explained) -> Explained:
    return Explained(
        tier=found.tier,
        stage=found.stage,
        package=found.package,
        package_is=found.package_is,
        undone=found.undone,
    )


def _spread(found: ends.Spread) -> Spread:
    apart = as_number(found.apart)
    assert apart is not None
    numbers = (as_number(found.least), as_number(found.most))
    return Spread(stage=found.stage, seeds=found.seeds, apart=apart, least=numbers[0], most=numbers[1])


def _end(found: ends.End) -> End:
    apart = as_number(found.apart)
    assert apart is not None
    return End(
        tier=found.tier,
        stage=found.stage,
        apart=apart,
        baseline=as_number(found.baseline),
        candidate=as_number(found.candidate),
    )


def _aligned(found: alignment.Aligned) -> Aligned:
    renamed = (Renamed(what=one.what, baseline=one.baseline, candidate=one.candidate) for one in found.renamed)
    return Aligned(by_name=found.by_name, renamed=tuple(renamed) or ())


def _point(point: results.CurvePoint) -> CurvePoint:
    error = as_number(point.scaled_error)
    assert error is not None
    return CurvePoint(point.step, error, as_number(point.floor))


def _stage(result: results.StageResult, tell: Tell) -> Stage:
    return Stage(
        tier=result.tier,
        stage=result.kind,
        names=result.names,
        differing=result.differing,
        baseline=result.baseline,
        candidate=result.candidate,
        verdict=result.verdict.value if result.verdict else CONSEQUENCE,
        first=tell(result.first) if result.first else None,
        worst=tell(result.worst) if result.worst else None,
        passed_over=result.passed_over,
    )


def _finding(found: results.Finding) -> Finding:
    return Finding(
        tier=found.tier,
        stage=found.stage,
        verdict=found.verdict,
        reason=found.reason,
        distance=distance_of(found.distance) if found.distance else None,
        floor=as_number(found.floor),
        ratio=as_number(found.ratio),
        baseline=found.baseline,
        candidate=found.candidate,
    )


def _divergence(found: results.Divergence, tell: Tell) -> Divergence:
    return Divergence(
        tier=found.tier,
        at=tell(found.at),
        before=found.before,
        after=tell(found.after) if found.after else None,
    )


def _between_modes(found: results.ModeComparison) -> BetweenModes:
    tell = cache(_finding)
    return BetweenModes(
        environment=found.environment.name,
        model=found.model,
        modes=found.modes,
        stages=tuple(_stage(result, tell) for result in found.stages),
    )


def _environment(state: EnvironmentState) -> Environment:
    return environment_of(state.environment, state.installed, state.refusal, moved=state.moved)
