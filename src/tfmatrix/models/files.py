"""Reference models as files: which there are, and their variants; nothing of them is run."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.reading import bytes_of, is_text
from tfmatrix.records import Model
from tfmatrix.tables import KINDS, Kind


def discover(folder: Path) -> Iterator[Model]:
    """Yield the models of a folder's files by name, one per variant where a file has variants.

    A file whose name begins with an underscore is none: models import it. One that cannot be read is one model, whose
    trials say so: no other model has to wait until it is mended.
    """
    for path in sorted(folder.glob("[!_]*.py")):
        if not is_text(path.name):
            raise UserError(f"the model file {path.name!r} has a name that is not UTF-8; give it another.")
        try:
            content = bytes_of(path)
        except (OSError, ValueError) as error:
            yield Model(
                str(path), hashlib.sha256(f"not read: {getattr(error, 'strerror', None) or error}".encode()).hexdigest()
            )
            continue
        for variant in _variants(path.name, content) or ("",):
            yield Model(str(path), hashlib.sha256(content).hexdigest(), variant)


def _parsed(content: bytes) -> ast.Module:
    """Return the syntax tree of a file; an empty one where it is no Python, or too deep: its trials say so."""
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _variants(name: str, content: bytes) -> tuple[str, ...]:
    """Return the keys of a file's VARIANTS, read and not run; none where one is not written out: its trials say so.

    Raises ``UserError`` where one has half a character, which no cell can be called.
    """
    for node in _parsed(content).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if [target.id for target in targets if isinstance(target, ast.Name)] == ["VARIANTS"]:
                keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
                written = len(keys) == len(node.value.keys) and all(isinstance(key, str) and key for key in keys)
                if halves := [key for key in map(str, keys) if written and not is_text(key)]:
                    raise UserError(
                        f"{name}, line {node.lineno}: VARIANTS has {halves[0]!r}, and half a character is no text."
                    )
                return tuple(map(str, keys)) if written else ()
    return ()


def kind_of(path: Path) -> str:
    """Return the kind of a model file, read and not run; nothing where it is of none: its trials say so."""
    try:
        tree = _parsed(bytes_of(path))
    except (OSError, ValueError):
        return ""
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return next((kind.name for kind in KINDS.values() if functions.intersection(kind.marks)), "")


def has_equivalent(model: Model) -> bool:
    """Return whether the same can be computed in another way, which measures rounding: what trains can."""
    kind = _kind_of(model)
    return bool(model.command) or bool(kind and kind.equivalent)


def is_watched(model: Model) -> bool:
    """Return whether a model's training is seen from outside, by taps that a trial without them vouches for."""
    kind = _kind_of(model)
    return bool(model.command) or bool(kind and kind.watched)


@cache
def _kind_of(model: Model) -> Kind | None:
    """Return the row of a model's kind; None for one of no kind, as a command is."""
    return KINDS.get(model.defined.kind if model.defined else kind_of(Path(model.path)))
