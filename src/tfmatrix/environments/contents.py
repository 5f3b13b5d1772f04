"""The contents of an environment: held against the RECORDs of its packages, noted, and looked at before each run.

A package's RECORD names each of its files with its SHA-256. Once all files are what the RECORDs say, size, times and
digest of every file are noted. From then on a file whose size and times are as noted is taken for unchanged, and any
other is read again.
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

NOTE = "tfmatrix-contents.json"
"""The file that has the note, in the environment's folder."""

CHUNK = 1 << 20
"""Bytes of a file that are read at once."""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """One file as it was when it was read last."""

    size: int
    modified: int
    changed: int
    """When its bytes, or what is known of it, changed last: what sets a file's time back sets this forward."""
    inode: int
    digest: str
    """SHA-256 in hex; of a link where it leads, and of what is neither a word that no file has."""


def differing(folder: Path) -> dict[str, str]:
    """Return the files that are not what a RECORD says, gone ones too, each with the folder of that RECORD.

    Two packages may have a file of one name, as `tensorflow` and `tensorflow-cpu` do, of which tf-keras brings the
    first: it is that of either.
    """
    recorded: dict[Path, dict[str, str]] = {}
    for record, path, digest in _recorded(folder):
        if digest:
            recorded.setdefault(path, {})[digest] = record.parent.name
    return {_name(path, folder): next(iter(of.values())) for path, of in recorded.items() if _digest(path) not in of}


def remove_unrecorded(folder: Path) -> None:
    """Remove what lies among the packages and no RECORD names, compiled files too."""
    recorded = {_name(path, folder) for _, path, _ in _recorded(folder)}
    places = tuple(f"{_name(place, folder)}{os.sep}" for place in _places(folder))
    for name, entry in _files(folder):
        if name.startswith(places) and name not in recorded:
            Path(entry.path).unlink()


def note(folder: Path) -> None:
    """Note every file of an environment as it is now."""
    _write(folder, _look(folder, {}))


def are_as_noted(folder: Path) -> bool:
    """Return whether an environment has the files that were noted, and no other.

    A compiled file that was not noted is removed: some process left it, and nobody says that it is of its source.
    """
    try:
        noted = msgspec.json.decode((folder / NOTE).read_bytes(), type=dict[str, Seen])
        now = _look(folder, noted)
    except (OSError, msgspec.DecodeError):
        return False
    if {name: seen.digest for name, seen in now.items()} != {name: seen.digest for name, seen in noted.items()}:
        return False
    if now != noted:  # the same bytes, written again: they need not be read at each run
        with suppress(OSError):
            _write(folder, now)
    return True


def _look(folder: Path, noted: Mapping[str, Seen]) -> dict[str, Seen]:
    """Return every file of an environment; one that has not changed since it was noted is not read."""
    found = {}
    for name, entry in _files(folder):
        before = noted.get(name)
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # another look has removed it, or it is missed by who compares
            continue
        if not before and noted and name.endswith(".pyc"):
            Path(entry.path).unlink(missing_ok=True)
            continue
        stands = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        if before and stands == (before.size, before.modified, before.changed, before.inode):
            found[name] = before
        else:
            found[name] = Seen(*stands, _digest(Path(entry.path)))
    return found


def _files(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield everything below a folder that is no folder, with its name from there; not what tfmatrix itself writes."""
    within = [(str(folder), "")]
    while within:
        path, prefix = within.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    within.append((entry.path, f"{prefix}{entry.name}{os.sep}"))
                elif prefix or not entry.name.lstrip(".").startswith("tfmatrix-"):
                    yield prefix + entry.name, entry


def _places(folder: Path) -> list[Path]:
    """Return the folders that packages are in."""
    return sorted(folder.glob("lib/python*/site-packages"))


def _name(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder)


def _recorded(folder: Path) -> Iterator[tuple[Path, Path, str]]:
    """Yield each RECORD with each file that it names and its digest, empty where it gives none: of itself."""
    for place in _places(folder):
        for record in sorted(place.glob("*.dist-info/RECORD")):
            with record.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
                for path, digest, *_ in csv.reader(lines):
                    yield record, Path(os.path.normpath(place / path)), _in_hex(digest)


def _in_hex(recorded: str) -> str:
    """Return the digest of a RECORD's ``sha256=`` and base 64 in hex; a wheel that has another has no right one."""
    algorithm, _, digest = recorded.partition("=")
    if not recorded:
        return ""
    try:
        return base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4)).hex() if algorithm == "sha256" else recorded
    except binascii.Error:
        return recorded


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex, where a link leads, or what else it is."""
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if not path.is_file():
        return "no file"
    state = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            state.update(part)
    return state.hexdigest()


def _write(folder: Path, seen: Mapping[str, Seen]) -> None:
    """Write the note whole or not at all, whoever else writes it too."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{NOTE}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(seen))
        Path(name).replace(folder / NOTE)
    finally:
        Path(name).unlink(missing_ok=True)
