"""A workbench for making environments: no network, no TensorFlow."""

from __future__ import annotations

from pathlib import Path

import pytest

from .tiny import TINY, TINY_UNCAPPED, Bench, write_wheel


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a workbench where uv finds the tiny wheels and nothing else."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (tmp_path / "locks").mkdir()
    digest = write_wheel(wheels, TINY.tensorflow)
    write_wheel(wheels, TINY_UNCAPPED.tensorflow)
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))  # the user's own must not learn the tiny wheels
    return Bench(tmp_path / "made" / "tiny", tmp_path / "locks", digest)
