"""Looking at a file that tfmatrix does not read: what it says of TensorFlow, or of a companion's version."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from tfmatrix.pins.document import Keys, Unread, leaves_of, spelled
from tfmatrix.pins.packages import COMPANIONS, WATCHED

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]  # only below Python 3.11

_BUILDS = frozenset(WATCHED) - {*COMPANIONS, "ml-dtypes"}
"""Every distribution of TensorFlow."""


def _one_of(names: frozenset[str] | tuple[str, ...]) -> str:
    """Return the pattern of some names in each of their spellings, the longest first."""
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return "(?:" + "|".join(re.escape(name).replace(r"\-", "[-_.]") for name in ordered) + ")"


_VERSION = r"v?\d+(?:\.\d+)*(?:\.\*)?\w*"
_CLAUSE = rf"(?:===|==|~=|>=|<=|!=|<|>)\s*{_VERSION}"
_NAME = rf"(?:(?<![\w./:@-])|(?<=::)){_one_of(_BUILDS)}(?![\w-])(?!\.\w)(?:\[[^\]]*\])?"
_SAID = re.compile(
    rf"{_NAME}[\"']?\s*(?:{_CLAUSE}|=\s*[\"'^~{{]*\s*(?:version|\d)|:\s*[\"'^~=<>]*\s*\d+\.\d|@\s*\S|\^\d)",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"[^\w]*(?:[\w.-]+::)?[\"']?{_NAME}[^\w]*", re.IGNORECASE)
_INSTALLED = re.compile(
    rf"\b(?:pip3?|uvx?|conda|mamba|micromamba|poetry|pipenv|pdm|pixi|rye|easy_install|\.install)\b.*{_NAME}",
    re.IGNORECASE,
)
_FILE = re.compile(r"(?<![\w-])(?:intel_)?tensorflow\w*-\d[\w.+]*-\S*\.(?:whl|conda|tar\.bz2|tar\.gz)", re.IGNORECASE)
_IMAGE = re.compile(
    r"(?:\b(?-i:FROM)\s+|\b(?:image|container)[\"']?:\s*)\S*tensorflow\S*|(?:[\w.-]+/)+tensorflow[\w-]*[:@]\S+",
    re.IGNORECASE,
)
_COMPANION = re.compile(
    rf"(?<![\w./:@-])({_one_of(COMPANIONS)})(?:\[[^\]]*\])?\s*({_CLAUSE}(?:\s*,\s*{_CLAUSE})*)", re.IGNORECASE
)
_NAMES = re.compile(rb"(?<!\S)(?:-r|-c|--requirement|--constraint)[ =]?[\"']?(?:[^\s\"']*/)?([\w.-]*[a-zA-Z][\w.-]*)")
_NUMBER = re.compile(r"\d+(?:\.\d+)+")
_COMMENT = re.compile(r"(^|\s)#.*$")

_OF_TFMATRIX = re.compile(r"\A(?:#.*\n)*# kind: ")
"""The head of a lock file of tfmatrix's own."""

LONGEST = 1 << 20
"""Bytes; a longer text of any kind holds data, and no requirements."""

_DEPENDENCIES = ("depend", "require", "source")
"""What one of the keys above a package's name has in it, where it says what is installed."""


def in_lines(text: str, path: Path) -> Iterator[Unread]:
    """Yield the mentions in a file's lines, those that a backslash goes on with joined."""
    return _in(text, path, only_requirements=False)


def _in(text: str, path: Path, *, only_requirements: bool) -> Iterator[Unread]:
    for number, line in _lines(text):
        if only_requirements and not _is_requirement(line):
            continue
        if found := _of_tensorflow(line):
            numbers = _NUMBER.search(line, found.start())
            yield Unread(f"{path}, line {number}", "", numbers[0] if numbers else "TensorFlow")
        for said in _COMPANION.finditer(line):
            specifier = re.sub(r"\s", "", said[2])
            try:
                SpecifierSet(specifier)
            except InvalidSpecifier:
                continue
            yield Unread(f"{path}, line {number}", canonicalize_name(said[1]), specifier)


def files_in(content: bytes) -> set[str]:
    """Return the names, without their folders, of the files that a text names with ``-r`` or ``-c``."""
    return {found[1].decode("utf-8", "replace") for found in _NAMES.finditer(content)}


def in_any_text(text: str, path: Path) -> Iterator[Unread]:
    """Yield the mentions in a text of any kind: a line counts that is a requirement and nothing else."""
    if not _OF_TFMATRIX.search(text):
        yield from _in(text, path, only_requirements=True)


def in_toml(text: str, path: Path) -> Iterator[Unread]:
    """Yield the mentions in a TOML file's values; one that is no TOML installs nothing."""
    with suppress(ValueError, RecursionError):
        yield from in_table(tomllib.loads(text), path, frozenset())


def in_table(data: Mapping[str, Any], path: Path, read: frozenset[Keys]) -> Iterator[Unread]:
    """Yield the mentions in a TOML file's values, but for those that were read."""
    for keys, value in leaves_of(data):
        if keys in read or keys[:2] in {("tool", "tfmatrix"), ("project", "name")}:
            continue
        names = [key for key in keys if isinstance(key, str) and canonicalize_name(key) in _BUILDS]
        depends = any(word in str(key) for key in keys for word in _DEPENDENCIES)
        requirement = _requirement(value)
        named = requirement is not None and canonicalize_name(requirement.name) in _BUILDS
        exact = named and requirement is not None and (requirement.specifier or requirement.url)
        if exact or (depends and (names or named)):
            numbers = _NUMBER.search(value)
            yield Unread(f"{path}, {spelled(keys)}", "", numbers[0] if numbers else "TensorFlow")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text with their numbers, without comments, those that go on joined."""
    joined, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        plain = _COMMENT.sub("", line)
        joined += " " + plain.rstrip("\\").strip()
        if not plain.endswith("\\"):
            yield start, joined.strip()
            joined, start = "", 0
    if joined:
        yield start, joined.strip()


def _of_tensorflow(line: str) -> re.Match[str] | None:
    if "tensorflow" not in line.lower() and "tf-nightly" not in line.lower().replace("_", "-"):
        return None
    return (
        _IMAGE.search(line) or _FILE.search(line) or _SAID.search(line) or _INSTALLED.search(line)
        or _ALONE.fullmatch(line)
    )  # fmt: skip


def _requirement(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _is_requirement(line: str) -> bool:
    """Return whether a line is a requirement with a version, as of a requirement file of another name."""
    found = _requirement(line.partition(" --")[0])
    return found is not None and bool(found.specifier or found.url) and canonicalize_name(found.name) in WATCHED
