"""What one value says of a package's version, in each of the ways to write it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from poetry.core.constraints.version import Version as PoetryVersion
from poetry.core.constraints.version import parse_constraint
from poetry.core.constraints.version.exceptions import ParseConstraintError


class Malformed(ValueError):
    """A value that is not written in its syntax; its message says why."""


@dataclass(frozen=True)
class Reading:
    """What a value says."""

    name: str
    """Canonical; empty where the value does not name its package."""
    version: str = ""
    """The one version that is admitted, as written; empty where it is not one."""
    rest: Hashable = ()
    """All that the value says besides that version: what must stay as it is."""
    obstacle: str = ""
    """Why this cannot be set to another version, as the end of a sentence: ``is ...``."""
    admits: Callable[[str], bool] = field(default=lambda _: True, compare=False)
    """Whether another version fits what stays as it is."""
    marker: str = ""
    """Where it counts; empty where that is everywhere."""
    build: str = ""
    """The build of conda's that it asks for, a pattern mostly."""


Syntax = Callable[[str], Reading]
"""Reads one value; raises `Malformed`."""


def requirement(written: str) -> Reading:
    """Read a requirement of PEP 508, ``tensorflow[and-cuda]==2.15.1; python_version > "3.8"``."""
    try:
        parsed = Requirement(written)
    except InvalidRequirement as error:
        raise Malformed(str(error).splitlines()[0]) from None
    name = canonicalize_name(parsed.name)
    marker = str(parsed.marker or "")
    if parsed.url is not None:
        return Reading(name, rest=written, obstacle="is an address and not a version", marker=marker)
    exact = [clause for clause in parsed.specifier if clause.operator in ("==", "===") and "*" not in clause.version]
    others = [clause for clause in parsed.specifier if clause not in exact[:1]]
    rest = (
        name,
        frozenset(parsed.extras),
        str(parsed.marker),
        tuple(clause.operator for clause in exact),
        frozenset(map(str, others)),
    )
    if len(exact) > 1:
        return Reading(name, rest=rest, obstacle="names two versions at once", marker=marker)
    version = exact[0].version if exact else ""
    admits = admitting(SpecifierSet(",".join(map(str, others))))
    return Reading(name, version, rest, own_build(version), admits, marker)


def admitting(specifier: SpecifierSet) -> Callable[[str], bool]:
    """Return whether a version is one of a specifier's."""
    return lambda version: specifier.contains(version, prereleases=True)


def own_build(version: str) -> str:
    """Return why a version such as ``2.15.1+nv23.11`` is not replaced by a release's."""
    return "is a local build (by the part behind the plus)" if "+" in version else ""


def pipfile(written: str) -> Reading:
    """Read a version of a Pipfile, ``==2.15.1`` or ``*``."""
    if written.strip() == "*":
        return Reading("")
    if not written.strip().startswith(tuple("=<>!~")):
        raise Malformed(f"{written!r} is no version specifier")
    read = requirement(f"x{written}")
    return Reading("", read.version, read.rest, read.obstacle, read.admits)


def poetry(written: str) -> Reading:
    """Read a version constraint of Poetry, ``2.15.1``, ``^2.15`` or ``>=2.15,<2.17``."""
    try:
        constraint = parse_constraint(written)
    except ParseConstraintError as error:
        raise Malformed(str(error)) from None
    if isinstance(constraint, PoetryVersion):
        version = written.strip().lstrip("=").strip()
        return Reading("", version, written.rpartition(version)[::2], own_build(version))
    return Reading("", rest=written, admits=lambda version: constraint.allows(PoetryVersion.parse(version)))


def address(written: str) -> Reading:
    """Read what Poetry and Pipfile have in place of a version: a path, an address, a repository."""
    return Reading("", rest=written, obstacle="is an address and not a version")


def locked(written: str) -> Reading:
    """Read the version of a package in a lock file, bare or behind ``==``."""
    return Reading("", written.removeprefix("=="))


def repinned(written: str, syntax: Syntax, version: str) -> str:
    """Return a value with another version in the place of its own, and everything else as it was.

    Raises `Malformed` where that is not one place.
    """
    before = syntax(written)
    found = set()
    for at in occurrences(written, before.version):
        candidate = written[:at] + version + written[at + len(before.version) :]
        try:
            after = syntax(candidate)
        except Malformed:
            continue
        if after.version == version and (after.name, after.rest) == (before.name, before.rest):
            found.add(candidate)
    if len(found) != 1:
        raise Malformed(f"the version of {written!r} cannot be told from what stands around it")
    return found.pop()


def occurrences(text: str, piece: str, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Yield where a piece of text occurs, overlapping ones included."""
    at = text.find(piece, start, end) if piece else -1
    while at >= 0:
        yield at
        at = text.find(piece, at + 1, end)
