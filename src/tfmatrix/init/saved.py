"""Saved models: which files and folders of a project are one, told by a look at their first bytes or their names."""

from __future__ import annotations

import mmap
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tfmatrix.init.listing import Listing

_POINTER = b"version https://git-lfs"
"""What a file of Git LFS begins with whose content was not fetched."""


@dataclass(frozen=True)
class Saved:
    """One saved model."""

    path: str
    """From the project's root; of a SavedModel its folder."""
    what: str
    """Its format, in words."""
    obstacle: str = ""
    """Why it can't be read as it lies there."""


def saved_models(listing: Listing) -> Iterator[Saved]:
    """Yield every saved model of a listing, each once."""
    names = frozenset(listing.names)
    folders = {_parent(name) for name in names if PurePosixPath(name).name in ("saved_model.pb", "saved_model.pbtxt")}
    for folder in sorted(folders):
        if folder:  # a project is not a model itself
            yield Saved(folder, "a SavedModel")
    for name in listing.names:
        path = listing.root / name
        if any(name.startswith(f"{folder}/") for folder in folders if folder) or path.name.startswith("saved_model.pb"):
            continue
        kind = _KINDS.get(path.suffix)
        if kind is None:
            continue
        what, is_one = kind
        if _begins_with(path, _POINTER):
            yield Saved(name, what, "is a pointer of Git LFS; `git lfs pull` brings its content")
        elif is_one(path, names, name):
            yield Saved(name, what)


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of files that are looked at."""
    return tuple(_KINDS)


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def _begins_with(path: Path, mark: bytes, at: int = 0) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read(len(mark)) == mark
    except OSError:
        return False


def _is_keras(path: Path, _names: frozenset[str], _name: str) -> bool:
    """Return whether a file is Keras's archive, or the HDF5 that Keras 2 wrote under that name as well."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "config.json" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return _is_whole_h5(path, _names, _name)


def _is_whole_h5(path: Path, _names: frozenset[str], _name: str) -> bool:
    """Return whether an HDF5 file has a model and not its weights alone: an attribute with its configuration."""
    if not _begins_with(path, b"\x89HDF\r\n\x1a\n"):
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"model_config") >= 0


def _is_tflite(path: Path, _names: frozenset[str], _name: str) -> bool:
    return _begins_with(path, b"TFL3", at=4)  # a FlatBuffer's own mark


def _is_graph(path: Path, _names: frozenset[str], _name: str) -> bool:
    """Return whether a file may be a serialised graph, whose first field is a node's; a text has another byte there."""
    return _begins_with(path, b"\n") and path.name not in ("keras_metadata.pb", "fingerprint.pb")


def _is_meta_graph(_path: Path, names: frozenset[str], name: str) -> bool:
    return f"{name.removesuffix('.meta')}.index" in names


_KINDS: dict[str, tuple[str, Callable[[Path, frozenset[str], str], bool]]] = {
    ".keras": ("a model of Keras", _is_keras),
    ".h5": ("a whole model in HDF5", _is_whole_h5),
    ".hdf5": ("a whole model in HDF5", _is_whole_h5),
    ".tflite": ("a model of TensorFlow Lite", _is_tflite),
    ".pb": ("a frozen graph", _is_graph),
    ".meta": ("a checkpoint with its graph", _is_meta_graph),
}
"""What each suffix stands for, and whether a file of that name is one; text (``.pbtxt``) is nobody's frozen graph."""
