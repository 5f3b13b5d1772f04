"""Finding what a file pins: every exact version of TensorFlow and of what moves with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfmatrix.pins.files import KINDS, Source
from tfmatrix.pins.packages import TENSORFLOW, family


@dataclass(frozen=True)
class Pin:
    """One place that pins a package to one version."""

    path: Path
    """Absolute."""
    name: str
    """Canonical: ``tensorflow``, ``tensorflow-cpu``, ``keras``, ..."""
    version: str
    """As written."""
    where: str
    """``line 12``, ``line 7, project.dependencies[3]``, ``package tensorflow``."""
    owner: str = ""
    """The tool that writes the file: ``uv``, ``poetry``, ``pipenv``; empty where people do."""


def pins_of(source: Source) -> list[Pin]:
    """Return the exact pins of one file."""
    return [
        Pin(source.path, mention.name, version, mention.where, source.kind.owner)
        for mention in source.document.mentions
        if (version := mention.reading.version)
    ]


def listed(pins: Sequence[Pin], root: Path) -> str:
    """Return pins as a list for a sentence, each with file and line."""
    places = [f"{os.path.relpath(pin.path, root.absolute())}, {pin.where}" for pin in pins]
    return "; ".join(f"{pin.name} {pin.version} in {place}" for pin, place in zip(pins, places, strict=True))


def no_pin(root: Path, sources: Sequence[Source]) -> str:
    """Return the sentence for a project that pins no TensorFlow."""
    loose = [
        f"{source.shown}, {mention.where}, says {mention.written!r}"
        for source in sources
        for mention in source.document.mentions
        if family(mention.name) == TENSORFLOW
    ]
    if loose:
        return f"TensorFlow is not pinned to one version: {'; '.join(loose)}; write ==, or name the --baseline."
    if sources:
        looked = ", ".join(str(source.shown) for source in sources)
        return f"no TensorFlow is pinned in {root}: none is named in {looked}; pin one, or name the --baseline."
    patterns = ", ".join(pattern for pattern, _ in KINDS)
    return f"no TensorFlow is pinned in {root}, which has none of {patterns}; pin one, or name the --baseline."
