"""What was found between machine classes as records: what `machines.json` holds and the page is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from msgspec import Meta

from tfmatrix import __version__
from tfmatrix.compare.policy import digest
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.environments.machine import machine_id
from tfmatrix.questions.machines.judge import Compared, compare_classes
from tfmatrix.questions.machines.plan import MachinesPlan
from tfmatrix.report.document import UNNAMED, identified
from tfmatrix.report.records import (
    Count,
    Digest,
    Environment,
    Launch,
    Machine,
    Meaning,
    Name,
    Number,
    Record,
    Version,
    as_number,
    environment_of,
    launch_of,
    machine_of,
    meaning_of,
)
from tfmatrix.report.records import Report as AnyReport
from tfmatrix.store.facts import noted_installed, noted_machine, noted_refusal
from tfmatrix.store.store import Store

SCHEMA: Final = 1

SHOWN = ("numpy", "keras", "tf-keras")
"""Packages of an environment that the report names."""


class Class(Record, frozen=True, kw_only=True):
    """A machine under a launch; the first is this machine under the default one."""

    name: Name
    machine: Annotated[Digest, Meta(description="The id of its machine.")]
    launch: Launch


class Stage(Record, frozen=True, kw_only=True):
    """Where a cell's bits part from those of this machine's default launch, and how far."""

    tier: Name
    name: Name
    max_ulp: int | None
    scaled_error: Number | None
    ratio: Annotated[Number | None, Meta(description="Scaled error over the noise floor; null where it has none.")]


class End(Record, frozen=True, kw_only=True):
    """What a training comes to: the loss, metric or predictions that lie farthest apart."""

    name: Name
    apart: Annotated[Number, Meta(description="0.01 is one per cent.")]
    here: Number | None
    there: Number | None


class Cell(Record, frozen=True, kw_only=True):
    """A model in a mode and a release, of one class against this machine's default launch."""

    environment: Name
    of: Annotated[Name, Meta(description="The class.")]
    mode: Name
    model: Name
    verdict: Verdict
    reason: str = ""
    trials: Annotated[Count, Meta(description="How many trials, each with the same bits, this rests on.")]
    first: Stage | None = None
    end: End | None = None


class Settings(Record, frozen=True, kw_only=True):
    """What was asked."""

    trials: Count
    jitters: Count
    seed: Count
    modes: tuple[Name, ...]
    models: tuple[Name, ...]
    policy: Digest


class Report(AnyReport, frozen=True, kw_only=True):
    """Everything that `machines.json` holds."""

    schema: Literal[1]
    tfmatrix: Version
    settings: Settings
    classes: tuple[Class, ...]
    cells: tuple[Cell, ...]
    verdicts: Annotated[tuple[Meaning, ...], Meta(description="Those that occur, worst first.")]
    environments: tuple[Environment, ...]
    machines: Annotated[tuple[Machine, ...], Meta(description="This one first.")]


def summarise(plan: MachinesPlan, store: Store) -> Report:
    """Return all that is stored of machine classes under an id that is the digest of everything else."""
    compared = list(compare_classes(plan, store))
    cells = tuple(map(_cell, compared))
    base, *others = plan.classes(store)
    known = [base, *(one for one in others if any(found.of == one for found in compared))]
    here = noted_machine(store, plan.config.machine)
    own = machine_id(plan.config.machine)
    machines = {machine_id(one.machine): one.machine for one in known} | {own: here}
    ids = {id_: machine_id(one) for id_, one in machines.items()}
    return identified(
        Report(
            id=UNNAMED,
            schema=SCHEMA,
            tfmatrix=__version__,
            settings=Settings(
                trials=plan.config.trials,
                jitters=plan.config.jitters,
                seed=plan.config.seed,
                modes=plan.config.modes,
                models=tuple(model.name for model in plan.models),
                policy=digest(plan.config.policy),
            ),
            classes=tuple(
                Class(name=one.name, machine=ids[machine_id(one.machine)], launch=launch_of(one.launch))
                for one in known
            ),
            cells=cells,
            verdicts=tuple(meaning_of(one) for one in Verdict if one in {cell.verdict for cell in cells}),
            environments=tuple(_environments(plan, store)),
            machines=tuple(map(machine_of, machines.values())),
        )
    )


def _cell(found: Compared) -> Cell:
    compared, cell = found.found, found.other.cell
    parted = compared.divergences[0].at if compared.divergences else None
    farthest = max(compared.ends, key=lambda end: end.apart, default=None)
    return Cell(
        environment=cell.environment.name,
        of=found.of.name,
        mode=cell.mode,
        model=cell.model.name,
        verdict=compared.verdict,
        reason=compared.reason or (compared.first.reason if compared.first else ""),
        trials=found.other.trials,
        first=parted
        and Stage(
            tier=parted.tier,
            name=parted.stage,
            max_ulp=parted.distance.max_ulp if parted.distance else None,
            scaled_error=as_number(parted.distance.scaled_error) if parted.distance else None,
            ratio=as_number(parted.ratio),
        ),
        end=farthest
        and End(
            name=farthest.stage,
            apart=as_number(farthest.apart) or 0.0,
            here=as_number(farthest.baseline),
            there=as_number(farthest.candidate),
        ),
    )


def _environments(plan: MachinesPlan, store: Store) -> Iterator[Environment]:
    for environment in plan.environments:
        key = plan.scope.environment_key(environment)
        installed = noted_installed(store, key)
        refusal = noted_refusal(store, key) or ("" if installed else "not made")
        yield environment_of(environment, installed, refusal, only=SHOWN)
