"""What a project declares that its models need besides TensorFlow, as requirements that a resolver takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tfmatrix.errors import UserError
from tfmatrix.pins import requirement_files
from tfmatrix.pins.packages import OTHER_BUILDS, TENSORFLOW, family
from tfmatrix.reading import bytes_of, reading, shown, toml_of

_ITSELF = re.compile(r"(?:(?:-e|--editable)[ =]\s*)?\.(?:\[([^\]]*)\])?")
"""The project itself, which may have extras: ``.[train]``."""

_NAMED = re.compile(r"(-r|--requirement|-c|--constraint)[ =]?\s*(\S+)")

DEPTH = 20
"""Files that may name each other in turn: more of them are a circle."""


@dataclass(frozen=True)
class Declared:
    """The requirements of a project."""

    requirements: tuple[str, ...] = ()
    """Sorted, each once, as PEP 508 has them."""
    constraints: tuple[str, ...] = ()
    """What holds of a package where it is needed, of the same form."""
    set_aside: tuple[str, ...] = ()
    """What was said of TensorFlow, with its place."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each thing that is set aside."""
        return tuple(f"{one} is set aside: each environment has its own TensorFlow." for one in self.set_aside)


def declared(root: Path, lines: Sequence[str], where: str) -> Declared:
    """Return what a project's lines of requirements say; ``.`` is what its pyproject.toml depends on.

    Files are those that pip reads with ``-r`` and ``-c``, by their paths from the project's root. Raises ``UserError``
    for a file that is not there and for what no lock can hold: an address, a path, an option.
    """
    found = list(_expanded(root, lines, where, 0))
    about = [one for one in found if _is_tensorflow(one.requirement)]
    kept = [one for one in found if one not in about]

    def texts(*, constraining: bool) -> tuple[str, ...]:
        return tuple(sorted({str(one.requirement) for one in kept if one.constraining is constraining}))

    aside = dict.fromkeys(f"{one.requirement} ({one.where})" for one in about if not one.constraining)
    return Declared(texts(constraining=False), texts(constraining=True), tuple(aside))


@dataclass(frozen=True)
class _One:
    requirement: Requirement
    where: str
    constraining: bool = False


def _is_tensorflow(requirement: Requirement) -> bool:
    name = canonicalize_name(requirement.name)
    return family(name) == TENSORFLOW or name in OTHER_BUILDS


def _expanded(root: Path, lines: Sequence[str], where: str, depth: int) -> Iterator[_One]:
    """Yield the requirements of lines, and of the files that they name."""
    for line in filter(None, map(str.strip, lines)):
        if itself := _ITSELF.fullmatch(line):
            yield from _of_project(root, itself[1] or "")
        elif named := _NAMED.fullmatch(line):
            constraining = named[1] in {"-c", "--constraint"}
            for one in _of_file(root, named[2], where, depth):
                yield _One(one.requirement, one.where, constraining or one.constraining)
        elif line.startswith("-"):
            raise UserError(f"{where} has {shown(line)}, an option that no lock can hold; leave it out.")
        else:
            yield _One(_requirement(line, where), where)


def _requirement(line: str, where: str) -> Requirement:
    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        hint = "an address or a path" if "/" in line else "no requirement"
        reason = "" if "/" in line else f" ({str(error).splitlines()[0]})"
        raise UserError(
            f"{where} has {shown(line)}, which is {hint}{reason}; write a package of the index, such as pandas>=2."
        ) from None
    if requirement.url is not None:
        raise UserError(
            f"{where} has {shown(line)}, an address, of which no lock can hold a hash; name a version of the index."
        )
    requirement.name = canonicalize_name(requirement.name)
    return requirement


def _of_file(root: Path, name: str, where: str, depth: int) -> Iterator[_One]:
    """Yield the requirements of a file as pip reads it; hashes are left to the lock, which has its own."""
    path = root / name
    if depth == DEPTH:
        raise UserError(f"{where} names {name}, and the files name each other in a circle; leave one of them out.")
    if not path.is_file():
        raise UserError(f"{where} names {name}, and there is no such file in {root}; mend the path, or leave it out.")
    with reading(name):
        text = bytes_of(path).decode("utf-8-sig")
    leaves = requirement_files.parse(text, path).leaves
    for at in dict.fromkeys(key[0] for key in leaves):
        line = leaves[at, "requirement"] or leaves.get((at, "options"), "")
        if named := _NAMED.fullmatch(line):
            beside = (path.parent / named[2]).resolve()
            inside = beside.relative_to(root.resolve()).as_posix() if beside.is_relative_to(root.resolve()) else beside
            line = f"{named[1]} {inside}"
        elif line.startswith("-") and not _ITSELF.fullmatch(line):
            continue  # where packages come from is uv's own configuration, not a file's that is locked from
        yield from _expanded(root, [line], name, depth + 1)


def _of_project(root: Path, extras: str) -> Iterator[_One]:
    """Yield what a project depends on by its pyproject.toml, with some of its extras."""
    where = "pyproject.toml"
    with reading(where):
        project = toml_of(root / where).get("project", {})
    optional = project.get("optional-dependencies", {}) if isinstance(project, dict) else {}
    if not isinstance(project, dict) or "dependencies" in project.get("dynamic", ()):
        raise UserError(f"{where} does not say what the project depends on; write that into requirements.")
    lists = [project.get("dependencies", [])]
    for extra in filter(None, map(str.strip, extras.split(","))):
        if extra not in optional:
            raise UserError(f"{where} has no extra {shown(extra)}; there are {', '.join(optional) or 'none'}.")
        lists.append(optional[extra])
    if not all(isinstance(some, list) and all(isinstance(one, str) for one in some) for some in lists):
        raise UserError(f"{where}: project.dependencies must be a list of strings.")
    for line in (line for some in lists for line in some):
        yield _One(_requirement(line, where), where)
