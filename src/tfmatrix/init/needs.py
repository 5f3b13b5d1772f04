"""What a project is used with: its TensorFlow, its Python, its other requirements, and nox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from tfmatrix.config import Config
from tfmatrix.environments import catalogue, interpreters
from tfmatrix.errors import UserError
from tfmatrix.pins.declared import declared
from tfmatrix.pins.document import Mention
from tfmatrix.pins.files import PROJECT, PYTHON_FILE, REQUIREMENTS, Source, look_around
from tfmatrix.pins.packages import TENSORFLOW, WATCHED, family
from tfmatrix.pins.sets import allows
from tfmatrix.pins.toml_files import requirements_of

_FOR_WORK = re.compile(r"dev|test|doc|lint|style|ci|build|release|notebook|constraint", re.IGNORECASE)
"""What is in the name of a requirement file that is for work on a project, and not for running it."""

_NOX = re.compile(r"nox\b(?!-)", re.IGNORECASE)

_OF_TOOLS = frozenset({"tfmatrix", "nox", "pip", "setuptools", "wheel"})
"""What a model is not run with."""


@dataclass(frozen=True)
class Told:
    """A value, and where it stands."""

    value: str
    where: str


@dataclass(frozen=True)
class Requirements:
    """A line of `requirements`."""

    line: str
    has: str = ""
    """What it stands for, in few words."""
    refusal: str = ""
    """Why no lock can hold it; then it is not proposed."""


@dataclass(frozen=True)
class Pythons:
    """The Pythons of environments."""

    own: Told
    others: Mapping[str, str]
    """Of the versions that run on another one."""


@dataclass(frozen=True)
class Releases:
    """The releases that a project is asked about."""

    baseline: str
    versions: tuple[str, ...]
    """Oldest first, the baseline among them."""
    why: str
    """Where the baseline comes from."""


def releases(root: Path, sources: Sequence[Source]) -> Releases:
    """Return what a project pins of TensorFlow as a known release, with the next minor and the newest that is known.

    Of several that are pinned it is the oldest, from which all would move; of a range the newest that it admits.
    """
    found = [(m, s) for s in sources for m in s.document.mentions if family(m.name) == TENSORFLOW]
    pinned = [Told(m.reading.version, _place(m, s)) for m, s in found if _is_version(m.reading.version)]
    if not pinned and not found:
        pinned = list(_mentioned(root, sources))
    if pinned:
        return _of_pins(pinned)
    known = catalogue.KNOWN
    admitted = [release for release in known if all(m.reading.admits(release) for m, _ in found)]
    said = "; ".join(dict.fromkeys(f"{m.written} in {_place(m, s)}" for m, s in found))
    if admitted and admitted[-1] != known[-1]:
        return _with_newer(admitted[-1], f"the newest that {said} admits")
    open_end = f"{said} leaves it open" if found else "nothing pins TensorFlow"
    return Releases(known[-2], known[-2:], f"a guess, since {open_end}: write what you use today")


def _of_pins(pinned: Sequence[Told]) -> Releases:
    oldest = min(pinned, key=lambda one: Version(one.value))
    baseline = _nearest(oldest.value)
    why = f"{oldest.value} in {oldest.where}"
    if baseline != oldest.value:
        why += ", whose nearest known release this is"
    if others := [one for one in pinned if one.value != oldest.value]:
        why += f"; {others[0].where} has {others[0].value}, mend one of them"
    return _with_newer(baseline, why)


def _with_newer(baseline: str, why: str) -> Releases:
    """Return the baseline with the next minor and the newest; of the newest itself with the one before it."""
    known = catalogue.RELEASES
    newer = [release for release in known if _minor(release) > _minor(baseline)]
    if not newer:
        before = next(release for release in reversed(known) if _minor(release) < _minor(baseline))
        why += "; no newer release is known, so it is compared with the one before it"
        return Releases(baseline, (before, baseline), why)
    return Releases(baseline, tuple(dict.fromkeys((baseline, newer[0], newer[-1]))), why)


def _nearest(version: str) -> str:
    """Return a version itself where the catalogue knows it, else the known release of its minor or the one below."""
    with suppress(UserError):
        if catalogue.release(version).known:
            return version
    known = catalogue.KNOWN
    return max((one for one in known if _minor(one) <= _minor(version)), key=Version, default=known[0])


def _minor(version: str) -> tuple[int, ...]:
    return Version(version).release[:2]


def _is_version(written: str) -> bool:
    try:
        return bool(written) and bool(Version(written))
    except InvalidVersion:
        return False


def _place(mention: Mention, source: Source) -> str:
    return f"{source.shown}, {mention.where}"


def _mentioned(root: Path, sources: Sequence[Source]) -> Iterator[Told]:
    """Yield the versions of TensorFlow that files say which are only looked at: a Dockerfile, a setup.py."""
    for looked in look_around(root, sources):
        for one in looked.said:
            if not one.name and _is_version(one.says):
                yield Told(one.says, one.place)


def python(root: Path, sources: Sequence[Source], wanted: Releases) -> Pythons:
    """Return the project's own Python, and another one for each version that is known not to run on it."""
    own = _own_python(root, sources, wanted)
    others = {version: _nearest_python(version, own.value) for version in wanted.versions}
    return Pythons(own, {version: other for version, other in others.items() if other != own.value})


