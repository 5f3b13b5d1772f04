"""Saved models: what one consists of, what it is called, and the model that it is; nothing of it is loaded."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from tfmatrix.errors import UserError, sentence
from tfmatrix.models.defined import declared, digest, near, plain, require_inside
from tfmatrix.models.project import files_below
from tfmatrix.reading import shown
from tfmatrix.records import Model, ModelFile
from tfmatrix.tables import KINDS

SHOWN = 'file = "models/served.keras"'
"""What a saved model looks like in a table."""

CHUNK = 1 << 20

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def path_of(value: Any, name: str) -> str:
    """Return the path of a file within the project; raises ``ValueError`` for what is none."""
    if not isinstance(value, str):
        raise ValueError(f"has {name}, which must be a path, but is {shown(value)}")  # noqa: TRY004  # as every check
    require_inside(value, name)
    return value


def saved_model_of(value: Any, name: str) -> str:
    """Return the path of a saved model within the project; raises ``ValueError`` for what is none."""
    path = path_of(value, name)
    if path.endswith((".py", ".ipynb")):
        typed = f"{'python' if path.endswith('.py') else 'jupyter'} {path}"
        raise ValueError(f"has {name}, a script and no saved model; run it as a command, `tfmatrix run -- {typed}`")
    return path


def module_of(value: Any, name: str) -> str:
    """Return the name of a module; raises ``ValueError`` for what names none."""
    if not isinstance(value, str) or not _MODULE.fullmatch(value):
        raise ValueError(f'has {name}, which must be a module, "package.module", but is {shown(value)}')
    return value


def truth_of(value: Any, name: str) -> bool:
    """Return true or false; raises ``ValueError`` for what is neither."""
    if not isinstance(value, bool):
        raise ValueError(f"has {name}, which must be true or false, but is {shown(value)}")  # noqa: TRY004  # the same
    return value


def require_modes(file: ModelFile) -> None:
    """Raise ``ValueError`` for a mode that no saved model can be run in."""
    known = KINDS[file.kind].modes
    if strange := [mode for mode in file.modes if mode not in known]:
        raise ValueError(f"has {file.name}, a file, which is not run in {strange[0]}; it may be in {', '.join(known)}")


def name_of(path: str) -> str:
    """Return what a saved model is called that no table names."""
    return plain(PurePosixPath(path).stem, "file")


def model_of(file: ModelFile, root: Path) -> Model:
    """Return the model that a saved model of a project is.

    Raises ``UserError`` where it, its inputs, or a file that it declares is not there or cannot be read.
    """
    parts = tuple(
        (path, digest_of(file.name, root / path))
        for named in filter(None, (file.path, file.inputs))
        for path in _parts(file.name, named, root)
    )
    files = declared(f"model {file.name}", file.files, root)
    source = digest(parts, file.path, file.inputs, file.objects, file.trust, file.variables, files)
    return Model(file.name, source, defined=file, parts=parts)


def _parts(name: str, path: str, root: Path) -> list[str]:
    """Return the files that one path stands for: a folder's own, and beside a meta graph its checkpoint."""
    found = [*files_below(root, path), *_beside(root, path)]
    if not found:
        fault = "is empty" if (root / path).is_dir() else "is not there"
        raise UserError(sentence(f"the model {name} reads {path}, which {fault} in {root}{near(root / path)}"))
    return found


def _beside(root: Path, path: str) -> Iterator[str]:
    """Yield the files of the checkpoint that a meta graph belongs to."""
    stem = PurePosixPath(path).name.removesuffix(".meta")
    folder = (root / path).parent
    if not path.endswith(".meta") or not (root / path).is_file():
        return
    for other in sorted(folder.iterdir()):
        if other.name == f"{stem}.index" or other.name.startswith(f"{stem}.data-"):
            yield str(PurePosixPath(path).with_name(other.name))


def digest_of(name: str, path: Path) -> str:
    """Return SHA-256 of a file's bytes; raises ``UserError`` where it cannot be read."""
    try:
        state = path.stat()
        return _digest_of(path, state.st_mtime_ns, state.st_size, state.st_ino)
    except OSError as error:
        raise UserError(f"the model {name} reads {path}, which cannot be read: {error.strerror}.") from None


@lru_cache(maxsize=4096)
def _digest_of(path: Path, *_state: int) -> str:
    state = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            state.update(chunk)
    return state.hexdigest()
