"""What every table `[tool.tfmatrix.models.NAME]` may say, of whatever kind its model is."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from tfmatrix.errors import UserError, sentence
from tfmatrix.models.project import files_below

_NAME = re.compile("[A-Za-z0-9_][A-Za-z0-9_-]*")
_STRANGE = re.compile("[^A-Za-z0-9_-]+")


def require_name(name: str) -> None:
    """Raise ``ValueError`` for a name that would be no part of a cell's, of a list's or of a pattern's."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"has the name {name!r}; one has letters from a to z, digits, _ and -, and begins with no -")


def plain(text: str, otherwise: str) -> str:
    """Return a text as a model's name has it; ``otherwise`` where nothing of it is left."""
    return _STRANGE.sub("-", text).strip("-") or otherwise


def require_inside(path: str, name: str) -> None:
    """Raise ``ValueError`` for a path that is none, or that leads out of the project."""
    if not path.strip() or "\0" in path:
        raise ValueError(f"has {name} {path!r}, which is no path")
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError(f"has {name} {path!r}, which leads out of the project; write a path from its root")
    if PurePosixPath(path) == PurePosixPath():
        raise ValueError(f"has {name} {path!r}, which is the whole project; name what git does not track")


def declared(what: str, files: Sequence[str], root: Path) -> list[tuple[str, list[str]]]:
    """Return what a table declares, and the names that it stands for; ``what`` is what its errors call the model.

    A model that takes whatever lies in a folder of data does another thing when a file is added there. The names that
    git tracks are not covered: every file that is added to a project would make all trials stale, and of these a model
    usually names what it reads.
    """
    found = []
    for path in files:
        names = list(files_below(root, path))
        if not names:
            fault = "is empty" if (root / path).exists() else "is not there"
            pattern = "; patterns are not expanded, name the folder" if any(mark in path for mark in "*?[") else ""
            hint = pattern or near(root / path)
            raise UserError(sentence(f"the {what} declares {path}, which {fault} in {root}{hint}"))
        found.append((path, names))
    return found


def near(path: Path) -> str:
    """Return what in the folder of a path that is not there may be meant; nothing where nothing is like it."""
    there = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() and not path.exists() else []
    found = difflib.get_close_matches(path.name, there, n=1)
    return f"; did you mean {found[0]}?" if found else ""


def digest(*said: Any) -> str:
    """Return the digest of what a table says that may change bits: neither its name nor its limits do.

    What its files hold is no part of it: which of them it reads is known once it was run, and noted then.
    """
    return hashlib.sha256(json.dumps(said).encode("ascii")).hexdigest()
