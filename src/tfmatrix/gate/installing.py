"""What would be installed: each set of a project's packages as its lock or uv says it, for one Python and machine."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

from tfmatrix.environments import uv
from tfmatrix.environments.locks import PLATFORM
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.pins import toml_files
from tfmatrix.pins.document import Locked
from tfmatrix.pins.packages import ELSEWHERE, OTHER_BUILDS, TENSORFLOW, WATCHED, family
from tfmatrix.pins.sets import Set

AT_ONCE = 4
"""Resolutions at once: each waits for the index most of the time."""


LONGEST = 500
"""Characters of what uv says; the output of a build that failed is longer than anybody reads."""


@dataclass(frozen=True)
class Installation:
    """What one set installs of the packages that have to be as they were compared."""

    name: str
    packages: Mapping[str, str] = field(default_factory=dict)
    """Version by canonical name; empty where it comes from an address."""
    refusal: str = ""
    """Why that is not known, or cannot be compared, as a sentence without its full stop."""

    @property
    def tensorflow(self) -> str:
        """Return the version of TensorFlow; empty where it has none."""
        return next((version for name, version in self.packages.items() if family(name) == TENSORFLOW), "")


def installations(sets: Sequence[Set], root: Path, python: str) -> tuple[Installation, ...]:
    """Return what each set installs in an environment of a Python such as ``3.10``; equal questions are asked once."""
    questions = list(dict.fromkeys(_question(each, python) for each in sets if each.arguments))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = dict(zip(questions, pool.map(lambda question: _ask(question, root), questions), strict=True))
    found = []
    for each in sets:
        answer = answers[_question(each, python)] if each.arguments else each.refusal or each.locked
        if isinstance(answer, str):
            found.append(Installation(each.name, refusal=answer))
        else:
            found.append(_installation(each.name, answer, python))
    return tuple(found)


def applies(marker: str, python: str) -> bool:
    """Return whether a marker is true of the environment; one that rests on a choice, or cannot be evaluated, is."""
    if not marker or "extras" in marker or "dependency_groups" in marker:
        return True  # of a lock all that can be chosen counts
    try:
        return Marker(marker).evaluate(_environment(python), context="lock_file")
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, RecursionError):
        return True


def _environment(python: str) -> dict[str, str]:
    """Return what markers are evaluated with: the platform of every lock of tfmatrix's."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


_Question = tuple[tuple[str, ...], str, str]


def _question(one: Set, python: str) -> _Question:
    """Return uv's arguments, its input, and what is told where it fails."""
    failing = f"what {one.name} installs cannot be resolved"
    if one.source.kind.owner:
        export = ("export", "--frozen", "--offline", "--no-hashes", *one.arguments)
        return (*export, "--format", "pylock.toml", "--quiet", *_PYTHON), "", failing
    more = ("--prerelease", "allow") if one.prerelease else ()
    compiled = ("pip", "compile", *one.arguments, *more, "--format", "pylock.toml", "--quiet", "--no-header", *_PYTHON)
    return (*compiled, "--python-version", python, "--python-platform", PLATFORM), one.stdin, failing


_PYTHON = ("--python", sys.executable, "--no-python-downloads")
"""The Python that uv runs itself: with the one that is resolved for, uv would look for it, or download it."""


def _ask(question: _Question, root: Path) -> tuple[Locked, ...] | str:
    arguments, stdin, failing = question
    try:
        answer = uv.run(arguments, failing=failing, stdin=stdin, folder=root)
        return toml_files.parse_pylock(answer, Path("uv's answer")).locked
    except (Unavailable, UserError) as error:
        told = str(error)
    except (ValueError, OSError) as error:  # a name that no argument can be
        told = f"{failing}: {error}"
    return textwrap.shorten(told, LONGEST, placeholder=" ...").rstrip(".")


def _installation(name: str, locked: Iterable[Locked], python: str) -> Installation:
    """Return what of a lock is installed here, or why it cannot be compared."""
    here = [one for one in locked if _is_here(one, python) and one.name in WATCHED]
    if any(family(one.name) == TENSORFLOW and one.name not in ELSEWHERE for one in here):
        here = [one for one in here if one.name not in ELSEWHERE]
    packages: dict[str, str] = {}
    for one in here:
        if one.address:
            return Installation(name, refusal=f"{name} installs {one.name} from {one.address}, which is no release")
        if one.name in OTHER_BUILDS:
            return Installation(name, refusal=f"{name} installs {one.name} {one.version}, which was not compared")
        if packages.setdefault(one.name, one.version) != one.version:
            told = f"{name} has {one.name} both {packages[one.name]} and {one.version}"
            return Installation(name, refusal=f"{told}, and does not say which is for this machine")
    several = [each for each in packages if family(each) == TENSORFLOW]
    if len(several) > 1:
        told = " and ".join(f"{each} {packages[each]}" for each in several)
        return Installation(name, refusal=f"{name} installs {told} over each other; name one of them")
    return Installation(name, packages)


def _is_here(one: Locked, python: str) -> bool:
    return not one.markers or any(applies(marker, python) for marker in one.markers)
