"""A project's files: what a command finds in its working folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

APART = frozenset({"venv", "__pycache__"})
"""Folders whose files are no part of a project, besides hidden ones, such as .nox and .venv."""


def project_files(root: Path, declared: Iterable[str], without: Collection[Path] = ()) -> tuple[str, ...]:
    """Return the files of a project by their paths from its root, sorted: what git tracks, and what is declared.

    Where git tracks nothing, it is every file that is neither hidden nor in a folder of packages, nor ``without``.
    """
    found = set(_tracked(root)) or set(_walked(root, {path.resolve() for path in without}))
    for path in declared:
        found.update(files_below(root, path))
    return tuple(sorted(found))


def files_below(root: Path, path: str) -> Iterator[str]:
    """Yield the file at a path from a folder, or all files of the folder that lies there, through links too."""
    if (root / path).is_file():
        yield str(Path(path))
        return
    seen = set[Path]()
    for folder, folders, names in os.walk(root / path, followlinks=True):
        here = Path(folder)
        if here.resolve() in seen:  # by a link that leads back
            folders.clear()
            continue
        seen.add(here.resolve())
        folders.sort()
        yield from (str((here / name).relative_to(root)) for name in sorted(names) if (here / name).is_file())


def _tracked(root: Path) -> Iterator[str]:
    """Yield what git tracks below a folder and is still there; nothing where there is no repository, or no git."""
    command = ["git", "ls-files", "-z", "--cached", "--recurse-submodules"]
    try:
        ran = subprocess.run(command, cwd=root, capture_output=True, check=False)
    except OSError:
        return
    for name in map(os.fsdecode, ran.stdout.split(b"\0") if ran.returncode == 0 else ()):
        if name and (root / name).is_file():
            yield name


def _walked(root: Path, without: Collection[Path]) -> Iterator[str]:
    """Yield every file below a folder that is a project's own."""

    def is_own(path: Path) -> bool:
        return not path.name.startswith(".") and path.name not in APART and path.resolve() not in without

    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if is_own(here / name)]
        paths = [here / name for name in names]
        yield from (str(path.relative_to(root)) for path in paths if is_own(path) and path.is_file())
