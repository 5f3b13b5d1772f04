"""Records that the data of several reports have in common; each report's JSON schema is made from its records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tfmatrix import records
from tfmatrix.compare import distance
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.environments import catalogue
from tfmatrix.environments.machine import machine_id

Id = Annotated[str, Meta(pattern="^[0-9a-f]{8}$", description="First digits of the SHA-256 of everything else.")]
Version = Annotated[str, Meta(min_length=1, description="Version of tfmatrix.")]
Name = Annotated[str, Meta(min_length=1)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
DigestOrNone = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Number = int | float | Literal["inf", "-inf", "nan"]
"""A number; JSON has no NaN and no infinity, so those are words."""


def one_of(*words: str) -> Meta:
    """Return what makes a string's type one of some words."""
    return Meta(pattern=f"^({'|'.join(words)})$")


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What every record is: frozen, and strict when it is read; what is as by default is left out of the JSON.

    An empty tuple is that by being `()` itself. Python 3.10 makes another one of a generator that yields nothing, so a
    field that is `()` by default is given `tuple(...) or ()`.
    """


class Report(Record, frozen=True, kw_only=True):
    """What every report begins with."""

    id: Id
    files: Annotated[
        dict[Name, Digest],
        Meta(description="Pages and pictures beside this file, and SHA-256 of each, zeros in the id's place."),
    ] = {}


class Meaning(Record, frozen=True):
    """A verdict, its mark, and what it means."""

    name: Verdict
    mark: Annotated[str, Meta(min_length=1, max_length=1)]
    meaning: Name


class Lock(Record, frozen=True):
    """What an environment was installed from."""

    digest: Digest
    kind: Annotated[str, Meta(pattern="^(today|as of [0-9]{4}-[0-9]{2}-[0-9]{2})$")]


class Package(Record, frozen=True, array_like=True):
    """One package at one exact version."""

    name: str
    version: str


class Environment(Record, frozen=True, kw_only=True):
    """An environment, and what is known to be installed in it."""

    name: Name
    distribution: Name
    python: Annotated[str, Meta(pattern=r"^3\.[0-9.]+")]
    lock: Lock | None
    unavailable: Annotated[str, Meta(description="Why it could not be made; empty where it was.")]
    known: Annotated[bool, Meta(description="Whether this tfmatrix was tested with its TensorFlow.")] = True
    packages: dict[str, str]
    moved: (
        Annotated[
            tuple[tuple[Package | None, Package | None], ...],
            Meta(description="Packages that the baseline has otherwise, besides TensorFlow: there, and here."),
        ]
        | None
    ) = None


class Machine(Record, frozen=True, kw_only=True):
    """A machine, and the digest of what may change bits."""

    cpu: str
    revision: Annotated[str, Meta(description="Family, model, stepping and cache, which a name may hide.")]
    flags: tuple[str, ...]
    architecture: str
    libc: str
    gpus: tuple[str, ...]
    kernel: str
    cores: Positive
    memory_gib: Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)]
    id: Annotated[Digest, Meta(description="Digest of what may change bits.")]


class Launch(Record, frozen=True, kw_only=True):
    """The variables and thread counts that a process starts with."""

    name: Name
    intra_op: Positive
    inter_op: Positive
    variables: tuple[tuple[str, str], ...]
    settings: tuple[str, ...]
    device: Annotated[str, Meta(description="What it asks for; not there where it takes what TensorFlow finds.")] = ""


class Distance(Record, frozen=True, kw_only=True):
    """How far two tensors lie apart."""

    fraction: Number
    comparable: bool
    note: str
    elements: Count
    differing: Count
    zero_sign_only: Count
    nan_payload_only: Count
    nan_mismatch: Count
    inf_mismatch: Count
    max_ulp: int | None
    max_abs: Number | None
    scaled_error: Number | None
    sampled: bool
    dtype: str


def launch_of(launch: records.Launch) -> Launch:
    """Return a launch as reports have it."""
    return Launch(**asdict(launch))


Moved = Sequence[tuple[records.Package | None, records.Package | None]]


def environment_of(
    environment: records.Environment,
    installed: records.InstalledEnvironment | None,
    unavailable: str,
    *,
    moved: Moved | None = None,
    only: Iterable[str] | None = None,
) -> Environment:
    """Return what is known of an environment, with ``only`` some of its packages.

    A nightly build has the name that its releases have.
    """
    own = map(catalogue.as_named, installed.packages) if installed else ()
    packages = {package.name: package.version for package in own}
    return Environment(
        name=environment.name,
        distribution=environment.distribution,
        python=installed.python_version if installed else environment.python,
        lock=Lock(installed.lock_digest, installed.lock_kind) if installed else None,
        unavailable=unavailable,
        known=catalogue.release(environment.tensorflow).known,
        packages={name: packages[name] for name in packages if only is None or name in set(only)},
        moved=None if moved is None else tuple((_package(before), _package(after)) for before, after in moved),
    )


def _package(package: records.Package | None) -> Package | None:
    return Package(package.name, package.version) if package else None


def meaning_of(verdict: Verdict) -> Meaning:
    """Return a verdict as a report explains it."""
    return Meaning(verdict, verdict.mark, verdict.meaning)


def machine_of(machine: records.Machine) -> Machine:
    """Return a machine under its id."""
    return Machine(**asdict(machine), id=machine_id(machine))


def distance_of(found: distance.Distance) -> Distance:
    """Return a distance, its numbers as JSON has them."""
    measured = found._asdict() | {"max_abs": as_number(found.max_abs), "scaled_error": as_number(found.scaled_error)}
    return Distance(fraction=found.fraction, **measured)


def as_number(value: float | None) -> Number | None:
    """Return a number as JSON has it: NaN and infinities are words, since JSON has none."""
    if value is None or abs(value) < float("inf"):
        return value
    return "nan" if value != value else "inf" if value > 0 else "-inf"  # noqa: PLR0124  # only NaN is not itself
