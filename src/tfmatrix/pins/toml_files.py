"""TOML files that name packages: pyproject.toml, Pipfile, uv.lock and poetry.lock."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from tfmatrix.errors import UserError
from tfmatrix.pins import looking, syntax
from tfmatrix.pins.document import Document, Keys, Locked, Mention, checked, leaves_of, places, spelled
from tfmatrix.pins.packages import PACKAGES
from tfmatrix.pins.syntax import Malformed, Syntax

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]  # only below Python 3.11

_LISTS: tuple[Keys, ...] = (
    ("project", "dependencies"),
    ("project", "optional-dependencies", "*"),
    ("dependency-groups", "*"),
    ("tool", "uv", "dev-dependencies"),
    ("tool", "uv", "constraint-dependencies"),
    ("tool", "uv", "override-dependencies"),
    ("tool", "pdm", "dev-dependencies", "*"),
    ("tool", "hatch", "envs", "*", "dependencies"),
    ("tool", "hatch", "envs", "*", "extra-dependencies"),
    ("tool", "rye", "dev-dependencies"),
)
"""Where a pyproject.toml has lists of requirements; ``*`` is every key."""

_POETRY_TABLES: tuple[Keys, ...] = (
    ("tool", "poetry", "dependencies"),
    ("tool", "poetry", "dev-dependencies"),
    ("tool", "poetry", "group", "*", "dependencies"),
)

_PYTHONS: tuple[Keys, ...] = (
    ("project", "requires-python"),
    ("tool", "poetry", "dependencies", "python"),
    ("requires", "python_version"),
    ("requires", "python_full_version"),
    ("requires-python",),
    ("metadata", "python-versions"),
    ("metadata", "requires_python"),
)
"""Where a project, a Pipfile and locks say which Pythons they are for."""

_HATCH_FILES: Keys = ("tool", "hatch", "metadata", "hooks", "requirements_txt")
"""The table of a plugin of Hatch that reads requirement files."""

_ADDRESSES = ("vcs", "directory", "archive", "git", "url", "path")
"""Keys of a locked package that comes from no index."""

_NO_PACKAGES = ("source", "requires", "scripts", "pipenv")
"""Tables of a Pipfile that are no category of packages."""


def parse_pyproject(text: str, path: Path) -> Document:
    """Parse a pyproject.toml: its requirements in PEP 621's and PEP 735's places, Poetry's tables, and tools' lists."""
    data = _load(text, path)
    leaves = dict(leaves_of(data))
    mentions = [found for keys in _LISTS for found in _listed(data, keys, text, path)]
    for pattern in _POETRY_TABLES:
        for keys, table in _matching(data, pattern):
            mentions += _in_table(table, keys, syntax.poetry, text, path)
    read = frozenset(mention.keys for mention in mentions)
    return Document(
        leaves,
        tuple(mentions),
        tuple((value, spelled(keys)) for keys, value in leaves.items() if _names_a_file(keys)),
        pythons=tuple(_pythons(leaves)),
        rests_on_more=any("sources" in keys or "path" in keys or "file:" in value for keys, value in leaves.items()),
        unread=tuple(looking.in_table(data, path, read)),
    )


def requirements_of(text: str, path: Path) -> Mapping[Keys, Sequence[str]]:
    """Return the lists of requirements of a pyproject.toml, each by its place."""
    data = _load(text, path)
    found = {keys: listed for pattern in _LISTS for keys, listed in _matching(data, pattern)}
    return {keys: [each for each in listed if isinstance(each, str)] for keys, listed in found.items()}


def _names_a_file(keys: Keys) -> bool:
    """Return whether a value is the name of a file from which a build tool takes a project's requirements."""
    setuptools = keys[:3] == ("tool", "setuptools", "dynamic") and "dependencies" in str(keys[3:])
    return (setuptools and "file" in keys) or keys[:5] == _HATCH_FILES


def _pythons(leaves: Mapping[Keys, str]) -> Iterator[tuple[str, str]]:
    """Yield the Pythons that a project or a lock allows."""
    for keys in _PYTHONS:
        if written := leaves.get(keys):
            yield written, spelled(keys)


def parse_pipfile(text: str, path: Path) -> Document:
    """Parse a Pipfile: every category of packages."""
    data = _load(text, path)
    leaves = dict(leaves_of(data))
    categories = [(name, table) for name, table in data.items() if name not in _NO_PACKAGES]
    found = [_in_table(table, (name,), syntax.pipfile, text, path) for name, table in categories]
    mentions = tuple(mention for mentions in found for mention in mentions)
    return Document(leaves, mentions, pythons=tuple(_pythons(leaves)))


def parse_lock(text: str, path: Path) -> Document:
    """Parse a uv.lock, poetry.lock or pdm.lock: a list of packages, each with name and version."""
    return _lock(text, path, "package")


def parse_pylock(text: str, path: Path) -> Document:
    """Parse a pylock.toml: PEP 751's list of packages."""
    return _lock(text, path, "packages")


def _lock(text: str, path: Path, key: str) -> Document:
    data = _load(text, path)
    mentions = []
    packages = data.get(key, [])
    if not isinstance(packages, list) or not all(isinstance(each, Mapping) for each in packages):
        raise UserError(f"{path}: `{key}` is no list of tables; make the lock anew.")
    locked = tuple(_locked(package) for package in packages)
    for at, package in enumerate(packages):
        name, version = str(package.get("name", "")), package.get("version")
        if (canonical := canonicalize_name(name)) in PACKAGES and isinstance(version, str):
            keys: Keys = (key, at, "version")
            mentions.append(Mention(canonical, f"package {name}", keys, version, syntax.locked, (0, len(text))))
    return Document({}, tuple(mentions), pythons=tuple(_pythons(dict(leaves_of(data)))), locked=locked, whole=True)


