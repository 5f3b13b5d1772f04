"""The records that flow from one module to the next: frozen, and knowing nothing."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Package:
    """One package at one exact version."""

    name: str
    version: str


@dataclass(frozen=True)
class Environment:
    """An interpreter and a locked set of packages, named after what was chosen: ``2.16.2+keras-3.11.3``."""

    tensorflow: str
    further: tuple[Package, ...] = ()
    distribution: str = "tensorflow-cpu"
    python: str = "3.10"

    @property
    def name(self) -> str:
        """Return the TensorFlow version and, behind a plus each, what else is chosen."""
        return "+".join([self.tensorflow, *(f"{p.name}-{p.version}" for p in self.further)])


@dataclass(frozen=True)
class InstalledEnvironment:
    """An environment as it stands on this machine."""

    environment: Environment
    interpreter: str
    """Path of the environment's own Python."""
    python_version: str
    lock_digest: str
    """SHA-256 of the lock file's bytes."""
    lock_kind: str
    """``today``, or ``as of 2022-06-01``: the day that the resolution stands for."""
    packages: tuple[Package, ...] = field(default=())
    """Every installed package, sorted by name."""
