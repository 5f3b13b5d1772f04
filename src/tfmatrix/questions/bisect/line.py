"""The line: every build between two environments along one axis, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import IntEnum

from packaging.utils import canonicalize_name
from packaging.version import Version

from tfmatrix.config import Config
from tfmatrix.environments import catalogue, locks
from tfmatrix.environments.offered import Uploaded
from tfmatrix.errors import UserError
from tfmatrix.questions.chosen import environment_of, nameable_environment
from tfmatrix.records import Environment, Package
from tfmatrix.store.opening import open_store

TENSORFLOW, KERAS = "tensorflow", "keras"

PACKAGES = "packages"
"""The axis along which every package that moved is moved, one after the other."""

NONE_MOVED, ALL_MOVED = "none moved", "all moved"
"""What the first and the last build of that axis are called."""

HOLDABLE = "holdable"
"""Kind of the facts that say, by a lock and some packages, which of these can be held in it."""

Offered = Mapping[str, Uploaded]
"""The versions of a package that the index has."""


class Grain(IntEnum):
    """How fine a build is: the coarse ones are looked at first."""

    RELEASE = 0
    """The newest patch of a minor release; of another axis any release."""
    PATCH = 1
    """Another patch of a minor release, or a release candidate."""
    NIGHTLY = 2


@dataclass(frozen=True)
class Build:
    """One version that may be run, as an environment."""

    environment: Environment
    grain: Grain = Grain.RELEASE
    label: str = ""
    """What it is called, where the environment's name is too long to read."""

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self.label or self.environment.name


@dataclass(frozen=True)
class Axis:
    """Along what a line runs, from where and to where."""

    package: str
    """`TENSORFLOW`, a package that both of them have, or `PACKAGES`."""
    first: Environment
    last: Environment
    fixed: tuple[Package, ...] = ()
    """Of `PACKAGES`, the versions that do not go with the rest, and are those of the last build all along."""

    @property
    def held(self) -> str:
        """Return the environment that is the same but for the package, as a reader names it; empty for TensorFlow."""
        if self.package == PACKAGES:
            return self.last.name
        further = tuple(one for one in self.last.further if one.name != self.package)
        return "" if self.package == TENSORFLOW else replace(self.last, further=further).name


def axis_of(config: Config, package: str, first: str, last: str) -> Axis:
    """Return the axis between two environments by their names.

    Of another package than TensorFlow the later environment is held, and the first build has the package as the earlier
    one has it. Raises ``UserError`` for names that are none, for builds that are the same or in the wrong order, and
    where the package is not in both.
    """
    package = canonicalize_name(package)
    if package in catalogue.TENSORFLOWS and package != TENSORFLOW:
        raise UserError(f"{package} is TensorFlow, which is bisected without --axis.")
    one, other = environment_of(config, first), environment_of(config, last)
    if one == other:
        raise UserError(f"{first}..{last} is one build; name two that differ.")
    order = Version(one.tensorflow), Version(other.tensorflow)
    if order[0] > order[1]:
        raise UserError(f"{one.name} is newer than {other.name}; write {other.name}..{one.name}.")
    if package == PACKAGES:
        return _along_packages(config, one, other)
    return _along_tensorflow(one, other) if package == TENSORFLOW else _along(config, package, one, other)


def _along_packages(config: Config, first: Environment, last: Environment) -> Axis:
    """Return the axis of every package that moved, beside the TensorFlow of the last build."""
    old, new = ({one.name: one for one in _locked(config, each)} for each in (first, last))
    moved = sorted((one for one in old.values() if new.get(one.name, one) != one), key=catalogue.place)
    if not moved:
        raise UserError(f"{first.name} and {last.name} have the same packages besides TensorFlow.")
    held = _holdable(config, last, [one for one in moved if _may_be_kept(one, new[one.name])])
    if not held:
        named = ", ".join(f"{one.name} {one.version}" for one in moved)
        raise UserError(f"no package can be moved alone: {last.name} fits none of {named}.")
    begin = nameable_environment(config, last.holding(held).name)
    return Axis(PACKAGES, begin, last, tuple(one for one in moved if one not in held))


def _locked(config: Config, environment: Environment) -> Iterator[Package]:
    """Yield the packages of an environment's lock, but for TensorFlow itself."""
    lock = locks.read_lock(locks.find_lock(environment, [config.root / "locks"]))
    yield from (catalogue.as_named(one) for one in lock.packages if one.name not in catalogue.TENSORFLOWS)


def _may_be_kept(old: Package, new: Package) -> bool:
    """Return whether a version may be kept as far as can be told: no TensorFlow runs with the other Keras."""
    return old.name != KERAS or Version(old.version).major == Version(new.version).major


def _holdable(config: Config, environment: Environment, packages: Sequence[Package]) -> tuple[Package, ...]:
    """Return those of some packages that an environment can have at once, as the index was when it was first asked."""
    lock = locks.find_lock(environment, [config.root / "locks"])
    key = " ".join([locks.digest(lock), *(f"{one.name}-{one.version}" for one in packages)])
    with open_store(config) as store:
        noted = store.noted(HOLDABLE, key)
        if not isinstance(noted, list):
            noted = [one.name for one in locks.holdable(environment, packages)]
            store.note(HOLDABLE, key, noted)
    return tuple(one for one in packages if one.name in noted)


def _along_tensorflow(first: Environment, last: Environment) -> Axis:
    if first.tensorflow == last.tensorflow:
        (moved, *_) = {one.name for one in {*first.further} ^ {*last.further}}
        raise UserError(f"{first.name} and {last.name} have the same TensorFlow; bisect {moved} with --axis {moved}.")
    if first.further != last.further:
        raise UserError(
            f"{first.name} and {last.name} differ in more than TensorFlow; name the same further packages in both, or "
            "bisect one of these with --axis."
        )
    return Axis(TENSORFLOW, first, last)


