"""Opening the store of a project."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.config import Config
from tfmatrix.store.files import Folders
from tfmatrix.store.store import Store


def open_store(config: Config, *elsewhere: Path) -> Store:
    """Open the store of a project; a file that a trial read and that the project has not may lie elsewhere too."""
    return Store(config.under_root(config.store), Folders(config.root, *elsewhere))