def _locked(package: Mapping[str, Any]) -> Locked:
    """Return one package of a lock, whose marker stands under one of two names, or by group."""
    said = package.get("marker") or package.get("markers") or ()
    markers = said.values() if isinstance(said, Mapping) else (said,) if isinstance(said, str) else ()
    places = [package[key] for key in _ADDRESSES if key in package]
    source = package.get("source")
    if isinstance(source, Mapping) and source.get("type") in ("git", "url", "file", "directory"):
        places.append(source)
    name = canonicalize_name(str(package.get("name", "")))
    return Locked(
        name,
        str(package.get("version", "")),
        _address(places[0]) if places else "",
        tuple(str(marker) for marker in markers),
        f"package {name}",
    )


def _address(place: object) -> str:
    """Return where a package is that comes from no index."""
    if isinstance(place, Mapping):
        return str(place.get("url") or place.get("path") or place)
    return str(place)


def with_lines(document: Document, text: str, path: Path) -> Document:
    """Return a document whose mentions say their lines too, where those can be found."""
    mentions = []
    for mention in document.mentions:
        piece = mention.reading.version or _plain(mention.written)
        mentions.append(replace(mention, where=_where(text, path, mention, piece)))
    return replace(document, mentions=tuple(mentions))


def _plain(written: str) -> str:
    """Return what of a value is spelled the same in every kind of string."""
    return written.replace("'", '"').partition('"')[0]


def _where(text: str, path: Path, mention: Mention, piece: str) -> str:
    """Return where a value stands: ``line 7, project.dependencies[3]``."""
    at = _spot(text, path, mention, piece)
    return mention.where if at is None else f"line {text.count(chr(10), 0, at) + 1}, {mention.where}"


def _checked(mention: Mention, text: str, path: Path) -> Mention:
    """Return a mention, having seen that it can be read, under the name that it gives itself, if it does.

    Raises ``UserError`` that names its line.
    """
    try:
        return replace(mention, name=mention.reading.name or mention.name)
    except Malformed:
        where = _where(text, path, mention, _plain(mention.written))
        checked(mention.syntax, mention.written, path, where)
        raise


def _spot(text: str, path: Path, mention: Mention, piece: str) -> int | None:
    """Return where a piece of a string stands in a TOML text, by changing one occurrence after the other.

    The parser knows no places, so it is asked which of them changes this value and no other.
    Returns None where it is none or several: the piece is spelled with escapes.
    """
    before = dict(leaves_of(_load(text, path)))
    changed = ("1" if piece.startswith("0") else "0") * len(piece)
    found = []
    for at in places(text, piece, mention):
        try:
            after = dict(leaves_of(tomllib.loads(text[:at] + changed + text[at + len(piece) :])))
        except tomllib.TOMLDecodeError:
            continue
        if after.keys() == before.keys() and {key for key in after if after[key] != before[key]} == {mention.keys}:
            found.append(at)
    return found[0] if len(found) == 1 else None


def _load(text: str, path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = tomllib.loads(text)
    except ValueError as error:  # says the line; a number of too many digits is one too
        raise UserError(f"{path} is no TOML: {error}; mend the file.") from None
    except RecursionError:
        raise UserError(f"{path} is nested too deeply to be read; mend the file.") from None
    return loaded


def _matching(data: object, pattern: Keys, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Yield what stands under the keys of a pattern."""
    if not pattern:
        yield keys, data
    elif isinstance(data, Mapping):
        for key in data if pattern[0] == "*" else [key for key in data if key == pattern[0]]:
            yield from _matching(data[key], pattern[1:], (*keys, key))


def _listed(data: Mapping[str, Any], pattern: Keys, text: str, path: Path) -> Iterator[Mention]:
    """Yield the mentions in lists of requirements; a PEP 735 group may hold tables, that name other groups."""
    for keys, requirements in _matching(data, pattern):
        if not isinstance(requirements, list):
            raise UserError(f"{path}: {spelled(keys)} must be a list of requirements; mend it.")
        for at, written in enumerate(requirements):
            place = (*keys, at)
            if isinstance(written, str) and not written.startswith("-e "):  # which PDM takes
                mention = _checked(_at(place, "", written, syntax.requirement, text), text, path)
                if mention.name in PACKAGES:
                    yield mention


def _at(keys: Keys, name: str, written: str, read: Syntax, text: str) -> Mention:
    return Mention(name, spelled(keys), keys, written, read, (0, len(text)), quoted=True)


def _in_table(table: object, keys: Keys, read: Syntax, text: str, path: Path) -> Iterator[Mention]:
    """Yield the mentions in a table from names to versions, to tables, or (Poetry) to lists of tables."""
    if not isinstance(table, Mapping):
        raise UserError(f"{path}: {spelled(keys)} must be a table of packages; mend it.")
    for key, value in table.items():
        if (name := canonicalize_name(key)) not in PACKAGES:
            continue
        one: list[tuple[Keys, object]] = [((*keys, key), value)]
        several = [((*keys, key, at), each) for at, each in enumerate(value)] if isinstance(value, list) else one
        for place, each in several:
            for inner, written, how in _said(each, place, read):
                yield _checked(_at(inner, name, written, how, text), text, path)


def _said(value: object, keys: Keys, read: Syntax) -> Iterator[tuple[Keys, str, Syntax]]:
    """Yield what one entry says of the version: the version, or the address in place of it."""
    if isinstance(value, str):
        yield keys, value, read
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str) and key in ("version", "git", "url", "path", "file"):
                yield (*keys, key), inner, read if key == "version" else syntax.address
