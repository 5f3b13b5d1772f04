"""A bisect as records: what `bisect.json` holds and the page is made of."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta
from packaging.version import Version as PackageVersion

from tfmatrix import __version__, records
from tfmatrix.compare.letters import letter_of
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.environments.catalogue import KNOWN
from tfmatrix.questions.bisect import intervals, judge, line
from tfmatrix.questions.bisect.asked import Asked
from tfmatrix.questions.bisect.line import TENSORFLOW, Axis
from tfmatrix.questions.bisect.plan import BisectPlan
from tfmatrix.questions.explain import Reason, explain, reasons
from tfmatrix.questions.explain import problems as unexplained
from tfmatrix.questions.matrix import moved_packages
from tfmatrix.records import MISSING, InstalledEnvironment
from tfmatrix.report import terminal
from tfmatrix.report.document import UNNAMED, identified
from tfmatrix.report.records import (
    Count,
    Environment,
    Machine,
    Meaning,
    Name,
    Package,
    Positive,
    Record,
    Version,
    environment_of,
    machine_of,
    meaning_of,
    one_of,
)
from tfmatrix.report.records import Report as AnyReport
from tfmatrix.store.facts import noted_installed, noted_machine
from tfmatrix.store.store import Store

SCHEMA: Final = 1

SHOWN = ("numpy", "keras", "tf-keras")
"""Packages of an environment that a bisect names."""

RELEASE, PATCH, CANDIDATE, NIGHTLY = "release", "patch", "candidate", "nightly"
"""Kinds of builds; along another axis than TensorFlow every one that is no nightly is a release."""

VERDICTS = (
    Verdict.FAILED,
    Verdict.NOT_COMPARABLE,
    Verdict.GONE,
    Verdict.NEW,
    Verdict.DIFFERENT,
    Verdict.REDRAWN,
    Verdict.ROUNDING,
    Verdict.IDENTICAL,
)
"""What can be said of a build against the first one, worst first."""

Letter = Annotated[str, Meta(pattern="^[A-Z]+$")]


class Build(Record, frozen=True, kw_only=True):
    """One version that may be run."""

    name: Name
    environment: Name
    kind: Annotated[str, one_of(RELEASE, PATCH, CANDIDATE, NIGHTLY)]


class Result(Record, frozen=True, kw_only=True):
    """What one build gave of a cell."""

    build: Name
    letter: Annotated[
        str, Meta(pattern="^[A-Z]*$", description="Equal results have one letter; empty where there is no result.")
    ]
    outcome: Name
    reason: str
    verdict: Annotated[
        Verdict | None, Meta(description="Against the first build, where builds are told apart by verdicts.")
    ]

    @property
    def is_skipped(self) -> bool:
        """Return whether nothing can be told of the build, whatever is run."""
        return not self.letter and self.outcome != MISSING


class Why(Record, frozen=True, kw_only=True):
    """Why some stages changed at a boundary, in the words of an explanation."""

    change: str
    whose: str
    operations: str
    undone: str


class Boundary(Record, frozen=True, kw_only=True):
    """Two builds with other results, and nothing that was run between them."""

    before: Name
    after: Name
    letters: tuple[Letter, Letter]
    skipped: Annotated[tuple[Name, ...], Meta(description="Builds between them that cannot be run.")]
    unknown: Annotated[Count, Meta(description="How many builds between them were not run yet.")]
    stages: Annotated[
        tuple[Name, ...],
        Meta(description="The stages that differ, as tier and kind; the first one by its full name. None: no trace."),
    ]
    moved: Annotated[
        tuple[tuple[Package | None, Package | None], ...],
        Meta(description="Packages that are others after it, besides TensorFlow: before, and after."),
    ]
    why: Annotated[tuple[Why, ...], Meta(description="Where that is asked for, and known.")]
    unexplained: Annotated[tuple[str, ...], Meta(description="What of that is not known though it is asked for.")]


class Cell(Record, frozen=True, kw_only=True):
    """A cell that is asked about, or a check."""

    model: Name
    mode: Name
    launch: Name
    stage: Annotated[str, Meta(description="A pattern of its stages; empty: every one.")]
    check: Annotated[str, Meta(description="The command whose exit status is asked for; empty where it is a cell.")]
    results: Annotated[
        tuple[Result, ...],
        Meta(description="Of each build that was run or is skipped, and of the first and last, in order."),
    ]
    boundaries: tuple[Boundary, ...]
    returning: Annotated[
        tuple[Letter, ...],
        Meta(description="Letters that come back after another one; the line is monotone where there are none."),
    ]
    compared: Annotated[bool, Meta(description="False where neither the first nor the last build was observed.")]

    @property
    def name(self) -> str:
        """Return it as it is typed: ``mlp/tf2/gradient``, or ``python check.py``."""
        if self.check:
            return self.check
        launch = () if self.launch == "default" else (self.launch,)
        return "/".join([self.model, self.mode, *launch, *([self.stage] if self.stage else [])])

    @property
    def cell(self) -> str:
        """Return the name of the whole cell."""
        return self.name.removesuffix(f"/{self.stage}") if self.stage else self.name

    def of(self, build: str) -> Result:
        """Return what a build gave."""
        return next(one for one in self.results if one.build == build)


class Settings(Record, frozen=True, kw_only=True):
    """How the line was searched."""

    patches: bool
    nightlies: bool
    scan: bool
    explain: bool
    until: Annotated[str, one_of("changed", "different")]
    seed: Count
    trials: Positive


class Report(AnyReport, frozen=True, kw_only=True):
    """Everything that `bisect.json` holds."""

    schema: Literal[1]
    tfmatrix: Version
    axis: Name
    held: Annotated[str, Meta(description="The environment that is the same but for the axis; empty for TensorFlow.")]
    fixed: Annotated[
        tuple[Package, ...],
        Meta(description="Versions of the first build that do not go with the rest: along no part of the line."),
    ]
    settings: Settings
    verdicts: Annotated[tuple[Meaning, ...], Meta(description="Every verdict that a result may have, worst first.")]
    builds: Annotated[tuple[Build, ...], Meta(min_length=2, description="Every build of the line, in order.")]
    cells: Annotated[tuple[Cell, ...], Meta(min_length=1)]
    environments: Annotated[tuple[Environment, ...], Meta(description="Of each build that was run or is skipped.")]
    machine: Machine

    @property
    def first(self) -> str:
        """Return the name of the first build."""
        return self.builds[0].name

    @property
    def last(self) -> str:
        """Return the name of the last build."""
        return self.builds[-1].name


def summarise(plan: BisectPlan, store: Store) -> Report:
    """Return the report of what is stored."""
    found = _Found(plan, store)
    cells = tuple(found.cells())
    named = {one.build for cell in cells for one in cell.results}
    choices = plan.choices
    return identified(
        Report(
            id=UNNAMED,
            schema=SCHEMA,
            tfmatrix=__version__,
            axis=plan.axis.package,
            held=plan.axis.held,
            fixed=tuple(Package(one.name, one.version) for one in plan.axis.fixed),
            settings=Settings(
                patches=choices.patches,
                nightlies=choices.nightlies,
                scan=choices.scan,
                explain=choices.explain,
                until="different" if choices.by_verdict else "changed",
                seed=plan.config.seed,
                trials=plan.config.trials,
            ),
            verdicts=tuple(map(meaning_of, VERDICTS)) if choices.by_verdict else (),
            builds=tuple(
                Build(name=one.name, environment=one.environment.name, kind=_kind(plan.axis, one)) for one in found.line
            ),
            cells=cells,
            environments=tuple(found.environment(one) for one in found.line if one.name in named),
            machine=machine_of(noted_machine(store, plan.scope.machine)),
        )
    )


def _kind(axis: Axis, build: line.Build) -> str:
    further = {one.name: one.version for one in build.environment.further}
    version = PackageVersion(further.get(axis.package, build.environment.tensorflow))
    if axis.package != TENSORFLOW:
        return NIGHTLY if axis.package in further and version.is_devrelease else RELEASE
    if version.is_prerelease:
        return NIGHTLY if version.is_devrelease else CANDIDATE
    return RELEASE if build.environment.tensorflow in KNOWN else PATCH


class _Found:
    """What a store has of a bisect."""

    def __init__(self, plan: BisectPlan, store: Store) -> None:
        self._plan, self._store = plan, store
        self.line = plan.line(store)
        self._tensors = Tensors(store, measured=False)

    def cells(self) -> Iterator[Cell]:
        """Yield what is known of each cell."""
        for asked, results in self._plan.results(self.line, self._store).items():
            yield self._cell(asked, results)

    def environment(self, build: line.Build) -> Environment:
        """Return what is known of a build's environment."""
        refusal = self._plan.refusal(build.environment, self._store)
        return environment_of(build.environment, self._installed(build), refusal, only=SHOWN)

    def _cell(self, asked: Asked, results: Sequence[judge.Result]) -> Cell:
        seen: dict[Hashable, str] = {}
        letters = [None if one.same is None else letter_of(one.same, seen) for one in results]
        skipped = [at for at, one in enumerate(results) if one.is_skipped]
        reference = next((one.trace for one in results if one.trace), "")
        named = judge.Named(self._tensors, reference, asked.stage)
        compared = not judge.is_nothing(results)
        return Cell(
            model=asked.model.name,
            mode=asked.mode,
            launch=asked.launch.name,
            stage=asked.stage,
            check=asked.check,
            results=tuple(
                Result(
                    build=build.name,
                    letter=letter or "",
                    outcome=one.outcome,
                    reason=one.reason,
                    verdict=one.verdict,
                )
                for build, letter, one in zip(self.line, letters, results, strict=True)
                if one.outcome != MISSING or build in {self.line[0], self.line[-1]}
            ),
            boundaries=tuple(
                self._boundary(one, asked, results, letters, named)
                for one in (intervals.boundaries(letters, skipped) if compared else ())
            ),
            returning=intervals.returning(letters) if compared else (),
            compared=compared,
        )

    def _boundary(
        self,
        one: intervals.Boundary,
        asked: Asked,
        results: Sequence[judge.Result],
        letters: intervals.Letters,
        named: judge.Named,
    ) -> Boundary:
        """Return what is known of a boundary; ``results`` and ``letters`` are those of each build of the line."""
        before, after = results[one.before], results[one.after]
        is_explained = self._plan.choices.explain and before.trace and after.trace
        explained = self._plan.explanation(asked, *self._ends(one)) if is_explained else None
        report = explain(explained, self._store) if explained else None
        return Boundary(
            before=self.line[one.before].name,
            after=self.line[one.after].name,
            letters=(letters[one.before] or "", letters[one.after] or ""),
            skipped=tuple(self.line[at].name for at in one.skipped),
            unknown=len(one.unknown),
            stages=_stages(before, after, named),
            moved=tuple(self._moved(one)),
            why=tuple(map(_why, reasons(report))) if report else (),
            unexplained=tuple(unexplained(report)) if report else (),
        )

    def _ends(self, boundary: intervals.Boundary) -> tuple[records.Environment, records.Environment]:
        return self.line[boundary.before].environment, self.line[boundary.after].environment

    def _moved(self, boundary: intervals.Boundary) -> Iterator[tuple[Package | None, Package | None]]:
        """Yield the packages that are others after a boundary, as far as both environments are known."""
        before, after = (self._installed(self.line[at]) for at in (boundary.before, boundary.after))
        for old, new in moved_packages(before.packages, after.packages) if before and after else ():
            if self._plan.axis.package not in {one.name for one in (old, new) if one}:
                yield _package(old), _package(new)

    def _installed(self, build: line.Build) -> InstalledEnvironment | None:
        return noted_installed(self._store, self._plan.scope.environment_key(build.environment))


def _why(reason: Reason) -> Why:
    """Return a reason in plain words."""
    change, operations, undone = map(terminal.inline, (reason.change, reason.operations, reason.undone))
    return Why(change=change, whose=reason.whose, operations=operations, undone=undone)


def _package(package: records.Package | None) -> Package | None:
    return Package(package.name, package.version) if package else None


def _stages(before: judge.Result, after: judge.Result, named: judge.Named) -> tuple[str, ...]:
    """Return the stages that differ: by verdicts those that are worse than rounding in the build that has more."""
    if before.verdict and after.verdict:
        return after.stages or before.stages
    return named.parted(before.trace, after.trace) if before.trace and after.trace else ()
