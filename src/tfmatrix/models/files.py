"""Reference models as files: which there are, their variants, and what lies beside them; nothing of them is run."""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from tfmatrix.errors import UserError
from tfmatrix.records import Model
from tfmatrix.tables import KINDS

KERNELS = ("/dev/", "/proc/", "/sys/")
"""Where files are no files: what they hold is another thing at each look."""


def discover(folder: Path) -> Iterator[Model]:
    """Yield the models of a folder's files by name, one per variant where a file has variants.

    A file whose name begins with an underscore is none: models import it. Raises ``UserError`` for one that cannot be
    read, or that names a file that cannot.
    """
    for path in sorted(folder.glob("[!_]*.py")):
        content = _read(path, f"the model file {path.name}")
        beside = tuple(
            (name, _sha256(_read(folder / name, f"{name}, which {path.name} names,"))) for name in sorted(_beside(path))
        )
        for variant in _variants(path.name, content) or ("",):
            yield Model(str(path), _sha256(content), variant, beside)


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{what} cannot be read: {error.strerror}.") from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _beside(path: Path) -> set[str]:
    """Return the files that a model names, and those that they name in turn, by their paths from its folder.

    A module is named by an import; a file, the files of a folder or those of a pattern by a string that is written out.
    What a model has Python open beside it besides is refused by the probe. What TensorFlow opens is not seen: a name
    that is put together for it, and a folder elsewhere, are not covered.
    """
    folder, found, left = path.parent, set[str](), [path]
    places = list(dict.fromkeys([folder, path.resolve().parent]))  # where a linked model lies, as it may ask itself
    while left:
        for name in _named(left.pop()):
            for file in _meant(name, places):
                known = os.path.relpath(file, folder)
                if known.startswith("..") and name.startswith("/"):
                    known = str(file)  # which stays the same where the project is moved
                if not file.samefile(path) and known not in found and "__pycache__" not in known:
                    found.add(known)
                    left += [file] if file.suffix == ".py" else []
    return found


def _meant(name: str, places: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that a string may mean to a model that looks into one of some folders, or elsewhere."""
    for place in places:
        with suppress(
            OSError, ValueError, NotImplementedError
        ):  # no path or no pattern after all, or none to look into
            if name.startswith("/") or ".." in PurePosixPath(name).parts:
                yield from _files(place / name, elsewhere=True)
            yield from _inside(name.lstrip("/"), place)  # as in `HERE + "/rows.csv"`


def _inside(name: str, folder: Path) -> Iterator[Path]:
    """Yield the files within a folder that a name or a pattern means."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts:  # the folder itself names none of its files
        return
    if (folder / name).exists():
        yield from _files(folder / name)
    elif any(mark in name for mark in "*?["):
        for path in sorted(folder.glob(name)):
            yield from _files(path)


def _files(path: Path, *, elsewhere: bool = False) -> Iterator[Path]:
    """Yield the file at a path; where it is a folder, all files in it, but for one that is elsewhere."""
    if path.is_file() and not str(path).startswith(KERNELS):
        yield path
    elif path.is_dir() and not elsewhere:
        yield from (file for file in sorted(path.rglob("*")) if file.is_file())


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
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _may_be_path(node.value):
            yield node.value


def _may_be_path(text: str) -> bool:
    return len(text) < 200 and "\0" not in text


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


def kind_of(path: Path) -> str:
    """Return the kind of a model file, read and not run; nothing where it is of none: its trials say so."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ""
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return next((kind.name for kind in KINDS.values() if functions.intersection(kind.marks)), "")


def is_watched(model: Model) -> bool:
    """Return whether a model's training is seen from outside, by taps that a trial without them vouches for."""
    if model.command:
        return True
    kind = kind_of(Path(model.path))
    return bool(kind) and KINDS[kind].watched
