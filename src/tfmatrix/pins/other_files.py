"""Files in JSON and YAML that name packages: Pipfile.lock and conda's environment.yml."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLWarning
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tfmatrix.errors import UserError
from tfmatrix.pins import conda, requirement_files
from tfmatrix.pins.document import Document, Keys, Locked, Mention, checked, leaves_of
from tfmatrix.pins.packages import OTHER_BUILDS, PACKAGES
from tfmatrix.pins.syntax import Syntax, locked

MOST_VALUES, DEEPEST = 100_000, 100
"""Values of a YAML file that are looked at, and tables and lists in each other."""

_PYTHON = re.compile(r"python\s*(?:=*\s*(\d[\d.]*\*?)|([<>=!~][^|=].*))", re.IGNORECASE)

_ADDRESSES = ("git", "file", "path")
"""Keys of a package of pipenv that comes from no index."""


def parse_pipfile_lock(text: str, path: Path) -> Document:
    """Parse a Pipfile.lock: every category of packages."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # says the line
        raise UserError(f"{path} is no JSON: {error}; make the lock anew with `pipenv lock`.") from None
    if not isinstance(data, dict):
        raise UserError(f"{path} is no lock of pipenv; make it anew with `pipenv lock`.")
    mentions, packages_of = [], []
    for category, packages in data.items():
        if category == "_meta" or not isinstance(packages, dict):
            continue
        for name, entry in packages.items():
            version = entry.get("version") if isinstance(entry, dict) else None
            where = f"package {name} in {category}"
            canonical = canonicalize_name(name)
            if isinstance(entry, dict):
                address = next((str(entry[key]) for key in _ADDRESSES if key in entry), "")
                markers = (str(entry["markers"]),) if entry.get("markers") else ()
                packages_of.append(Locked(canonical, str(version or "").removeprefix("=="), address, markers, where))
            if canonical in PACKAGES and isinstance(version, str):
                keys: Keys = (category, name, "version")
                mentions.append(Mention(canonical, where, keys, version, locked, (0, len(text))))
    return Document({}, tuple(mentions), locked=tuple(packages_of), whole=True)


def parse_conda(text: str, path: Path) -> Document:
    """Parse an environment.yml: conda's requirements, and pip's in the sublist ``pip:``."""
    root = _compose(text, path)
    mentions: list[Mention] = []
    pip: list[Document] = []
    pythons: list[tuple[str, str]] = []
    for keys, node in _items(root, ("dependencies",)):
        if isinstance(node, ScalarNode):
            mentions += _mention(node, keys, conda.requirement, path)
            pythons += _python(node)
        elif isinstance(node, MappingNode):
            for inner, item in _items(node, ("pip",)):
                if isinstance(item, ScalarNode):
                    found = _of_pip(item, (*keys, *inner), path)
                    mentions += found.mentions
                    pip.append(found)
    return Document(
        dict(leaves_of(_load(text, path))),
        tuple(mentions),
        tuple(one for each in pip for one in each.named),
        constraining=frozenset(one for each in pip for one in each.constraining),
        remote=tuple(one for each in pip for one in each.remote),
        rests_on_more=any(each.rests_on_more for each in pip),
        pythons=tuple(pythons),
    )


def pip_lines(text: str, path: Path) -> list[str]:
    """Return what an environment.yml has pip install: the lines of a requirement file."""
    return [
        item.value
        for _, node in _items(_compose(text, path), ("dependencies",))
        for _, item in _items(node, ("pip",))
        if isinstance(item, ScalarNode)
    ]


def _python(node: ScalarNode) -> Iterator[tuple[str, str]]:
    """Yield the Python that conda is told to install, where that is one or a range that pip can read too."""
    if found := _PYTHON.fullmatch(node.value.rsplit("::", 1)[-1].strip()):
        said = f"=={found[1].rstrip('.*')}.*" if found[1] else found[2]
        yield said, f"line {node.start_mark.line + 1}"


def _compose(text: str, path: Path) -> Node | None:
    """Return a YAML text as nodes, which know their places."""
    try:
        with _without_a_word():
            root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, RecursionError) as error:
        raise UserError(_no_yaml(path, error)) from None
    return root


def _load(text: str, path: Path) -> Any:
    """Return a YAML text as values; it refuses a key that stands twice, which nodes do not."""
    try:
        with _without_a_word():
            loaded = YAML(typ="safe", pure=True).load(text)
        _require_an_end(loaded)
    except TypeError:  # which the parser lets through
        raise UserError(_no_yaml(path, ValueError("a key has a table within"))) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise UserError(_no_yaml(path, error)) from None
    return loaded


@contextmanager
def _without_a_word() -> Iterator[None]:
    """Have the parser warn nobody: an anchor that stands twice is no mistake, and a warning no sentence of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", YAMLWarning)
        yield


def _require_an_end(loaded: Any) -> None:
    """Raise ``ValueError`` for values that are within themselves, or that aliases make more of than anyone writes."""
    waiting, seen = [iter((loaded,))], 0
    while waiting:
        value = next(waiting[-1], waiting)
        if value is waiting:
            waiting.pop()
            continue
        seen += 1
        if seen > MOST_VALUES or len(waiting) > DEEPEST:
            raise ValueError("its aliases stand for more than can be read, or for themselves")
        if isinstance(value, dict | list):
            waiting.append(iter(value.values() if isinstance(value, dict) else value))


def _no_yaml(path: Path, error: Exception) -> str:
    """Return the sentence for a YAML text that cannot be read."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        return f"{path}, line {error.problem_mark.line + 1}: this is no YAML ({error.problem}); mend the file."
    return f"{path} is no YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}; mend the file."


def _items(node: Node | None, keys: tuple[str]) -> Iterator[tuple[Keys, Node]]:
    """Yield the items of the list under a key of a mapping."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == keys[0] and isinstance(value, SequenceNode):
                for at, item in enumerate(value.value):
                    yield (*keys, at), item


def _mention(node: ScalarNode, keys: Keys, read: Syntax, path: Path) -> Iterator[Mention]:
    where = f"line {node.start_mark.line + 1}"
    name = checked(read, node.value, path, where).name
    if name in PACKAGES or name in OTHER_BUILDS:
        yield Mention(name, where, keys, node.value, read, (node.start_mark.index, node.end_mark.index))


def _of_pip(node: ScalarNode, keys: Keys, path: Path) -> Document:
    """Return what one item of the list ``pip:`` says: a line of a requirement file, as conda hands it to pip."""
    where = f"line {node.start_mark.line + 1}"
    span = (node.start_mark.index, node.end_mark.index)
    line = requirement_files.parse(node.value, path, where)
    mentions = [
        replace(each, where=where, keys=keys, written=node.value, span=span, hashes=(), syntax=_plain(each, node.value))
        for each in line.mentions
    ]
    return Document({}, tuple(mentions), line.named)


def _plain(mention: Mention, item: str) -> Syntax:
    """Return how to read a whole item: one with more on it than a requirement is told, and not changed."""
    if mention.written == item:
        return mention.syntax
    beside = "has options beside it, which tfmatrix does not change in this kind of file"
    return lambda _: replace(mention.reading, obstacle=beside)
