"""Files in JSON and YAML that name packages: Pipfile.lock and conda's environment.yml."""

from __future__ import annotations

import json
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
from tfmatrix.pins.document import Document, Keys, Mention, checked, leaves_of
from tfmatrix.pins.packages import PACKAGES
from tfmatrix.pins.syntax import Syntax, locked

MOST_VALUES, DEEPEST = 100_000, 100
"""Values of a YAML file that are looked at, and tables and lists in each other."""


def parse_pipfile_lock(text: str, path: Path) -> Document:
    """Parse a Pipfile.lock: every category of packages."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # says the line
        raise UserError(f"{path} is no JSON: {error}; make the lock anew with `pipenv lock`.") from None
    if not isinstance(data, dict):
        raise UserError(f"{path} is no lock of pipenv; make it anew with `pipenv lock`.")
    mentions = []
    for category, packages in data.items():
        if category == "_meta" or not isinstance(packages, dict):
            continue
        for name, entry in packages.items():
            version = entry.get("version") if isinstance(entry, dict) else None
            if (canonical := canonicalize_name(name)) in PACKAGES and isinstance(version, str):
                keys: Keys = (category, name, "version")
                where = f"package {name} in {category}"
                mentions.append(Mention(canonical, where, keys, version, locked, (0, len(text))))
    return Document({}, tuple(mentions))


def parse_conda(text: str, path: Path) -> Document:
    """Parse an environment.yml: conda's requirements, and pip's in the sublist ``pip:``."""
    root = _compose(text, path)
    mentions: list[Mention] = []
    named: list[tuple[str, str]] = []
    for keys, node in _items(root, ("dependencies",)):
        if isinstance(node, ScalarNode):
            mentions += _mention(node, keys, conda.requirement, path)
        elif isinstance(node, MappingNode):
            for inner, item in _items(node, ("pip",)):
                if isinstance(item, ScalarNode):
                    found = _of_pip(item, (*keys, *inner), path)
                    mentions += found.mentions
                    named += found.named
    return Document(dict(leaves_of(_load(text, path))), tuple(mentions), tuple(named))


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
    if name in PACKAGES:
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
