"""What a project is used with: its TensorFlow, its Python, its other requirements, and nox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tfmatrix.config import Config
from tfmatrix.environments import catalogue
from tfmatrix.errors import UserError
from tfmatrix.pins.document import Mention
from tfmatrix.pins.files import PROJECT, PYTHON_FILE, REQUIREMENTS, Source, look_around
from tfmatrix.pins.packages import TENSORFLOW, WATCHED, family
from tfmatrix.pins.sets import allows, closure
from tfmatrix.pins.toml_files import requirements_of

PYTHONS = tuple(f"3.{minor}" for minor in range(7, 15))
"""The Pythons that some release runs on, or that a project may ask for."""

_FOR_WORK = re.compile(r"dev|test|doc|lint|style|ci|build|release|notebook|constraint", re.IGNORECASE)
"""What is in the name of a requirement file that is for work on a project, and not for running it."""

_OF_TOOLS = frozenset({"tfmatrix", "nox", "pip", "setuptools", "wheel"})
"""What a model is not run with."""


@dataclass(frozen=True)
class Told:
    """A value, and where it stands."""

    value: str
    where: str


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
    known = catalogue.RELEASES
    admitted = [release for release in known if all(m.reading.admits(release) for m, _ in found)]
    said = "; ".join(dict.fromkeys(f"{m.written} in {_place(m, s)}" for m, s in found))
    if admitted and admitted[-1] != known[-1]:
        return _with_newer(admitted[-1], f"the newest that {said} admits")
    open_end = f"{said} pins none" if found else "nothing pins TensorFlow"
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
        why += "; none that is known is newer, so that the one before it is compared"
        return Releases(baseline, (before, baseline), why)
    return Releases(baseline, tuple(dict.fromkeys((baseline, newer[0], newer[-1]))), why)


def _nearest(version: str) -> str:
    """Return a version itself where the catalogue knows it, else the known release of its minor or the one below."""
    try:
        return catalogue.release(version).version
    except UserError:
        known = catalogue.RELEASES
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


def python(root: Path, sources: Sequence[Source], wanted: Releases) -> Told:
    """Return the Python for all environments: the project's own where every release runs on it, else the usual one."""
    able = [p for p in PYTHONS if all(catalogue.release(version).runs_on(p) for version in wanted.versions)]
    usual = Config.python if Config.python in able or not able else able[0]
    file = root / PYTHON_FILE
    own = re.match(r"\s*(?:cpython-)?(3\.\d+)", _text_of(file)) if file.is_file() else None
    if own:
        if own[1] in able:
            return Told(own[1], PYTHON_FILE)
        return Told(usual, f"since {' and '.join(wanted.versions)} do not all run on {own[1]}, which {PYTHON_FILE} has")
    told = [
        (written, f"{source.shown}, {where}")
        for source in sources
        if source.kind is PROJECT
        for written, where in source.document.pythons
    ]
    allowed = [p for p in able if all(allows(written, p) for written, _ in told)]
    if not told or usual in allowed:
        return Told(usual, told[0][1] if told else "nothing says which")
    if allowed:
        return Told(allowed[0], f"{told[0][1]} is {told[0][0]}")
    return Told(usual, f"since {' and '.join(wanted.versions)} run on none that {told[0][1]} allows: {told[0][0]}")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:1000]
    except OSError:
        return ""


def requirements(sources: Sequence[Source]) -> tuple[Told, ...]:
    """Return what else a project needs, as `requirements` has it: ``.`` for its own dependencies, ``-r`` and a file."""
    return (*_of_project(sources), *_of_files(sources))


def _of_project(sources: Sequence[Source]) -> Iterator[Told]:
    for source in sources:
        if source.kind is not PROJECT or source.shown.parent != Path():
            continue
        listed = requirements_of(source.text, source.shown)
        names = [_name(each) for each in listed.get(("project", "dependencies"), ())]
        poetry = ("tool", "poetry", "dependencies")
        names += [str(keys[3]) for keys in source.document.leaves if keys[:3] == poetry and keys[3:] != ("python",)]
        if others := _others(names):
            yield Told(".", f"{source.shown} depends on {_listed(others)}")


def _of_files(sources: Sequence[Source]) -> Iterator[Told]:
    """Yield the requirement files for running a model: `requirements.txt`, else all that are not for work on it."""
    files = [one for one in sources if one.kind is REQUIREMENTS and not _FOR_WORK.search(one.shown.as_posix())]
    made_from = {one.path.with_suffix(".txt") for one in files if one.path.suffix == ".in"}
    # What was compiled holds one version of everything, which fits one release: what it was made from fits more.
    files = [one for one in files if one.path not in made_from]
    files = [one for one in files if one.shown.stem == "requirements" and one.shown.parent == Path()] or files
    named = {(one.path.parent / name).resolve() for one in files for name, _ in one.document.named}
    for one in files:
        names = [name for each in closure(one, sources) for name in _names_in(each)]
        if (others := _others(names)) and one.path.resolve() not in named:
            yield Told(f"-r {one.shown.as_posix()}", f"it has {_listed(others)}")


def _names_in(source: Source) -> Iterator[str]:
    for keys, written in source.document.leaves.items():
        if keys[-1] == "requirement" and written:
            yield _name(written)


def _name(written: str) -> str:
    """Return the name of a requirement; of an address itself."""
    try:
        return canonicalize_name(Requirement(written).name)
    except InvalidRequirement:
        return written


def _others(names: Sequence[str]) -> list[str]:
    """Return what is neither TensorFlow, nor brought by it, nor a tool."""
    apart = {*WATCHED, *_OF_TOOLS}
    return sorted({name for name in names if name not in apart})


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def uses_nox(root: Path, sources: Sequence[Source]) -> str:
    """Return where it is seen that a project uses nox; empty where it is not."""
    if (root / "noxfile.py").is_file():
        return "noxfile.py"
    for source in sources:
        listed: list[str] = list(_names_in(source)) if source.kind is REQUIREMENTS else []
        if source.kind is PROJECT:
            listed = [_name(each) for some in requirements_of(source.text, source.shown).values() for each in some]
        if "nox" in listed:
            return str(source.shown)
    return ""
