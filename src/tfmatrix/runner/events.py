"""What happens during a run, as it is told to whoever watches and to whoever stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfmatrix.records import Environment, ExpectedTrial, Fingerprint, InstalledEnvironment, Start, Tensor, Trial


@dataclass(frozen=True)
class Round:
    """Some trials are about to be run, or none where nothing is wanted any more."""

    trials: tuple[ExpectedTrial, ...]
    stored: int
    """How many others are wanted and known already."""


@dataclass(frozen=True)
class Locking:
    """An environment has no lock file that fits, and one is being made."""

    environment: Environment


@dataclass(frozen=True)
class Making:
    """An environment is being made."""

    environment: Environment


@dataclass(frozen=True)
class Ready:
    """An environment is made."""

    environment: Environment
    installed: InstalledEnvironment


@dataclass(frozen=True)
class Refused:
    """An environment cannot be had."""

    environment: Environment
    reason: str


@dataclass(frozen=True)
class Launched:
    """A probe has imported TensorFlow."""

    environment: Environment
    seconds: float
    can_fork: bool
    start: Start = field(default_factory=Start)
    saw: Mapping[str, Any] = field(default_factory=dict)
    """What the process itself saw of what is varied."""


@dataclass(frozen=True)
class Finished:
    """A trial is over."""

    expected: ExpectedTrial
    trial: Trial
    trace: tuple[Fingerprint, ...]
    tensors: Mapping[str, Tensor]


Event = Locking | Round | Making | Ready | Refused | Launched | Finished
