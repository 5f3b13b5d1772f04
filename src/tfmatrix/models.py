"""Reference models as files: which there are, their variants, and what lies beside them; nothing of them is run."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tfmatrix.errors import UserError
from tfmatrix.records import Model


def discover(folder: Path) -> Iterator[Model]:
    """Yield the models of a folder's files by name, one per variant where a file has variants.

    A file whose name begins with an underscore is none: models import it. Raises ``UserError`` for one that cannot be
    read.
    """
    for path in sorted(folder.glob("[!_]*.py")):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UserError(f"the model file {path.name} cannot be read: {error.strerror}.") from None
        beside = tuple(sorted((name, _sha256(folder / name)) for name in _beside(path)))
        for variant in _variants(path.name, content) or ("",):
            yield Model(str(path), hashlib.sha256(content).hexdigest(), variant, beside)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _beside(path: Path) -> set[str]:
    """Return the files beside a model that it names, and those that they name in turn: modules, and files to read.

    A module is named by an import, a file or folder by a string that is written out. What a model opens besides is
    refused by the probe.
    """
    folder, found, left = path.parent, set[str](), [path]
    while left:
        for name in _named(left.pop()):
            at = folder / name
            inside = sorted(at.rglob("*")) if at.is_dir() else [at]
            for file in inside:
                relative = file.relative_to(folder).as_posix()
                if file.is_file() and file != path and relative not in found and "__pycache__" not in relative:
                    found.add(relative)
                    left += [file] if file.suffix == ".py" else []
    return found


def _named(path: Path) -> Iterator[str]:
    """Yield what a Python file may name of its folder; nothing where it is no Python: its trials say so."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"{alias.name.partition('.')[0]}.py" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield f"{node.module.partition('.')[0]}.py"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_relative(node.value):
            yield node.value


def _is_relative(text: str) -> bool:
    """Return whether a string can be the path of a file within a folder."""
    parts = PurePosixPath(text).parts
    return (
        bool(parts) and len(text) < 200 and "\0" not in text and parts[0] != "/" and ".." not in parts and text != "."
    )


def _variants(name: str, content: bytes) -> tuple[str, ...]:
    """Return the keys of a file's VARIANTS, read and not run; none where the file is no Python: its trials say so.

    Raises ``UserError`` where a key is not written out: it would be a cell that nobody expects.
    """
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return ()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if [target.id for target in targets if isinstance(target, ast.Name)] == ["VARIANTS"]:
                keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
                if len(keys) < len(node.value.keys) or not all(isinstance(key, str) and key for key in keys):
                    raise UserError(
                        f"{name}, line {node.lineno}: VARIANTS must have every name written out as a string, "
                        "since it is read and not run."
                    )
                return tuple(map(str, keys))
    return ()


def functions(path: Path) -> frozenset[str]:
    """Return the names of the functions that a model file defines; none where it is no Python: its trials say so."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
