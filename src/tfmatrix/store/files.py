"""Files that trials read, as they are now: what is stored counts only while they are as they were."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tfmatrix.records import Files

_CHUNK = 1 << 20


class Folders:
    """Where a project's files lie; the digest of each is taken once while the file stays as it is."""

    def __init__(self, *roots: Path) -> None:
        """Look for a path in these folders, one after the other."""
        self._roots = roots
        self._digests: dict[tuple[object, ...], str] = {}

    def changed(self, files: Files) -> Iterator[str]:
        """Yield the paths of files that are not as they were, are gone, or were not there."""
        return (path for path, digest in files if self.digest(path) != digest)

    def digest(self, path: str) -> str:
        """Return the digest of a file, or of a folder's names, by the probe's own definition; empty where none is."""
        places = [root / path for root in self._roots]
        if path.endswith("/"):
            return _digest_of_names(places)
        place = next((place for place in places if place.exists()), places[0])
        try:
            found = place.stat()
            known = (place, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
            if known not in self._digests:
                self._digests[known] = _digest_of_file(place) if place.is_file() else ""
        except OSError:
            return ""
        return self._digests[known]


def _digest_of_file(path: Path) -> str:
    state = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def _digest_of_names(folders: Iterable[Path]) -> str:
    there = [folder for folder in folders if folder.is_dir()]
    names = {path.name for folder in there for path in folder.iterdir()}
    shown = sorted(name for name in names if not name.startswith(".") and name != "__pycache__")
    return hashlib.sha256(b"".join(os.fsencode(name) + b"\0" for name in shown)).hexdigest() if there else ""
