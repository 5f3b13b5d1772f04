"""Temporary folders that are held: whose process is gone, by whatever end, the next run removes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path

PREFIX = "tfmatrix-"

_HELD = "held"
"""The file of a folder that its process has locked; the system lets go of it when that process ends."""


class HeldFolder:
    """A temporary folder that is there until it is let go, or nobody has this object, or this process ends."""

    def __init__(self, name: str) -> None:
        """Make the folder; raises OSError where it cannot be made: a full disk, for example."""
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{name}-"))
        # It is locked before it has the name by which a folder that nobody holds is known.
        new = self.path / f"{_HELD}.new"
        self._lock = os.open(new, os.O_CREAT | os.O_RDWR)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        new.rename(self.path / _HELD)
        self.let_go = weakref.finalize(self, _let_go, self.path, self._lock)
        """Removes the folder, once."""


def _let_go(path: Path, lock: int) -> None:
    with suppress(OSError):
        _remove(path)
    os.close(lock)


def _remove(path: Path) -> None:
    """Remove a folder, the file by which it is known last: what a dying process still writes the next run removes."""
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != _HELD:
            entry.unlink()
    (path / _HELD).unlink()
    path.rmdir()


def remove_left() -> None:
    """Remove the folders of processes that are gone."""
    for held in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_HELD}"):
        with suppress(OSError):  # another user's, or one that another run removes
            lock = os.open(held, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(held.parent)
            finally:
                os.close(lock)
