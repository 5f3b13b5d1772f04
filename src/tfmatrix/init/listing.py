"""The files of a folder that are a project's own: what git does not ignore, or what is in no folder of packages."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tfmatrix.models.project import APART

_PACKAGES = frozenset({*APART, "node_modules", "site-packages"})
"""Folders of what was installed or compiled."""

_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")
"""What an environment's folder has, whatever it is called."""


@dataclass(frozen=True)
class Listing:
    """The files of a project, by their paths from its root."""

    root: Path
    names: tuple[str, ...]
    """Sorted."""
    tracked: frozenset[str]
    """Those that git tracks; none where there is no git."""


def listing_of(root: Path) -> Listing:
    """Return the files of a folder that are neither ignored by git, nor hidden, nor another's: installed or a clone."""
    tracked = frozenset(_asked(root, "--cached"))
    names = {*tracked, *_asked(root, "--others", "--exclude-standard")} or set(_walked(root))
    outside: dict[Path, bool] = {}
    kept = [name for name in names if not _is_outside(root, name, outside) and (root / name).is_file()]
    return Listing(root, tuple(sorted(kept)), tracked)


def _asked(root: Path, *which: str) -> Iterator[str]:
    """Yield what git lists below a folder; nothing where there is no repository, or no git."""
    try:
        ran = subprocess.run(["git", "ls-files", "-z", *which], cwd=root, capture_output=True, check=False)
    except OSError:
        return
    yield from (os.fsdecode(name) for name in ran.stdout.split(b"\0") if name and not ran.returncode)


def _walked(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _PACKAGES]
        yield from ((here / name).relative_to(root).as_posix() for name in names)


def _is_outside(root: Path, name: str, known: dict[Path, bool]) -> bool:
    """Return whether a path, or a folder above it, is hidden, of packages, an environment's, or a clone of another."""
    parts = PurePosixPath(name).parts
    if any(part.startswith(".") or part in _PACKAGES for part in parts):
        return True
    for depth in range(1, len(parts)):
        folder = root.joinpath(*parts[:depth])
        if folder not in known:
            known[folder] = any((folder / mark).exists() for mark in (*_ENVIRONMENT, ".git"))
        if known[folder]:
            return True
    return False
