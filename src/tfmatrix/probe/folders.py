"""Folders: the digest of what lies in one."""

from __future__ import annotations

import os
from hashlib import sha256


def digest_of(folder: str) -> str:
    """Return the SHA-256 of a folder's files: each its path within the folder, and its bytes' digest."""
    state = sha256()
    for name in sorted(_files(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            state.update(name.encode("utf-8") + b"\0" + sha256(file.read()).digest())
    return state.hexdigest()


def _files(folder: str) -> "list[str]":
    return [os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names]