def _along(config: Config, package: str, first: Environment, last: Environment) -> Axis:
    """Return the axis of a package beside the TensorFlow of the last build."""
    old, new = (_version_of(config, package, one) for one in (first, last))
    if old == new:
        raise UserError(f"{first.name} and {last.name} both have {package} {old}, so there is nothing to bisect.")
    if package == KERAS and old.major != new.major:
        raise UserError(
            f"{first.name} has Keras {old} and {last.name} has Keras {new}, and no TensorFlow runs with both; "
            f"name two that have Keras {new.major}."
        )
    if not _same_besides(package, first, last):
        return Axis(package, nameable_environment(config, _with(last, package, str(old))), last)
    # By its number alone a nightly build is older than the release that it may have come after.
    if old > new and (old.is_devrelease or old.release != new.release):
        raise UserError(f"{first.name} is newer than {last.name}; write {last.name}..{first.name}.")
    return Axis(package, first, last)


def _same_besides(package: str, one: Environment, other: Environment) -> bool:
    """Return whether two environments differ in nothing but a package."""
    further = ({each for each in side.further if each.name != package} for side in (one, other))
    return one.tensorflow == other.tensorflow and next(further) == next(further)


def _version_of(config: Config, package: str, environment: Environment) -> Version:
    """Return the version of a package that an environment has, by its name or its lock.

    Raises ``UserError`` where it has none, and ``Unavailable`` where only a lock could tell and there is none.
    """
    if package == TENSORFLOW:
        return Version(environment.tensorflow)
    found = {one.name: one.version for one in environment.further}
    if package not in found:
        found = {one.name: one.version for one in _locked(config, environment)}
    if package not in found:
        named = "" if catalogue.is_held(Package(package, "")) else f", or name a version of {package}"
        raise UserError(f"{environment.name} has no {package}; choose another axis{named}.")
    return Version(found[package])


def _with(environment: Environment, package: str, version: str) -> str:
    """Return the name of an environment with another version of a package, TensorFlow itself or a further one."""
    if package == TENSORFLOW:
        return replace(environment, tensorflow=version).name
    return environment.holding([Package(package, version)]).name


def builds(config: Config, axis: Axis, offered: Mapping[str, Offered]) -> tuple[Build, ...]:
    """Return every build of an axis in order, the first and the last one too.

    ``offered`` has what the index tells of the packages that it was asked for. What tfmatrix cannot name, and what has
    no wheel for the Python of its environment, is left out.
    """
    if axis.package == PACKAGES:
        return tuple(_steps(config, axis))
    first, last = (_version_of(config, axis.package, one) for one in (axis.first, axis.last))
    found = {first: Build(axis.first), last: Build(axis.last)}
    place = _places(offered)
    ends = sorted(map(place, (first, last)))
    for version, grain, pythons in _versions(axis, offered):
        if ends[0] < place(version) < ends[1] and version not in found:
            with suppress(UserError):  # of a form that no environment has
                environment = nameable_environment(config, _with(axis.last, axis.package, str(version)))
                if not pythons or {"", environment.python} & {*pythons}:
                    found[version] = Build(environment, grain)
    return tuple(found[version] for version in sorted(found, key=place, reverse=place(first) > place(last)))


def _places(offered: Mapping[str, Offered]) -> Callable[[Version], tuple[Version, bool, Version]]:
    """Return what orders versions: their number, but a nightly build comes after what was released before it.

    Keras has its builds keep the number of a release that is out, 3.6.0.dev2024101603 two weeks after 3.6.0, until
    the next one is begun. So they are put behind the last patch of that minor release that was out when they were made.
    """
    times = {Version(text): one.published for package in offered.values() for text, one in package.items()}
    patches: dict[tuple[int, ...], list[Version]] = {}
    for version in sorted(one for one, published in times.items() if published and not one.is_prerelease):
        patches.setdefault(version.release[:2], []).append(version)

    def place(version: Version) -> tuple[Version, bool, Version]:
        made = times.get(version, "") if version.is_devrelease else ""
        before = [one for one in patches.get(version.release[:2], ()) if times[one] < made]
        return (before[-1], True, version) if before and before[-1] > version else (version, False, version)

    return place


def _steps(config: Config, axis: Axis) -> Iterator[Build]:
    """Yield the builds in which one package after the other is moved, in the order of their names."""
    own = {*axis.last.further}
    held = [one for one in axis.first.further if one not in own]
    for moved in range(len(held) + 1):
        environment = nameable_environment(config, axis.last.holding(held[moved:]).name)
        label = NONE_MOVED if not moved else ALL_MOVED if moved == len(held) else f"{moved} moved"
        yield Build(environment, label=label)


def _versions(axis: Axis, offered: Mapping[str, Offered]) -> Iterator[tuple[Version, Grain, tuple[str, ...]]]:
    """Yield every version of an axis, the coarse ones first, and the Pythons that it has wheels for; none: unknown."""
    if axis.package == TENSORFLOW:
        yield from ((Version(one), Grain.RELEASE, ()) for one in catalogue.KNOWN)
    for text, one in (each for package in offered.values() for each in package.items()):
        version = Version(text)
        if version.is_devrelease:
            yield version, Grain.NIGHTLY, one.pythons
        elif axis.package == TENSORFLOW:
            yield version, Grain.PATCH, one.pythons
        elif not version.is_prerelease:
            yield version, Grain.RELEASE, one.pythons
