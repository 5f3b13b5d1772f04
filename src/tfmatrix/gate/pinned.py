"""What a project pins today, as an environment that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_version

from tfmatrix.config import Config
from tfmatrix.environments import catalogue, locks
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.pins import Pin, find_pins, pinned_tensorflow
from tfmatrix.questions.chosen import environment_of
from tfmatrix.records import Environment


def pinned_environment(config: Config, folder: Path | None = None) -> Environment:
    """Return the environment that a project pins: its TensorFlow, and what else it pins otherwise than the lock has it.

    A project that pins Keras 3.4.0 runs another program than the lock of its TensorFlow with a later Keras, so the two
    are not taken for each other. ``folder`` is where its files are, where that is not the configuration's.
    Raises ``UserError`` where there is no such pin, or several that disagree.
    """
    folder = folder or config.root
    tensorflow = pinned_tensorflow(folder).version
    pinned = _companions(find_pins(folder))
    plain = environment_of(config, tensorflow)
    locked = locked_versions(config, plain)
    other = {name: version for name, version in pinned.items() if not same(version, locked.get(name))}
    return environment_of(config, "+".join([tensorflow, *(f"{name}-{version}" for name, version in other.items())]))


def locked_versions(config: Config, environment: Environment) -> Mapping[str, str]:
    """Return the versions of an environment's lock by package; none where it has no lock that can be read."""
    try:
        lock = locks.read_lock(locks.find_lock(environment, [config.root / "locks"]))
    except Unavailable:
        return {}
    return {package.name: package.version for package in lock.packages}


def same(version: str, other: str | None) -> bool:
    """Return whether two spellings are one version."""
    return other is not None and canonicalize_version(version) == canonicalize_version(other)


def _companions(pins: Iterable[Pin]) -> dict[str, str]:
    """Return what is pinned of the packages that an environment's name can have."""
    found: dict[str, Pin] = {}
    for pin in pins:
        if pin.name in catalogue.FURTHER_PACKAGES:
            first = found.setdefault(pin.name, pin)
            if not same(first.version, pin.version):
                raise UserError(
                    f"the project pins more than one {pin.name}: {first.version} in {first.path}, {first.where}, and "
                    f"{pin.version} in {pin.path}, {pin.where}; name the --baseline."
                )
    return {name: pin.version for name, pin in found.items()}
