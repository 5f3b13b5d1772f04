"""Projects of a few files, in a folder of the test's own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix.config import Config
from tfmatrix.init.finding import Found, models
from tfmatrix.init.listing import listing_of

Write = Callable[[dict[str, str | bytes]], Path]
FindModels = Callable[[dict[str, str | bytes]], dict[str, Found]]

TRAIN = 'import tensorflow as tf\n\nif __name__ == "__main__":\n    tf.keras.Sequential().fit()\n'


@pytest.fixture(autouse=True)
def _no_outer_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have git find no repository but one of the test's, and read no configuration."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-such-file"))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes files into the test's folder."""

    def written(files: dict[str, str | bytes]) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return tmp_path

    return written


@pytest.fixture
def found(write: Write) -> FindModels:
    """Return a function of files that returns what is found among them, by path."""

    def find(files: dict[str, str | bytes]) -> dict[str, Found]:
        root = write(files)
        return {one.path: one for one in models(listing_of(root), Config(root=root))}

    return find


def git(root: Path, *arguments: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