def _own_python(root: Path, sources: Sequence[Source], wanted: Releases) -> Told:
    file = root / PYTHON_FILE
    if file.is_file() and (own := re.match(r"\s*(?:cpython-)?(3\.[0-9]+)", _text_of(file))):
        return Told(own[1], PYTHON_FILE)
    told = [
        (written, f"{source.shown}, {where}")
        for source in sources
        if source.kind is PROJECT
        for written, where in source.document.pythons
    ]
    allowed = [python for python in interpreters.PYTHONS if all(allows(written, python) for written, _ in told)]
    if not told or not allowed:
        return Told(Config.python, "nothing says which" if not told else f"{told[0][1]} allows none that is known")
    # 3.10 has locks that come with tfmatrix, and every release runs on it.
    best = [python for python in allowed if python == Config.python] or [
        python for python in allowed if catalogue.release(wanted.versions[-1]).runs_on(python)
    ]
    return Told((best or allowed)[0], f"{told[0][1]} is {told[0][0]}")


def _nearest_python(version: str, python: str) -> str:
    """Return a Python where a release runs on it, else the next to it of those that the release runs on."""
    known = catalogue.release(version)
    if known.runs_on(python):
        return python
    return known.oldest_python if Version(python) < Version(known.oldest_python) else known.newest_python


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:1000]
    except OSError:
        return ""


def requirements(root: Path, sources: Sequence[Source]) -> tuple[Requirements, ...]:
    """Return what else a project needs, as `requirements` has it: ``.`` for its own dependencies, ``-r`` and a file."""
    lines = (*_of_project(sources), *_of_files(sources))
    return (*(found for line in lines if (found := _read(root, line))), *_of_poetry(sources))


def _read(root: Path, line: str) -> Requirements | None:
    """Return what a line stands for; None where that is only TensorFlow, what it brings, and tools."""
    try:
        names = [Requirement(one).name for one in declared(root, [line], line).requirements]
    except UserError as error:
        return Requirements(line, refusal=str(error))
    others = sorted(set(names) - {*WATCHED, *_OF_TOOLS})
    return Requirements(line, f"it has {listed(others)}") if others else None


def _of_project(sources: Sequence[Source]) -> Iterator[str]:
    for source in _projects(sources):
        for keys, value in source.document.leaves.items():
            if keys[:2] == ("project", "dependencies") or (
                keys[:2] == ("project", "dynamic") and value == "dependencies"
            ):
                yield "."
                return


def _of_poetry(sources: Sequence[Source]) -> Iterator[Requirements]:
    """Yield what Poetry's own table has, for which `requirements` has no word."""
    for source in _projects(sources):
        names = {str(keys[3]) for keys in source.document.leaves if keys[:3] == ("tool", "poetry", "dependencies")}
        if others := sorted(names - {"python", *WATCHED, *_OF_TOOLS}):
            told = f"{source.shown} has {listed(others)} in Poetry's own table; name what models need"
            yield Requirements("", refusal=f"{told} under requirements.")


def _projects(sources: Sequence[Source]) -> Iterator[Source]:
    yield from (one for one in sources if one.kind is PROJECT and one.shown.parent == Path())


def _of_files(sources: Sequence[Source]) -> Iterator[str]:
    """Yield the requirement files for running a model: `requirements.txt`, else all that are not for work on it."""
    files = [one for one in sources if one.kind is REQUIREMENTS and not _FOR_WORK.search(one.shown.as_posix())]
    made_from = {one.path.with_suffix(".txt") for one in files if one.path.suffix == ".in"}
    # What was compiled holds one version of everything, which fits one release: what it was made from fits more.
    files = [one for one in files if one.path not in made_from]
    files = [one for one in files if one.shown.stem == "requirements" and one.shown.parent == Path()] or files
    named = {(one.path.parent / name).resolve() for one in files for name, _ in one.document.named}
    yield from (f"-r {one.shown.as_posix()}" for one in files if one.path.resolve() not in named)


def listed(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def uses_nox(root: Path, sources: Sequence[Source]) -> str:
    """Return where it is seen that a project uses nox; empty where it is not."""
    if (root / "noxfile.py").is_file():
        return "noxfile.py"
    for source in sources:
        written: list[str] = []
        if source.kind is REQUIREMENTS:
            written = [text for keys, text in source.document.leaves.items() if keys[-1] == "requirement"]
        elif source.kind is PROJECT:
            written = [each for some in requirements_of(source.text, source.shown).values() for each in some]
        if any(_NOX.match(each) for each in written):
            return str(source.shown)
    return ""
