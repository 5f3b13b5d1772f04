"""The exchange as records: what `exchange.json` holds and the page is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Final, Literal

from msgspec import Meta

from tfmatrix import __version__, records
from tfmatrix.compare.policy import digest, ratio_for, within
from tfmatrix.compare.tensors import Tensors
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.exchange import formats
from tfmatrix.questions.exchange.judge import PHASES, Ratio, judge
from tfmatrix.questions.exchange.plan import ExchangePlan, Written, noted_digest
from tfmatrix.questions.exchange.results import PREDICT, WEIGHTS, Side, Slots
from tfmatrix.records import ExpectedTrial
from tfmatrix.report.document import UNNAMED, identified
from tfmatrix.report.records import (
    Count,
    Digest,
    DigestOrNone,
    Distance,
    Environment,
    Launch,
    Machine,
    Meaning,
    Name,
    Record,
    Version,
    distance_of,
    environment_of,
    launch_of,
    machine_of,
    meaning_of,
    one_of,
)
from tfmatrix.report.records import Report as AnyReport
from tfmatrix.store.facts import noted_installed, noted_machine, noted_refusal
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.store import Store

SCHEMA: Final = 2

VERDICTS = (
    Verdict.MISSING,
    Verdict.PARTIAL,
    Verdict.FAILED,
    Verdict.REFUSED,
    Verdict.DIFFERENT,
    Verdict.ROUNDING,
    Verdict.IDENTICAL,
    Verdict.NOT_WRITTEN,
    Verdict.UNSUPPORTED,
)
"""What can become of a pair, worst first."""

NATIVE = "native"
"""The tier that everything of an exchange is recorded in."""

WARNINGS = "warnings"
"""The stage that holds what was warned of while something was written or read, one string a sentence."""


class Settings(Record, frozen=True, kw_only=True):
    """What was asked."""

    seed: Count
    modes: tuple[Name, ...]
    models: tuple[Name, ...]
    launches: tuple[Launch, ...]
    policy: Digest


class Pair(Record, frozen=True, kw_only=True):
    """What one release wrote and another read, judged."""

    format: Name
    mode: Name
    launch: Name
    model: Name
    writer: Name
    reader: Name
    verdict: Verdict
    reason: str
    stage: Annotated[str, one_of("", WEIGHTS, PREDICT)]
    phase: Annotated[str, one_of("", *PHASES)]
    kind: str
    absent: tuple[Name, ...]
    kept: tuple[Name, ...]
    other: tuple[Name, ...]
    distance: Distance | None
    slots: Slots
    warnings: tuple[str, ...]
    artefact: DigestOrNone
    trials: Annotated[tuple[Digest, DigestOrNone], Meta(description="Keys of the writer's and the reader's trial.")]

    @property
    def how(self) -> str:
        """Return the mode, and the launch where it is not the default."""
        return self.mode if self.launch == "default" else f"{self.mode} {self.launch}"


class Format(Record, frozen=True, kw_only=True):
    """A format, how it is written and read, and which of the modes that were asked for have it."""

    name: Name
    kind: Name
    modes: tuple[Name, ...]
    holds: Literal["weights", "model"]
    written: Name
    read: Name


class Report(AnyReport, frozen=True, kw_only=True):
    """Everything that `exchange.json` holds."""

    schema: Literal[2]
    tfmatrix: Version
    settings: Settings
    verdicts: Annotated[tuple[Meaning, ...], Meta(description="Every verdict, worst first.")]
    formats: tuple[Format, ...]
    pairs: tuple[Pair, ...]
    environments: tuple[Environment, ...]
    machine: Machine

    @property
    def releases(self) -> list[str]:
        """Return the names of the environments."""
        return [environment.name for environment in self.environments]

    @property
    def both_ways(self) -> bool:
        """Return whether a release read what a later one wrote."""
        age = self.releases.index
        return any(age(pair.reader) < age(pair.writer) for pair in self.pairs)


def summarise(plan: ExchangePlan, store: Store) -> Report:
    """Return every pair, judged, under an id that is the digest of everything else."""
    sides, config = _Sides(plan, store), plan.config
    return identified(
        Report(
            id=UNNAMED,
            schema=SCHEMA,
            tfmatrix=__version__,
            settings=Settings(
                seed=config.seed,
                modes=config.modes,
                models=tuple(dict.fromkeys(written.writer.cell.model.name for written in plan.written)),
                launches=tuple(map(launch_of, config.launches)),
                policy=digest(config.policy),
            ),
            verdicts=tuple(map(meaning_of, VERDICTS)),
            formats=tuple(_format(row, config.modes) for row in plan.formats),
            pairs=tuple(_pair(*found, sides) for found in plan.pairs(store.trial, store)),
            environments=tuple(_environment(environment, plan, store) for environment in plan.environments),
            machine=machine_of(noted_machine(store, plan.scope.machine)),
        )
    )


class _Sides:
    """What the store has of each side, each looked up once."""

    def __init__(self, plan: ExchangePlan, store: Store) -> None:
        self._plan = plan
        self._store = store
        self._known: dict[str, Side] = {}
        self.distance = Tensors(store).distance

    def of(self, expected: ExpectedTrial) -> Side:
        """Return what is known of a trial."""
        if expected.key not in self._known:
            self._known[expected.key] = self._look_up(expected)
        return self._known[expected.key]

    def nobody(self, environment: records.Environment, lacking: str = "") -> Side:
        """Return what is known where there is no trial: why it or its environment cannot be had, if that is so."""
        reason = lacking or noted_refusal(self._store, self._plan.scope.environment_key(environment))
        return Side(refusal=f"{environment.name} is unavailable: {reason}" if reason else "")

    def ratio(self, cell: records.Cell) -> Ratio:
        """Return what the policy says of predictions of a cell."""
        return partial(ratio_for, within(self._plan.config.policy, cell.model.name, cell.mode), NATIVE)

    def digest(self, written: Written) -> str:
        """Return the digest of what was written."""
        return noted_digest(written, self._store)

    def _look_up(self, expected: ExpectedTrial) -> Side:
        trial = self._store.trial(expected.key)
        if trial is None:
            return self.nobody(expected.cell.environment, expected.lacking)
        if trial.trace is None:
            return Side(trial)
        tensors = {p.stage: p.digest for p in self._store.trace(trial.trace) if p.tier == NATIVE}
        return Side(trial, tensors, tuple(self._sentences(tensors)))

    def _sentences(self, tensors: dict[str, str]) -> Iterator[str]:
        if WARNINGS in tensors:
            for sentence in to_array(self._store.tensor(tensors[WARNINGS])).ravel():
                yield sentence.decode("utf-8", "replace")


def _format(row: formats.Format, modes: Sequence[str]) -> Format:
    return Format(
        name=row.name,
        kind=row.kind,
        modes=tuple(mode for mode in modes if mode in row.modes),
        holds=row.holds,
        written=row.written,
        read=row.read,
    )


def _pair(written: Written, environment: records.Environment, reader: ExpectedTrial | None, sides: _Sides) -> Pair:
    cell = written.writer.cell
    read = sides.of(reader) if reader else sides.nobody(environment)
    judged = judge(sides.of(written.writer), read, sides.distance, sides.ratio(cell))
    return Pair(
        format=written.form.name,
        mode=cell.mode,
        launch=cell.launch.name,
        model=cell.model.name,
        writer=cell.environment.name,
        reader=environment.name,
        verdict=judged.verdict,
        reason=without_folders(judged.reason),
        stage=judged.stage,
        phase=judged.phase,
        kind=judged.kind,
        absent=judged.absent,
        kept=judged.kept,
        other=judged.other,
        distance=distance_of(judged.distance) if judged.distance else None,
        slots=judged.slots,
        warnings=tuple(map(without_folders, judged.warnings)),
        artefact=sides.digest(written),
        trials=(written.writer.key, reader.key if reader else ""),
    )


_FOLDERS = re.compile(r"(?<![\w.:/])(?:/[\w.+-]+){2,}/")
"""Folders from the root on, at least two of them; the address of a page has something in front."""


def without_folders(text: str) -> str:
    """Return a message without the folders of this machine: files keep their names."""
    return _FOLDERS.sub(".../", text)


def _environment(environment: records.Environment, plan: ExchangePlan, store: Store) -> Environment:
    key = plan.scope.environment_key(environment)
    installed = noted_installed(store, key)
    return environment_of(environment, installed, noted_refusal(store, key) or ("" if installed else "not made"))
