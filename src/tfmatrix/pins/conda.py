"""What conda's form of a requirement says of a version.

There is no parser of it for Python alone: conda itself is not on the package index. The grammar is that of
https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html#package-match-specifications
"""

from __future__ import annotations

from collections.abc import Callable

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tfmatrix.pins.packages import OTHER_BUILDS, PACKAGES
from tfmatrix.pins.syntax import Malformed, Reading, admitting, own_build


def requirement(written: str) -> Reading:
    """Read a requirement of conda: ``tensorflow=2.15.1``, ``conda-forge::numpy>=1.23,<2``, ``keras 2.15.0 *_1``."""
    name, rest = _split(written)
    if name in OTHER_BUILDS:
        return Reading(name, rest=written, obstacle="is another build of TensorFlow")
    if name not in PACKAGES:  # which may be written in ways that need not be understood
        return Reading(name, rest=written)
    if "[" in rest:
        return Reading(name, rest=written, obstacle="has brackets, in which tfmatrix does not look for a version")
    operator = rest[: len(rest) - len(rest.lstrip("="))]
    version, *build = rest.lstrip("=").replace("=", " ").split() or [""]
    if rest.startswith(tuple("<>!~")) or any(char in version for char in "*,|<>"):
        return Reading(name, rest=written, admits=_range(rest if rest[0] in "<>!~" else operator + version))
    return _exact(written, name, operator, version, build) if version else Reading(name, rest=written)


def _exact(written: str, name: str, operator: str, version: str, build: list[str]) -> Reading:
    """Read a requirement that names one version: behind one equals sign, and short, that is a prefix."""
    try:
        parts = len(Version(version).release)
    except InvalidVersion:
        raise Malformed(f"{version!r} is no version") from None
    if operator == "=" and not build and parts < 3:
        return Reading(name, rest=written, admits=_range(f"={version}"))
    named = [part for part in build if "*" not in part]
    obstacle = f"names the build {named[0]}, which belongs to that version" if named else own_build(version)
    asked = " ".join(part for part in build if part != "*")
    return Reading(name, version, (written.rpartition("::")[0], operator, *build), obstacle, build=asked)


def _split(written: str) -> tuple[str, str]:
    """Return the name in a requirement, without its channel, and what stands behind it."""
    spec = written.rsplit("::", 1)[-1].strip()
    end = next((at for at, char in enumerate(spec) if char in " =<>!~["), len(spec))
    return canonicalize_name(spec[:end]), spec[end:].strip()


def _range(clauses: str) -> Callable[[str], bool]:
    """Return whether a version is in a range, whose alternatives are parted by ``|``.

    Raises `Malformed` for what is no range, ``*`` being all versions.
    """
    alternatives = [[part.strip() for part in alternative.split(",")] for alternative in clauses.split("|")]
    try:
        ranges = [admitting(SpecifierSet(",".join(map(_clause, parts)))) for parts in alternatives]
    except InvalidSpecifier:
        raise Malformed(f"{clauses!r} is no range of versions that tfmatrix can read") from None
    return lambda version: any(admits(version) for admits in ranges)


def _clause(clause: str) -> str:
    """Return one clause of conda's as one of PEP 440's: a bare version is exact, one equals sign a prefix."""
    if clause.lstrip("=") == "*":
        return ""
    if clause.startswith("=") and not clause.startswith("=="):
        return f"={clause}" if clause.endswith("*") else f"={clause}.*"
    return clause if clause.startswith(tuple("<>!~=")) else f"=={clause}"
