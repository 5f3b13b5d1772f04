"""Requirement and constraint files: the lines that pip makes of them, and the requirements on those.

pip alone defines this format, by its code (``pip/_internal/req/req_file.py``), and the one package that copies that
code drops where a requirement stood. So lines are joined, parted from comments and split here as pip does it, and
everything on them is given to the parsers made for it.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from tfmatrix.errors import UserError
from tfmatrix.pins import syntax
from tfmatrix.pins.document import Document, Hash, Keys, Locked, Mention, checked
from tfmatrix.pins.packages import PACKAGES

_COMMENT = re.compile(r"(^|\s+)#.*$")  # pip's own
_OPTION = re.compile(r"(?<!\S)-")
_HASH = re.compile(r"(?<!\S)--hash(?:=|\s+)([\"']?)([^\s\"']+)\1")
_NAME_AT = re.compile(r"[\w.-]+\s*(\[[^\]]*\])?\s*@")  # the address of a package that is named
_LOCAL = re.compile(r"(?<!\S)(-e|--editable|-f|--find-links)")
_EXACT = re.compile(r"[\w.\-]+\s*(\[[^\]]*\])?\s*===?\s*[\w.+!]+\s*(;|$)")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz", ".tar")


@dataclass(frozen=True)
class _Line:
    """What pip sees as one line, of one line or several of the file."""

    where: str
    """Of its first line: ``line 12``."""
    text: str
    """Without comment."""
    places: tuple[int, ...]
    """Where each character of it stands in the file."""
    span: tuple[int, int]


def parse(text: str, path: Path, where: str = "") -> Document:
    """Parse a requirement or constraint file; ``where`` stands for its lines where it is part of another file."""
    leaves: dict[Keys, str] = {}
    mentions: list[Mention] = []
    named: list[tuple[str, str]] = []
    constraining: set[str] = set()
    more = False
    whole = True
    locked: list[Locked] = []
    for at, line in enumerate(_lines(text, where)):
        options = _OPTION.search(line.text)
        end = options.start() if options else len(line.text)
        wanted = line.text[:end].strip()
        hashes = list(_HASH.finditer(line.text, end))
        leaves[at, "requirement"] = wanted
        leaves[at, "hashes"] = " ".join(found[2] for found in hashes)
        leaves[at, "options"] = _HASH.sub("", line.text[end:]).strip()
        more = more or _is_address(wanted) or "file:" in line.text or bool(_LOCAL.search(line.text))
        if wanted:
            exact = bool(_EXACT.match(wanted) and hashes)
            whole = whole and exact
            if exact:
                locked.append(_locked(checked(syntax.requirement, wanted, path, line.where), line.where))
            found_mention = _mention(wanted, (at, "requirement"), line, path)
        else:
            files, bounds, editable = _options(line, path)
            constraining |= set(bounds)
            whole = whole and not (files or bounds or editable)
            named += [(name, line.where) for name in (*files, *bounds)]
            found_mention = _mention(editable, (at, "options"), line, path) if editable else None
        if found_mention:
            mentions.append(_with_hashes(found_mention, hashes, line))
    whole = whole and bool(locked)
    return Document(
        leaves,
        tuple(mentions),
        tuple(one for one in named if "://" not in one[0]),
        constraining=frozenset(constraining),
        remote=tuple(one for one in named if "://" in one[0]),
        rests_on_more=more,
        locked=tuple(locked) if whole else (),
        whole=whole,
    )


def _locked(reading: syntax.Reading, where: str) -> Locked:
    return Locked(reading.name, reading.version, markers=(reading.marker,) if reading.marker else (), where=where)


def _lines(text: str, where: str) -> Iterator[_Line]:
    """Yield what pip makes of a file's lines: continued ones joined, comments and blank ones left out."""
    joined: list[tuple[str, int]] = []
    number = start = at = 0
    goes_on = False
    for count, whole in enumerate(text.splitlines(keepends=True), 1):
        (line,) = whole.splitlines() or [""]
        comment = _COMMENT.match(line)
        if not goes_on:
            number, start = count, at
        elif comment:
            joined.append((" ", at))  # a comment ends a continued line, and is one there as well
        goes_on = line.endswith("\\") and not comment
        kept = line.strip("\\") if goes_on else line
        skipped = line.index(kept)
        joined += [(char, at + skipped + offset) for offset, char in enumerate(kept)]
        at += len(whole)
        if not goes_on:
            yield from _without_comment(joined, where or f"line {number}", (start, at))
            joined = []
    if goes_on:
        yield from _without_comment(joined, where or f"line {number}", (start, at))


def _without_comment(joined: list[tuple[str, int]], where: str, span: tuple[int, int]) -> Iterator[_Line]:
    text = "".join(char for char, _ in joined)
    places = tuple(place for _, place in joined)
    kept = _COMMENT.sub("", text).rstrip()
    if kept.strip():
        yield _Line(where, kept, places[: len(kept)], span)


def _options(line: _Line, path: Path) -> tuple[list[str], list[str], str]:
    """Return the files that a line of options names with ``-r``, with ``-c``, and what it names with ``-e``."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("-r", "--requirement", dest="files", action="append", default=[])
    parser.add_argument("-c", "--constraint", dest="bounds", action="append", default=[])
    parser.add_argument("-e", "--editable", default="")
    try:
        found = parser.parse_known_args(shlex.split(line.text))[0]
    except (argparse.ArgumentError, ValueError) as error:
        raise UserError(f"{path}, {line.where}: {line.text.strip()!r} cannot be read ({error}); mend it.") from None
    return found.files, found.bounds, found.editable


def _mention(wanted: str, keys: Keys, line: _Line, path: Path) -> Mention | None:
    """Return what a requirement says of one of the packages, if it is of one."""
    read = syntax.requirement
    if name := _name_of_address(wanted):
        return Mention(name, line.where, keys, wanted, syntax.address, line.span) if name in PACKAGES else None
    if _is_address(wanted):
        return None
    name = checked(read, wanted, path, line.where).name
    return Mention(name, line.where, keys, wanted, read, line.span) if name in PACKAGES else None


def _is_address(wanted: str) -> bool:
    """Return whether pip takes a requirement for an address or a path, and not for a name."""
    before_marker = wanted.partition(";")[0].strip()
    return not _NAME_AT.match(wanted) and (
        "/" in before_marker or before_marker.startswith(".") or before_marker.lower().endswith(_ARCHIVES)
    )


def _name_of_address(wanted: str) -> str:
    """Return the canonical name of the package at an address, where the address says it."""
    if not _is_address(wanted):
        return ""
    address, _, fragment = wanted.partition(" ")[0].partition("#")
    if found := re.search(r"(?:^|&)egg=([\w.-]+)", fragment):
        return canonicalize_name(found[1])
    file = address.rsplit("/", 1)[-1]
    try:
        return parse_wheel_filename(file)[0]
    except InvalidWheelFilename:
        pass
    try:
        return parse_sdist_filename(file)[0]
    except InvalidSdistFilename:
        return ""


def _with_hashes(mention: Mention, hashes: list[re.Match[str]], line: _Line) -> Mention:
    """Return a mention that knows where its hashes stand in the file."""
    if not hashes:
        return mention
    at = line.places
    spans = [
        Hash(at[found.start()], (at[found.start(2)], at[found.end(2) - 1] + 1), at[found.end() - 1] + 1)
        for found in hashes
    ]
    before = len(line.text[: hashes[0].start()].rstrip())
    return replace(mention, hashes=tuple(spans), lead=at[before - 1] + 1)
